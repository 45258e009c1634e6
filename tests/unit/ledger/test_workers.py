"""Who writes: lives, leases, epochs and shards, with two that have the ledger open at once."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LeaseLost, LedgerBusy, LedgerError
from batch_credits.ledger import Ledger, Part, dead_man
from batch_credits.model import Finding, RequestState
from batch_credits.process import deadman

pytestmark = pytest.mark.of_sqlite

IDS = ["c-1", "c-2", "c-3", "1", "Zoë", "日本", "😀", "x" * 50, *(f"acme_{number:05d}" for number in range(60))]
HALVES = (Part(0, 2), Part(1, 2))


@pytest.fixture
def beside(book: Any) -> Iterator[Callable[[], Ledger]]:
    """Opens the book's ledger once more."""
    opened: list[Ledger] = []

    def open_beside() -> Ledger:
        opened.append(Ledger.open_beside(book.path))
        return opened[-1]

    yield open_beside
    for ledger in opened:
        ledger.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time by which leases are measured, in seconds."""
    now = [1_000.0]
    monkeypatch.setattr("batch_credits.process.clock.boottime", lambda: now[0])
    return now


def epochs(book: Any) -> set[int]:
    return {epoch for (epoch,) in book.sql("SELECT epoch FROM shard")}


def shards(ledger: Ledger) -> dict[str, int]:
    """In which shard each customer is."""
    return dict(ledger._db._connection.execute(
        "SELECT customer_id, shard FROM credit_request JOIN request_shard USING (request_id)"
    ))  # fmt: skip


def states(book: Any) -> list[str]:
    return [state for (state,) in book.sql("SELECT state FROM credit_request ORDER BY request_id")]


def opened_by(ledger: Ledger, batch: int, run: int) -> list[Any]:
    """What it has opened of the batch, of its own customers."""
    page = ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1_000)
    ledger.claims.commit(run, [], page)
    for credit in page:
        credit.open_attempts += 1
        credit.attempts += 1
    return page


def credited(credit: Any) -> Finding:
    credit.credit_id = f"cr-{credit.request_id}"
    return Finding.about(credit, RequestState.CREDITED, open_attempts=0)


# -- Shards -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_customer_belongs_to_one_part_with_all_of_its_rows(
    book: Any, beside: Callable[[], Ledger], of: int
) -> None:
    rows = [book.row(2 + n, customer, f"q{n % 2}", amount=100) for n, customer in enumerate(IDS * 2)]
    batch = book.plan(*rows)
    run = book.ledger.runs.start(batch, lease_seconds=None)
    seen: list[tuple[str, str]] = []
    customers: list[set[str]] = []
    for number in range(of):
        ledger = beside()
        ledger.claims.claim(batch, run, part=Part(number, of))
        credits = ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1_000)
        seen += [(credit.customer_id, credit.reference) for credit in credits]
        customers.append({credit.customer_id for credit in credits})
    assert sorted(seen) == sorted((credit.customer_id, credit.reference) for credit in book.owed(batch))
    assert sum(map(len, customers)) == len(set().union(*customers))


@pytest.mark.parametrize("step", [1, 2, 10, 100])
def test_ids_that_count_up_are_spread_evenly(book: Any, step: int) -> None:
    batch = book.plan(*(book.row(2 + n, f"cust_{step * n:07d}") for n in range(2_000)))
    sizes = Counter(shards(book.ledger).values())
    assert len(sizes) == 64 and sizes.total() == len(book.owed(batch)) == 2_000
    assert max(sizes.values()) <= 2 * min(sizes.values())


def test_a_row_of_another_part_can_not_be_opened(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(*(book.row(2 + n, f"c-{n}") for n in range(10)))
    run = book.ledger.runs.start(batch, lease_seconds=None)
    ledger = beside()
    ledger.claims.claim(batch, run, part=HALVES[0])
    with pytest.raises(LedgerError, match="may not be sent"):
        ledger.claims.commit(run, [], book.owed(batch))
    assert set(states(book)) == {"pending"}


# -- Claims -------------------------------------------------------------------------------------------------


def test_what_one_commits_the_others_and_the_run_see(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch, lease_seconds=None)
    for part in HALVES:
        ledger = beside()
        ledger.claims.claim(batch, run, part=part)
        assert len(opened_by(ledger, batch, run)) == 1
    assert [len(book.owed(batch, state)) for state in (RequestState.PENDING, RequestState.IN_FLIGHT)] == [0, 2]
    assert epochs(book) == {1}


@pytest.mark.parametrize("part", [Part(), HALVES[0]], ids=str)
def test_what_somebody_holds_nobody_else_can_claim(book: Any, beside: Callable[[], Ledger], part: Part) -> None:
    batch = book.plan(book.row(2))
    book.ledger.runs.start(batch)
    before = book.sql("SELECT * FROM shard")
    with pytest.raises(LedgerBusy, match="Another process sends"):
        beside().claims.claim(batch, part=part)
    assert book.sql("SELECT * FROM shard") == before


def test_of_another_site_everybody_may_claim(book: Any, beside: Callable[[], Ledger]) -> None:
    book.ledger.runs.start(book.plan(book.row(2)))
    beside().claims.claim(book.plan(book.row(2), site="another-test"))


def test_a_claim_turns_only_what_is_in_flight_in_its_own_shards_to_doubt(
    book: Any, beside: Callable[[], Ledger]
) -> None:
    """Another's request is under way, and its answer will be recorded: it is in no doubt."""
    batch = book.plan(*(book.row(2 + n, f"c-{n}") for n in range(10)))
    run = book.ledger.runs.start(batch, lease_seconds=None)
    first, second = beside(), beside()
    first.claims.claim(batch, run, part=HALVES[0])
    mine = opened_by(first, batch, run)
    second.claims.claim(batch, run, part=HALVES[1])
    assert 0 < len(mine) < 10
    assert states(book).count("in_flight") == len(mine)
    assert states(book).count("in_doubt") == 0
    assert book.sql("SELECT * FROM finding") == []
    first.claims.commit(run, [credited(credit) for credit in mine], [])
    assert states(book).count("credited") == len(mine)


