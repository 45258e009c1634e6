"""Opening a ledger in PostgreSQL: set up by whoever comes first, refused where it would not be kept or is not ours."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from batch_credits.cli.telling.speech import exit_code_of
from batch_credits.errors import LedgerError, LedgerVersion, UsageError
from batch_credits.jobs.keep import look_at
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.postgres import store
from batch_credits.ledger.engines.postgres.database import PostgresDatabase
from batch_credits.ledger.statements import STATEMENTS, statements, statements_of
from batch_credits.model.address import Address
from tests.acceptance.harness import wait_until
from tests.servers.pooler import Pooler
from tests.servers.postgres import Server

SECONDS = 30


def base(url: str) -> str:
    return url.rpartition("/")[2]


def asked(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        said = connection.execute(statement.encode())
        return said.fetchall() if said.description else []


@contextmanager
def role(server: Server, name: str) -> Iterator[None]:
    """A user that may do nothing but connect."""
    server.tell(f"CREATE ROLE {name} LOGIN")
    try:
        yield
    finally:
        server.tell(f"DROP ROLE {name}")


@pytest.mark.share
def test_the_first_to_open_it_sets_it_up_and_twice_is_as_good_as_once(postgres_url: str) -> None:
    for _ in range(2):
        Ledger.open(Address.read(postgres_url)).close()
    assert asked(postgres_url, "SELECT version FROM batch_credits.ledger") == [(store.VERSION,)]

# What version 9 added.
CHAIN = (
    "DROP TABLE link", "ALTER TABLE pack DROP COLUMN head", "DROP FUNCTION told(text)", "DROP FUNCTION told(bigint)",
    "DROP FUNCTION close_history",
)  # fmt: skip


def test_one_of_the_version_before_is_brought_up_to_date(postgres: Server, postgres_url: str) -> None:
    store.connect(Address.read(postgres_url)).close()
    new = columns_and_indexes(postgres_url)
    for change in (*CHAIN, "UPDATE ledger SET version = 8"):
        asked(postgres_url, f"SET search_path TO batch_credits; {change}")
    with pytest.raises(LedgerError, match="earlier version"):
        store.connect_for_reading(Address.read(postgres_url))
    Ledger.open(Address.read(postgres_url)).close()
    assert asked(postgres_url, "SELECT version FROM batch_credits.ledger") == [(store.VERSION,)]
    assert columns_and_indexes(postgres_url) == new
    history = look_at(Address.read(postgres_url)).history
    assert history.before_at is not None and history.breaks == []


def columns_and_indexes(url: str) -> list[object]:
    columns = "SELECT table_name, column_name, data_type, is_nullable, collation_name, is_identity"
    return [
        *asked(url, f"{columns} FROM information_schema.columns WHERE table_schema = 'batch_credits' ORDER BY 1, 2"),
        *asked(url, "SELECT indexdef FROM pg_indexes WHERE schemaname = 'batch_credits' ORDER BY 1"),
        *asked(url, "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace ="
                    " 'batch_credits'::regnamespace ORDER BY 1, 2"),
    ]  # fmt: skip


def test_four_at_once_set_up_one(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: store.connect(Address.read(postgres_url)), range(4)))
    for database in opened:
        database.close()
    assert asked(postgres_url, "SELECT version FROM batch_credits.ledger") == [(store.VERSION,)]


def test_one_of_version_6_is_brought_up_to_date(postgres_url: str) -> None:
    shape = (
        "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns"
        " WHERE table_schema = 'batch_credits' ORDER BY 1, 2"
    )
    rules = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace ="
    rules += " 'batch_credits'::regnamespace ORDER BY 1, 2"
    triggers = "SELECT tgrelid::regclass::text, tgname, tgtype FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    Ledger.open(Address.read(postgres_url)).close()
    before = [asked(postgres_url, question) for question in (shape, rules, triggers)]
    tables = "batch_credits.pack, batch_credits.pseudonym, batch_credits.probe_call, batch_credits.probe"
    for change in (*CHAIN, f"DROP TABLE {tables}"):
        asked(postgres_url, f"SET search_path TO batch_credits; {change}")
    asked(postgres_url, "UPDATE batch_credits.ledger SET version = 6")
    with pytest.raises(LedgerVersion, match="earlier version"):
        Ledger.open_for_reading(Address.read(postgres_url))
    Ledger.open(Address.read(postgres_url)).close()
    assert [asked(postgres_url, question) for question in (shape, rules, triggers)] == before
    assert asked(postgres_url, "SELECT version FROM batch_credits.ledger") == [(store.VERSION,)]


def test_other_tables_of_the_database_are_left_alone(postgres_url: str) -> None:
    asked(postgres_url, "CREATE TABLE request (mine integer)")
    Ledger.open(Address.read(postgres_url)).close()
    assert asked(postgres_url, "SELECT count(*) FROM public.request") == [(0,)]


def test_one_that_a_newer_program_wrote_is_refused(postgres_url: str) -> None:
    Ledger.open(Address.read(postgres_url)).close()
    asked(postgres_url, "UPDATE batch_credits.ledger SET version = version + 1")
    for open_it in (Ledger.open, Ledger.open_for_reading):
        with pytest.raises(LedgerVersion, match="knows versions up to"):
            open_it(Address.read(postgres_url))


def test_where_there_is_none_nothing_is_made_to_read_it(postgres_url: str) -> None:
    with pytest.raises(LedgerError, match="There is no ledger at"):
        Ledger.open_for_reading(Address.read(postgres_url))
    assert asked(postgres_url, "SELECT to_regnamespace('batch_credits')") == [(None,)]


def test_a_user_without_the_right_to_create_is_told_which(postgres: Server, postgres_url: str) -> None:
    with role(postgres, "poor"), pytest.raises(LedgerError, match="cannot be set up") as refused:
        Ledger.open(Address.read(postgres_url.replace("postgres@", "poor@")))
    assert "GRANT CREATE ON DATABASE" in str(refused.value.hint)
    assert asked(postgres_url, "SELECT to_regnamespace('batch_credits')") == [(None,)]


def test_who_may_only_read_is_told_so_and_not_to_mend_a_disk(postgres: Server, new_database: Address) -> None:
    with role(postgres, "auditor"):
        asked(new_database.url, "GRANT USAGE ON SCHEMA batch_credits TO auditor")
        asked(new_database.url, "GRANT SELECT ON ALL TABLES IN SCHEMA batch_credits TO auditor")
        with (
            pytest.raises(LedgerError, match="permission denied for table") as refused,
            Ledger.open(Address.read(new_database.url.replace("postgres@", "auditor@"))) as ledger,
        ):
            ledger.sites.note_address("acme-test", "http://127.0.0.1:8900")
        assert "needs rights" in refused.value.hint and "disk" not in refused.value.hint
        asked(new_database.url, "DROP OWNED BY auditor")


def test_that_somebody_may_not_write_is_no_harm_to_the_ledger(postgres: Server, postgres_url: str) -> None:
    Ledger.open(Address.read(postgres_url)).close()
    with role(postgres, "auditor"):
        asked(postgres_url, "GRANT USAGE ON SCHEMA batch_credits TO auditor")
        asked(postgres_url, "GRANT SELECT ON ALL TABLES IN SCHEMA batch_credits TO auditor")
        as_auditor = Address.read(postgres_url.replace("postgres@", "auditor@"))
        health = look_at(as_auditor)
        assert (health.is_good, health.not_allowed) == (True, ("the role auditor may only read it",))
        asked(postgres_url, "GRANT INSERT ON ALL TABLES IN SCHEMA batch_credits TO auditor")
        asked(postgres_url, "REVOKE INSERT ON batch_credits.slot, batch_credits.entry FROM auditor")
        assert look_at(as_auditor).not_allowed == ("the role auditor may not add to entry, slot",)
        asked(postgres_url, "DROP OWNED BY auditor")
    assert look_at(Address.read(postgres_url)).not_allowed == ()


def test_commits_that_are_not_durable_are_refused(postgres: Server, postgres_url: str) -> None:
    asked(postgres_url, f"ALTER DATABASE {base(postgres_url)} SET synchronous_commit = off")
    with pytest.raises(LedgerError, match="synchronous_commit is off") as refused:
        Ledger.open(Address.read(postgres_url))
    assert exit_code_of(refused.value) == 2


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_does_not_write_to_its_disk_is_refused(postgres: Server, postgres_url: str, setting: str) -> None:
    def change(words: str, to: str) -> None:
        postgres.tell(f"ALTER SYSTEM {words}")
        postgres.tell("SELECT pg_reload_conf()")
        wait_until(lambda: postgres.tell(f"SHOW {setting}") == [(to,)], SECONDS)

    change(f"SET {setting} = off", "off")
    try:
        with pytest.raises(LedgerError, match=f"{setting} is off") as refused:
            Ledger.open(Address.read(postgres_url))
    finally:
        change(f"RESET {setting}", "on")
    assert exit_code_of(refused.value) == 2


def test_a_user_who_may_not_write_its_tables_is_told_so(postgres: Server, new_database: Address) -> None:
    with role(postgres, "reader"):
        url = Address.read(new_database.url.replace("postgres@", "reader@"))
        for open_it in (Ledger.open, Ledger.open_for_reading, Ledger.is_at):
            with pytest.raises(LedgerError, match="permission denied for") as refused:
                open_it(url)
            assert exit_code_of(refused.value) == 2
            assert "needs rights" in str(refused.value.hint)


def test_a_database_that_cannot_hold_every_name_is_refused(postgres: Server) -> None:
    postgres.tell("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
    with pytest.raises(LedgerError, match="its encoding is LATIN1"):
        Ledger.open(Address.read(postgres.url("latin")))
    postgres.drop(postgres.url("latin"))


def test_a_pooler_that_shares_sessions_is_refused(postgres: Server, new_database: Address) -> None:
    with Pooler(postgres.port) as pooler:
        url = Address.read(new_database.url.replace(str(postgres.port), str(pooler.port)))
        for open_it in (Ledger.open, Ledger.open_for_reading):
            with pytest.raises(LedgerError, match="pooler that shares sessions") as refused:
                open_it(url)
            assert "pool_mode = session" in str(refused.value.hint)


def test_both_engines_say_the_same_statements() -> None:
    """But for what is lent to a ledger that only looks into this one, since SQLite's is attached; and for what only
    this one derives after a copy."""
    own = statements("postgres/lending").keys() | set(PostgresDatabase.after_a_copy)
    assert statements_of("postgres").keys() - own == STATEMENTS.keys() - own


def test_with_a_file_nothing_of_postgresql_is_imported(tmp_path: Any) -> None:
    script = (
        "import sys, pathlib; from batch_credits.ledger import Ledger;"
        f"Ledger.open(pathlib.Path({str(tmp_path / 'ledger.sqlite3')!r})).close();"
        "sys.exit(any(name.partition('.')[0] in ('psycopg', 'procrastinate') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "batch_credits.ledger.engines.postgres.store", None)
    monkeypatch.delattr("batch_credits.ledger.engines.postgres.store", raising=False)
    with pytest.raises(UsageError) as refused:
        Ledger.open(Address.read("postgresql://u@h/b"))
    assert "pip install 'batch-credits[postgres]'" in str(refused.value.hint)
    assert exit_code_of(refused.value) == 2
