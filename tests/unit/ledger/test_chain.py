"""The history is chained: whatever of it is changed, removed, added or moved is found, and named by table and id."""

import random
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import copy_ledger, look_at
from batch_credits.ledger import Ledger
from batch_credits.ledger.chain import Chain
from batch_credits.ledger.links import BEFORE, KINDS, Link, link_after, ranges_of
from batch_credits.ledger.statements import STATEMENTS
from batch_credits.ledger.what_it_was import columns_of
from batch_credits.model import RequestState
from batch_credits.model.address import Address, Place
from tests.examples import every
from tests.unit.ledger.conftest import Book
from tests.unit.ledger.test_copying import fill

QUOTED = re.compile(r"quote\((\w+)\)")
# Where a row of each kind is, and what of it comes from a request.
TABLES = {kind.name: kind.name for kind in KINDS} | {"run_end": "run"}
# What says which row it is, and closed lists; and what PostgreSQL checks without being asked.
NAMES = {f"{kind.name}_id" for kind in KINDS} - {"run_id"} | {"number", "kind"}
CHECKED = {"reverses", "amount_minor", "amount_in_decimal", "state"}


def behind(place: Place, *statements: str) -> list[Any]:
    """Change a ledger as its owner can, who has no regard for triggers and references."""
    found: list[Any] = []
    if isinstance(place, Address):
        with psycopg.connect(place.url, autocommit=True, options="-c search_path=batch_credits") as server:
            server.execute("SET session_replication_role = replica")
            for statement in statements:
                cursor = server.execute(statement.encode())
                found = cursor.fetchall() if cursor.description else found
        return found
    with closing(sqlite3.connect(place, isolation_level=None)) as file:
        triggers = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            file.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            found = file.execute(statement).fetchall() or found
        for _, text in triggers:
            file.execute(text)
    return found


def breaks(place: Place) -> list[str]:
    return look_at(place).history.breaks


@pytest.fixture
def sealed(book: Book) -> Book:
    """A ledger that holds everything, all of it sealed."""
    fill(book)
    book.reopen()
    assert breaks(book.path) == [] and look_at(book.path).history.unsealed == []
    return book


def fields(kind: str) -> list[tuple[str, str]]:
    """The columns that a row's text has, and whose they are: of the table itself, or of its request."""
    of_kind = next(each for each in KINDS if each.name == kind)
    statement = STATEMENTS[of_kind.told]
    if of_kind.is_bulk:
        printed = statement.partition(" AS BLOB")[0]
        return [("r" if f"r.{name}" in printed else "", name) for name in columns_of(of_kind)]
    return [("", name) for name in QUOTED.findall(statement)]


def table_of(place: Place, owner: str, column: str, kind: str) -> tuple[str, str]:
    """In which table a field lies, and by what its row is found."""
    if not owner:
        return TABLES[kind], {"run_end": "run_id"}.get(kind, f"{kind}_id")
    if isinstance(place, Address):
        return ("standing" if column == "credit_id" else "request"), "request_id"
    return "credit_request", "request_id"


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_every_field_of_every_table_that_is_changed_is_named(sealed: Book, kind: str) -> None:
    """To another value of its sort, and back: then all is as it was."""
    place = sealed.path
    for owner, column in fields(kind):
        if column in NAMES or (isinstance(place, Address) and column in CHECKED):
            continue
        table, key = table_of(place, owner, column, kind)
        quoted = f'"{column}"'
        if kind in ("run", "run_end") and column == "run_id":
            continue
        if kind in ("pack", "probe_call") and not owner:
            key = "number"
        of_kind = {"finding": "state = 'credited'", "run_end": "ended_at IS NOT NULL", "batch": "admitted = 1",
                   "worker": "ended_at IS NOT NULL"}.get(kind, "1 = 1")  # fmt: skip
        which = f"(SELECT min({'request_id' if owner else key}) FROM {TABLES[kind]} WHERE {of_kind})"
        [(was, row)] = behind(place, f"SELECT {quoted}, {key} FROM {table} WHERE {key} = {which}")
        is_number = isinstance(was, int) or (was is None and column.endswith(("_id", "_at", "status", "minor")))
        new = (was or 0) + 1 if is_number else f"{was}."
        if column == "request_id":
            new = (was or 0) + 1_000
        written = new if isinstance(new, int) else "'" + str(new).replace("'", "''") + "'"
        behind(place, *unchecked(place, f"UPDATE {table} SET {quoted} = {written} WHERE {key} = {row}"))
        found = breaks(place)
        assert any(names(each, kind) for each in found), (column, found)
        back = "NULL" if was is None else was if isinstance(was, int) else "'" + str(was).replace("'", "''") + "'"
        behind(place, *unchecked(place, f"UPDATE {table} SET {quoted} = {back} WHERE {key} = {row}"))
    assert breaks(place) == []


