"""A ledger of an earlier version brought up to date, one version after the other.

What is done here is history: it uses no statement of today's, so that none can change it.
"""

import json
import sqlite3
import sys
from bisect import bisect_left
from collections.abc import Callable

from batch_credits.call import call_of
from batch_credits.ledger import times
from batch_credits.ledger.links import first_link_of_old
from batch_credits.ledger.spellings import form_of
from batch_credits.settings import RunSettings


def _from_1_to_2(connection: sqlite3.Connection) -> None:
    for change in (
        "TABLE run ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'",
        "TABLE batch ADD COLUMN kind TEXT NOT NULL DEFAULT 'add' CHECK (kind IN ('add', 'deduct'))",
        "TABLE batch ADD COLUMN reverses TEXT REFERENCES batch (key) CHECK (reverses IS NULL OR kind = 'deduct')",
        "TABLE credit_request ADD COLUMN kind TEXT NOT NULL DEFAULT 'add' CHECK (kind IN ('add', 'deduct'))",
    ):
        connection.execute(f"ALTER {change}")
    connection.execute("CREATE INDEX credit_request_deduct ON credit_request (site_id, state) WHERE kind = 'deduct'")
    connection.execute(
        "CREATE TABLE sealed (batch_id INTEGER NOT NULL REFERENCES batch, block INTEGER NOT NULL, totals TEXT NOT NULL,"
        " PRIMARY KEY (batch_id, block)) STRICT, WITHOUT ROWID"
    )
    connection.execute("DROP INDEX credit_request_identity")
    connection.execute(
        "CREATE TABLE identity (site_id INTEGER NOT NULL REFERENCES site, customer_id TEXT NOT NULL,"
        " reference TEXT NOT NULL, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_id, reference)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TRIGGER only_the_identity_is_sent BEFORE UPDATE OF state ON credit_request"
        " WHEN NEW.state = 'in_flight' AND NEW.request_id IS NOT (SELECT request_id FROM identity"
        " WHERE site_id = NEW.site_id AND customer_id = NEW.customer_id AND reference = NEW.reference)"
        " BEGIN SELECT RAISE(ABORT, 'another request stands for this identity'); END"
    )
    connection.execute(
        "INSERT INTO identity SELECT site_id, customer_id, reference, request_id FROM credit_request"
        " WHERE current = 1 ORDER BY site_id, customer_id, reference"
    )
    connection.execute(
        "CREATE TRIGGER kind_is_frozen BEFORE UPDATE OF kind ON credit_request"
        " BEGIN SELECT RAISE(ABORT, 'a request never changes its call'); END"
    )


def _from_2_to_3(connection: sqlite3.Connection) -> None:
    for change in (
        "TABLE credit_request ADD COLUMN call TEXT",
        "TABLE credit_request ADD COLUMN look_first INTEGER NOT NULL DEFAULT 0",
        "TABLE run ADD COLUMN needs_person INTEGER NOT NULL DEFAULT 0",
        "TABLE run ADD COLUMN site_began_ms INTEGER",
    ):
        connection.execute(f"ALTER {change}")
    _make_capitals_one(connection)
    # What was sent repeats what its last run said: no key is older than half an hour, and most are of one run.
    connection.create_function("call_of_run", 1, _call_of_run, deterministic=True)
    connection.execute(
        "UPDATE credit_request SET call = call_of_run(sent.settings) FROM"
        " (SELECT a.request_id, max(a.attempt_id), r.settings FROM attempt a JOIN run r USING (run_id)"
        "  GROUP BY a.request_id) sent WHERE sent.request_id = credit_request.request_id"
    )


