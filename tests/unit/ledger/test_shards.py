"""The ledger as the processes of one run see it: each its own customers, and together everyone once."""

import os
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import Ledger
from batch_credits.model import RequestState

IDS = ["c-1", "c-2", "c-3", "1", "", "Zoë", "日本", "😀", "x" * 50, *(f"acme_{number:05d}" for number in range(60))]


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_every_customer_belongs_to_one_shard_with_all_of_its_rows(book: Any, shards: int) -> None:
    rows = [book.row(2 + n, customer or "-", f"q{n % 2}", amount=100) for n, customer in enumerate(IDS * 2)]
    batch = book.plan(*rows)
    seen: list[tuple[str, str]] = []
    customers: list[set[str]] = []
    for number in range(shards):
        with Ledger.open_shard(book.path, number, shards) as ledger:
            credits = ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1_000)
        seen += [(credit.customer_id, credit.reference) for credit in credits]
        customers.append({credit.customer_id for credit in credits})
    assert sorted(seen) == sorted((credit.customer_id, credit.reference) for credit in book.owed(batch))
    assert sum(map(len, customers)) == len(set().union(*customers))


def test_ids_that_count_up_are_shared_out_evenly(book: Any) -> None:
    batch = book.plan(*(book.row(2 + n, f"cust_{n:06d}") for n in range(1_000)))
    sizes = []
    for number in range(4):
        with Ledger.open_shard(book.path, number, 4) as ledger:
            sizes.append(len(ledger.claims.planned_page(batch, RequestState.PENDING, 0, 2_000)))
    assert sum(sizes) == 1_000
    assert max(sizes) < 1.5 * min(sizes)


def test_what_one_shard_commits_the_others_and_the_run_see(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    shards = [Ledger.open_shard(book.path, number, 2) for number in range(2)]
    [first], [second] = (ledger.claims.planned_page(batch, RequestState.PENDING, 0, 10) for ledger in shards)
    shards[0].claims.commit(run, [], [first])
    shards[1].claims.commit(run, [], [second])
    assert [len(book.owed(batch, state)) for state in (RequestState.PENDING, RequestState.IN_FLIGHT)] == [0, 2]
    for ledger in shards:
        ledger.close()


@pytest.mark.parametrize("which", [0, 1])
def test_each_lock_can_be_handed_to_another_process(tmp_path: Path, which: int) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        handed = os.dup(ledger.lock_descriptors()[which])
    with pytest.raises(LedgerBusy):
        Ledger.open(tmp_path / "ledger.sqlite3")
    os.close(handed)
    Ledger.open(tmp_path / "ledger.sqlite3").close()


def test_a_shard_makes_no_ledger_of_its_own_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with pytest.raises(LedgerError, match="cannot be opened: No such file"):
        Ledger.open_shard(path, 0, 2)
    assert list(tmp_path.iterdir()) == []
