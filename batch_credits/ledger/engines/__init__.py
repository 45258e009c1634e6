"""What keeps a ledger: a file of SQLite's for one machine, or a database of PostgreSQL's for a team."""

from typing import Any

from batch_credits.errors import UsageError


def store_of_postgres() -> Any:
    """What opens a ledger that is a database. It is imported here, since SQLite's needs none of it.

    Raises:
        UsageError: what it takes is not installed.
    """
    try:
        from batch_credits.ledger.engines.postgres import store as of_postgres
    except ImportError as error:
        raise UsageError(
            f"A ledger in PostgreSQL takes more than is installed ({error}).",
            hint="Install it: pip install 'batch-credits[postgres]'",
        ) from None
    return of_postgres
