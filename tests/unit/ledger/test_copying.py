"""A ledger copied to another place is the same there, table by table, and nobody goes on paying from both."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LedgerBusy, LedgerError, UsageError
from batch_credits.jobs.keep import bring_up_to_date, copy_ledger, look_at, take_back_copy
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.ledger.database import failure
from batch_credits.model import CallKind, Mended, RequestState
from batch_credits.model.address import Address, Place
from tests.servers.postgres import Server
from tests.unit.ledger.conftest import Book

# What a copy does not take along: who had which part of the limit, and where it was copied to itself.
NOT_COPIED = {"slot", "moved"}


def fill(book: Book) -> None:
    """Every state that a row can be in, and all that is kept beside rows."""
    row = book.row
    first = book.plan(
        row(2, "c-1"), row(3, "c-2", "Q3"), row(4, "c-3", amount_in_decimal="1.50"), row(5, "c-4", "Straße"),
        row(6, "c-5"), row(7, "c-6"), row(8, "c-7"), book.bad_row(9, customer_id="c-8", reference="q3"),
        file_name="a\tb\\n.csv",
    )  # fmt: skip
    run = book.ledger.runs.start(first)
    ends = [RequestState.CREDITED, RequestState.CREDITED, RequestState.CREDITED, RequestState.FAILED,
            RequestState.REVIEW, RequestState.IN_DOUBT]  # fmt: skip
    for credit, state in zip(book.owed(first), ends, strict=False):
        book.send(run, credit)
        book.learn(run, credit, state)
    book.ledger.runs.end(run, requests=6, throttled=1, retries=0, stopped="interrupted")
    book.plan(row(2, "c-1"), row(3, "c-9"), file_name="overlaps.csv")
    again = book.plan(row(2, "c-10", "q3"), mends={2: Mended("0" * 63 + "1", 9)}, file_name="failed.csv")
    book.settle(again, RequestState.CREDITED)
    left = book.plan(row(2, "c-11"), file_name="left.csv")
    book.send(book.ledger.runs.start(left, has_pilot=True), *book.owed(left))
    book.plan(row(2, "c-1", "q3 reversed", ), kind=CallKind.DEDUCT, reverses="0" * 63 + "1", file_name="reversal")
    book.ledger.packs.note("acme-test", first, "d1", None, "c1")
    book.ledger.packs.note("acme-test", again, "d2", book.ledger.packs.newest("acme-test"), "c2")
    book.ledger.packs.secret("acme-test")
    book.sql("INSERT INTO restored VALUES (1, 5, 'it was', 0), (2, 6, 'again', 0)")
    book.sql("INSERT INTO tied_out VALUES (1, 1)")
    book.sql("INSERT INTO probe VALUES (1, 'probe-1', 1, 'c-1', 'USD', 'me', '1', 5, 6, '{}')")
    book.sql(
        "INSERT INTO probe_call VALUES (1, 1, 'add', 'probe-1-01', 1, 'a=1', 'k', '{}', NULL, 'applied', 'x', NULL, 5)"
    )
    book.stage(book.begin(file_name="staged.csv"), row(2, "c-12"))


def may_be_opened(ledger: Path) -> bool:
    """Whether anybody pays from it."""
    try:
        Ledger.open(ledger).close()
    except LedgerError:
        return False
    return True


def assert_same(after: dict[str, list[Any]], before: dict[str, list[Any]]) -> None:
    """All but the chain is as it was, and that goes on."""
    assert {name for name in before if before[name] != after[name]} == {"link"}
    assert set(before["link"]) < set(after["link"])


def tables(path: Path) -> dict[str, list[Any]]:
    """All that a file holds, as the file's own schema has it."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)
                for name in names if name not in NOT_COPIED}  # fmt: skip


