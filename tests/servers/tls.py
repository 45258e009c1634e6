"""Before a server of this machine: the same by https, at addresses that are no sandbox's to the program.

The program takes 127.0.0.1 as one site, whatever the port. 127.0.0.2 and so on are loopback as well, on Linux without
any doing, and each is a site of its own: real addresses of Chargebee are so, and they have certificates.
"""

import asyncio
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

_BYTES = 65_536


def certificate_for(folder: Path, *hosts: str) -> Path:
    """Key and certificate of these addresses, by nobody but itself: a client is to trust the file (SSL_CERT_FILE)."""
    key, certificate, both = (folder / name for name in ("tls.key", "tls.crt", "tls.pem"))
    names = "subjectAltName=" + ",".join(f"IP:{host}" for host in hosts)
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=night"
    subprocess.run(
        [*words.split(), "-addext", names, "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    both.write_text(key.read_text() + certificate.read_text())
    return both


class _Front:
    """One address, for one server."""

    def __init__(self, host: str, behind: str) -> None:
        parts = urlsplit(behind)
        assert parts.hostname is not None and parts.port is not None
        self._host, self._behind = host, (parts.hostname, parts.port)

    async def listen(self, context: ssl.SSLContext) -> asyncio.Server:
        """Take connections."""
        return await asyncio.start_server(self._connected, self._host, 0, ssl=context)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self._behind)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_carry(reader, inner_writer), _carry(inner_reader, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that one end says to the other; who has gone is no error of ours."""
    try:
        while said := await reader.read(_BYTES):
            writer.write(said)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@contextmanager
def by_https(certificate: Path, *behind: tuple[str, str]) -> Iterator[list[str]]:
    """The URLs that stand for these (address, URL of a server) until the end of the block, served in a thread."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> list[asyncio.Server]:
        return [await _Front(host, url).listen(context) for host, url in behind]

    async def close(servers: list[asyncio.Server]) -> None:
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    servers: list[asyncio.Server] = []
    try:
        servers = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
        yield ["https://{}:{}".format(*server.sockets[0].getsockname()) for server in servers]
    finally:
        asyncio.run_coroutine_threadsafe(close(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
