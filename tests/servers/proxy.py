"""Between a client and a server of PostgreSQL: loses a connection at a statement, before it arrives or after, or lets
the statement arrive when its sender is long gone.
"""

import socket
import threading
import time
from enum import Enum
from typing import Self

_WAIT_SECONDS = 0.3


class Loss(Enum):
    """What becomes of a statement that is named, and of its connection."""

    BEFORE = "it never arrives"
    AFTER = "it arrives, and its answer does not"
    LATE = "it arrives after the client has found its connection lost"


class Proxy:
    """Listens on a port of loopback, for a server on another."""

    def __init__(self, server_port: int) -> None:
        self._server = ("127.0.0.1", server_port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self._word, self._loss, self._times = b"", Loss.BEFORE, 0
        self.lost = 0  # how many connections were lost by `lose`
        self.is_refusing = False
        self.is_silent = False  # it takes what is said, and carries it nowhere
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, word: str, loss: Loss, times: int = 1) -> None:
        """Lose the next connections on which a client says this word."""
        self._word, self._loss, self._times, self.lost = word.encode(), loss, times, 0

    def cut(self) -> None:
        """Lose all connections that are open."""
        for end in self._open:
            _close(end)
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.is_refusing:
                _close(client)
                continue
            server = socket.create_connection(self._server)
            self._open += [client, server]
            threading.Thread(target=self._carry_to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._carry_to_client, args=(client, server), daemon=True).start()

    def _carry_to_server(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while said := client.recv(1 << 20):
                if self.is_silent:
                    continue
                if self._times > 0 and self._word in said:
                    self._times -= 1
                    self._lose(client, server, said)
                    return
                server.sendall(said)
        except OSError:
            pass
        _close(server)

    def _lose(self, client: socket.socket, server: socket.socket, said: bytes) -> None:
        self.lost += 1
        _close(client)  # nothing of an answer can arrive any more
        if self._loss is Loss.LATE:
            time.sleep(_WAIT_SECONDS)
        if self._loss in (Loss.AFTER, Loss.LATE):
            server.sendall(said)
        time.sleep(_WAIT_SECONDS)  # a server that finds its client gone too early would not carry it out
        _close(server)

    def _carry_to_client(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while said := server.recv(1 << 20):
                client.sendall(said)
        except OSError:
            pass
        _close(client)


def _close(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()