def unchecked(place: Place, statement: str) -> list[str]:
    return [statement] if isinstance(place, Address) else ["PRAGMA ignore_check_constraints = 1", statement]


def names(sentence: str, kind: str) -> bool:
    words = next(each.words for each in KINDS if each.name == kind)
    start = "call 1 of probe" if kind == "probe_call" else words[0]
    return sentence.lower().startswith(start) and "was changed" in sentence


@pytest.mark.parametrize(
    ("kind", "table", "one"),
    [
        ("attempt", "attempt", "attempt_id = 2"),
        ("finding", "finding", "finding_id = 2"),
        ("commit", "entry", "entry_id = 2"),
        ("run", "run", "run_id = 1"),
        ("end of run", "run", "run_id = 1"),
        ("batch", "batch", "batch_id = 1"),
        ("worker", "worker", "worker_id = 1"),
        ("pack", "pack", "number = 2"),
        ("probe", "probe", "probe_id = 1"),
        ("call", "probe_call", "number = 1"),
        ("note of a restore", "restored", "restored_id = 1"),
        ("site", "site", "site_id = 1"),
    ],
)
def test_a_row_that_is_removed_is_named(sealed: Book, kind: str, table: str, one: str) -> None:
    behind(sealed.path, f"DELETE FROM {table} WHERE {one}")
    assert [each for each in breaks(sealed.path) if each.lower().startswith(kind) and "is missing" in each]


def test_of_a_flipped_byte_it_is_said_what_was_there(sealed: Book) -> None:
    [(at,)] = behind(sealed.path, "SELECT at FROM attempt WHERE attempt_id = 3")
    behind(sealed.path, f"UPDATE attempt SET at = {at ^ (1 << 17)} WHERE attempt_id = 3")
    [said] = breaks(sealed.path)
    assert said == f"Attempt 3 was changed: at was {at}, and is {at ^ (1 << 17)}."
    table = "request" if isinstance(sealed.path, Address) else "credit_request"
    behind(sealed.path, f"UPDATE attempt SET at = {at} WHERE attempt_id = 3",
           f"UPDATE {table} SET customer_id = 'c-9' WHERE request_id = 2")  # fmt: skip
    assert breaks(sealed.path) == [
        "Attempt 2 was changed: customer_id was 'c-2', and is 'c-9'.",
        "Finding 2 was changed: customer_id was 'c-2', and is 'c-9'.",
    ]


def test_two_rows_that_change_places_are_named(sealed: Book) -> None:
    behind(
        sealed.path,
        "UPDATE attempt SET attempt_id = -1 WHERE attempt_id = 1",
        "UPDATE attempt SET attempt_id = 1 WHERE attempt_id = 2",
        "UPDATE attempt SET attempt_id = 2 WHERE attempt_id = -1",
    )
    found = breaks(sealed.path)
    assert [each.split(" was changed")[0] for each in found] == ["Attempt 1", "Attempt 2"]


def test_a_tail_that_is_cut_off_is_named_though_others_grew_in_its_place(sealed: Book) -> None:
    [(last,)] = behind(sealed.path, "SELECT max(finding_id) FROM finding")
    behind(sealed.path, f"DELETE FROM finding WHERE finding_id > {last - 2}")
    assert [each.split(",")[0] for each in breaks(sealed.path)] == [
        f"Finding {last - 1} is missing", f"Finding {last} is missing",
    ]  # fmt: skip
    other = "request_id, run_id, state, reason, http_status, at FROM finding WHERE finding_id = 1"
    behind(sealed.path, f"INSERT INTO finding (finding_id, request_id, run_id, state, reason, http_status, at)"
                        f" SELECT {last}, {other}")  # fmt: skip
    assert [each.split(" was")[0].split(" is")[0] for each in breaks(sealed.path)] == [
        f"Finding {last}", f"Finding {last - 1}",
    ]  # fmt: skip


def put_in(place: Place, number: int) -> None:
    columns = "request_id, run_id, generation, at"
    behind(place, f"INSERT INTO attempt (attempt_id, {columns}) SELECT {number}, {columns} FROM attempt"
                  " WHERE attempt_id = 1")  # fmt: skip


@pytest.mark.parametrize("number", [0, -5])
def test_a_row_that_is_put_before_the_others_is_named(sealed: Book, number: int) -> None:
    put_in(sealed.path, number)
    assert [each for each in breaks(sealed.path) if str(number) in each and "covered by no link" in each]


