"""/metrics and /healthz over HTTP, for as long as the command runs, in a thread of its own."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

from batch_credits.errors import UsageError
from batch_credits.metrics.exposition import encoded
from batch_credits.metrics.meter import Meter

MAX_AT_ONCE = 8  # requests; more are turned away
PATIENCE_SECONDS = 10  # with whoever asks, and with the answer's reader


@contextmanager
def serving(meter: Meter, host: str, port: int) -> Iterator[int]:
    """Answer until the end of the block. Gives the port.

    Raises:
        UsageError: the port is in use, or not ours to take; or the host is no address of this machine.
    """
    try:
        server = _Server(meter, host, port)
    except OSError as error:
        raise UsageError(
            f"Metrics cannot be served at {host}, port {port}: {error.strerror or error}.",
            hint="Nothing was sent. Name another port or address, or leave it out.",
            remedies=[(("--metrics-port", "PORT"),), (("--metrics-host", "ADDRESS"),)],
        ) from None
    thread = threading.Thread(target=server.serve_forever, name="metrics", kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # one that hangs must not keep the command

    def __init__(self, meter: Meter, host: str, port: int) -> None:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        self.address_family = family
        self.meter = meter
        self.is_local = _is_loopback(str(address[0]))
        self._free = threading.BoundedSemaphore(MAX_AT_ONCE)
        super().__init__((str(address[0]), port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the base class would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, unless too many ask."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked went away: nobody needs to know."""


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_SECONDS
    server: _Server
    server_version, sys_version = "batch-credits", ""

    def do_GET(self) -> None:
        """Answer one of the two."""
        meter, path = self.server.meter, self.path.partition("?")[0]
        if self.server.is_local and not _names_this_machine(self.headers.get("Host", "")):
            self._answer(421, b"Ask by the address.\n", "text/plain; charset=utf-8")  # a page that rebound a name
        elif path == "/metrics":
            body, content_type = encoded(meter.reading, self.headers.get("Accept", ""))
            self._answer(200, body, content_type)
        elif path == "/healthz":
            whose = meter.reading.whose
            said = {"status": "stalled" if meter.is_stalled else "ok", "command": whose.command, "site": whose.site}
            self._answer(503 if meter.is_stalled else 200, json.dumps(said).encode(), "application/json")
        else:
            self._answer(404, b"There are /metrics and /healthz.\n", "text/plain; charset=utf-8")

    do_HEAD = do_GET  # noqa: N815 - as the base class calls it

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: stderr is the run's."""


def _is_loopback(address: str) -> bool:
    return ip_address(address.partition("%")[0]).is_loopback


def _names_this_machine(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 or host.rpartition("]")[2].startswith(":") else host
    if name == "localhost":
        return True
    try:
        return _is_loopback(name.strip("[]"))
    except ValueError:
        return False
