"""What the site may still count of earlier runs: the only place where the wall clock decides anything.

It decides little: how long a slot of the limit stays taken, from not at all to a minute, whatever the clock does.
"""

import sqlite3
from collections.abc import Sequence

import orjson

from batch_credits.ledger import journal
from batch_credits.settings import WINDOW_SECONDS

_MOST = 10_000  # attempts that are counted; more than any site's limit


def note(connection: sqlite3.Connection, site_id: int, ages: Sequence[tuple[float, int]], under_way: int) -> None:
    """Remember the requests answered within the last minute, as (seconds ago, how many), and those under way."""
    now = journal.now_ms()
    newest = connection.execute("SELECT coalesce(max(attempt_id), 0) FROM attempt").fetchone()[0]
    answered = [[now - round(age * 1000), requests] for age, requests in ages]
    connection.execute(
        "UPDATE site SET recent = ? WHERE site_id = ?",
        (orjson.dumps({"at": now, "attempt": newest, "under_way": under_way, "answered": answered}).decode(), site_id),
    )


def still_counted(
    connection: sqlite3.Connection, site_id: int, timeout_seconds: float, schema: str = "main"
) -> list[tuple[float, int]]:
    """The requests that a site may still count, as (seconds until it does not, how many).

    `schema`: where the ledger is attached.

    What a killed process had under way may have arrived until its timeout at the latest.
    """
    noted = connection.execute(f"SELECT recent FROM {schema}.site WHERE site_id = ?", (site_id,)).fetchone()[0]
    if noted is None:
        return []
    recent = orjson.loads(noted)
    later_attempts = connection.execute(_LATER_ATTEMPTS.format(schema=schema), (recent["attempt"], site_id, _MOST))
    later, newest = later_attempts.fetchone()
    last_ms = max(recent["at"], newest) + timeout_seconds * 1000
    now = journal.now_ms()
    ends = [*recent["answered"], [last_ms, recent["under_way"] + later]]
    waits = [(min(WINDOW_SECONDS, (at - now) / 1000 + WINDOW_SECONDS), requests) for at, requests in ends]
    return sorted((wait, requests) for wait, requests in waits if wait > 0 and requests)


# Those that were journaled after the note.
_LATER_ATTEMPTS = """
SELECT count(*), coalesce(max(at), 0) FROM (
    SELECT a.at FROM {schema}.attempt a JOIN {schema}.credit_request USING (request_id)
    WHERE attempt_id > ? AND site_id = ? ORDER BY attempt_id DESC LIMIT ?
)
"""
