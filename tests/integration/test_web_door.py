"""The door around handlers of the test's own, asked over the wire."""

import asyncio
import errno
import os
import re
import socket
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from batch_credits.children.start import Words
from batch_credits.errors import UsageError
from batch_credits.views.terms import SiteView
from batch_credits.web.door.building import make_app
from batch_credits.web.door.downloads import attachment
from batch_credits.web.door.forms import Received, read_fields, receive_file
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.quiet import quiet_logger
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import SESSIONS, form_token_of
from batch_credits.web.door.wire import Runner
from batch_credits.web.routes import Route
from batch_credits.web.server import serve
from batch_credits.web.settings import Proxy, Tls, WebSettings

CERTIFICATE = Path(__file__).parent / "data" / "self_signed.pem"
FORM = "Content-Type: application/x-www-form-urlencoded"
LINE = "line-of-the-test"
MULTIPART = f"Content-Type: multipart/form-data; boundary={LINE}"
SECONDS = 30
SITE = SiteView("acme-test", "https://acme-test.chargebee.com", is_live=False, is_loopback=False, posts_at_once=None)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Served:
    """A server, and what its handlers were given."""

    port: int
    folder: Path
    link: str
    fields: list[dict[str, str]] = field(default_factory=list)
    files: list[Received] = field(default_factory=list)
    cookie: str = ""
    token: str = ""

    async def raw(self, request: bytes, tls: ssl.SSLContext | None = None) -> bytes:
        """Everything that comes back until the server closes."""
        async with asyncio.timeout(SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=tls)
            try:
                writer.write(request)
                await writer.drain()
                return await reader.read()
            finally:
                writer.close()

    async def ask(
        self, start: str, *headers: str, body: bytes = b"", host: str | None = None, tls: ssl.SSLContext | None = None
    ) -> Answer:
        """One request, by whoever has the cookie."""
        lines = [f"{start} HTTP/1.1", f"Host: {host or f'localhost:{self.port}'}", "Connection: close", *headers]
        lines += [f"Cookie: batch-credits-{self.port}={self.cookie}"] if self.cookie else []
        lines += [f"Content-Length: {len(body)}"] if body else []
        answer = await self.raw("\r\n".join([*lines, "", ""]).encode() + body, tls)
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        said = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        return Answer(int(first.split()[1]), said, content)

    async def post(self, path: str, body: bytes, kind: str = FORM, *headers: str) -> Answer:
        """A form from a page of this server."""
        return await self.ask(f"POST {path}", f"Origin: http://localhost:{self.port}", kind, *headers, body=body)

    async def enter(self) -> None:
        """Come in by the link."""
        answer = await self.ask(f"GET /?token={self.link}")
        self.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        self.token = (await self.ask("GET /token")).text


def routes(served: Served) -> list[Route]:
    async def token(request: web.Request) -> web.Response:
        return web.Response(text=form_token_of(request))

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=actor_of(request))

    async def take(request: web.Request) -> web.Response:
        served.fields.append(await read_fields(request, lambda name: name == "a" or name.startswith("cell:")))
        return web.Response(text="taken")

    async def file(request: web.Request) -> web.Response:
        served.files.append(await receive_file(request, "a".__eq__, served.folder / "received", 1_000, 600))
        return web.Response(text="taken")

    async def broken(request: web.Request) -> web.Response:
        raise RuntimeError("what only the operator may see")

    async def full(request: web.Request) -> web.Response:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "elsewhere.txt")

    async def refused(request: web.Request) -> web.Response:
        raise Refused(409, "This <b>batch</b> is being sent.", "Wait.")

    async def download(request: web.Request) -> web.StreamResponse:
        return await attachment(request, served.folder / request.query["from"], "results.csv")

    return [
        Route("GET", "/", who), Route("GET", "/token", token), Route("POST", "/take", take),
        Route("POST", "/file", file), Route("GET", "/full", full),
        Route("GET", "/broken", broken), Route("GET", "/refused", refused), Route("GET", "/download", download),
    ]  # fmt: skip


def settings(folder: Path, **more: Any) -> WebSettings:
    plain = WebSettings(
        listen="127.0.0.1", port=0, hosts=frozenset(["pay.example"]), actor="Ada", site=SITE,
        ledger=folder / "ledger", reports=folder, folder=folder, words=Words(),
    )  # fmt: skip
    return replace(plain, **more)


