"""A web server of this machine for what is posted: it keeps it, and answers as it is told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "T0B0hushhush"  # in every address


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up is no error of ours."""


class Hook:
    """What was asked of it: path, headers in lower case, body. It waits before it answers, until `goes_on` is set."""

    def __init__(self) -> None:
        self.status, self.headers = 200, dict[str, str]()
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.goes_on = threading.Event()
        self.goes_on.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                hook.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                hook.goes_on.wait(60)
                self.send_response(hook.status)
                for name, text in hook.headers.items():
                    self.send_header(name, text)
                self.end_headers()

            def do_GET(self) -> None:  # where a redirect would lead
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/{SECRET}"

    @property
    def said(self) -> list[dict[str, Any]]:
        """The JSON of all that was posted."""
        return [json.loads(body) for _, _, body in self.asked]

    @property
    def events(self) -> list[str]:
        """The events of all documents for programs."""
        return [said["type"].removeprefix("batch_credits.") for said in self.said if "data" in said]


@contextmanager
def hooked() -> Iterator[Hook]:
    """Serve in a thread until the end of the block."""
    serving = Hook()
    thread = threading.Thread(target=serving.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield serving
    finally:
        serving.goes_on.set()
        serving.server.shutdown()
        thread.join()
        serving.server.server_close()
