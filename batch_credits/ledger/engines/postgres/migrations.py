"""From each version of a ledger in PostgreSQL to the next, within one transaction. The first was version 6."""

from collections.abc import Callable

import psycopg

from batch_credits.ledger.database import Row

MIGRATIONS: dict[int, Callable[[psycopg.Connection[Row]], None]] = {}
