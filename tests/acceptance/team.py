"""What the tests of teams share: a colleague's command on a ledger of PostgreSQL's, and a way to it that can be cut."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tests.acceptance.harness import Command, Ended, Running

LEASE, QUARANTINE, TIMEOUT = 3, 3, 1  # seconds: as short as they may be on a machine that does other things, too
QUICK = {
    "BATCH_CREDITS_LEASE": str(LEASE),
    "BATCH_CREDITS_QUARANTINE": str(QUARANTINE),
    "BATCH_CREDITS_TIMEOUT": str(TIMEOUT),
}


@dataclass
class Colleague(Command):
    """`batch-credits` as somebody of a team would call it: a folder of their own, and everybody's ledger at `where`."""

    where: str = ""

    def paths(self, name: str) -> list[str]:
        """The team's ledger, and reports of their own."""
        reports = ["--reports", str(self.reports)] if name in ("run", "report", "reconcile", "reverse", "web") else []
        return ["--ledger", self.where, *reports]

    def work(self, *arguments: object) -> Running:
        """Begin to work, without a limit."""
        return self.start("work", "--rate", 0, *arguments)

    def work_until_idle(self, *arguments: object) -> Ended:
        """Work until nothing is owed."""
        return self("work", "--rate", 0, "--until-idle", *arguments)

    def workers(self) -> list[int]:
        """The numbers of the processes that use the ledger, also of those that stand by; none while there is none."""
        return [int(pid) for pid in re.findall(r"^worker .* process ([0-9]+) ", self("status").out, re.MULTILINE)]

    def sees_at_work(self, worker: Running) -> bool:
        """Whether that one sends."""
        said = self("status", "--json")
        at_work = [each for batch in json.loads(said.out if said.code == 0 else "[]") for each in batch["workers"]]
        return any(each["shards"] and each["pid"] == worker.pid for each in at_work)


class Wire:
    """A way to a server of TCP's, which can be cut and mended. `where` is the address of a ledger that goes by it."""

    def __init__(self, where: str) -> None:
        parts = urlsplit(where)
        self._to = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_cut = False
        self._open: list[socket.socket] = []
        port = self._listener.getsockname()[1]
        user = f"{parts.username}@" if parts.username else ""
        self.where = parts._replace(netloc=f"{user}127.0.0.1:{port}").geturl()
        self._threads = list[threading.Thread]()
        self._begin(self._serve)

    def cut(self) -> None:
        """From here on nothing goes through: what is connected falls, and who comes is sent away."""
        self._is_cut = True
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """From here on whoever comes gets through."""
        self._is_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
        for each in self._open:
            each.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()  # until it is shut
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open += [near, far]
                self._begin(self._carry, near, far)
                self._begin(self._carry, far, near)

    def _begin(self, work: Callable[..., None], *about: socket.socket) -> None:
        self._threads.append(threading.Thread(target=work, args=about, daemon=True))
        self._threads[-1].start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