def reports(place: Place, folder: Path) -> dict[str, bytes]:
    """results.csv and failed.csv of every batch."""
    found: dict[str, bytes] = {}
    with Ledger.open_for_reading(place) as ledger:
        for record in ledger.batches.all():
            to = folder / record.key
            report_batch(ledger, record, to)
            found |= {f"{record.key}/{path.name}": path.read_bytes() for path in to.rglob("*.csv")}
    return found


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    book = Book(tmp_path / "first.sqlite3")
    fill(book)
    book.close()
    return tmp_path / "first.sqlite3"


@pytest.mark.postgres
def test_there_and_back_all_is_as_it_was(filled: Path, new_database: Address, tmp_path: Path) -> None:
    back = tmp_path / "back.sqlite3"
    Ledger.open(filled).close()  # which ends the lives before
    before, said = tables(filled), reports(filled, tmp_path / "r1")
    copy_ledger(filled, new_database)
    assert reports(new_database, tmp_path / "r2") == said
    assert look_at(new_database).harms == ()
    copy_ledger(new_database, back)
    assert reports(back, tmp_path / "r3") == said
    after = tables(back)
    assert_same(after, before)
    assert look_at(back).is_good
    empty = {name for name in before if not before[name]}
    assert empty <= {"sealed"}, "the ledger that is copied has something of all"


def test_a_file_to_a_file(filled: Path, tmp_path: Path) -> None:
    Ledger.open(filled).close()
    other = tmp_path / "other.sqlite3"
    before = tables(filled)
    assert copy_ledger(filled, other)["batch"] == 5
    assert_same(tables(other), before)


@pytest.mark.postgres
def test_a_database_to_a_database(filled: Path, new_database: Address, postgres: Server, tmp_path: Path) -> None:
    other, back = Address(postgres.database()), tmp_path / "back.sqlite3"
    Ledger.open(filled).close()
    before = tables(filled)
    for source, target in ((filled, new_database), (new_database, other), (other, back)):
        copy_ledger(source, target)
    assert_same(tables(back), before)
    postgres.drop(other.url)


@pytest.mark.postgres
@pytest.mark.parametrize("goes", ["there", "back"])
def test_what_is_copied_goes_on(filled: Path, new_database: Address, tmp_path: Path, goes: str) -> None:
    """What was paid is not paid again, what is owed is paid, and every id is a new one."""
    at: Place = new_database
    copy_ledger(filled, new_database)
    if goes == "back":
        at = tmp_path / "back.sqlite3"
        copy_ledger(new_database, at)
    book = Book(at)
    book._batches = 10
    again = book.plan(book.row(2, "c-1", "Q3"), book.row(3, "c-13"), book.row(4, "c-4", "STRASSE"), file_name="on.csv")
    assert [credit.customer_id for credit in book.owed(again)] == ["c-13"]
    book.settle(again, RequestState.CREDITED)
    assert book.owed(again) == []
    [(left,)] = book.sql("SELECT batch_id FROM batch WHERE file_name = 'left.csv'")
    book.ledger.runs.start(left)
    assert [credit.customer_id for credit in book.owed(left, RequestState.IN_DOUBT)] == ["c-11"]
    book.close()
    assert look_at(at).harms == ()


