"""What the history's chain costs: to seal two million rows of it, and to verify them.

    python benchmarks/chain.py                             1,000,000 credits: as many attempts, and as many findings
    python benchmarks/chain.py --credits 100000
    python benchmarks/chain.py --postgres postgresql://me@127.0.0.1/empty

On SQLite the ledger is filled by SQL, as benchmarks/growth.py does; on PostgreSQL it is copied from there. CPU is that
of this process; the server's is not in it, so there the seconds on the clock say more.
"""

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from batch_credits.jobs.keep import copy_ledger
from batch_credits.ledger import Ledger
from batch_credits.model.address import Address, Place
from benchmarks.growth import build

T = TypeVar("T")


def main() -> None:
    """Fill, seal, verify."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--credits", type=int, default=1_000_000)
    parser.add_argument("--postgres", metavar="ADDRESS", help="An empty database.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "ledger.sqlite3")
        build(path, given.credits)
        seal(path)
        verify(path)
        if given.postgres:
            address = Address(given.postgres)
            timed("copied", lambda: copy_ledger(path, address))
            verify(address)


def seal(path: Path) -> None:
    """Seal it anew; what was sealed when it was opened is forgotten first."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("DELETE FROM link")
        file.commit()
        before = _bytes(file)
    with Ledger.open_beside(path) as ledger:
        timed("sealed", ledger.chain.seal)
    with closing(sqlite3.connect(path)) as file:
        rows = sum(file.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("attempt", "finding"))
        print(f"{rows:,} rows of history; {(_bytes(file) - before) / rows:.1f} bytes more for each")


def verify(place: Place) -> None:
    """Look at all of it once more."""
    with Ledger.open_for_reading(place) as ledger:
        found = timed("verified", ledger.keeping.chained)
        print(f"{found.rows:,} rows by {found.links:,} links, {len(found.breaks)} breaks, not sealed: {found.unsealed}")


def _bytes(file: sqlite3.Connection) -> int:
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages, free, size = (
        file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def timed(what: str, work: Callable[[], T]) -> T:
    """Do it, and say how long it took: on the clock, and of this process's CPU."""
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    result = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{what}: {time.monotonic() - began:.2f} s, {cpu:.2f} s of CPU")
    return result


if __name__ == "__main__":
    main()
