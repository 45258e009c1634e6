"""Ledgers of earlier versions open, keep all that they know, and go on."""

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.errors import LedgerVersion, UsageError
from batch_credits.jobs.keep import look_at
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.sqlite.migrations import MIGRATIONS
from batch_credits.model import CallKind, Mended, RequestState

pytestmark = pytest.mark.of_sqlite

Book = Any
DATA = Path(__file__).parent / "data"
OLD = DATA / "ledger-0.1.sqlite3.gz"  # written by version 0.1.0: six rows in every state
# Written before version 5: a payout, its failed.csv mended and run, and a file of which nothing was sent yet.
BEFORE_5 = DATA / "ledger-0.2-version-4.sqlite3.gz"

BEFORE_7 = DATA / "ledger-0.2-version-6.sqlite3.gz"  # written before version 7: a payout with every way that a row ends


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A copy of the ledger of version 0.1, schema version 2."""
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(gzip.decompress(OLD.read_bytes()))
    return path


def as_version_1(path: Path) -> None:
    """What the first version made of it: no reversals, no identities apart, no settings of runs."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "DROP TRIGGER kind_is_frozen",
        "DROP INDEX credit_request_deduct",
        "DROP TRIGGER only_the_identity_is_sent",
        *(
            f"ALTER TABLE {column}"
            for column in ("run DROP COLUMN settings", "batch DROP COLUMN reverses", "batch DROP COLUMN kind")
        ),
        "ALTER TABLE credit_request DROP COLUMN kind",
        "DROP TABLE sealed",
        "DROP TABLE identity",
        "CREATE UNIQUE INDEX credit_request_identity ON credit_request (site_id, customer_id, reference)"
        " WHERE current = 1",
        "PRAGMA user_version = 1",
    ):
        connection.execute(statement)
    connection.close()


