"""What the tests of teams share: a colleague's command on a ledger of PostgreSQL's, and a way to it that can be cut."""

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from tests.acceptance.harness import Command, Ended, Running

LEASE, QUARANTINE, TIMEOUT = 2, 3, 1  # seconds: as short as they may be
QUICK = {"BATCH_CREDITS_LEASE": str(LEASE), "BATCH_CREDITS_QUARANTINE": str(QUARANTINE), "BATCH_CREDITS_TIMEOUT": str(TIMEOUT)}


@dataclass
class Colleague(Command):
    """`batch-credits` as somebody of a team would call it: a folder of their own, and everybody's ledger at `where`."""

    where: str = ""
    environment: dict[str, str] = field(default_factory=lambda: {**QUICK})

    def paths(self, name: str) -> list[str]:
        """The team's ledger, and reports of their own."""
        reports = ["--reports", str(self.reports)] if name in ("run", "report", "reconcile", "reverse") else []
        return ["--ledger", self.where, *reports]

    def work(self, *arguments: object, **environment: str) -> Running:
        """Begin to work, without a limit."""
        return self.start("work", "--rate", 0, *arguments, **environment)

    def work_until_idle(self, *arguments: object, **environment: str) -> Ended:
        """Work until nothing is owed."""
        return self("work", "--rate", 0, "--until-idle", *arguments, **environment)

    def workers(self) -> list[dict[str, object]]:
        """Who works, as `status` says; nobody while there is no ledger yet."""
        said = self("status", "--json")
        found: list[dict[str, object]] = json.loads(said.out)["workers"] if said.code == 0 else []
        return found


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
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """From here on nothing goes through: what is connected falls, and who comes is sent away."""
        self._is_cut = True
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def mend(self) -> None:
        """From here on whoever comes gets through."""
        self._is_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._is_cut:
                    near.close()
                    continue
                far = socket.create_connection(self._to)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