@asynccontextmanager
async def serving(folder: Path, context: ssl.SSLContext | None = None, **more: Any) -> AsyncIterator[Served]:
    listener = await asyncio.to_thread(_listener)
    served = Served(listener.getsockname()[1], folder, "")
    app = make_app(settings(folder, **more), served.port, routes(served))
    served.link = app[SESSIONS].token
    runner = Runner(app, access_log=None, logger=quiet_logger(), shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.SockSite(runner, listener, ssl_context=context).start()
        yield served
    finally:
        await runner.cleanup()


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def asked(folder: Path, ask: Callable[[Served], Awaitable[None]], **more: Any) -> None:
    """Serve for as long as somebody who is in asks."""

    async def main() -> None:
        async with serving(folder, **more) as served:
            await served.enter()
            await ask(served)

    asyncio.run(main())


SAYS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def test_every_answer_has_the_headers_also_to_what_is_no_request(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        paths = ("/", "/refused", "/nowhere", "/healthz", "/static/live.js", "/static/x", "/%2e%2e/")
        answers = [await served.ask(f"GET {path}") for path in paths]
        answers += [await served.ask("PUT /"), await served.ask("GET /", host="evil.example")]
        answers += [await served.post("/take", b"")]
        for answer in answers:
            assert answer.headers.items() >= SAYS.items()
            assert not re.search(r"\d|python|aiohttp", answer.headers["server"], re.IGNORECASE)
        two_hosts = b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"
        for raw in (b"junk\r\n\r\n", two_hosts, b"GET /secret\x00 HTTP/1.1\r\n\r\n"):
            said = (await served.raw(raw)).decode()
            assert said.startswith(("HTTP/1.0 400 ", "HTTP/1.1 400 "))
            assert "no request that the server understands" in said
            pairs = (line.partition(": ") for line in said.split("\r\n"))
            assert {name.lower(): value for name, _, value in pairs}.items() >= SAYS.items()
            assert not re.search(r"python|aiohttp|secret|Traceback", said, re.IGNORECASE)

    asked(tmp_path, ask)


def test_an_expectation_that_is_no_text_is_refused_and_nobody_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def ask(served: Served) -> None:
        head = f"POST /take HTTP/1.1\r\nHost: localhost:{served.port}\r\n".encode()
        assert b" 417 " in (await served.raw(head + b"Expect: \xff\r\nConnection: close\r\n\r\n"))[:20]

    asked(tmp_path, ask)
    assert capfd.readouterr().err == ""


def test_other_versions_of_http_are_refused(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        for version in ("2.0", "0.9", "1.2"):
            head = f"GET /healthz HTTP/{version}\r\nHost: localhost:{served.port}\r\nConnection: close\r\n\r\n"
            assert b" 400 " in (await served.raw(head.encode()))[:20]

    asked(tmp_path, ask)


def test_a_script_that_follows_a_run_reads_a_refusal_as_plain_words(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        for kind in ("text/event-stream", "application/json"):
            answer = await served.ask("GET /refused", f"Accept: {kind}")
            assert (answer.status, answer.text) == (409, "This <b>batch</b> is being sent. Wait.\n")
            assert answer.headers["content-type"].startswith("text/plain")
        page = await served.ask("GET /refused", "Accept: text/html,application/json")
        assert "This &lt;b&gt;batch&lt;/b&gt; is being sent." in page.text
        assert page.status == 409

    asked(tmp_path, ask)


def test_what_fails_is_told_to_the_operator_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def ask(served: Served) -> None:
        answer = await served.ask("GET /broken")
        assert answer.status == 500
        assert "Something failed" in answer.text
        assert "operator" not in answer.text
        assert "Traceback" not in answer.text

    asked(tmp_path, ask)
    said = capfd.readouterr().err
    [kept] = tmp_path.glob("batch-credits-web-*.txt")
    assert str(kept) in said
    assert "Traceback" not in said
    assert "what only the operator may see" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_full_disk_is_called_so_and_no_fault_of_ours(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def ask(served: Served) -> None:
        answer = await served.ask("GET /full")
        assert answer.status == 507
        assert "disk is full" in answer.text and "Nothing was sent" in answer.text and "elsewhere" not in answer.text

    asked(tmp_path, ask)
    assert capfd.readouterr().err == ""


def test_the_cookie_is_secure_and_browsers_are_told_to_stay_with_tls(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    async def main() -> None:
        async with serving(tmp_path, context, tls=Tls(CERTIFICATE, CERTIFICATE)) as served:
            answer = await served.ask(f"GET /?token={served.link}", tls=trusting)
            assert "Secure" in answer.headers["set-cookie"].split("; ")
            assert "max-age=" in answer.headers["strict-transport-security"]
            served.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
            served.token = (await served.ask("GET /token", tls=trusting)).text
            body = f"form_token={served.token}".encode()
            for scheme, status in (("https", 200), ("http", 403)):
                origin = f"Origin: {scheme}://localhost:{served.port}"
                assert (await served.ask("POST /take", origin, FORM, body=body, tls=trusting)).status == status

    asyncio.run(main())


def test_a_link_that_is_opened_from_a_mail_leads_in(tmp_path: Path) -> None:
    """A browser leaves the strict cookie out as long as another site led here; the page that it sees asks again."""

    async def main() -> None:
        async with serving(tmp_path) as served:
            elsewhere = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate")
            answer = await served.ask(f"GET /?token={served.link}", *elsewhere)
            assert (answer.status, answer.headers["location"]) == (303, "/")
            answer = await served.ask("GET /", *elsewhere)
            assert (answer.status, answer.headers["refresh"]) == (401, "0; url=/")
            itself = ("Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate")
            for again in (itself, (), ("Sec-Fetch-Site: cross-site",)):
                answer = await served.ask("GET /", *again)
                assert answer.status == 401
                assert "refresh" not in answer.headers, "it would ask for ever"

    asyncio.run(main())


def test_fields_are_those_that_are_expected_each_once(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        token = f"form_token={served.token}"
        assert (await served.post("/take", f"{token}&a=%C3%A9+x&cell:1:2=".encode())).status == 200
        assert served.fields == [{"a": "é x", "cell:1:2": ""}]
        for body, status in (
            (f"{token}&b=1", 400), (f"{token}&a=1&a=1", 400), (f"{token}&{token}", 400), (f"{token}&A=1", 400),
            (f"{token}&a=%00", 400), (f"{token}&a=%FF", 400), (f"{token}&a=é", 400), ("a=1", 403),
            ("form_token=&a=1", 403),
            (f"form_token={'0' * 64}&a=1", 403), (f"{token}0&a=1", 403), (f"{token}&a=" + "x" * 70_000, 413),
            (token + "&a" * 5_001, 400), (token + "".join(f"&cell:{n}=" + "x" * 60_000 for n in range(80)), 413),
        ):  # fmt: skip
            answer = await served.post("/take", body.encode())
            assert answer.status == status, body[:100]
            assert 'role="alert"' in answer.text
        for kind in ("Content-Type: text/plain", "Content-Type: application/json", "X: y", MULTIPART):
            assert (await served.post("/take", token.encode(), kind)).status == 415
        assert (await served.post("/take", token.encode(), FORM, "Content-Encoding: gzip")).status == 415
        assert len(served.fields) == 1

    asked(tmp_path, ask)


def part(name: str, content: str, more: str = "", head: str = "") -> str:
    return f'--{LINE}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n{head}\r\n{content}\r\n'


def form(*parts: str) -> bytes:
    return ("".join(parts) + f"--{LINE}--\r\n").encode()


def test_a_file_is_taken_as_it_is_and_for_its_owner_alone(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        file = part("file", "x,y\r\n1,2", '; filename="../p.csv"')
        body = form(part("form_token", served.token), part("a", "é"), file)
        assert (await served.post("/file", body, MULTIPART)).status == 200
        assert served.files == [Received({"a": "é"}, "../p.csv")]
        assert (tmp_path / "received").read_bytes() == b"x,y\r\n1,2"
        assert stat.S_IMODE((tmp_path / "received").stat().st_mode) == 0o600

    asked(tmp_path, ask)


def test_a_file_that_is_not_wanted_leaves_nothing_to_read(tmp_path: Path) -> None:
    named = '; filename="p.csv"'

    async def ask(served: Served) -> None:
        token = part("form_token", served.token)
        for body, status in (
            (form(part("file", "x", named), token), 403), (form(part("file", "x", named)), 403), (form(token), 422),
            (form(token, part("file", "x")), 422), (form(token, part("file", "x", named), part("a", "1")), 400),
            (form(token, part("b", "1"), part("file", "x", named)), 400),
            (form(token, token, part("file", "x", named)), 400),
            (form(token, part("file", "x" * 601, named)), 507), (form(token, part("file", "x" * 1_001, named)), 413),
            (form(token, part("file", "x", named, "Content-Transfer-Encoding: base64\r\n")), 400),
            (form(token, part("file", "x", named, "a\x00b: c\r\n")), 400), (form(token, part("a", "x" * 70_000)), 413),
            (form(token, part("file", "x", named, "X: " + "y" * 20_000 + "\r\n")), 400), (b"", 400), (b"junk", 400),
            (form(token, part("a", "\x00"), part("file", "x", named)), 400), (form(token)[:90], 400),
        ):  # fmt: skip
            answer = await served.post("/file", body, MULTIPART, *([] if body else ["Content-Length: 0"]))
            assert answer.status == status, (status, body[:300], answer.text[-400:])
            assert 'role="alert"' in answer.text
            (tmp_path / "received").unlink(missing_ok=True)
        assert served.files == []

    asked(tmp_path, ask)


def test_no_link_is_followed_to_a_file_neither_in_nor_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")

    async def ask(served: Served) -> None:
        (tmp_path / "link").symlink_to(secret)
        (tmp_path / "plain").write_bytes(b"a,b\r\n")
        for name in ("link", "nothing"):
            assert (await served.ask(f"GET /download?from={name}")).status == 404
        answer = await served.ask("GET /download?from=plain")
        assert (answer.status, answer.body) == (200, b"a,b\r\n")
        assert answer.headers["content-disposition"] == 'attachment; filename="results.csv"'
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers.items() >= SAYS.items()
        assert (await served.ask("HEAD /download?from=plain")).body == b""
        (tmp_path / "received").symlink_to(secret)
        body = form(part("form_token", served.token), part("file", "x", '; filename="p.csv"'))
        assert (await served.post("/file", body, MULTIPART)).status >= 400
        assert secret.read_text() == "kept"

    asked(tmp_path, ask)


def test_a_folder_or_a_pipe_is_no_download(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        for name in ("folder", "pipe"):
            assert (await served.ask(f"GET /download?from={name}")).status == 404

    asked(tmp_path, ask)


def test_a_header_names_somebody_only_where_the_proxy_says_it(tmp_path: Path) -> None:
    async def who(served: Served, *headers: str) -> tuple[int, str]:
        answer = await served.ask("GET /", *headers, host="pay.example")
        return answer.status, answer.text if answer.status == 200 else ""

    async def main() -> None:
        ours = Proxy((ip_network("127.0.0.0/8"),), "X-Forwarded-Email")
        async with serving(tmp_path, proxy=ours) as served:
            assert await who(served, "X-Forwarded-Email: grace@example.com") == (200, "grace@example.com")
            assert await who(served, "x-forwarded-email: grace@example.com") == (200, "grace@example.com")
            for wrong in (
                (), ("X-Forwarded-Email: ",), ("X-Forwarded-Email: a", "X-Forwarded-Email: b"),
                ("X_Forwarded_Email: a",),
                ("X-Forwarded-User: a",), ("X-Forwarded-Email: " + "a" * 201,),
            ):  # fmt: skip
                assert await who(served, *wrong) == (401, "")
            entered = await served.ask(f"GET /?token={served.link}")
            assert entered.status == 401, "the proxy's sign-in is the only one"
            assert "set-cookie" not in entered.headers
        other = Proxy((ip_network("192.0.2.7/32"),), "X-Forwarded-Email")
        async with serving(tmp_path, proxy=other) as served:
            said = ("X-Forwarded-Email: grace@example.com", "X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7")
            assert await who(served, *said) == (401, "")

    asyncio.run(main())


def test_without_a_proxy_no_header_names_anybody(tmp_path: Path) -> None:
    async def ask(served: Served) -> None:
        said = ("X-Forwarded-Email: grace@example.com", "X-Forwarded-User: grace", "X-Remote-User: grace")
        assert (await served.ask("GET /", *said)).text == "Ada"
        served.cookie = ""
        assert (await served.ask("GET /", *said)).status == 401

    asked(tmp_path, ask)


def test_an_address_that_is_in_use_and_a_certificate_that_is_none_are_refused_in_words(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as served:
            with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1, port {served.port}"):
                await serve(settings(tmp_path / "a", port=served.port), lambda port, token: None)
        junk = tmp_path / "junk.pem"
        junk.write_text("junk")
        with pytest.raises(UsageError, match="certificate cannot be used"):
            await serve(settings(tmp_path / "b", tls=Tls(junk, junk)), lambda port, token: None)

    asyncio.run(main())


def test_the_watchdog_s_answer_needs_no_login_but_the_name(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as served:
            assert (await served.ask("GET /healthz")).text == "ok\n"
            assert (await served.ask("GET /healthz", host="evil.example")).status == 421
            assert (await served.ask("GET /")).status == 401

    asyncio.run(main())