def test_a_claim_leaves_what_is_in_flight_on_another_site(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    opened_by(book.ledger, batch, run)
    beside().claims.claim(book.plan(book.row(2), site="another-test"))
    assert states(book) == ["in_flight", "pending"]


def test_a_batch_adopts_nothing_that_another_has_in_hand(book: Any, beside: Callable[[], Ledger]) -> None:
    first = book.plan(book.row(2))
    run = book.ledger.runs.start(first)
    opened_by(book.ledger, first, run)
    second = book.plan(book.row(7), file_name="again.csv")
    beside().claims.adopt(second)
    assert book.sql("SELECT batch_id, state FROM credit_request") == [(first, "in_flight")]


def test_what_a_process_gave_back_is_free(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    book.ledger.workers.end("said")
    beside().claims.claim(batch)
    assert epochs(book) == {2}
    assert book.sql("SELECT run_id, told, ended_at IS NOT NULL FROM worker ORDER BY 1 DESC") == [
        (run, "said", 1), (None, "{}", 0)
    ]  # fmt: skip


def test_a_process_that_claims_again_lives_another_life(book: Any) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    opened_by(book.ledger, batch, run)
    book.ledger.runs.start(batch)
    assert states(book) == ["in_doubt"]
    assert [ended is None for (ended,) in book.sql("SELECT ended_at FROM worker ORDER BY worker_id")] == [False, True]


def test_who_holds_the_lock_ends_every_life_before(book: Any, beside: Callable[[], Ledger]) -> None:
    """Nobody gave anything back, and no lease is over."""
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    opened_by(book.ledger, batch, run)
    book.ledger.workers = beside().workers  # its last word is never said
    book.reopen()
    assert book.sql("SELECT count(*) FROM worker WHERE ended_at IS NULL") == [(0,)]
    book.ledger.runs.start(batch)
    assert (states(book), epochs(book)) == (["in_doubt"], {2})


# -- Leases -------------------------------------------------------------------------------------------------


@pytest.fixture
def overslept(book: Any, beside: Callable[[], Ledger], clock: list[float]) -> tuple[int, int, list[Any], Ledger]:
    """The book's process slept until its lease was over, and another has claimed everything."""
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch, lease_seconds=5)
    first, *others = book.owed(batch)
    book.send(run, first)
    clock[0] += 5.0
    other = beside()
    other.claims.claim(batch, run)
    return batch, run, [first, *others], other


def test_who_lost_its_lease_opens_nothing(book: Any, overslept: tuple[int, int, list[Any], Ledger]) -> None:
    _, run, [_, second, _], _ = overslept
    with pytest.raises(LeaseLost, match="another process has claimed"):
        book.ledger.claims.commit(run, [], [second])
    assert states(book) == ["in_doubt", "pending", "pending"]
    assert book.sql("SELECT count(*) FROM attempt") == [(1,)]


def test_who_lost_its_lease_records_nothing(book: Any, overslept: tuple[int, int, list[Any], Ledger]) -> None:
    _, run, [first, *_], _ = overslept
    before = book.sql("SELECT * FROM finding")
    with pytest.raises(LeaseLost, match="another process has claimed"):
        book.ledger.claims.commit(run, [credited(first)], [])
    assert states(book)[0] == "in_doubt"
    assert book.sql("SELECT * FROM finding") == before


def test_who_lost_its_lease_does_not_keep_it(book: Any, overslept: tuple[int, int, list[Any], Ledger]) -> None:
    with pytest.raises(LeaseLost):
        book.ledger.claims.commit(None, [], [])


def test_who_gives_back_gives_back_nothing_that_is_another_s(
    book: Any, overslept: tuple[int, int, list[Any], Ledger]
) -> None:
    batch, run, _, other = overslept
    book.ledger.workers.end()
    assert len(opened_by(other, batch, run)) == 2


def test_a_lease_that_nobody_took_is_its_owner_s_still(book: Any, clock: list[float]) -> None:
    """The machine slept: nothing was done in its place."""
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=5)
    clock[0] += 3_600
    assert len(opened_by(book.ledger, batch, run)) == 1
    assert book.sql("SELECT until FROM worker") == [(round((clock[0] + 5) * 1000),)]


