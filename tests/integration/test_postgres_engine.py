"""What a ledger in PostgreSQL is asked, and how it answers: as the seam says, whatever the server's defaults are."""

import threading
import time
import tracemalloc
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, cast

import psycopg
import pytest

from batch_credits.errors import LedgerError
from batch_credits.ledger.engines.postgres import connection, database
from batch_credits.ledger.engines.postgres.connection import PatientConnection
from batch_credits.ledger.engines.postgres.database import PostgresDatabase
from batch_credits.ledger.engines.postgres.store import connect, connect_for_reading
from batch_credits.model.address import Address
from tests.acceptance.harness import wait_until
from tests.servers.postgres import Server
from tests.servers.proxy import Proxy

ROWS = 100_000
MUCH_MEMORY = 20 << 20  # bytes; all rows at once would take more
STATEMENTS = {
    "many": f"SELECT n, repeat('x', 500) FROM generate_series(1, {ROWS}) n ORDER BY n",
    "sum": "SELECT sum(n::bigint) FROM generate_series(1, 3) n",
    "odd": "SELECT 'a % b :c %(d)s', 7 % 4, :value::text LIKE '50\\%', '{\"x\": 1}'::jsonb ->> 'x'",
    "sleep": "SELECT pg_sleep(:seconds)",
    "isolation": "SELECT current_setting('transaction_isolation'), current_setting('statement_timeout')",
    "idle": "SELECT current_setting('idle_in_transaction_session_timeout')",
    "lock_one": "SELECT n FROM two WHERE n = :n FOR UPDATE",
    "lock_all": "LOCK TABLE two",
    "add": "INSERT INTO two (n) VALUES (:n)",
    "how_many": "SELECT count(*) FROM two",
}


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {name: database._in_psycopgs_words(text).encode() for name, text in STATEMENTS.items()}
    monkeypatch.setattr(PostgresDatabase, "_words", said)


@pytest.fixture
def opened(new_database: Address) -> Iterator[PostgresDatabase]:
    with psycopg.connect(new_database.url, autocommit=True) as other:
        other.execute("CREATE TABLE batch_credits.two AS SELECT n FROM generate_series(1, 2) n")
    made = connect(new_database)
    yield made
    made.close()


def test_sums_are_whole_numbers(opened: PostgresDatabase) -> None:
    assert opened.value("sum") == 6
    assert type(opened.value("sum")) is int
    assert [type(row) for row in opened.stream("sum", itemgetter(0))] == [int]


def test_percent_signs_and_colons_stay_what_they_are(opened: PostgresDatabase) -> None:
    assert opened.one("odd", tuple, value="50%") == ("a % b :c %(d)s", 3, True, "1")


def test_a_long_answer_is_never_in_memory_as_a_whole(opened: PostgresDatabase) -> None:
    tracemalloc.start()
    try:
        numbers = sum(1 for _ in opened.stream("many", itemgetter(0)))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (numbers, most < MUCH_MEMORY) == (ROWS, True), most


@pytest.mark.parametrize("is_within", [False, True])
def test_others_may_be_asked_while_an_answer_is_read_and_it_may_be_left(
    opened: PostgresDatabase, is_within: bool
) -> None:
    def ask() -> None:
        first, second = (cast(Any, opened.stream("many", itemgetter(0))) for _ in range(2))
        assert (next(first), next(second), opened.value("sum"), next(first)) == (1, 1, 6, 2)
        first.close()
        if not is_within:
            with opened.transaction():
                opened.change("add", n=3)
        assert next(second) == 2
        second.close()
        assert opened.value("sum") == 6

    if is_within:
        with opened.transaction(writes=False):
            ask()
    else:
        ask()
    assert opened._connection.execute("SELECT count(*) FROM pg_cursors").fetchone() == (0,)


def test_a_ledger_that_is_only_read_refuses_to_be_written(opened: PostgresDatabase, new_database: Address) -> None:
    reading = connect_for_reading(new_database)
    with pytest.raises(LedgerError, match="read-only"):
        reading.change("add", n=3)
    with pytest.raises(LedgerError, match="read-only"), reading.transaction():
        reading.change("add", n=3)
    assert reading.value("how_many") == 2
    reading.close()


def test_what_others_have_set_as_a_default_changes_nothing(new_database: Address) -> None:
    name = new_database.url.rpartition("/")[2]
    with psycopg.connect(new_database.url, autocommit=True) as other:
        for setting in ("default_transaction_isolation = serializable", "statement_timeout = 900", "search_path = x"):
            other.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    made = connect(new_database)
    assert made.one("isolation", tuple) == ("read committed", "0")
    with made.transaction():
        assert made.one("isolation", tuple) == ("read committed", "0")
    made.close()


def test_an_end_that_others_have_set_for_transactions_is_none_for_an_admission(
    postgres: Server, new_database: Address
) -> None:
    """A large file is admitted in one, which takes minutes. Servers know such an end since version 17."""
    if not postgres.tell("SELECT 1 FROM pg_settings WHERE name = 'transaction_timeout'"):
        pytest.skip("this server knows none")
    name = new_database.url.rpartition("/")[2]
    postgres.tell(f"ALTER DATABASE {name} SET transaction_timeout = '200ms'")
    made = connect(new_database)
    with made.transaction():
        made.one("sleep", tuple, seconds=0.5)
        assert made.one("isolation", tuple) == ("read committed", "0")
    made.close()


