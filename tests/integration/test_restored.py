"""A database that was brought back from a dump, or promoted, knows it: what it forgot is not paid again."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import look_at
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.postgres import store
from batch_credits.model.address import Address
from tests.acceptance.harness import Command, Site, write_csv
from tests.servers.postgres import Server, programs

pytestmark = pytest.mark.postgres
ROWS = [[f"c-{number}", 100, "USD", "Loyalty", "q3"] for number in range(20)]


def tool(name: str) -> str:
    """A client's program: of the wheel, or Debian's."""
    found = [folder / name for folder in (programs(), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
             if (folder / name).exists()]  # fmt: skip
    if not found:
        pytest.skip(f"there is no {name}")
    return str(found[0])


def brought_back(server: Server, url: str, tmp_path: Path) -> str:
    """A dump of a database now, as another one."""
    other, dump = server.database(), tmp_path / "ledger.dump"
    done = subprocess.run([tool("pg_dump"), "-Fc", "-f", dump, url], capture_output=True, text=True, check=False)
    if "server version mismatch" in done.stderr:
        pytest.skip(done.stderr.strip())
    done.check_returncode()
    subprocess.run([tool("pg_restore"), "-d", other, dump], check=True)
    return other


def test_what_a_dump_forgot_is_not_paid_again(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    with Site("--faults", "keys_forget=1") as site:
        command = Command(tmp_path, site.url)
        first = write_csv(tmp_path / "first.csv", ROWS[:5])
        command.run(first, "--ledger", url).exited(0)
        other = brought_back(postgres, url, tmp_path)
        second = write_csv(tmp_path / "second.csv", ROWS[5:])
        command.run(second, "--ledger", url, "--reports", tmp_path / "theirs").exited(0)
        ended = command.run(second, "--ledger", other).exited(0)
        assert "may have forgotten what was paid" in ended.said
        assert "brought back from a dump" in ended.said
        assert set(site.times().values()) == {1}
        assert len(site.times()) == len(ROWS)
        assert "brought back from a dump" in command("status", "--ledger", other).said
    postgres.drop(url)
    postgres.drop(other)


def test_what_a_dump_forgot_is_not_paid_again_where_it_was_brought_back_to_its_own_database(
    postgres: Server, tmp_path: Path
) -> None:
    """By whoever shares the database with other things: its tables go, and come back as they were."""
    url, dump = postgres.database(), tmp_path / "ledger.dump"
    with Site("--faults", "keys_forget=1") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "first.csv", ROWS[:5]), "--ledger", url).exited(0)
        subprocess.run([tool("pg_dump"), "-Fc", "-f", dump, url], check=True)
        second = write_csv(tmp_path / "second.csv", ROWS[5:])
        command.run(second, "--ledger", url, "--reports", tmp_path / "theirs").exited(0)
        subprocess.run([tool("pg_restore"), "--clean", "-d", url, dump], check=True)
        ended = command.run(second, "--ledger", url).exited(0)
        assert "brought back from a dump" in ended.said
        assert set(site.times().values()) == {1}
        assert len(site.times()) == len(ROWS)
    postgres.drop(url)


def test_workers_look_first_at_what_a_dump_forgot_of_a_run_that_began_before(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    with Site("--faults", "keys_forget=1") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "all.csv", ROWS), "--ledger", url, "--detach").exited(0)
        other = brought_back(postgres, url, tmp_path)
        for where in (url, other):  # the other has orders from before it forgot
            command("work", "--rate", 0, "--until-idle", "--ledger", where).exited(0)
        assert set(site.times().values()) == {1}
        assert len(site.times()) == len(ROWS)
    postgres.drop(url)
    postgres.drop(other)


@pytest.mark.parametrize(("column", "why"), [("timeline", "promoted"), ("system", "another server"), ("base", "dump")])
def test_another_server_is_noticed_once_and_stays_noted(new_database: Address, column: str, why: str) -> None:
    with Ledger.open(new_database) as ledger:
        ledger.workers.me()
        assert ledger.keeping.restored() is None
    with psycopg.connect(new_database.url, autocommit=True) as connection:
        connection.execute(b"SET search_path TO batch_credits")
        connection.execute(b"INSERT INTO entry (worker_id, number, at) SELECT max(worker_id), 1, 9 FROM worker")
        connection.execute(f"UPDATE ledger SET {column} = '7'".encode())
    for _ in range(2):
        with Ledger.open(new_database) as ledger:
            assert why in str(ledger.keeping.why_unproven("any-site"))
    with psycopg.connect(new_database.url) as connection:
        assert connection.execute(b"SELECT count(*) FROM batch_credits.restored").fetchone() == (1,)
    assert look_at(new_database).restored is not None


def test_a_run_stops_where_its_server_becomes_another(
    new_database: Address, monkeypatch: pytest.MonkeyPatch, postgres: Server
) -> None:
    with Ledger.open(new_database) as ledger:
        ledger.workers.me()
        monkeypatch.setattr(store, "itself", lambda _: ("1", "2", "3"))  # promoted meanwhile
        postgres.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                      f"'{new_database.name}'")  # fmt: skip
        with pytest.raises(LedgerError, match="another one than a moment ago"):
            ledger.batches.all()


def test_all_is_proof_again_once_a_site_was_learned_anew(postgres: Server, tmp_path: Path) -> None:
    url = postgres.database()
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "first.csv", ROWS[:5]), "--ledger", url).exited(0)
        other = brought_back(postgres, url, tmp_path)
        second = write_csv(tmp_path / "second.csv", ROWS[5:])
        command.run(second, "--ledger", url, "--reports", tmp_path / "theirs").exited(0)
        Ledger.open(Address(other)).close()  # which notices
        for too_little in (("--whole",), ("--since", "2099-01-01", "--whole"), ("--since", "2000-01-01")):
            command("reconcile", *too_little, "--ledger", other).exited(0)
            assert why(other) is not None
        assert "is known again" in command("reconcile", "--since", "2000-01-01", "--whole", "--ledger", other).said
        assert why(other) is None
        command.run(second, "--ledger", other).exited(0)
        assert set(site.times().values()) == {1}
    postgres.drop(url)
    postgres.drop(other)


def why(url: str) -> str | None:
    """Why rows are looked up first, of the site of all tests."""
    with Ledger.open_for_reading(Address(url)) as ledger:
        [name] = {batch.site for batch in ledger.batches.all()}
        return ledger.keeping.why_unproven(name)


def test_one_that_holds_nothing_has_forgotten_nothing(new_database: Address) -> None:
    with Ledger.open(new_database) as ledger:  # a copy of another database
        assert ledger.keeping.restored() is None
