"""A chain over more rows than are sealed at once, and a history that cannot be read or told of in full."""

import zlib
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import look_at
from batch_credits.ledger import unbroken
from batch_credits.ledger.chain import rows_between
from batch_credits.ledger.database import Database
from batch_credits.ledger.links import KINDS, MARK_BYTES, Told
from batch_credits.ledger.unbroken import Chained, verify_chain
from batch_credits.ledger.what_it_was import MAX_BYTES, columns_of, what_changed
from batch_credits.model import RequestState
from tests.each import each
from tests.unit.ledger.test_chain import behind

[ENTRY] = [kind for kind in KINDS if kind.name == "entry"]


def verified(book: Any) -> Chained:
    with book.ledger._db.transaction():
        return verify_chain(book.ledger._db)


def filled(book: Any, rows: int = 3) -> None:
    batch = book.plan(*(book.row(2 + number, f"c-{number}") for number in range(rows)))
    book.settle(batch, RequestState.CREDITED)


def test_more_than_is_sealed_within_one_transaction(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.chain.GROUP_ROWS", 1)
    monkeypatch.setattr("batch_credits.ledger.chain.GROUPS_AT_ONCE", 2)
    filled(book, 5)
    book.reopen()
    found = verified(book)
    assert found.breaks == [] and found.links == found.rows > 10


def test_the_end_of_a_run_that_was_not_sealed_is_not_sealed_again(book: Any) -> None:
    before = verified(book).links
    with book.ledger._db.transaction():
        book.ledger.chain.seal_end_again(99)
    assert verified(book).links == before


@pytest.mark.parametrize(
    ("kind", "is_whole", "said"),
    [
        ("site", True, "The sites cannot all be read (torn)."),
        ("attempt", False, "Attempts 1 to 3 cannot be read (torn)."),
    ],
)
def test_what_cannot_be_read_is_said_and_the_rest_is_looked_at(
    book: Any, monkeypatch: pytest.MonkeyPatch, kind: str, is_whole: bool, said: str
) -> None:
    filled(book)
    book.reopen()

    def torn(database: Any, of: Any, first: int, last: int) -> Any:
        if of.name == kind and (is_whole or last < 2**40):
            raise LedgerError("torn.")
        return rows_between(database, of, first, last)

    monkeypatch.setattr(unbroken, "rows_between", torn)
    assert verified(book).breaks == [said]


def test_a_link_that_says_nothing_of_its_rows_is_named(book: Any) -> None:
    filled(book)
    book.reopen()
    behind(book.path, "UPDATE link SET ids = 'x' WHERE link_id = 1")
    assert any(each.startswith("Link 1 was changed: it cannot be read") for each in look_at(book.path).history.breaks)


def test_a_row_before_others_of_its_kind_was_added(book: Any) -> None:
    filled(book)
    book.reopen()
    behind(book.path, "INSERT INTO site (site_id, name) VALUES (0, 'zero')")
    assert look_at(book.path).history.breaks == ["Site 0 was added: no link covers it, and later ones are sealed."]


def test_of_many_only_some_are_named(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unbroken, "MAX_NAMED", 1)
    filled(book)
    book.reopen()
    behind(book.path, "UPDATE finding SET reason = 'other'")
    named, rest = look_at(book.path).history.breaks
    assert named.startswith("Finding 1 was changed")
    assert rest == "And so it is of 2 more findings."


def test_packs_that_cannot_be_read(book: Any) -> None:
    def fails(*asked: Any) -> Any:
        raise LedgerError("torn.")

    found = Chained()
    assert list(unbroken._packs(SimpleNamespace(all=fails), found)) == []  # type: ignore[arg-type]
    assert found.breaks == ["The packs cannot all be read (torn)."]


def test_a_ledger_that_cannot_be_read_is_harmed(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*asked: Any) -> Any:
        raise LedgerError("torn")

    monkeypatch.setattr(book.ledger.keeping._db, "all", fails)
    assert {harm.what for harm in book.ledger.keeping.harms()} == {"it cannot all be read (torn)"}


@each(
    "was, now, said",
    [
        (b"7,8,9", b"7,8,19", f": {columns_of(ENTRY)[2]} was 9, and is 19"),
        (b"7,8,9", b"7,8-9", ""),  # it has other fields now
        (b"7,8,9,", b"7,8,9'", ""),  # its fields are the same
        (b"1" * MAX_BYTES + b",2", b"1" * MAX_BYTES + b",3", ""),  # too long to try
        (b"7,8,9", b"1,2,3", ""),  # more than one byte
    ],
)
def test_what_a_row_was_is_said_where_one_byte_tells(was: bytes, now: bytes, said: str) -> None:
    assert what_changed(ENTRY, Told(7, now), zlib.crc32(was).to_bytes(MARK_BYTES)) == said


@pytest.mark.parametrize("most", [1, 2, 20_000])
def test_all_rows_are_told_however_many_at_once(book: Any, most: int) -> None:
    filled(book, 4)
    for kind in KINDS:
        if kind.is_bulk:
            told = [*book.ledger._db.texts(kind.told, first=1, last=2**62, most=most)]
            assert told == [*Database.texts(book.ledger._db, kind.told, first=1, last=2**62, most=most)]
            assert all(len(ids) == len(texts) <= most for ids, texts in told)
            rows = [*rows_between(book.ledger._db, kind, 1, 2**62)]
            assert rows == [Told(*row) for ids, texts in told for row in zip(ids, texts, strict=True)]
            assert rows == [each for one in rows for each in rows_between(book.ledger._db, kind, one[0], one[0])]