@pytest.mark.parametrize(("seconds", "until"), [(0.0, 9), (2.9, 9), (3.0, 12), (8.0, 17)])
def test_a_lease_is_renewed_when_a_third_of_it_is_gone(
    book: Any, beside: Callable[[], Ledger], clock: list[float], seconds: float, until: int
) -> None:
    batch = book.plan(book.row(2))
    book.ledger.runs.start(batch, lease_seconds=9)
    clock[0] += seconds
    book.ledger.claims.commit(None, [], [])
    assert book.sql("SELECT until FROM worker") == [((1_000 + until) * 1000,)]
    clock[0] = 1_000 + until - 0.1
    with pytest.raises(LedgerBusy):
        beside().claims.claim(batch)
    clock[0] = 1_000.0 + until
    beside().claims.claim(batch)


def test_a_commit_without_a_claim_is_refused(book: Any) -> None:
    [credit] = book.owed(book.plan(book.row(2)))
    with pytest.raises(LeaseLost, match="nothing was claimed"):
        book.ledger.claims.commit(1, [], [credit])
    assert states(book) == ["pending"]


def test_a_claim_that_was_rolled_back_holds_nothing(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = book.plan(book.row(2))

    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(book.ledger.claims, "reopen_failed", fail)
        with pytest.raises(LedgerError, match="disk is full"):
            book.ledger.runs.start(batch, retry_failed=True)
    with pytest.raises(LeaseLost):
        book.ledger.claims.commit(None, [], [])
    run = book.ledger.runs.start(batch)
    assert len(opened_by(book.ledger, batch, run)) == 1


def test_what_others_see_of_the_lives_of_a_run(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=None)
    ledger = beside()
    ledger.claims.claim(batch, run, part=HALVES[0])
    book.ledger.workers.tell(ledger.workers.me(), '{"throttled":1}')
    [worker] = book.ledger.workers.of_run(run)
    assert (worker.pid, worker.has_ended, worker.told) == (os.getpid(), False, '{"throttled":1}')
    ledger.workers.end('{"throttled":2}')
    [worker] = book.ledger.workers.of_run(run)
    assert (worker.has_ended, worker.told) == (True, '{"throttled":2}')
    book.ledger.workers.tell(worker.worker_id, '{"throttled":1}')
    assert book.ledger.workers.of_run(run) == [worker], "a late word does not replace the last one"


# -- What a lost worker leaves -----------------------------------------------------------------------------------


def lost(book: Any) -> set[int]:
    return {ms for (ms,) in book.sql("SELECT DISTINCT lost_ms FROM shard")}


def test_of_a_life_whose_lease_was_over_its_lease_and_timeout_are_known(
    book: Any, beside: Callable[[], Ledger], clock: list[float]
) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=5, timeout_seconds=2.5)
    opened_by(book.ledger, batch, run)
    clock[0] += 5.0
    other = beside()
    other.claims.claim(batch, run)
    assert lost(book) == {7_500}
    [credit] = other.claims.planned_page(batch, RequestState.IN_DOUBT, 0, 10)
    assert credit.lost_seconds == 7.5


