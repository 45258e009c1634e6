"""A connection that does not wait for a server that has gone silent.

The network stack notices a host that is away, but not a server that is stopped, nor a proxy that takes what is said
and carries it nowhere. A long answer is no silence, though: so where none comes for a while, the server is asked on
another connection whether it still works on it.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, ClassVar, Self

import psycopg

from batch_credits.ledger.database import Row

# A host that went away without a word is noticed after so long, also while bytes wait to be acknowledged.
_SILENCE_SECONDS = 15
_ASK_AFTER_SECONDS = 4.0
NO_ANSWER = "the server gives no answer"
CONNECT_SECONDS = 5  # for each address that a host's name has

_IS_AT_WORK = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
# What the server, the database, the user or the environment has set as a default is not what statements count on. Of
# every connection: the texts of two could be taken for others.
ENCODING = "utf8"
IN_PLACE_OF_DEFAULTS = (
    "SET default_transaction_isolation = 'read committed'",
    "SET statement_timeout = 0",
    "SET idle_session_timeout = 0",
    # A large file is admitted in one transaction. Known since version 17.
    "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'",
    # A process that is stopped within a transaction must not keep others from what it has locked: see `idle_ms`.
    "SET idle_in_transaction_session_timeout = '15s'",
    "SET lock_timeout = '30s'",
)
_FOR_A_SESSION = "; ".join((
    *IN_PLACE_OF_DEFAULTS,
    # Every statement is written for an index, and asks for a page of what may be millions of rows. How many are in
    # which state nobody knows while they are sent, and a planner that guesses reads all of them for a page, by
    # processes of their own that take longer to start than the page to read; or, of version 15, sorts all of them.
    "SET enable_seqscan = off",
    "SET enable_sort = off",
    "SET random_page_cost = 1.1",
    "SET max_parallel_workers_per_gather = 0",
    "SET jit = off",
    "SET work_mem = '32MB'",  # a million identities are sorted, and else by way of the disk
))  # fmt: skip


def said(error: Exception) -> str:
    """What an error says, in one line. What libpq says of a connection names host and user, and no password."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


class PatientConnection(psycopg.Connection[Row]):
    """A connection in autocommit mode. `until`: the monotonic moment up to which it waits at most for an answer."""

    until: float | None = None
    _backend: int | None = None
    _connect_again: Callable[[], "PatientConnection"]
    ask_after_seconds: ClassVar[float] = _ASK_AFTER_SECONDS

    @classmethod
    def open(cls, url: str, schema: str, *, read_only: bool = False) -> Self:
        """A connection whose session is set up, and finds the tables of a schema. TLS and passwords are libpq's own.

        Raises:
            psycopg.Error: there is none to be had.
        """
        connection = cls._begun(url)
        try:
            connection.until = time.monotonic() + 2 * CONNECT_SECONDS
            connection.execute(_FOR_A_SESSION.encode())
            connection.execute("SELECT set_config('search_path', %s, false)", (schema,))
            if read_only:
                connection.execute("SET default_transaction_read_only = on")
            # Asked, since a pooler in between names another one at the beginning.
            row = connection.execute("SELECT pg_backend_pid()").fetchone()
            connection._backend = None if row is None else row[0]
            connection._connect_again = lambda: cls._begun(url)
            connection.until = None
        except BaseException:
            connection.close()
            raise
        return connection

    @classmethod
    def _begun(cls, url: str) -> Self:
        given: dict[str, Any] = {
            "autocommit": True,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "batch-credits",
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": _SILENCE_SECONDS * 1000,
            "client_encoding": ENCODING,
        }
        return cls.connect(url, **given)

    def wait(self, gen: Any, *given: Any, **named: Any) -> Any:
        """See psycopg, whose every wait for an answer is this one; with an end.

        Raises:
            psycopg.OperationalError: there is no answer, and the connection is closed.
        """
        return super().wait(self._watched(gen), *given, **named)

    def _watched(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        ask_at = time.monotonic() + self.ask_after_seconds
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready:  # psycopg looks up ten times a second
                    now = time.monotonic()
                    if self.until is not None and now >= self.until:
                        self._give_up(gen)
                    if now >= ask_at:
                        if not self._is_served():
                            self._give_up(gen)
                        ask_at = time.monotonic() + self.ask_after_seconds
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value

    def _give_up(self, gen: Generator[Any, Any, Any]) -> None:
        gen.close()
        self.pgconn.finish()
        raise psycopg.OperationalError(NO_ANSWER)

    def _is_served(self) -> bool:
        """Whether the server still works on what this connection asked."""
        if self._backend is None:
            return True
        try:
            with self._connect_again() as other:
                other.until = time.monotonic() + CONNECT_SECONDS
                return other.execute(_IS_AT_WORK, (self._backend,)).fetchone() is not None
        except psycopg.errors.CannotConnectNow:
            return False
        except psycopg.Error as error:
            return error.sqlstate is not None  # it answers, if only that it has no connection to spare
