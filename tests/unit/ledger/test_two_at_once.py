"""A ledger that several processes write at once, as a team's is: each has a connection of its own."""

from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.jobs.keep import copy_ledger
from batch_credits.ledger import ForeignCredit, Ledger, claims
from batch_credits.ledger.admission import be_alone
from batch_credits.ledger.learned import number_of
from batch_credits.model import Finding, Learned, LoadedRow, Money, RequestState
from batch_credits.model.address import Address
from tests.acceptance.harness import wait_until
from tests.unit.ledger.conftest import SITE, Book

ROWS = 1_500


@pytest.fixture
def team(new_database: Address) -> Iterator[list[Book]]:
    """Two processes' ledgers, which are one."""
    books = [Book(new_database), Book(new_database)]
    yield books
    for book in books:
        book.close()


def at_once(team: list[Book], do: Any) -> list[Any]:
    """Each of them does it, beginning together."""
    start = Barrier(len(team))

    def one(number: int) -> Any:
        start.wait(10)
        return do(team[number], number)

    with ThreadPoolExecutor(len(team)) as threads:
        return [*threads.map(one, range(len(team)))]


def overlapping(book: Book, number: int) -> list[LoadedRow]:
    """Two thirds of a file's rows are the other one's, too, in another order, and some in another spelling."""
    rows = [book.row(at + 2, f"c-{(number * ROWS // 3 + at) * 7919 % 100_003}") for at in range(ROWS)]
    if number:
        rows = [row._replace(row_number=at) for at, row in enumerate(reversed(rows), 2)]
        rows[0] = book.row(2, str(rows[0].customer_id), " q3 ")
    return rows


def stage_and_admit(book: Book, number: int) -> int:
    batch = book.begin(key=f"{number:064x}", file_name=f"file-{number}.csv")
    rows = overlapping(book, number)
    for at in range(0, ROWS, 100):
        book.ledger.admission.stage(batch, book.staged(rows[at : at + 100]))
    book.ledger.admission.finish(batch, ROWS, {})
    book.ledger.admission.admit(batch)
    return batch


def test_two_files_that_overlap_are_admitted_at_once_and_nobody_is_owed_twice(team: list[Book]) -> None:
    batches = at_once(team, stage_and_admit)
    owed = [credit for book, batch in zip(team, batches, strict=True) for credit in book.owed(batch)]
    customers = {str(row.customer_id) for number in (0, 1) for row in overlapping(team[0], number)}
    assert sorted(credit.customer_id for credit in owed) == sorted(customers)
    assert len({credit.request_id for credit in owed}) == len(owed)
    assert team[0].sql("SELECT count(*) FROM row") == [(2 * ROWS,)]
    asked = "SELECT count(*) FROM row w LEFT JOIN standing s USING (request_id) WHERE w.rejected IS NULL"
    assert team[0].sql(f"{asked} AND s.request_id IS NULL") == [(0,)]


def test_one_is_discarded_while_the_other_meets_its_rows(team: list[Book]) -> None:
    """Whatever came first, the rows of the other one have requests, and they are owed."""

    def do(book: Book, number: int) -> int:
        if number == 0:
            batch = book.begin(key=f"{number:064x}")
            book.ledger.admission.stage(batch, book.staged(overlapping(book, 0)))
            book.ledger.admission.finish(batch, ROWS, {})
            book.ledger.admission.discard(batch)
            return 0
        return stage_and_admit(book, number)

    _, batch = at_once(team, do)
    assert len(team[1].owed(batch)) == ROWS
    assert team[0].sql("SELECT count(*) FROM request") == [(ROWS,)]


def test_who_reads_during_an_admission_is_told_of_one_moment(team: list[Book]) -> None:
    first, second = team
    paid = first.plan(first.row(2), first.row(3, "c-2"))
    assert isinstance(first.path, Address)
    with Ledger.open_for_reading(first.path) as reader:
        rows = reader.reports.rows(paid)
        assert next(rows).row_number == 2
        batch = stage_and_admit(second, 7)
        first.plan(first.row(2, "c-9"), key="9" * 64)
        assert [row.row_number for row in rows] == [3]
        assert [each.batch_id for each in reader.batches.all()][:2] == [paid, batch]