def test_a_row_that_is_put_behind_them_is_told_as_not_sealed(sealed: Book) -> None:
    put_in(sealed.path, 1000)
    history = look_at(sealed.path).history
    assert history.unsealed == ["1 attempt (1000)"] and history.breaks == []


@pytest.mark.parametrize("column", [name for name in Link._fields if name != "link_id"])
def test_a_link_that_is_changed_is_named(sealed: Book, column: str) -> None:
    [(number, was)] = behind(
        sealed.path, f'SELECT link_id, "{column}" FROM link WHERE kind = \'attempt\' ORDER BY link_id LIMIT 1'
    )
    new = was + 1 if isinstance(was, int) else f"'{was[:-1]}{'0' if was[-1:] != '0' else '1'}'"
    behind(sealed.path, f'UPDATE link SET "{column}" = {new} WHERE link_id = {number}')
    assert any(f"Link {number} " in each or f"link {number} " in each for each in breaks(sealed.path))


def test_a_link_that_is_removed_is_named_and_so_are_links_made_anew(sealed: Book) -> None:
    links = look_at(sealed.path).history
    removed = behind(sealed.path, "SELECT * FROM link WHERE link_id = 3")
    behind(sealed.path, "DELETE FROM link WHERE link_id = 3")
    assert "Link 3 is missing: link 4 is the next one." in breaks(sealed.path)
    other = link_after(None, "note", (("", 0, "", "")), 5, "somebody")._replace(link_id=3)  # type: ignore[arg-type]
    other = other._replace(digest=other.digest_due)
    assert removed and links.head != other.digest
    values = ", ".join(f"'{value}'" for value in other)
    behind(sealed.path, f"INSERT INTO link VALUES ({values})")
    assert [each for each in breaks(sealed.path) if each.startswith("Link 3 ") and "does not follow" in each]


def test_a_chain_that_was_made_anew_is_known_by_a_head_from_elsewhere(sealed: Book) -> None:
    """Who can write the ledger can do this, and everything in it fits."""
    head = look_at(sealed.path).history.head
    health = look_at(sealed.path, head)
    assert health.is_good and health.head_is is not None
    sealed.ledger.chain.note("more")
    assert look_at(sealed.path, head).is_good, "links were only added"
    behind(sealed.path, "DELETE FROM link", "UPDATE attempt SET at = 5 WHERE attempt_id = 1")
    sealed.reopen()
    assert look_at(sealed.path).history.breaks == []
    [said] = look_at(sealed.path, head).history.breaks
    assert head in said and not look_at(sealed.path, head).is_good


def test_a_pack_that_went_out_with_another_head_shows_that_links_were_made_anew(book: Book) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.CREDITED)
    head = book.ledger.seal()
    assert book.ledger.packs.note("acme-test", batch, "d1", None, "c1", head)
    book.reopen()
    assert breaks(book.path) == []
    behind(book.path, "DELETE FROM link")
    book.reopen()
    [said] = breaks(book.path)
    assert said.startswith("Pack 1 of acme-test went out with the head ")


def test_what_is_not_sealed_yet_is_counted_and_the_next_one_seals_it(book: Book) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    book.send(run, *book.owed(batch))
    history = look_at(book.path).history
    assert "2 attempts (1-2)" in history.unsealed and history.breaks == [] and look_at(book.path).is_good
    book.reopen()  # as after a kill
    history = look_at(book.path).history
    assert history.unsealed == [] and history.breaks == []


def test_a_run_that_ends_again_is_as_it_ended_last(book: Book) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    book.ledger.runs.end(run, requests=1, throttled=0, retries=0, stopped=None)
    book.ledger.chain.seal()
    book.ledger.runs.end(run, requests=2, throttled=0, retries=0, stopped="told to")
    assert breaks(book.path) == []
    behind(book.path, "UPDATE run SET requests = 1, stopped = NULL WHERE run_id = 1")
    [said] = breaks(book.path)
    assert said.startswith("End of run 1 was changed")


def test_two_who_seal_at_once_make_one_chain(book: Book, engine: str) -> None:
    batch = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 60)))
    run = book.ledger.runs.start(batch)
    others = [Ledger.open_beside(book.path) for _ in range(3)]
    failures: list[Exception] = []

    def seal(ledger: Ledger) -> None:
        try:
            for _ in range(20):
                ledger.chain.seal()
        except Exception as error:  # told below
            failures.append(error)

    for ledger in others:
        if engine == "sqlite":  # whose connections are each thread's own but for the writer's
            ledger._db._connection.execute("PRAGMA busy_timeout = 20000")
    threads = [Thread(target=seal, args=(ledger,)) for ledger in others]
    for thread in threads:
        thread.start()
    for credit in book.owed(batch):
        book.send(run, credit)
    for thread in threads:
        thread.join()
    for ledger in others:
        ledger.close()
    assert failures == []
    book.ledger.chain.seal()
    history = look_at(book.path).history
    assert history.breaks == [] and not [each for each in history.unsealed if "attempt" in each]


