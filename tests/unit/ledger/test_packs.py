"""Packs as the ledger remembers them, and what it tells of a batch for one; on both engines."""

from dataclasses import replace
from pathlib import Path

import pytest

from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import look_at
from batch_credits.jobs.pack import make_pack, mask_of
from batch_credits.ledger.packs import PackRecord
from batch_credits.model import CallKind, RequestState
from batch_credits.pack.bag import sha256_of
from batch_credits.pack.contents import Wish
from batch_credits.pack.masks import Mask
from batch_credits.pack.verify import verify
from tests.unit.ledger.conftest import SITE, Book

WISH = Wish(None, False, Mask(), {}, {})


def note(book: Book, batch: int, digest: str, previous: PackRecord | None, contents: str = "c") -> bool:
    return book.ledger.packs.note(SITE, batch, digest, previous, contents)


def test_each_is_the_one_after_the_newest(book: Book) -> None:
    batch, packs = book.plan(book.row(2)), book.ledger.packs
    assert packs.newest(SITE) is None
    assert note(book, batch, "d1", None, "c1")
    one = packs.newest(SITE)
    assert one is not None and (one.number, one.digest, one.previous, one.made_at[:2]) == (1, "d1", None, "20")
    assert not note(book, batch, "d2", None), "somebody was first"
    assert note(book, batch, "d2", one, "c2")
    two = packs.newest(SITE)
    assert two is not None and (two.number, two.digest, two.previous) == (2, "d2", "d1")
    assert packs.holding(SITE, "c1") == one
    assert packs.holding(SITE, "c3") is None
    with pytest.raises(LedgerError):
        note(book, batch, "d1", two)


def test_a_secret_is_made_once_and_stays(book: Book) -> None:
    batch = book.plan(book.row(2))
    secret = book.ledger.packs.secret(SITE)
    assert len(secret) == 32 and book.ledger.packs.secret(SITE) == secret
    record = book.ledger.batches.staged(batch)
    hidden = mask_of(book.ledger, record, pseudonyms=True)
    assert hidden.customer("c-1") != "c-1" != mask_of(book.ledger, record, pseudonyms=True).customer("c-2")
    assert mask_of(book.ledger, record, pseudonyms=False).customer("c-1") == "c-1"


@pytest.mark.parametrize(
    "harm", ["UPDATE pack SET previous = 'x' WHERE number = 2", "DELETE FROM pack WHERE number = 1"]
)
def test_a_broken_chain_is_a_harm(book: Book, harm: str) -> None:
    batch = book.plan(book.row(2))
    note(book, batch, "d1", None, "c1")
    note(book, batch, "d2", book.ledger.packs.newest(SITE), "c2")
    assert look_at(book.path).harms == ()
    with pytest.raises(Exception, match="only ever added"):
        book.sql(harm)
    for trigger in ("pack_is_append_only_update", "pack_is_append_only_delete", "pack_is_append_only"):
        on = "" if isinstance(book.path, Path) else " ON pack"
        book.sql(f"DROP TRIGGER IF EXISTS {trigger}{on}")
    book.sql(harm)
    book.close()
    [found] = look_at(book.path).harms
    assert found.what == f"pack 2 of {SITE} is not chained to the one before"


def test_all_that_was_sent_and_said_of_a_row_is_told_in_order(book: Book) -> None:
    batch = book.plan(book.row(2, "c-1"), book.row(3, "c-2"), book.bad_row(4), book.row(5, "c-3"))
    run = book.ledger.runs.start(batch)
    one, two, _ = book.owed(batch)
    book.send(run, one, two)
    book.learn(run, two, RequestState.CREDITED)
    book.learn(run, one, RequestState.REVIEW, reason="Who knows?")
    book.say(batch, 2, "cr-9", ", by phone")
    told = [(calls[0].row_number, sum(call.is_attempt for call in calls),
             [call.state for call in calls if not call.is_attempt])
            for calls in book.ledger.packs.calls(batch)]  # fmt: skip
    assert told == [(2, 1, ["review", "credited"]), (3, 1, ["credited"])]
    [first] = [call for call in next(book.ledger.packs.calls(batch)) if call.is_attempt]
    assert first.body.startswith("customer_id=c-1&amount=100") and first.batch == book.ledger.batches.staged(batch).key


def test_a_pack_of_either_engine_is_whole_and_chained(book: Book, tmp_path: Path) -> None:
    batch = book.plan(book.row(2, "c-1"), book.row(3, "c-2", amount_in_decimal="1.50"), book.bad_row(4))
    run = book.ledger.runs.start(batch)
    one, two = book.owed(batch)
    book.send(run, one, two)
    book.learn(run, two, RequestState.CREDITED)
    book.learn(run, one, RequestState.REVIEW)
    book.say(batch, 2, "cr-9", ", by phone")
    book.ledger.runs.end(run, requests=2, throttled=0, retries=0, stopped=None)
    record = replace(book.ledger.batches.staged(batch), file_sha256="")
    book.sql("UPDATE batch SET file_sha256 = ''")  # of no file, so that its id need not be made of one
    packed = make_pack(book.ledger, record, WISH, tmp_path / "packs", as_zip=True)
    assert packed.is_whole and (packed.place.number, packed.place.previous) == (1, None)
    assert packed.place.digest == sha256_of(packed.folder / "tagmanifest-sha256.txt")
    assert verify(packed.folder).problems == []
    said = (packed.folder / "data/resolutions.csv").read_text()
    assert "says: credited as cr-9, by phone" in said
    assert make_pack(book.ledger, record, WISH, tmp_path / "packs").was_there
    hidden = replace(WISH, mask=mask_of(book.ledger, record, pseudonyms=True))
    second = make_pack(book.ledger, record, hidden, tmp_path / "packs")
    assert (second.place.number, second.place.previous) == (2, packed.place.digest)
    assert verify(second.folder).problems == []
    assert "by phone" not in (second.folder / "data/resolutions.csv").read_text()
    reversal = book.plan(book.row(2, "c-1", "reversal of q3"), kind=CallKind.DEDUCT, reverses=record.key)
    assert [(kin.what, kin.key) for kin in book.ledger.packs.kin(reversal)] == [("reverses", record.key)]
    assert [kin.what for kin in book.ledger.packs.kin(batch)] == ["is_reversed_by"]
