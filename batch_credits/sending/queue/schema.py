"""The queue's own tables, which procrastinate brings: made and brought up to date beside the ledger's.

procrastinate gives its schema and its migrations as files, and remembers nowhere which of them a database has; applied
twice, they fail. So the table's comment names the newest, and who changes something holds a lock: two at once take
turns, and the second finds it done.
"""

from pathlib import Path
from typing import Any

import psycopg
from procrastinate.schema import SchemaManager

from batch_credits.errors import LedgerVersion

_LOCK = 0x62635F71  # "bc_q": held while the tables are made or changed
_MARK = "batch-credits: procrastinate as of "
# Asked of the catalog as of now: `to_regclass` answers from a cache, which may not know yet what another has made.
_COMMENT = "SELECT obj_description(oid, 'pg_class') FROM pg_class WHERE relname = %s AND pg_table_is_visible(oid)"


async def bring_up_to_date(connection: psycopg.AsyncConnection[Any]) -> None:
    """Make the queue's tables if there are none, and change them if they are of an earlier procrastinate. Within the
    caller's transaction.

    Raises:
        LedgerVersion: a later one made them, or somebody else.
        psycopg.Error: the database does not let us, or cannot be reached.
    """
    migrations = _migrations()
    if await _version(connection) == migrations[-1].name:
        return
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    found = await _version(connection)
    if found is None:
        await connection.execute(SchemaManager.get_schema())
    elif found > migrations[-1].name:
        raise LedgerVersion(
            f"The ledger's queue is of a later procrastinate ({found}) than is installed here.",
            hint="Install the same version everywhere: python -m pip install --upgrade procrastinate",
        )
    else:
        for path in migrations:
            if path.name > found:
                await connection.execute(path.read_text(encoding="utf-8").encode())
    await connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{_MARK}{migrations[-1].name}'".encode())


def _migrations() -> list[Path]:
    """What procrastinate has of them, oldest first."""
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


async def _version(connection: psycopg.AsyncConnection[Any]) -> str | None:
    """The newest migration that the tables have; None: there are none."""
    row = await (await connection.execute(_COMMENT, ("procrastinate_jobs",))).fetchone()
    if row is None:
        return None
    comment = row[0]
    if comment is None or not comment.startswith(_MARK):
        raise LedgerVersion(
            "The database has tables of procrastinate that this program did not make.",
            hint="Give the ledger a database of its own.",
        )
    return str(comment.removeprefix(_MARK))
