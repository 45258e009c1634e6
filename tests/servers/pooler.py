"""A pooler of connections as PgBouncer is with `pool_mode = transaction`: between two transactions of a client its
session is anybody's, and the one that was given back last is taken first.
"""

import select
import socket
import threading
from dataclasses import dataclass, field
from typing import Self

_NO_TLS = 80877103, 80877104


@dataclass
class _Backend:
    """A session of the server's. `unread`: what it said of a message that is not whole yet."""

    end: socket.socket
    unread: bytes = b""
    greeting: bytes = b""

    def hear(self) -> tuple[bytes, bool]:
        """What it says, and whether it is outside of a transaction with it."""
        said = self.end.recv(1 << 16)
        if not said:
            raise OSError("the server went away")
        self.unread += said
        is_free = False
        while len(self.unread) >= 5 and len(self.unread) > (size := int.from_bytes(self.unread[1:5], "big")):
            message, self.unread = self.unread[: size + 1], self.unread[size + 1 :]
            is_free = message[:1] == b"Z" and message[5:] == b"I"
        return said, is_free and not self.unread


@dataclass
class Pooler:
    """Listens on a port of loopback, for a server on another, one user and one database."""

    server_port: int
    free: list[_Backend] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        for backend in self.free:
            backend.end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _backend(self, startup: bytes) -> _Backend:
        if self.free:
            return self.free.pop()
        backend = _Backend(socket.create_connection(("127.0.0.1", self.server_port)))
        backend.end.sendall(startup)
        is_free = False
        while not is_free:
            said, is_free = backend.hear()
            backend.greeting += said
        return backend

    def _serve(self, client: socket.socket) -> None:
        with client:
            startup = client.recv(1 << 16)
            while int.from_bytes(startup[4:8], "big") in _NO_TLS:
                client.sendall(b"N")
                startup = client.recv(1 << 16)
            backend = self._backend(startup)
            client.sendall(backend.greeting)
            self.free.append(backend)
            while (said := client.recv(1 << 16)) and said[:1] != b"X":
                backend = self._backend(startup)
                backend.end.sendall(said)
                self._carry(client, backend)
                self.free.append(backend)

    def _carry(self, client: socket.socket, backend: _Backend) -> None:
        """Carry a transaction to its end."""
        while True:
            for end in select.select([client, backend.end], (), ())[0]:
                if end is client:
                    backend.end.sendall(client.recv(1 << 16))
                    continue
                said, is_over = backend.hear()
                client.sendall(said)
                if is_over:
                    return
