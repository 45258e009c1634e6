"""A Chargebee that does next to no work: a bare asyncio protocol that echoes the form into a valid answer.

    python benchmarks/echo_server.py              prints its port, and serves until its standard input closes
    python benchmarks/echo_server.py --arrivals   notes when each POST came

It remembers no credit, so it judges speed only; the sandbox judges truth. GET /first_post tells when the first POST
since the last such question came (seconds of `time.monotonic`, one clock for all processes), and how many came. GET
/arrivals tells when each POST since the last such question came.
"""

import asyncio
import re
import sys
import time
from urllib.parse import parse_qsl

import orjson

CREDIT = (
    b'{"customer":{"id":"%b","object":"customer"},"promotional_credit":{"id":"pc_%d","customer_id":"%b",'
    b'"type":"increment","amount":%b,"currency_code":"%b","description":"%b","credit_type":"%b","reference":"%b",'
    b'"closing_balance":%b,"created_at":1700000000,"object":"promotional_credit"}}'
)
_OF_FORM = re.compile(rb"([a-z_]+)=([^&]*)")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Echo(asyncio.Protocol):
    """Answers each request of a connection in turn."""

    served = 0
    counted = 0  # of these, before the last question
    first_post: float | None = None
    arrivals: list[float] | None = None  # of no use to most, and it would grow

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the way back."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            answer = self._credit(body) if head.startswith(b"post") else self._told(head)
            self._transport.write(HEAD % len(answer) + answer)

    def _told(self, head: bytes) -> bytes:
        if head.startswith(b"get /arrivals "):
            came, Echo.arrivals = Echo.arrivals, []
            return orjson.dumps(came)
        if not head.startswith(b"get /first_post "):
            return b'{"list":[]}'
        told = orjson.dumps({"first_post": Echo.first_post, "posts": Echo.served - Echo.counted})
        Echo.first_post, Echo.counted = None, Echo.served
        return told

    def _credit(self, form: bytes) -> bytes:
        Echo.served += 1
        if Echo.arrivals is not None:
            Echo.arrivals.append(time.monotonic())
        if Echo.first_post is None:
            Echo.first_post = time.monotonic()
        if b"%" in form:
            fields = {name.encode(): orjson.dumps(value)[1:-1] for name, value in parse_qsl(form.decode())}
        else:
            fields = dict(_OF_FORM.findall(form.replace(b"+", b" ")))
        get, amount = fields.get, fields[b"amount"]
        return CREDIT % (
            fields[b"customer_id"],
            Echo.served,
            fields[b"customer_id"],
            amount,
            get(b"currency_code", b"USD"),
            fields[b"description"],
            get(b"credit_type", b"general"),
            get(b"reference", b""),
            amount,
        )


async def serve() -> None:
    """Serve until standard input closes."""
    Echo.arrivals = [] if "--arrivals" in sys.argv[1:] else None
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(serve())
