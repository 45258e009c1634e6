"""A ledger of an earlier version brought up to date, one version after the other.

What is done here is history: it uses no statement of today's, so that none can change it.
"""

import json
import sqlite3
from collections.abc import Callable

from batch_credits.call import call_of
from batch_credits.ledger import times
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


# From one version to the next, by the version that is left behind.
MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _from_1_to_2, 2: _from_2_to_3}