def _make_capitals_one(connection: sqlite3.Connection) -> None:
    """Versions 1 and 2 took `q3` and `Q3` for two credits. The one that was sent stands for both; where neither was, or
    both were, the older one. One that no longer stands and may still be sent is left to a person."""
    connection.execute("CREATE TEMP TABLE spelt AS SELECT * FROM identity")
    connection.execute("DROP TABLE identity")
    connection.execute(
        "CREATE TABLE identity (site_id INTEGER NOT NULL REFERENCES site, customer_id TEXT NOT NULL,"
        " reference TEXT NOT NULL COLLATE NOCASE, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_id, reference)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "INSERT OR IGNORE INTO identity SELECT s.site_id, s.customer_id, s.reference, s.request_id FROM spelt s"
        " JOIN credit_request r USING (request_id)"
        " ORDER BY s.site_id, s.customer_id, s.reference COLLATE NOCASE, r.attempts = 0, s.request_id"
    )
    fallen = "request_id IN (SELECT request_id FROM spelt EXCEPT SELECT request_id FROM identity)"
    is_open = f"{fallen} AND state IN ('pending', 'in_flight', 'in_doubt')"
    reason = "Another row has this reference in other capitals."
    connection.execute(
        "INSERT INTO finding (request_id, state, reason, at)"
        f" SELECT request_id, 'review', ?, ? FROM credit_request WHERE {is_open}",
        (reason, times.now_ms()),
    )
    connection.execute(f"UPDATE credit_request SET state = 'review', error = ? WHERE {is_open}", (reason,))
    connection.execute(f"UPDATE credit_request SET current = 0 WHERE {fallen} AND state = 'failed'")
    connection.execute("DROP TABLE temp.spelt")
    connection.execute(
        "CREATE TABLE respelt (site_id INTEGER NOT NULL REFERENCES site, customer_form TEXT NOT NULL,"
        " reference_form TEXT NOT NULL COLLATE NOCASE, request_id INTEGER NOT NULL REFERENCES credit_request,"
        " PRIMARY KEY (site_id, customer_form, reference_form, request_id)) STRICT, WITHOUT ROWID"
    )
    for request_id, *texts in connection.execute("SELECT request_id, customer_id, reference FROM identity").fetchall():
        if (form := form_of(*texts)) is not None:
            connection.execute(
                "INSERT INTO respelt SELECT site_id, ?, ?, request_id FROM credit_request WHERE request_id = ?",
                (*form, request_id),
            )


def _call_of_run(settings: str) -> str:
    """What version 2 recorded of a run, as the headers of its calls."""
    recorded = json.loads(settings).get("settings", {})
    silence, entity = recorded.get("silence") or (), recorded.get("business_entity_id")
    return call_of(RunSettings(silence=tuple(silence), business_entity_id=entity))