def test_who_is_in_the_way_of_another_is_tried_again(opened: PostgresDatabase, new_database: Address) -> None:
    """Two that lock two rows in either order: PostgreSQL ends one of them."""
    other = connect(new_database)
    both = threading.Barrier(2)
    times = []

    def carry_out(which: PostgresDatabase, order: list[int]) -> None:
        tries: list[int] = []

        def work() -> None:
            tries.append(1)
            which.value("lock_one", n=order[0])
            if len(tries) == 1:
                both.wait(10)
            which.value("lock_one", n=order[1])
            which.change("add", n=10)

        which.carry_out(work, lambda: False, 20)
        times.append(len(tries))

    threads = [threading.Thread(target=carry_out, args=given) for given in ((opened, [1, 2]), (other, [2, 1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(times) == [1, 2]
    assert opened.value("how_many") == 4
    other.close()


def test_who_is_to_be_brief_is_so_on_every_connection(opened: PostgresDatabase, new_database: Address) -> None:
    opened.idle_ms = 700
    with opened.transaction():
        assert opened.value("idle") == "700ms"
    with psycopg.connect(new_database.url, autocommit=True) as other:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
        other.execute(f"{ended} '{new_database.name}'".encode())
    with opened.transaction():
        assert opened.value("idle") == "700ms"


def test_a_lock_that_another_keeps_is_waited_for_again(opened: PostgresDatabase, new_database: Address) -> None:
    opened._connection.execute("SET lock_timeout = '200ms'")
    with psycopg.connect(new_database.url) as other:
        other.execute("LOCK TABLE batch_credits.two")
        threading.Timer(1.0, other.rollback).start()
        opened.carry_out(lambda: opened.change_each("add", [{"n": 3}]), lambda: False, 20)
        assert opened.value("how_many") == 3
        other.execute("LOCK TABLE batch_credits.two")
        with pytest.raises(LedgerError, match="beside others who write it") as refused, opened.transaction():
            opened.change("add", n=4)
        other.rollback()
    assert "Nothing more was sent" in str(refused.value.hint)


def test_two_threads_never_share_a_transaction(opened: PostgresDatabase) -> None:
    """They share a connection; so a second one is refused, and none is connected anew under the first."""
    said: list[str] = []

    def second() -> None:
        for ask in (opened.transaction().__enter__, lambda: opened.value("sum")):
            try:
                ask()
            except LedgerError as error:
                said.append(str(error))

    with pytest.raises(LedgerError, match="cannot be reached"), opened.transaction():
        opened.change("add", n=3)
        opened._connection.close()
        thread = threading.Thread(target=second)
        opened._lost_at = time.monotonic() - 100  # it is not patient
        thread.start()
        thread.join()
        opened.change("add", n=4)
    assert "another thread" in said[0]
    assert "cannot be reached" in said[1]
    assert opened.value("how_many") == 2


def test_who_is_interrupted_within_a_transaction_leaves_nothing(opened: PostgresDatabase) -> None:
    with pytest.raises(KeyboardInterrupt), opened.transaction():
        opened.change("add", n=3)
        raise KeyboardInterrupt
    with opened.transaction():
        opened.change("add", n=4)
    assert opened.value("how_many") == 3


def test_a_long_answer_is_no_silence(opened: PostgresDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatientConnection, "ask_after_seconds", 0.3)
    opened.value("sleep", seconds=1.5)
    assert opened.value("sum") == 6


@pytest.fixture
def through(postgres: Server, new_database: Address) -> Iterator[tuple[Proxy, PostgresDatabase]]:
    """A ledger behind a proxy."""
    with Proxy(postgres.port) as proxy:
        made = connect(Address(new_database.url.replace(str(postgres.port), str(proxy.port))))
        yield proxy, made
        made.close()


def test_a_server_that_is_silent_is_given_up(
    through: tuple[Proxy, PostgresDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the network says so: each byte is taken, and no answer comes."""
    monkeypatch.setattr(PatientConnection, "ask_after_seconds", 0.3)
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 2)
    proxy, opened = through
    opened._patience = 1.0
    proxy.is_silent = True
    began = time.monotonic()
    with pytest.raises(LedgerError, match="cannot be reached any more"):
        opened.value("sum")
    assert time.monotonic() - began < 15
    began = time.monotonic()
    with pytest.raises(LedgerError, match="cannot be reached any more"):
        opened.value("sum")
    assert time.monotonic() - began < 1, "who has given up once is not patient again"
    proxy.is_silent = False
    wait_until(lambda: time.monotonic() > opened._not_before, 10)
    assert opened.value("sum") == 6


def test_what_is_carried_out_ends_in_time_with_a_silent_server(through: tuple[Proxy, PostgresDatabase]) -> None:
    proxy, opened = through
    proxy.is_silent = True
    began = time.monotonic()
    with pytest.raises(LedgerError, match="gives no answer"):
        opened.carry_out(lambda: None, lambda: False, 1.0)
    assert time.monotonic() - began < 8


def test_a_connection_that_is_lost_before_a_stream_is_made_anew(postgres: Server, opened: PostgresDatabase) -> None:
    postgres.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'batch-credits'")
    assert next(opened.stream("many", itemgetter(0))) == 1


def test_a_server_that_starts_again_is_waited_for(new_database: Address, postgres: Server) -> None:
    made = connect(new_database)
    postgres.kill()
    later = threading.Timer(1.0, postgres.start)
    later.start()
    assert made.value("sum") == 6
    later.join()
    made.close()