def test_nobody_pays_from_what_was_copied_until_a_person_says_so(filled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    copy_ledger(filled, other)
    with pytest.raises(LedgerError, match=r"was copied to .*other\.sqlite3") as refused:
        Ledger.open(filled)
    assert refused.value.hint.endswith(f": batch-credits ledger upgrade --reopen --ledger {filled}")
    assert not look_at(filled).is_good
    with Ledger.open_for_reading(filled) as opened:
        assert len(opened.batches.all()) == 5, "it may be looked at"
    with pytest.raises(LedgerError, match="was copied"):
        copy_ledger(filled, tmp_path / "third.sqlite3")
    bring_up_to_date(filled, is_reopened=True)
    Ledger.open(filled).close()
    assert look_at(filled).is_good
    with Ledger.open(filled) as opened:
        assert opened.keeping.why_unproven("acme-test") == "it was copied, and is used again"


def test_who_reopens_a_ledger_has_its_copy_refuse(filled: Path, tmp_path: Path) -> None:
    """From both the same would be paid: whoever goes on in one must not leave the other as good."""
    other, third = tmp_path / "other.sqlite3", tmp_path / "third.sqlite3"
    assert take_back_copy(filled) == ""
    copy_ledger(filled, other)
    copy_ledger(other, third)
    with Ledger.open(third), pytest.raises(LedgerBusy):
        take_back_copy(filled)
    assert take_back_copy(filled) == f"Its copy {third} refuses to pay from now on."
    assert take_back_copy(filled) == "", "twice is as good as once"
    bring_up_to_date(filled, is_reopened=True)
    for each in (other, third):
        with pytest.raises(LedgerError, match="was copied to"):
            Ledger.open(each)
    Ledger.open(filled).close()


def test_who_reopens_a_copy_has_the_ledger_refuse_that_was_reopened_before(filled: Path, tmp_path: Path) -> None:
    """There and back again: whichever was reopened last is the only one to pay from."""
    other, third = tmp_path / "other.sqlite3", tmp_path / "third.sqlite3"
    copy_ledger(filled, other)
    copy_ledger(other, third)
    for reopened in (filled, other, third, filled, third, other, filled):
        said = take_back_copy(reopened)
        bring_up_to_date(reopened, is_reopened=True)
        assert [each for each in (filled, other, third) if may_be_opened(each)] == [reopened], said


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_copy_refuses_by_whatever_name_the_ledger_is_reopened(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_empty: bool
) -> None:
    """As it is typed in its own directory, or by a link."""
    monkeypatch.chdir(tmp_path)
    if is_empty:
        filled = tmp_path / "empty.sqlite3"
        Ledger.open(filled).close()
    other, link = tmp_path / "other.sqlite3", tmp_path / "link.sqlite3"
    link.symlink_to(filled)
    copy_ledger(Path(filled.name), Path(other.name))
    for called in (Path(filled.name), link):
        assert take_back_copy(called) == f"Its copy {other} refuses to pay from now on."
        bring_up_to_date(called, is_reopened=True)
        assert [each for each in (filled, other) if may_be_opened(each)] == [filled]
        moved = look_at(other).moved
        assert moved is not None
        assert moved[0] == str(filled)
        assert take_back_copy(Path(other.name)) == f"Its copy {filled} refuses to pay from now on."
        bring_up_to_date(other, is_reopened=True)


def test_a_copy_refuses_where_its_ledger_was_renamed_since(filled: Path, tmp_path: Path) -> None:
    other, renamed = tmp_path / "other.sqlite3", tmp_path / "renamed.sqlite3"
    copy_ledger(filled, other)
    filled.rename(renamed)
    assert take_back_copy(renamed) == f"Its copy {other} refuses to pay from now on."
    bring_up_to_date(renamed, is_reopened=True)
    assert [each for each in (renamed, other) if may_be_opened(each)] == [renamed]


def test_a_copy_refuses_also_where_the_copying_was_killed_at_its_end(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.sqlite3"
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("batch_credits.ledger.Chain.note", raised(KeyboardInterrupt()))
        copy_ledger(filled, other)
    assert may_be_opened(other)
    assert "refuses to pay from now on" in take_back_copy(filled)
    assert not may_be_opened(other)


def raised(error: BaseException) -> Callable[..., None]:
    """What raises it."""

    def call(*_: object) -> None:
        raise error

    return call


def test_a_copy_that_is_gone_or_another_ledger_by_now_is_said_to_be(filled: Path, tmp_path: Path) -> None:
    """It keeps nobody from reopening; but it may have been moved, and be paid from there."""
    other, gone = tmp_path / "other.sqlite3", f"Its copy {tmp_path / 'other.sqlite3'} is not there any more. If it was"
    copy_ledger(filled, other)
    content = other.read_bytes()
    other.rename(tmp_path / "renamed.sqlite3")
    assert take_back_copy(filled).startswith(gone)
    Ledger.open(other).close()
    assert take_back_copy(filled).startswith(gone)
    for left in tmp_path.glob("other.sqlite3*"):
        left.unlink()
    other.write_bytes(content[:5000])
    assert "see to it that nobody pays from that" in take_back_copy(filled)


@pytest.mark.postgres
def test_a_copy_in_a_database_refuses_too(filled: Path, new_database: Address) -> None:
    copy_ledger(filled, new_database)
    with Ledger.open(new_database) as used:
        used.workers.me()
        with pytest.raises(LedgerBusy, match="Somebody uses the copy"):
            take_back_copy(filled)
    assert "refuses to pay from now on" in take_back_copy(filled)
    with pytest.raises(LedgerError, match="was copied to"):
        Ledger.open(new_database)


@pytest.mark.postgres
def test_one_that_opened_the_database_before_cannot_begin_after(new_database: Address, tmp_path: Path) -> None:
    early = Ledger.open(new_database)
    copy_ledger(new_database, tmp_path / "copy.sqlite3")
    with pytest.raises(LedgerError, match="copied to another place"):
        early.workers.me()
    early.close()


def test_a_ledger_in_use_is_not_copied(filled: Path, tmp_path: Path) -> None:
    with Ledger.open(filled), pytest.raises(LedgerBusy):
        copy_ledger(filled, tmp_path / "other.sqlite3")


@pytest.mark.postgres
@pytest.mark.parametrize("side", ["source", "target"])
def test_a_database_in_use_is_not_copied(new_database: Address, tmp_path: Path, side: str) -> None:
    other = tmp_path / "other.sqlite3"
    Ledger.open(other).close()
    with Ledger.open(new_database) as used:
        used.workers.me()
        with pytest.raises(LedgerBusy, match="uses the ledger"):
            copy_ledger(*((new_database, other) if side == "source" else (other, new_database)))
    Ledger.open(other).close()  # which was not marked


def test_two_ledgers_are_never_made_one(filled: Path, open_book: Callable[[Place], Book], tmp_path: Path) -> None:
    book = open_book(tmp_path / "other.sqlite3")
    book.plan(book.row(2, "c-20"))
    book.close()
    with pytest.raises(UsageError, match="not empty"):
        copy_ledger(filled, book.path)
    Ledger.open(filled).close()
    with pytest.raises(UsageError, match="to itself"):
        copy_ledger(filled, tmp_path / "." / filled.name)
    with pytest.raises(LedgerError, match="no ledger"):
        copy_ledger(tmp_path / "none.sqlite3", tmp_path / "new.sqlite3")


def test_where_the_copy_fails_nothing_is_moved(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("batch_credits.ledger.copying._compare", lambda target, _: _raise(failure(target.path, "full")))
    with pytest.raises(LedgerError, match="full"):
        copy_ledger(filled, tmp_path / "other.sqlite3")
    monkeypatch.undo()
    assert copy_ledger(filled, tmp_path / "other.sqlite3")["batch"] == 5


def _raise(error: Exception) -> None:
    raise error


HARMS = {
    "UPDATE batch SET rows_read = 99 WHERE batch_id = 1": "batches have not all of their rows",
    "DELETE FROM row WHERE row_number = 3": "batches have not all of their rows",
    "UPDATE row SET request_id = 999 WHERE batch_id = 1 AND row_number = 2": "rows have no request of theirs",
    "UPDATE identity SET request_id = 999 WHERE request_id = 1": "identities have no request of theirs",
    "DELETE FROM identity WHERE request_id = 1": "requests have an identity that nobody stands for",
    "UPDATE row SET request_id = 2 WHERE batch_id = 1 AND row_number = 2": "rows have a request of another row's",
    "UPDATE credit_request SET attempts = 7 WHERE request_id = 1": "requests have not as many attempts as they count",
}


@pytest.mark.parametrize("harm", HARMS)
def test_what_does_not_fit_together_is_named(filled: Path, harm: str) -> None:
    assert look_at(filled).is_good
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute(harm)
    assert HARMS[harm] in [found.what for found in look_at(filled).harms]