def _from_3_to_4(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE worker (worker_id INTEGER PRIMARY KEY, run_id INTEGER REFERENCES run, host TEXT NOT NULL,"
        " pid INTEGER NOT NULL, user TEXT NOT NULL, started_at INTEGER NOT NULL, until INTEGER NOT NULL,"
        " ended_at INTEGER, told TEXT NOT NULL DEFAULT '{}') STRICT"
    )
    connection.execute("CREATE INDEX worker_run ON worker (run_id)")
    connection.execute(
        "CREATE TABLE shard (site_id INTEGER NOT NULL REFERENCES site,"
        " shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 63), owner INTEGER REFERENCES worker,"
        " epoch INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (site_id, shard)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE entry (entry_id INTEGER PRIMARY KEY, worker_id INTEGER NOT NULL REFERENCES worker,"
        " at INTEGER NOT NULL, first_attempt INTEGER NOT NULL, last_attempt INTEGER NOT NULL,"
        " first_finding INTEGER NOT NULL, last_finding INTEGER NOT NULL) STRICT"
    )
    connection.execute("ALTER TABLE batch ADD COLUMN worker_id INTEGER REFERENCES worker")
    connection.execute("ALTER TABLE attempt ADD COLUMN entry_id INTEGER REFERENCES entry")
    # Each run was one process's, and wrote alone: so it is one life, and one entry.
    connection.execute(
        "INSERT INTO worker (worker_id, run_id, host, pid, user, started_at, until, ended_at)"
        " SELECT run_id, run_id, '', 0, user, started_at, 0, coalesce(ended_at, started_at) FROM run"
    )
    for (run_id,) in connection.execute("SELECT run_id FROM run ORDER BY run_id").fetchall():
        (first, behind), (first_finding, behind_finding) = (
            _written_by(connection, table, run_id) for table in ("attempt", "finding")
        )
        if first < behind or first_finding < behind_finding:
            connection.execute(
                "INSERT INTO entry (worker_id, at, first_attempt, last_attempt, first_finding, last_finding)"
                " SELECT ?, max(coalesce((SELECT max(at) FROM attempt WHERE attempt_id >= ? AND attempt_id < ?), 0),"
                " coalesce((SELECT max(at) FROM finding WHERE run_id = ? AND finding_id >= ? AND finding_id < ?), 0)),"
                " ?, ?, ?, ?",
                (run_id, first, behind, run_id, first_finding, behind_finding,
                 first, behind - 1, first_finding, behind_finding - 1),
            )  # fmt: skip


def _from_4_to_5(connection: sqlite3.Connection) -> None:
    # Which rows the files mended that were paid before, nobody noted.
    connection.execute(
        "CREATE TABLE mended (batch_id INTEGER NOT NULL REFERENCES batch, row_number INTEGER NOT NULL,"
        " of_batch TEXT NOT NULL, of_row INTEGER NOT NULL, PRIMARY KEY (batch_id, row_number)) STRICT, WITHOUT ROWID"
    )
    connection.execute("CREATE INDEX mended_of ON mended (of_batch, of_row)")


def _from_5_to_6(connection: sqlite3.Connection) -> None:
    # Every life before is over, in order: nothing was lost.
    for column in (
        "worker ADD COLUMN lease_ms",
        "worker ADD COLUMN timeout_ms",
        "shard ADD COLUMN lost_ms",
        "entry ADD COLUMN number",
    ):
        connection.execute(f"ALTER TABLE {column} INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE run ADD COLUMN halted TEXT")
    _add_slots(connection)
    connection.execute("CREATE TABLE moved (place TEXT NOT NULL, at INTEGER NOT NULL) STRICT")
    connection.execute(
        "CREATE TRIGGER nobody_begins_where_all_was_moved BEFORE INSERT ON worker WHEN EXISTS (SELECT 1 FROM moved)"
        " BEGIN SELECT RAISE(ABORT, 'this ledger was copied to another place, from which it is paid on'); END"
    )
    connection.execute(
        "CREATE TABLE restored (restored_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, why TEXT NOT NULL,"
        " known_until INTEGER NOT NULL) STRICT"
    )
    connection.execute(
        "CREATE TABLE tied_out (site_id INTEGER PRIMARY KEY REFERENCES site,"
        " restored_id INTEGER NOT NULL REFERENCES restored) STRICT"
    )


def _add_slots(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE slot (site_id INTEGER NOT NULL REFERENCES site, worker_id INTEGER NOT NULL REFERENCES worker,"
        " back_at INTEGER NOT NULL, slots INTEGER NOT NULL CHECK (slots >= 0),"
        " budget INTEGER NOT NULL CHECK (budget > 0), only_asks INTEGER NOT NULL CHECK (only_asks IN (0, 1)),"
        " linger_ms INTEGER NOT NULL, PRIMARY KEY (site_id, worker_id, back_at)) STRICT, WITHOUT ROWID"
    )


def _from_6_to_7(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE pseudonym (site_id INTEGER PRIMARY KEY REFERENCES site, secret TEXT NOT NULL) STRICT"
    )
    connection.execute(
        "CREATE TABLE pack (site_id INTEGER NOT NULL REFERENCES site, number INTEGER NOT NULL CHECK (number > 0),"
        " batch_id INTEGER NOT NULL REFERENCES batch, digest TEXT NOT NULL UNIQUE, previous TEXT,"
        " contents TEXT NOT NULL, at INTEGER NOT NULL, made_by TEXT NOT NULL, PRIMARY KEY (site_id, number))"
        " STRICT, WITHOUT ROWID"
    )
    for change in ("UPDATE", "DELETE"):
        connection.execute(
            f"CREATE TRIGGER pack_is_append_only_{change.lower()} BEFORE {change} ON pack"
            " BEGIN SELECT RAISE(ABORT, 'packs are only ever added'); END"
        )


def _from_7_to_8(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE probe (probe_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " site_id INTEGER NOT NULL REFERENCES site, customer_id TEXT NOT NULL, currency_code TEXT, user TEXT NOT NULL,"
        " version TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, facts TEXT) STRICT"
    )
    connection.execute(
        "CREATE TABLE probe_call (probe_id INTEGER NOT NULL REFERENCES probe, number INTEGER NOT NULL,"
        " kind TEXT NOT NULL CHECK (kind IN ('add', 'deduct')), reference TEXT NOT NULL,"
        " amount_minor INTEGER NOT NULL CHECK (amount_minor > 0), body TEXT NOT NULL, key TEXT NOT NULL,"
        " call TEXT NOT NULL, takes_back TEXT,"
        " state TEXT NOT NULL CHECK (state IN ('open', 'applied', 'not_applied')), credit_id TEXT, reason TEXT,"
        " sent_at INTEGER NOT NULL, PRIMARY KEY (probe_id, number)) STRICT, WITHOUT ROWID"
    )
    connection.execute(
        "CREATE UNIQUE INDEX probe_takes_back_once ON probe_call (probe_id, takes_back)"
        " WHERE takes_back IS NOT NULL AND state <> 'not_applied'"
    )
    connection.execute(
        "CREATE UNIQUE INDEX probe_credit_once ON probe_call (probe_id, credit_id) WHERE credit_id IS NOT NULL"
    )


def _from_8_to_9(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE pack ADD COLUMN head TEXT")
    connection.execute(
        "CREATE TABLE link (link_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, ids TEXT NOT NULL, rows INTEGER NOT NULL,"
        " content TEXT NOT NULL, marks TEXT NOT NULL, at INTEGER NOT NULL, made_by TEXT NOT NULL, note TEXT NOT NULL,"
        " previous TEXT NOT NULL, digest TEXT NOT NULL UNIQUE) STRICT"
    )
    connection.execute("CREATE INDEX link_kind ON link (kind, link_id)")
    connection.execute(
        "CREATE TRIGGER link_is_frozen BEFORE UPDATE ON link"
        " BEGIN SELECT RAISE(ABORT, 'links are only ever added'); END"
    )
    first = first_link_of_old(times.now_ms())
    connection.execute(f"INSERT INTO link VALUES ({', '.join('?' * len(first))})", first)


def _from_9_to_10(connection: sqlite3.Connection) -> None:
    """PostgreSQL's ledger changed, and both have the same versions."""


def _written_by(connection: sqlite3.Connection, table: str, run_id: int) -> tuple[int, int]:
    """Between which ids a run's part of the history lies: the first, and behind the last. Before version 4 one run
    wrote at a time, so the runs' numbers rise with the ids."""
    newest = connection.execute(f"SELECT coalesce(max({table}_id), 0) FROM {table}").fetchone()[0]
    statement = (
        f"SELECT run_id FROM {table} WHERE {table}_id >= ? AND run_id IS NOT NULL ORDER BY {table}_id LIMIT 1"
    )

    def run_at(place: int) -> int:
        row = connection.execute(statement, (place,)).fetchone()
        return int(row[0]) if row else sys.maxsize

    places = range(newest + 2)
    return bisect_left(places, run_id, key=run_at), bisect_left(places, run_id + 1, key=run_at)


# From one version to the next, by the version that is left behind.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _from_1_to_2, 2: _from_2_to_3, 3: _from_3_to_4, 4: _from_4_to_5, 5: _from_5_to_6,
    6: _from_6_to_7, 7: _from_7_to_8, 8: _from_8_to_9, 9: _from_9_to_10,
}  # fmt: skip