def names(book: Book) -> list[Any]:
    return sorted(book.sql("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))


def rules(book: Book) -> dict[str, str]:
    """The triggers and indexes, word by word: they are what keeps a credit from being sent twice."""
    made = book.sql("SELECT name, sql FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in made}


@pytest.mark.parametrize("version", [1, 2, 4, 6])
def test_it_is_brought_up_to_date_by_the_next_run_and_not_by_a_look(
    old: Path, tmp_path: Path, version: int, open_book: Callable[[Path], Book]
) -> None:
    if version == 1:
        as_version_1(old)
    if version == 4:
        old.write_bytes(gzip.decompress(BEFORE_5.read_bytes()))
    if version == 6:
        old.write_bytes(gzip.decompress(BEFORE_7.read_bytes()))
    with pytest.raises(LedgerVersion, match="earlier version"):
        Ledger.open_for_reading(old)
    new = open_book(tmp_path / "new.sqlite3")
    book = open_book(old)
    assert names(book) == names(new)
    assert rules(book) == rules(new)
    assert book.sql("PRAGMA user_version") == new.sql("PRAGMA user_version") == [(10,)]


@pytest.mark.parametrize("version", [1, 2])
def test_nothing_that_was_paid_is_forgotten_and_what_was_open_goes_on(
    old: Path, version: int, open_book: Callable[[Path], Book]
) -> None:
    if version == 1:
        as_version_1(old)
    book = open_book(old)
    payout, other = book.ledger.batches.all()
    book.ledger.runs.start(payout.batch_id)
    assert [row.outcome.value for row in book.ledger.reports.rows(payout.batch_id)] == [
        "credited", "failed", "in_doubt", "review", "in_doubt", "pending", "rejected",
    ]  # fmt: skip
    attributed = book.ledger.looks.attributed("acme-test", ["cr-2", "cr-20"])
    assert [each.credit_id for each in attributed] == ["cr-2", "cr-20"]
    again = book.begin(key="f" * 64)
    rows = [book.row(2, "c-2", amount=7), book.row(3, "c-20", reference="q4")]
    assert [[problem.code for problem in row.problems] for row in book.stage(again, *rows)] == [["conflict"], []]
    assert other.file_name == "other.csv"


def test_what_was_sent_repeats_the_options_of_the_run_that_sent_it(
    old: Path, open_book: Callable[[Path], Book]
) -> None:
    book = open_book(old)
    payout, _other = book.ledger.batches.all()
    book.ledger.runs.start(payout.batch_id)
    doubt, in_flight = book.owed(payout.batch_id, RequestState.IN_DOUBT)
    assert doubt.call == in_flight.call
    assert doubt.call == '{"chargebee-business-entity-id":"emea","chargebee-event-email":"all-disabled"}'
    [pending] = book.owed(payout.batch_id)
    assert pending.call is None
    with pytest.raises(UsageError, match="for business entity emea"):
        book.ledger.claims.check_entity(payout.batch_id, None)
    book.ledger.claims.check_entity(payout.batch_id, "emea")
    assert book.sql("SELECT call FROM credit_request WHERE credit_id = 'cr-20'") == [(call_for(None),)]
    assert book.ledger.looks.first_sent_ms(doubt.request_id) is None


@pytest.mark.parametrize("settings", ["{}", '{"settings": {}}', '{"settings": {"silence": null}}'])
def test_a_run_that_recorded_no_options_had_none(old: Path, open_book: Callable[[Path], Book], settings: str) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("UPDATE run SET settings = ?", (settings,))
    connection.close()
    assert open_book(old).sql("SELECT DISTINCT call FROM credit_request WHERE attempts > 0") == [("{}",)]


def with_two_spellings(path: Path, states: tuple[str, str]) -> None:
    """As version 0.1 took them: `q3` of one row, `Q3` of another, both of customer c-1."""
    connection = sqlite3.connect(path, isolation_level=None)
    pairs = zip(("q3", "Q3"), states, strict=True)
    for request_id, (reference, state) in enumerate(pairs, start=901):
        connection.execute(
            "INSERT INTO credit_request (request_id, site_id, kind, customer_id, reference, amount_minor, credit_type,"
            " body, batch_id, row_number, state, credit_id, attempts) SELECT ?1, site_id, 'add', 'twin', ?2, 5,"
            " 'general', '', batch_id, ?1, ?3, CASE ?3 WHEN 'credited' THEN ?2 END, ?3 = 'credited' FROM batch LIMIT 1",
            (request_id, reference, state),
        )
        connection.execute(
            "INSERT INTO identity SELECT site_id, 'twin', ?, ? FROM batch LIMIT 1", (reference, request_id)
        )
    connection.close()


@pytest.mark.parametrize(
    ("states", "become", "stands"),
    [
        (("pending", "pending"), ["pending", "review"], "q3"),
        (("pending", "credited"), ["review", "credited"], "Q3"),
        (("credited", "pending"), ["credited", "review"], "q3"),
        (("credited", "credited"), ["credited", "credited"], "q3"),
        (("failed", "credited"), ["failed", "credited"], "Q3"),
    ],
)
def test_of_two_spellings_one_stands_and_the_other_is_never_sent(
    old: Path, open_book: Callable[[Path], Book], states: tuple[str, str], become: list[str], stands: str
) -> None:
    with_two_spellings(old, states)
    book = open_book(old)
    assert [state for (state,) in book.sql("SELECT state FROM credit_request WHERE customer_id = 'twin'")] == become
    assert book.sql("SELECT reference FROM identity WHERE customer_id = 'twin'") == [(stands,)]
    [again] = book.stage(book.begin(key="f" * 64), book.row(2, "twin", reference=stands.swapcase(), amount=5))
    assert [problem.code for problem in again.problems] == ["reference_resembles"]
    batch, *_ = book.ledger.batches.all()
    book.ledger.runs.start(batch.batch_id, retry_failed=True)
    sendable = {credit.reference for credit in book.owed(batch.batch_id) if credit.customer_id == "twin"}
    assert sendable <= {stands}
    if "review" in become:
        [other] = [each for each in book.owed(batch.batch_id, RequestState.REVIEW) if each.customer_id == "twin"]
        with pytest.raises(UsageError, match="in another spelling"):
            book.ledger.requests.owe_again(other, "")


def test_other_spellings_of_what_an_old_ledger_knows_are_known(old: Path, open_book: Callable[[Path], Book]) -> None:
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("UPDATE credit_request SET reference = 'PR\u00c4MIE' WHERE customer_id = 'c-2'")
    connection.execute("UPDATE identity SET reference = 'PR\u00c4MIE' WHERE customer_id = 'c-2'")
    connection.close()
    book = open_book(old)
    [row] = book.stage(book.begin(key="f" * 64), book.row(2, "c-2", reference="pr\u00e4mie", amount=7))
    assert [problem.code for problem in row.problems] == ["reference_resembles"]


# -- Version 3, which one process wrote at a time ------------------------------------------------------------


@pytest.fixture
def third(old: Path) -> Path:
    """The same as version 3, after two more runs, the second of which was killed."""
    connection = sqlite3.connect(old, isolation_level=None)
    MIGRATIONS[2](connection)
    connection.execute("PRAGMA user_version = 3")
    [(newest,)] = connection.execute("SELECT max(run_id) FROM run")
    for run, ended in ((newest + 1, 5_000), (newest + 2, None)):
        connection.execute(
            "INSERT INTO run (run_id, batch_id, started_at, ended_at, version, user)"
            " SELECT ?, min(batch_id), 1000, ?, '', 'maria' FROM batch",
            (run, ended),
        )
        connection.execute(
            "INSERT INTO attempt (request_id, run_id, generation, at)"
            " SELECT request_id, ?, 0, 1500 FROM credit_request",
            (run,),
        )
    connection.execute(
        "INSERT INTO finding (request_id, run_id, state, at)"
        " SELECT request_id, ?, 'credited', 2500 FROM credit_request",
        (newest + 1,),
    )
    connection.close()
    return old


def test_of_version_3_each_run_keeps_its_course(third: Path, open_book: Callable[[Path], Book]) -> None:
    book = open_book(third)
    [(requests, runs)] = book.sql("SELECT (SELECT count(*) FROM credit_request), (SELECT max(run_id) FROM run)")
    *_, first, killed = book.ledger.runs.history(1).courses
    assert [(course.run_id, sum(part.sent for part in course.slices)) for course in (first, killed)] == [
        (runs - 1, requests), (runs, requests)
    ]  # fmt: skip
    assert [sum(part.credited for part in course.slices) for course in (first, killed)] == [requests, 0]
    assert [part.number * book.ledger.runs.history(1).slice_milliseconds for part in first.slices] == [500, 1500]


def test_what_version_3_sent_came_before_every_moment(third: Path, open_book: Callable[[Path], Book]) -> None:
    book = open_book(third)
    moment = book.ledger.looks.moment()
    new = book.plan(book.row(2, "c-99", "q9"), key="f" * 64)
    book.settle(new, RequestState.CREDITED)
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 9, "{}")
    assert [witness.customer_id for witness in known] == ["c-99"]


def test_of_version_3_every_process_has_ended(third: Path, open_book: Callable[[Path], Book]) -> None:
    connection = sqlite3.connect(third, isolation_level=None)
    connection.execute(
        "INSERT INTO batch (key, site_id, kind, file_name, file_sha256, headers, columns, options, admitted,"
        " created_at) VALUES ('left', 1, 'add', '', '', '[]', '{}', '{}', 0, 0)"
    )
    connection.close()
    book = open_book(third)
    assert book.sql("SELECT count(*) FROM worker WHERE ended_at IS NULL") == [(0,)]
    assert book.sql("SELECT admitted FROM batch") == [(1,), (1,)]
    book.ledger.runs.start(1)
    assert {state for (state,) in book.sql("SELECT DISTINCT state FROM credit_request")} >= {"credited", "in_doubt"}
    assert book.sql("SELECT count(DISTINCT owner) FROM shard WHERE owner IS NOT NULL") == [(1,)]


def test_of_version_3_a_run_that_wrote_nothing_has_no_course(third: Path, open_book: Callable[[Path], Book]) -> None:
    connection = sqlite3.connect(third, isolation_level=None)
    connection.execute(
        "INSERT INTO run (batch_id, started_at, version, user) SELECT min(batch_id), 9000, '', 'maria' FROM batch"
    )
    connection.close()
    book = open_book(third)
    found = book.ledger.runs.history(1)
    assert found.runs[0].started_at == "1970-01-01T00:00:09.000Z"
    assert found.runs[0].run_id not in [course.run_id for course in found.courses]


def test_what_was_paid_before_payouts_were_known_goes_on_and_can_be_mended(
    old: Path, open_book: Callable[[Path], Book]
) -> None:
    old.write_bytes(gzip.decompress(BEFORE_5.read_bytes()))
    book = open_book(old)
    payout, mended, unsent = book.ledger.batches.all()
    assert [row.outcome.value for row in book.ledger.reports.rows(payout.batch_id)] == [
        "credited", "credited", "credited", "failed", "rejected", "failed",
    ]  # fmt: skip
    assert book.ledger.payouts.mending(mended.batch_id).parents == [], "nobody noted it"
    book.ledger.runs.start(unsent.batch_id)
    assert [credit.customer_id for credit in book.owed(unsent.batch_id)] == ["c-7", "c-8"]
    again = book.begin(site="sandbox", key="f" * 64)
    book.stage(again, book.row(2, "c-6", amount=600), mends={2: Mended(payout.key, 7)})
    book.ledger.admission.admit(again)
    assert [(mend.key, mend.rows) for mend in book.ledger.payouts.mends(payout.batch_id)] == [("f" * 64, 1)]


def test_one_of_version_6_keeps_its_payout_and_can_be_probed_from(
    old: Path, open_book: Callable[[Path], Book]
) -> None:
    old.write_bytes(gzip.decompress(BEFORE_7.read_bytes()))
    book = open_book(old)
    [payout] = book.ledger.batches.all()
    outcomes = [row.outcome.value for row in book.ledger.reports.rows(payout.batch_id)]
    assert outcomes == ["credited", "credited", "failed", "rejected"]
    assert book.ledger.probes.left(payout.site) == [] and book.ledger.probes.facts(payout.site) is None
    book.ledger.probes.hold(payout.site, 60, 80)
    probe = book.ledger.probes.begin("probe-abcdef", payout.site, "c-1", "USD")
    assert [each.probe_id for each in book.ledger.probes.left(payout.site)] == [probe]
    history = look_at(old).history
    assert history.before_at is not None and history.breaks == [] and history.rows > 5, "sealed as it was found"
