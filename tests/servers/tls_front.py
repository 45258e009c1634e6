"""A way to a server of PostgreSQL's by TLS, and an authority that makes certificates for it.

The server from PyPI is built without TLS. What is in front of it here speaks it as a server does that lets nobody in
without: it says yes to a client's question, and refuses whoever does not ask.
"""

import asyncio
import ipaddress
import ssl
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_ASKS_FOR_TLS, _ASKS_FOR_GSS = (number.to_bytes(4, "big") for number in (80877103, 80877104))
_REFUSED = b"SFATAL\0C28000\0Mno pg_hba.conf entry for this host, no encryption\0\0"


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Whoever trusts the file `certificate` trusts the servers that are named by it. All of it lies in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name, self._key = folder, _name(name), ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.crt"
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = self._begun(self._name, self._key).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        self._write(self.certificate, made.add_extension(usage, True))

    def name_server(self, host: str) -> tuple[Path, Path]:
        """A certificate for the server of this name or address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, secret = self._folder / f"{host}.crt", self._folder / f"{host}.key"
        try:
            known_as: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            known_as = x509.DNSName(host)
        self._write(certificate, self._begun(_name(host), key).add_extension(
            x509.SubjectAlternativeName([known_as]), False
        ))  # fmt: skip
        secret.touch(mode=0o600)
        secret.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))  # fmt: skip
        return certificate, secret

    def _begun(self, whose: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder().subject_name(whose).issuer_name(self._name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        )  # fmt: skip

    def _write(self, path: Path, made: x509.CertificateBuilder) -> None:
        path.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


class Front:
    """Listens on a port of loopback, by TLS alone, for a server on another. `greeted`: how many came in."""

    def __init__(self, server_port: int, certificate: Path, key: Path) -> None:
        self._server_port, self.greeted = server_port, 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            try:
                if await self._is_hidden(client, answer):
                    self.greeted += 1
                    server, ask = await asyncio.open_connection("127.0.0.1", self._server_port)
                    await asyncio.gather(_carry(client, ask), _carry(server, answer))
            finally:
                answer.close()

    async def _is_hidden(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> bool:
        """Greet a client as a server does. Whether it speaks TLS from now on."""
        while (asked := (await client.readexactly(8))[4:]) == _ASKS_FOR_GSS:
            answer.write(b"N")
        if asked != _ASKS_FOR_TLS:
            answer.write(b"E" + (len(_REFUSED) + 4).to_bytes(4, "big") + _REFUSED)
            return False
        answer.write(b"S")
        await answer.start_tls(self._context)
        return True


async def _carry(said: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Carry what one says to the other, until it says no more."""
    try:
        while part := await said.read(1 << 16):
            to.write(part)
            await to.drain()
    finally:
        to.close()
