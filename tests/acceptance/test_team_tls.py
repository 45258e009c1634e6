"""Promise: to a ledger in PostgreSQL TLS is what libpq says it is: who is not whom the client trusts is told nothing,
least of all a password; and the password stands nowhere.

By a server of TLS's own in front of the one from PyPI, which is built without; and by a server that is built with it,
where there is one (TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin).
"""

import os
import pwd
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.harness import Site, each_once, payout, write_csv
from tests.acceptance.team import Colleague
from tests.servers.postgres import Server, server
from tests.servers.tls_front import Authority, Front

pytestmark = pytest.mark.postgres
SECRET = "orchid-7-lantern"
RULES = """
host all postgres 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
BY_TLS_ALONE = RULES.replace("host all all", "hostssl all all")
ROWS = payout("hidden", 12)


@dataclass(frozen=True)
class Hidden:
    """A server that wants TLS and a password, and those who vouch for somebody."""

    server: Server
    port: int
    trusted: Path  # the authority that has named it
    stranger: Path  # another one

    def where(self, base: str, mode: str = "verify-full", root: Path | None = None, host: str = "localhost") -> str:
        """The address of a ledger."""
        return f"postgresql://ana@{host}:{self.port}/{base}?sslmode={mode}&sslrootcert={root or self.trusted}"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where a server finds its key that is nobody's process, and no other reads it."""
    with tempfile.TemporaryDirectory(prefix="tls-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module", params=["in front", "its own"])
def hidden(request: pytest.FixtureRequest, folder: Path, postgres: Server) -> Iterator[Hidden]:
    trusted, stranger = Authority(folder, "trusted"), Authority(folder, "stranger")
    certificate, key = trusted.name_server("localhost")
    with ExitStack() as stack:
        if request.param == "in front":
            asking = _asking(stack, RULES, {})
            front = stack.enter_context(Front(asking.port, certificate, key))
            yield Hidden(asking, front.port, trusted.certificate, stranger.certificate)
        else:
            if postgres.tell("SHOW ssl_library") != [("OpenSSL",)]:
                pytest.skip("this PostgreSQL is built without TLS")
            settings = {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(_of_nobody(key))}
            asking = _asking(stack, BY_TLS_ALONE, settings)
            yield Hidden(asking, asking.port, trusted.certificate, stranger.certificate)


def _of_nobody(key: Path) -> Path:
    """A copy of a key that belongs to whom the server does."""
    copied = key.with_suffix(".own")
    shutil.copyfile(key, copied)
    copied.chmod(0o600)
    if os.geteuid() == 0:
        shutil.chown(copied, pwd.getpwnam("nobody").pw_uid)
    return copied


def _asking(stack: ExitStack, rules: str, settings: dict[str, str]) -> Server:
    """A server that wants everybody's password but its own superuser's."""
    asking = stack.enter_context(server(**settings))
    (asking.folder / "data" / "pg_hba.conf").write_text(rules)
    asking.tell("SELECT pg_reload_conf()")
    asking.tell(f"CREATE ROLE ana LOGIN PASSWORD '{SECRET}'")
    return asking


@pytest.fixture
def base(hidden: Hidden) -> Iterator[str]:
    """A database of ana's."""
    url = hidden.server.database()
    name = url.rpartition("/")[2]
    hidden.server.tell(f"ALTER DATABASE {name} OWNER TO ana")
    yield name
    hidden.server.drop(url)


class Ana(Colleague):
    """A colleague whose ledger and password are in the environment."""

    def paths(self, name: str) -> list[str]:
        return super().paths(name)[2:]

    def variables(self, more: Mapping[str, str]) -> dict[str, str]:
        return super().variables({"BATCH_CREDITS_LEDGER": self.where, "PGPASSWORD": SECRET, **more})


@pytest.fixture
def ana(tmp_path: Path, site: Site) -> Ana:
    return Ana(tmp_path, site.url, {"CHARGEBEE_SITE": "acme-test"})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as started:
        yield started


def test_a_batch_is_paid_by_tls_and_the_password_stands_nowhere(
    hidden: Hidden, base: str, ana: Ana, site: Site
) -> None:
    file = write_csv(ana.folder / "payout.csv", ROWS)
    ana.where = hidden.where(base)
    said = [
        ana("ledger", "upgrade"),
        ana("ledger", "check"),
        ana("run", file, "--yes", "--detach", "-v"),
        ana.work_until_idle(),
        ana("status", "--json"),
        ana.run(file, "-v"),
    ]
    assert [each.code for each in said] == [0] * len(said), [each.said for each in said]
    assert site.times() == each_once(ROWS)
    if hidden.port == hidden.server.port:  # else it is not the server that speaks TLS, and it says so
        assert re.search(r"tls +TLSv1\.[23]", said[1].out), said[1].out
    told = "".join(each.said for each in said)
    written = b"".join(path.read_bytes() for path in ana.folder.rglob("*") if path.is_file())
    assert SECRET not in told
    assert SECRET.encode() not in written
    kept = [table for [table] in hidden.server.tell(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'batch_credits'", base
    )]  # fmt: skip
    for table in kept:
        rows = hidden.server.tell(f"SELECT CAST(t AS text) FROM batch_credits.{table} t", base)
        assert SECRET not in str(rows), table


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("another authority", "certificate verify failed"),
        ("another name", "does not match host name"),
        ("no file", "does not exist"),
    ],
)
def test_who_cannot_be_trusted_is_told_nothing(
    how: str, says: str, hidden: Hidden, base: str, ana: Ana, site: Site
) -> None:
    file = write_csv(ana.folder / "payout.csv", ROWS)
    ana.where = {
        "another authority": hidden.where(base, root=hidden.stranger),
        "another name": hidden.where(base, host="127.0.0.1"),
        "no file": hidden.where(base, root=ana.folder / "none.crt"),
    }[how]
    for said in (ana.run(file), ana.work_until_idle(), ana("status")):
        assert said.code == 2, said.said
        assert says in " ".join(said.said.split()), said.said
        assert SECRET not in said.said
        assert "Traceback" not in said.said
    assert site.times() == {}
    assert hidden.server.tell("SELECT 1 FROM pg_namespace WHERE nspname = 'batch_credits'", base) == []


def test_a_server_without_tls_is_not_spoken_to(hidden: Hidden, base: str, ana: Ana, postgres: Server) -> None:
    url = postgres.database()
    try:
        ana.where = f"{url}?sslmode=verify-full&sslrootcert={hidden.trusted}"
        said = ana("ledger", "upgrade")
        assert said.code == 2
        assert "does not support SSL" in " ".join(said.said.split())
    finally:
        postgres.drop(url)


def test_nor_is_one_that_wants_it_without(hidden: Hidden, base: str, ana: Ana) -> None:
    ana.where = hidden.where(base, mode="disable")
    said = ana("ledger", "upgrade")
    assert said.code == 2
    assert "no encryption" in " ".join(said.said.split())
    assert SECRET not in said.said


def test_a_wrong_password_is_said_and_not_repeated(hidden: Hidden, base: str, ana: Ana) -> None:
    ana.where = hidden.where(base)
    said = ana("ledger", "upgrade", PGPASSWORD="wrong-one-9")
    assert said.code == 2
    assert "password authentication failed" in " ".join(said.said.split())
    assert "wrong-one-9" not in said.said
