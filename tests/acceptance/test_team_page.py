"""Promise: docs/team.md sets a team up: its SQL and commands are carried out here, in their order, each as its role."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.harness import KEY, Site, clean_environment, each_once, payout, write_csv
from tests.servers.postgres import Server, programs, server

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs" / "team.md").read_text(encoding="utf-8"), re.DOTALL)
PAYOUT, SECOND, MOVED = payout("first", 4), payout("second", 40), payout("moved", 3)


@pytest.fixture(scope="module")
def asking_server() -> Iterator[Server]:
    """A server that wants everybody's password but its own superuser's."""
    with server() as started:
        rules = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (started.folder / "data" / "pg_hba.conf").write_text(rules)
        started.tell("SELECT pg_reload_conf()")
        yield started


class Reader:
    """Somebody who does what the page says, in a folder of their own that is their home, too."""

    def __init__(self, home: Path, postgres: Server, site: Site) -> None:
        self.home = home
        self._postgres = postgres
        found = [str(Path(sys.executable).parent), str(programs()), "/usr/bin", "/bin"]
        self._environment = clean_environment() | {
            "HOME": str(home), "PATH": os.pathsep.join(found), "BATCH_CREDITS_LEDGER": "postgresql:///?service=payouts",
            "CHARGEBEE_SITE": "acme-test", "CHARGEBEE_BASE_URL": site.url, "CHARGEBEE_API_KEY": KEY,
        }  # fmt: skip

    def does(self, kind: str, text: str) -> None:
        """Carry out a block."""
        if kind == "sql":
            self._tells(text)
        elif kind == "console":
            for line in text.splitlines():
                self.types(line.removeprefix("$ "))
        elif (name := re.match(r"# ~/(\S+)\n", text)) is not None:
            file = self.home / name[1]
            told = text.replace("db.example.com", "127.0.0.1").replace("5432", str(self._postgres.port))
            told = told.replace(":payouts:", ":*:").replace("sslrootcert=system\n", "")
            file.write_text(told.replace("sslmode=verify-full", "sslmode=disable"))  # tests have no certificates
            file.chmod(0o600)

    def _tells(self, text: str) -> None:
        [[role, base]] = re.findall(r"^-- as (\w+), in (\w+)$", text, re.MULTILINE)
        secret = "" if role == "postgres" else f"{role.removeprefix('pay_')}-secret"
        url = f"postgresql://{role}@127.0.0.1:{self._postgres.port}/{base}"
        with psycopg.connect(url, password=secret, autocommit=True) as connection:
            for statement in re.sub(r"^--.*$", "", text, flags=re.MULTILINE).split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())

    def types(self, line: str, code: int = 0) -> str:
        """Carry out a command, which ends with this code. Returns what it says."""
        done = subprocess.run(
            line, shell=True, cwd=self.home, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        assert "secret" not in done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.mark.slow
def test_the_page_sets_a_team_up(tmp_path: Path, asking_server: Server) -> None:
    with Site() as site:
        reader = Reader(tmp_path, asking_server, site)
        for name, rows in (("payout", PAYOUT), ("second", SECOND), ("moved", MOVED)):
            write_csv(tmp_path / f"{name}.csv", rows)
        reader.types("batch-credits run moved.csv --yes --ledger ledger.sqlite3")
        is_made = False
        for kind, text in BLOCKS:
            reader.does(kind, text)
            if not is_made and "CREATE DATABASE payouts" in text:
                is_made = True
                for base in ("moved", "restored", "again"):
                    asking_server.tell(f"CREATE DATABASE {base} OWNER pay_owner")
        assert site.times() == each_once([*PAYOUT, *SECOND, *MOVED])
        _each_role_may_what_it_needs(reader)
        assert site.times() == each_once([*PAYOUT, *SECOND, *MOVED])
        assert "moved" in reader.types("batch-credits run moved.csv --yes --ledger ledger.sqlite3", code=2)


def _each_role_may_what_it_needs(reader: Reader) -> None:
    """And no more."""
    works, reads = (
        "--ledger 'postgresql://host1@/?service=payouts'",
        "--ledger 'postgresql://audit@/?service=payouts'",
    )
    reader.types(f"batch-credits work --until-idle --rate 0 {works}")
    said = reader.types(f"batch-credits status --json {reads}")
    [batch] = re.findall(r'"batch": "(\w+)",\s+"kind": "\w+",\s+"created_at": "[^"]*",\s+"file": "second.csv"', said)
    reader.types(f"batch-credits report {batch[:10]} --reports audited {reads}")
    write_csv(reader.home / "new.csv", payout("new", 2))
    for role in (works, reads):
        assert "permission denied" in reader.types(f"batch-credits run new.csv --yes {role}", code=2)
    for role in ("ana", "host1", "audit"):
        denied = "DROP TRIGGER credited_is_final ON batch_credits.standing"
        assert "must be owner" in reader.types(f'psql "service=payouts user={role}" --command "{denied}"', code=1)
    reader.types("pg_restore --dbname='service=payouts user=pay_owner dbname=again' --no-owner payouts.dump")
    reader.types("batch-credits work --until-idle --ledger 'postgresql://host1@/again?service=payouts'")
    assert "may have forgotten" in reader.types(
        "batch-credits status --ledger 'postgresql://audit@/again?service=payouts'"
    )
    denied = "INSERT INTO batch_credits.identity VALUES (1, 'c', 'r', 1)"
    assert "permission denied" in reader.types(f'psql "service=payouts user=host1" --command "{denied}"', code=1)