def test_what_a_life_left_that_ended_in_order_waits_for_nobody(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    opened_by(book.ledger, batch, run)
    book.ledger.workers.end()
    other = beside()
    other.claims.claim(batch, run)
    assert lost(book) == {0}
    [credit] = other.claims.planned_page(batch, RequestState.IN_DOUBT, 0, 10)
    assert credit.lost_seconds == 0.0


def test_who_has_the_lock_knows_that_nobody_is_lost(book: Any, beside: Callable[[], Ledger]) -> None:
    batch = book.plan(book.row(2))
    opened_by(book.ledger, batch, book.ledger.runs.start(batch))
    book.ledger.workers = beside().workers
    book.reopen()
    book.ledger.runs.start(batch)
    assert (states(book), lost(book)) == (["in_doubt"], {0})


@pytest.mark.parametrize("is_settled", [False, True])
def test_that_somebody_was_lost_matters_as_long_as_there_is_doubt(
    book: Any, beside: Callable[[], Ledger], clock: list[float], is_settled: bool
) -> None:
    """Whoever comes next may come before the lost one's requests have arrived."""
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=5, timeout_seconds=3)
    opened_by(book.ledger, batch, run)
    clock[0] += 5.0
    second, third = beside(), beside()
    second.claims.claim(batch, run, lease_seconds=1, timeout_seconds=1)
    [credit] = second.claims.planned_page(batch, RequestState.IN_DOUBT, 0, 10)
    if is_settled:
        second.claims.commit(run, [credited(credit)], [])
    second.workers.end()
    third.claims.claim(batch, run)
    assert lost(book) <= ({0} if is_settled else {0, 8_000})
    page = third.claims.planned_page(batch, RequestState.IN_DOUBT, 0, 10)
    assert [each.lost_seconds for each in page] == ([] if is_settled else [8.0])


def test_of_two_that_were_lost_the_longer_wait_counts(
    book: Any, beside: Callable[[], Ledger], clock: list[float]
) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=5, timeout_seconds=3)
    for lease in (1.0, 9.0):
        clock[0] += 20.0
        beside().claims.claim(batch, run, lease_seconds=lease, timeout_seconds=1)
        assert lost(book) == {8_000}
    clock[0] += 20.0
    beside().claims.claim(batch, run)
    assert lost(book) == {10_000}


# -- Where hosts share the ledger --------------------------------------------------------------------------------


class Killer:
    """Notes when it would kill."""

    def __init__(self) -> None:
        self.at: list[float | None] = []

    def arm(self, at: float) -> None:
        self.at.append(at)

    def disarm(self) -> None:
        self.at.append(None)


@pytest.fixture
def shared(book: Any, monkeypatch: pytest.MonkeyPatch) -> Killer:
    """The book's ledger is one that hosts share."""
    monkeypatch.setattr("batch_credits.ledger.database.Database.is_shared", True)
    killer = Killer()
    monkeypatch.setattr("batch_credits.ledger.dead_man", lambda: Killer())
    book.ledger.workers._dead_man = killer
    return killer


def test_who_kills_a_process_at_its_lease_s_end_is_the_best_that_the_system_has() -> None:
    assert type(dead_man()) is type(deadman.dead_man())


def test_the_dead_man_waits_until_the_lease_s_end_and_no_longer_than_the_life(
    book: Any, shared: Killer, clock: list[float]
) -> None:
    batch = book.plan(book.row(2))
    assert shared.at == [], "who holds nothing sends nothing"
    book.ledger.runs.start(batch, lease_seconds=9)
    assert shared.at == [1_009.0]
    clock[0] += 2.0
    book.ledger.claims.commit(None, [], [])
    assert shared.at == [1_009.0], "the lease was not renewed"
    clock[0] += 2.0
    book.ledger.claims.commit(None, [], [])
    assert shared.at == [1_009.0, 1_013.0]
    book.ledger.workers.end()
    assert shared.at == [1_009.0, 1_013.0, None]


