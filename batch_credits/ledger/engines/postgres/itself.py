"""Whether a database is still the one that it was, or another with a part of its memory.

A dump that was brought back, a standby that was promoted, a server made anew from files: each may have forgotten what
was paid last. The ledger keeps by which server, on which timeline, in which database and in which tables it was used,
and notes it durably if they have changed: a dump makes its tables anew, also in the database that it is from. One that
holds nothing takes them as they are: it has forgotten no more than a new one.
"""

import psycopg

from batch_credits.ledger import times
from batch_credits.ledger.database import Row

# The timeline is that to which is written. The control file says so too, but after a promotion only with the next
# checkpoint, which may take minutes.
_ITSELF = """
SELECT (SELECT CAST(system_identifier AS text) FROM pg_control_system()),
       CAST(CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS bigint) AS text),
       (SELECT concat_ws('/', oid, CAST(to_regclass('batch_credits.ledger') AS oid))
        FROM pg_database WHERE datname = current_database())
"""
_WAS = "SELECT system, timeline, base FROM ledger"
_HOLDS = "SELECT EXISTS (SELECT 1 FROM batch) OR EXISTS (SELECT 1 FROM entry)"
_NOTE = """
INSERT INTO restored (restored_id, at, why, known_until)
SELECT coalesce(max(restored_id), 0) + 1, %s, %s, (SELECT coalesce(max(at), 0) FROM entry) FROM restored
"""
_WHY = ("it is another server's", "its server was restored or promoted", "it was brought back from a dump")


def itself(connection: psycopg.Connection[Row]) -> Row:
    """What tells a ledger that is written to from every other: its server, the timeline of that, and the numbers of its
    database and of a table of its own."""
    found = connection.execute(_ITSELF.encode()).fetchone()
    assert found is not None
    return found


def notice(connection: psycopg.Connection[Row]) -> None:
    """Within a transaction that is alone: note if the database is not the one that it was."""
    now, was = itself(connection), connection.execute(_WAS.encode()).fetchone()
    if was is None or now == was:
        return
    holds = connection.execute(_HOLDS.encode()).fetchone()
    if holds is not None and holds[0]:
        why = next(why for why, one, other in zip(_WHY, now, was, strict=True) if one != other)
        connection.execute(_NOTE.encode(), (times.now_ms(), why))
    connection.execute(b"UPDATE ledger SET system = %s, timeline = %s, base = %s", now)