def test_ids_of_two_who_stage_in_turns_are_never_the_same(team: list[Book]) -> None:
    batches = [book.begin(key=f"{number:064x}") for number, book in enumerate(team)]
    for at in range(2, 40, 4):
        for number, book in enumerate(team):
            rows = [book.row(at + place, f"c-{number}-{at + place}") for place in range(4)]
            book.ledger.admission.stage(batches[number], book.staged(rows))
    for batch, book in zip(batches, team, strict=True):
        assert book.ledger.admission.finish(batch, 40, {}) == 0
        book.ledger.admission.admit(batch)
        assert len(book.owed(batch)) == 40


def is_waited_for(book: Book) -> bool:
    """Whether somebody waits for a lock in this database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(book.sql(asked)[0][0])


def failed_and_mended(first: Book, second: Book) -> tuple[int, int, Any]:
    """A run or a reconciliation of the first that holds a failed row; and a file of the second that is about to pay it
    again, and not yet admitted."""
    batch = first.plan(first.row(2))
    first.settle(batch, RequestState.FAILED)
    run = first.ledger.runs.start(batch)
    [failed] = first.owed(batch, RequestState.FAILED)
    mending = second.begin(key="f" * 64, file_name="failed.csv")
    second.stage(mending, second.row(2))
    return mending, run, failed


def is_listed(failed: Any) -> Finding:
    """What a reconciliation learns of a row that failed, and is paid by hand."""
    learned = Learned("found by reconcile", credit_id="cr-9")
    return Finding.about(failed, RequestState.CREDITED, learned, open_attempts=0)


def test_a_failed_row_that_turns_out_to_be_paid_is_not_paid_by_the_file_that_mends_it(team: list[Book]) -> None:
    """Whichever is first, the other is refused: here the file is."""
    first, second = team
    mending, run, failed = failed_and_mended(first, second)
    second.ledger.admission.admit(mending)
    with pytest.raises(LedgerError, match="taken up by another batch meanwhile"):
        first.ledger.claims.commit(run, [is_listed(failed)], [])
    assert [credit.reference for credit in second.owed(mending)] == ["q3"], "what reconciles again finds it there"


def test_a_file_that_mends_a_failed_row_waits_for_who_finds_it_paid(team: list[Book]) -> None:
    first, second = team
    mending, run, failed = failed_and_mended(first, second)
    with ThreadPoolExecutor(1) as threads:
        with first.ledger._db.transaction():
            first.ledger.claims.commit(run, [is_listed(failed)], [])
            admitted = threads.submit(second.ledger.admission.admit, mending)
            wait_until(lambda: is_waited_for(first) or admitted.done())
        with pytest.raises(LedgerError, match="taken up by another batch meanwhile"):
            admitted.result(20)
    assert second.sql("SELECT count(*) FROM standing WHERE state = 'pending' AND current = 1") == [(0,)]


def test_what_was_taken_over_and_met_stays_where_the_taking_over_is_given_up(team: list[Book]) -> None:
    first, second = team
    taking = first.begin(key="a" * 64)
    credit = ForeignCredit("cr-9", "c-1", "q3", Money(100, None, "USD"), "general")
    first.ledger.requests.take_over(SITE, taking, 2, [credit])
    paid = second.plan(second.row(2), key="b" * 64)
    first.ledger.admission.discard(taking)
    [row] = second.ledger.reports.rows(paid)
    assert (row.outcome.value, row.credit_id) == ("already_credited", "cr-9")
    assert first.ledger.keeping.harms() == []


def test_who_claims_while_a_colleague_admits_a_large_file_is_told_that_it_is_busy(team: list[Book]) -> None:
    """So a worker comes again; it has not failed, and need not end."""
    first, second = team
    batch = first.plan(first.row(2))
    second.ledger._db._connection.execute("SET lock_timeout = '100ms'")
    with first.ledger._db.transaction():
        be_alone(first.ledger._db, batch)
        with pytest.raises(LedgerBusy, match="beside others"):
            second.ledger.claims.claim(batch)
    second.ledger.claims.claim(batch)


def test_of_two_runs_over_one_batch_that_end_at_once_both_have_ended(team: list[Book]) -> None:
    first, second = team
    batch = first.plan(first.row(2))
    before = first.ledger.runs.start(batch, lease_seconds=None)
    runs = [book.ledger.runs.start(batch, lease_seconds=None) for book in team]
    how: dict[str, Any] = {"requests": 1, "throttled": 0, "retries": 0, "stopped": None}
    with ThreadPoolExecutor(1) as threads:
        with first.ledger._db.transaction():
            first.ledger.runs.note_site_clock(before, 1)
            ended = threads.submit(second.ledger.runs.end, runs[1], **how)
            wait_until(lambda: is_waited_for(first) or ended.done())
            first.ledger.runs.end(runs[0], **how)
        ended.result(20)
    assert first.ledger.teams.open_runs(batch) == [before]


@pytest.mark.parametrize("credit_id", ["cr-9", None])
def test_no_person_settles_a_row_in_review_that_a_reconciliation_has_in_hand(
    team: list[Book], credit_id: str | None
) -> None:
    """It may take minutes, and what it learns would overwrite their word, or fail at it."""
    asking, person = team
    batch = asking.plan(asking.row(2))
    asking.settle(batch, RequestState.REVIEW)
    looked_at = person.ledger.requests.in_review(batch, 2).credit
    asking.ledger.claims.claim(batch)
    [credit] = asking.owed(batch, RequestState.REVIEW)
    for say in (lambda: person.say(batch, 2, credit_id), lambda: person.ledger.requests.owe_again(looked_at, "")):
        with pytest.raises(LedgerBusy, match="may have this very row in hand"):
            say()
    asking.ledger.claims.commit(None, [Finding.about(credit, RequestState.REVIEW, Learned("nobody knows"))], [])
    asking.ledger.workers.end()
    person.say(batch, 2, credit_id)
    run = asking.ledger.runs.start(batch)  # whoever sends has no row in hand that is in review
    asking.settle(asking.plan(asking.row(3, "c-1", "q4")), RequestState.REVIEW)
    person.say(asking.ledger.runs.settings_of(run + 1)[0], 3, credit_id)


def over(book: Book) -> None:
    """Nothing was heard of anybody for long."""
    book.sql("UPDATE worker SET until = lease_now_ms() - 100000")


def test_who_began_before_the_ledger_was_copied_elsewhere_admits_nothing_and_sends_nothing(
    team: list[Book], tmp_path: Path
) -> None:
    """One thinks about a question meanwhile, and another stands by: neither is heard of for longer than a lease."""
    thinking, standing_by = team
    owed = thinking.plan(thinking.row(2), key="a" * 64)
    staged = thinking.begin(key="b" * 64)
    thinking.stage(staged, thinking.row(2, "c-2"))
    standing_by.ledger.workers.me()
    over(thinking)
    copy_ledger(thinking.path, tmp_path / "copy.sqlite3")
    for act in (
        lambda: thinking.ledger.admission.admit(staged),
        lambda: thinking.ledger.runs.start(owed, lease_seconds=None),
        lambda: standing_by.ledger.claims.claim(owed),
    ):
        with pytest.raises(LedgerError, match=r"was copied to .*copy\.sqlite3"):
            act()


def test_what_is_listed_is_marked_beside_a_journal_that_takes_the_rows_in_another_order(team: list[Book]) -> None:
    """It takes what was learned, here by a look, before what it opens, whichever row comes first."""
    rows = [team[0].row(number, f"c-{number}") for number in (2, 3)]
    first, second = team[0].owed(team[0].plan(*rows))
    run = team[0].ledger.runs.start(1)
    listed = array("q", [number_of(credit.customer_id, credit.reference) for credit in (first, second)])
    journal = team[0].ledger.claims
    second.credit_id = "cr-2"
    found = Finding.about(second, RequestState.CREDITED, Learned())
    record, has_second, tries = claims.record, Event(), []

    def slow_record(*what: Any) -> None:
        record(*what)
        tries.append(what)
        has_second.set()
        sleep(0.3)  # in which the other has the first row, or waits

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as thread:
        patch.setattr(claims, "record", slow_record)
        sent = thread.submit(journal.commit, run, [found], [first])
        has_second.wait(10)
        team[1].ledger.requests.doubt_the_listed(SITE, {"{}": listed})
        sent.result(10)
    assert team[0].sql("SELECT state FROM credit_request ORDER BY request_id") == [("in_flight",), ("credited",)]
    assert len(tries) == 1  # whose commit the server ended would try again
