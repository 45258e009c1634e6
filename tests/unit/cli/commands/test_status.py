"""What `status` prints, for people and for programs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_credits.model import RequestState
from tests.unit.ledger.conftest import Book

KEYS = {
    "batch", "kind", "created_at", "file", "site", "rows", "reverses", "stopped", "counts", "totals", "reversed", "kin",
    "on_their_way", "workers", "ledger_restored", "is_on", "run", "reversed_by", "reports", "other_workers", "ledger",
}  # fmt: skip


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


def listed(call: Any, *arguments: str) -> list[dict[str, Any]]:
    code, out, _ = call("status", "--json", *arguments)
    found = json.loads(out)
    assert code == 0 and isinstance(found, list)
    return found


def test_an_empty_ledger_is_an_empty_list(call: Any, book: Book) -> None:
    assert listed(call) == []
    assert call("status")[1] == "The ledger holds no batch.\n"


def test_each_batch_has_the_workers_that_send_it(call: Any, book: Book) -> None:
    first, second = book.plan(book.row(2)), book.plan(book.row(2, "c-2"), book.row(3, "c-3"), file_name="second.csv")
    book.settle(first, RequestState.CREDITED)
    book.ledger.workers.end()
    run = book.ledger.runs.start(second)
    book.send(run, book.owed(second)[0])
    paid, sent = listed(call)
    assert paid.keys() == sent.keys() == KEYS
    assert (paid["counts"], paid["workers"], paid["on_their_way"]) == ({"credited": 1}, [], 0)
    assert (sent["counts"], sent["on_their_way"], sent["file"]) == ({"pending": 2}, 1, "second.csv")
    assert [(worker["batch"], worker["shards"]) for worker in sent["workers"]] == [(sent["batch"], 64)]
    assert sent["totals"]["pending"] == {"USD": {"rows": 2, "amount": 200}}
    assert sent["ledger_restored"] is None
    assert [each["batch"] for each in listed(call, sent["batch"])] == [sent["batch"]]
    lines = call("status")[1].splitlines()
    pending = lines.index("  pending                   2  2.00 USD")
    assert lines[pending + 1] == "  of them on the way        1"
    assert "in_doubt" not in "".join(lines)


def test_what_a_sender_left_that_is_gone_is_in_doubt(
    call: Any, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    book.send(book.ledger.runs.start(batch), book.owed(batch)[0])
    monkeypatch.setattr("batch_credits.ledger.teams.is_there", lambda pid: False)
    [left] = listed(call)
    assert (left["counts"], left["on_their_way"]) == ({"pending": 1, "in_doubt": 1}, 0)
    assert "lease over: lost, others take over" in call("status")[1]


def test_a_ledger_that_may_have_forgotten_says_so_in_each(
    call: Any, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    book.plan(book.row(2))
    book.plan(book.row(2, "c-2"), file_name="second.csv")
    said = ("it was restored", "2026-10-05T12:00:00+00:00")
    monkeypatch.setattr("batch_credits.ledger.keeping.Keeping.restored", lambda self: said)
    assert [each["ledger_restored"] for each in listed(call)] == [{"why": said[0], "noticed": said[1]}] * 2
    assert f"forgotten what was paid: {said[0]} (noticed 2026-10-05 12:00:00 UTC)" in call("status")[1]