def test_the_lease_s_end_is_counted_from_before_the_asking(
    book: Any, shared: Killer, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the ledger takes to answer, this process is dead when another may take over."""
    batch = book.plan(book.row(2))
    change, one = book.ledger._db.change, book.ledger._db.one

    def slowly(name: str, /, **values: Any) -> int:
        clock[0] += 1.0
        return int(change(name, **values))

    def slowly_asked(name: str, read: Any, /, **values: Any) -> Any:
        clock[0] += 1.0
        return one(name, read, **values)

    monkeypatch.setattr(book.ledger._db, "change", slowly)
    monkeypatch.setattr(book.ledger._db, "one", slowly_asked)
    book.ledger.claims.ready()
    begin, go_on = book.ledger.runs.start, book.ledger.claims.commit
    for commit in (lambda: begin(batch, lease_seconds=30), lambda: go_on(1, [], [])):
        clock[0] += 20.0
        commit()
        [(until,)] = book.sql("SELECT until FROM worker WHERE ended_at IS NULL")
        assert shared.at[-1] is not None and shared.at[-1] < until / 1000


def test_what_was_renewed_and_is_not_durable_does_not_let_the_process_live(
    book: Any, shared: Killer, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=9)

    def fail(*_: object, **__: object) -> int:
        raise LedgerError("the disk is full")

    clock[0] += 5.0
    monkeypatch.setattr(book.ledger._db, "value", fail)
    with pytest.raises(LedgerError, match="disk is full"):
        book.ledger.claims.commit(run, [], book.owed(batch))
    assert shared.at == [1_009.0]


def test_a_lease_that_is_over_is_lost_also_where_nobody_took_it(
    book: Any, shared: Killer, clock: list[float]
) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, lease_seconds=5)
    clock[0] += 5.0
    with pytest.raises(LeaseLost, match="its lease is over"):
        book.ledger.claims.commit(run, [], book.owed(batch))
    assert states(book) == ["pending"]


def test_who_cannot_say_that_it_ends_is_let_live(
    book: Any, shared: Killer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends nothing any more."""
    book.ledger.runs.start(book.plan(book.row(2)))

    def fail(*_: object, **__: object) -> int:
        raise LedgerError("the server is gone")

    with monkeypatch.context() as patched:
        patched.setattr(book.ledger._db, "change", fail)
        with pytest.raises(LedgerError, match="server is gone"):
            book.ledger.workers.end()
    assert shared.at[-1] is None


def test_who_opens_it_ends_nobody_s_life_and_discards_what_is_left_behind(
    book: Any, beside: Callable[[], Ledger], shared: Killer, clock: list[float]
) -> None:
    batch = book.plan(book.row(2))
    sending, newcomer = beside(), beside()
    sending.claims.claim(batch)
    staged = book.begin(file_name="other.csv")
    clock[0] += 600.0
    newcomer.begin()
    assert book.sql("SELECT count(*) FROM worker WHERE ended_at IS NULL") == [(2,)]
    assert book.sql("SELECT batch_id FROM batch WHERE admitted = 0") == [(staged,)]
    clock[0] += 3_600.0
    newcomer.begin()
    assert book.sql("SELECT count(*) FROM worker WHERE ended_at IS NULL") == [(2,)]
    assert book.sql("SELECT batch_id FROM batch") == [(batch,)]


# -- Locks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1])
def test_each_lock_can_be_handed_to_another_process(tmp_path: Path, which: int) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        handed = os.dup(ledger.lock_descriptors()[which])
    with pytest.raises(LedgerBusy):
        Ledger.open(tmp_path / "ledger.sqlite3")
    os.close(handed)
    Ledger.open(tmp_path / "ledger.sqlite3").close()


def test_who_opens_it_beside_others_makes_no_ledger_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with pytest.raises(LedgerError, match="cannot be opened: No such file"):
        Ledger.open_beside(path)
    assert list(tmp_path.iterdir()) == []