def test_a_sealing_that_fails_half_way_leaves_nothing_half(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.CREDITED)
    added = Chain._add

    def dies(self: Chain, kind: str, *said: Any) -> None:
        added(self, kind, *said)
        if kind == "attempt":
            raise KeyboardInterrupt

    monkeypatch.setattr(Chain, "_add", dies)
    with pytest.raises(KeyboardInterrupt):
        book.ledger.chain.seal()
    monkeypatch.undo()
    assert breaks(book.path) == []
    book.reopen()
    assert breaks(book.path) == [] and look_at(book.path).history.unsealed == []


@pytest.mark.of_sqlite
@pytest.mark.parametrize("seed", every(2, range(6)))
def test_flipped_bytes_of_the_file_are_found(sealed: Book, tmp_path: Path, seed: int) -> None:
    """In the pages that hold attempts, findings, runs and links: each is a break, or a harm of the file."""
    sealed.close()
    assert isinstance(sealed.path, Path)
    with closing(sqlite3.connect(sealed.path)) as file:
        file.execute("VACUUM")  # so that nothing lies there twice
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        texts = [bytes(row[0], "utf-8") for row in file.execute("SELECT reason FROM finding WHERE reason IS NOT NULL")]
        texts += [row[0].encode() for row in file.execute("SELECT digest FROM link")]
        texts += [row[0].encode() for row in file.execute("SELECT body FROM credit_request WHERE attempts > 0")]
    content, chance = sealed.path.read_bytes(), random.Random(seed)
    texts = [text for text in texts if content.count(text) == 1]
    for text in chance.sample(texts, min(8, len(texts))):
        place = content.index(text) + chance.randrange(len(text))
        harmed = bytearray(content)
        harmed[place] ^= 1 << chance.randrange(8)
        path = tmp_path / f"harmed-{place}.sqlite3"
        path.write_bytes(harmed)
        health = look_at(path)
        assert health.history.breaks or health.harms, (seed, place, text)


@pytest.mark.postgres
def test_the_chain_goes_on_where_a_ledger_is_copied_to(
    tmp_path: Path, new_database: Address, open_book: Callable[[Place], Book]
) -> None:
    book = open_book(tmp_path / "first.sqlite3")
    fill(book)
    book.close()
    copy_ledger(book.path, new_database)
    one = look_at(book.path).history
    two = look_at(new_database, one.head)
    assert one.breaks == two.history.breaks == [] and two.head_is is not None
    back = tmp_path / "back.sqlite3"
    copy_ledger(new_database, back)
    three = look_at(back, two.history.head)
    assert three.history.breaks == [] and three.head_is is not None and three.history.links > one.links


@pytest.mark.of_sqlite
def test_ids_are_written_as_ranges() -> None:
    assert ranges_of([1, 2, 3]) == "1-3" and ranges_of([7]) == "7" and ranges_of([1, 3, 4, 9]) == "1,3-4,9"
    link = link_after(None, "note", (("1,3-4", 3, "", "")), 5, "me", BEFORE)  # type: ignore[arg-type]
    assert link.ranges == [(1, 1), (3, 4)] and link.digest == link.digest_due


def test_what_was_done_is_sealed_beside_what_goes_on(book: Book) -> None:
    """By a thread with a connection of its own: on PostgreSQL at the end, as ever."""
    fill(book)
    book.ledger.seal_beside()
    with book.ledger._db.transaction(writes=False):
        assert book.ledger._db.all("link_ids", tuple) is not None  # it keeps nobody from reading
    if not isinstance(book.path, Address):
        assert book.ledger._sealing is not None
        book.ledger._sealing.join()
        assert not any("attempt" in each or "finding" in each for each in look_at(book.path).history.unsealed)
    book.reopen()
    assert breaks(book.path) == [] and look_at(book.path).history.unsealed == []


def test_what_could_not_be_sealed_beside_is_sealed_in_the_end(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(place: Place) -> Ledger:
        raise LedgerError("The disk is full.")

    fill(book)
    monkeypatch.setattr(Ledger, "open_beside", fails)
    book.ledger.seal_beside()
    book.reopen()
    assert breaks(book.path) == [] and look_at(book.path).history.unsealed == []
