"""Which sites a ledger's file stands for, told without opening it: of any version, also while somebody writes it.

It decides which of a user's ledgers remembers a site, so what cannot be read is an error, never "knows nothing".
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from batch_credits.errors import LedgerError
from batch_credits.ledger.engines.sqlite.database import translated
from batch_credits.ledger.engines.sqlite.store import check_readable

_WAIT_SECONDS = 5.0  # for a writer that brings it up to date, or has just ended

# A site that was only staged for, and then not agreed to, is nobody's yet.
_SITES = (
    "SELECT name, address FROM site WHERE address IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM batch WHERE batch.site_id = site.site_id AND admitted = 1)"
)
_HAS_MOVED = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'moved'"  # not before it could be copied


class Glance(NamedTuple):
    """The ledger at a path: the sites it was to pay, each with its address if that is known, and where it was copied
    to; None: nowhere."""

    path: Path
    sites: Mapping[str, str | None]
    moved_to: str | None


def glance_at(path: Path) -> Glance | None:
    """What is there; None: no ledger, and no sign that there was one.

    Raises:
        LedgerError: something is there that cannot be read, or is none; or a part of one that is gone.
    """
    try:
        if not path.exists():
            is_left = path.is_symlink() or path.with_name(path.name + "-wal").exists()
            if is_left and not path.exists():  # it was not made in between
                raise LedgerError(
                    f"The ledger {path} is gone: {_left(path)} is still there.",
                    hint="Put the file back, or make its disk ready: without it, what was paid is forgotten.",
                )
            if not is_left:
                return None
        check_readable(path)
        with translated(path), closing(_connected(path)) as connection:
            sites = dict(connection.execute(_SITES).fetchall())
            moved = None
            if connection.execute(_HAS_MOVED).fetchone() is not None:
                moved = connection.execute("SELECT place FROM moved ORDER BY at DESC LIMIT 1").fetchone()
    except OSError as error:
        raise LedgerError(f"The ledger {path} cannot be read: {error.strerror or error}.") from error
    return Glance(path, sites, None if moved is None else str(moved[0]))


def _left(path: Path) -> str:
    return "a link to it" if path.is_symlink() else f"its newest part ({path.name}-wal)"


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)
