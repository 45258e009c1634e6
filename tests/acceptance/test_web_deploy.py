"""Promise: the examples of how the page runs behind a sign-in fit together, and fit the command."""

import re
import shlex
import shutil
import socket
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.harness import Command, wait_until
from tests.acceptance.visitor import Shown, Visitor, Web

DEPLOY = Path(__file__).parents[2] / "deploy"
CADDYFILE = (DEPLOY / "caddy" / "Caddyfile").read_text()
SIGN_IN = tomllib.loads((DEPLOY / "oauth2-proxy.cfg").read_text())
UNIT = (DEPLOY / "batch-credits-web.service").read_text()
CADDY = shutil.which("caddy")
IDENTITY = "X-Forwarded-Email"  # what oauth2-proxy adds where pass_user_headers is true
NAME = "pay.example.com"


def options() -> list[str]:
    """The command of the service, without what another machine has elsewhere."""
    [line] = re.findall(r"^ExecStart=/opt/batch-credits/bin/batch-credits web (.*)$", UNIT, re.MULTILINE)
    words = shlex.split(line)
    places = ("--api-key-file", "--ledger", "--reports", "--port", "--no-browser")
    pairs = [words[0:1], *(words[n : n + 2] for n in range(1, len(words), 2))]
    return [word for pair in pairs if pair[0] not in places for word in pair]


@pytest.fixture
def web(command: Command) -> Iterator[Web]:
    with Web(command, *options()) as web:
        yield web


def test_each_speaks_to_the_next_at_the_address_where_that_listens() -> None:
    assert f"\n{NAME} {{\n" in CADDYFILE
    assert SIGN_IN["redirect_url"] == f"https://{NAME}/oauth2/callback"
    [behind_caddy] = re.findall(r"reverse_proxy (\S+) \{", CADDYFILE)
    assert SIGN_IN["http_address"] == behind_caddy
    [page] = map(urlsplit, SIGN_IN["upstreams"])
    assert f"--port {page.port} " in UNIT
    assert page.hostname == "127.0.0.1"
    assert f"--host {NAME} " in UNIT
    assert f"--identity-header {IDENTITY} " in UNIT
    assert "\nKillMode=process\n" in UNIT, "else a run would end with the page"


def test_who_somebody_is_comes_from_the_sign_in_alone() -> None:
    assert f"request_header -{IDENTITY}\n" in CADDYFILE
    assert SIGN_IN["pass_user_headers"] is SIGN_IN["skip_auth_strip_headers"] is SIGN_IN["pass_host_header"] is True
    assert SIGN_IN["http_address"].startswith("127.0.0.1:"), "nobody else reaches it"
    assert "email_domains" not in SIGN_IN
    assert not [name for name in SIGN_IN if "secret" in name]


def test_the_page_takes_what_comes_through_them(web: Web) -> None:
    visitor = Visitor(web.port)

    def ask(method: str, path: str, **headers: str | None) -> Shown:
        said: dict[str, str | None] = {"Host": NAME, IDENTITY: "grace@example.com", **headers}
        return visitor.ask(method, path, b"" if method == "POST" else None, follow=False, **said)

    page = ask("GET", "/")
    assert page.dom.query("[data-actor]")[0].to_text() == "grace@example.com"
    assert ask("GET", "/", **{IDENTITY: None}).status == 401
    assert ask("GET", "/", Host="elsewhere.example.com").status == 421
    stop = f"/batches/{'a' * 64}/stop"
    kind = "application/x-www-form-urlencoded"
    assert "out of date" in ask("POST", stop, Origin=f"https://{NAME}", Content_Type=kind).alert
    assert "did not come from" in ask("POST", stop, Origin="https://elsewhere.example.com", Content_Type=kind).alert


@pytest.mark.skipif(CADDY is None, reason="there is no caddy on this machine")
def test_caddy_takes_its_file_and_lets_no_browser_say_who_it_is(web: Web, tmp_path: Path) -> None:
    assert CADDY is not None
    port = _free_port()
    with _sign_in(web.port) as sign_in:
        text = CADDYFILE.replace(f"\n{NAME} {{\n", f"\nhttp://{NAME}:{port} {{\n", 1)
        text = "{\n\tadmin off\n\tauto_https off\n}\n" + text.replace("127.0.0.1:4180", f"127.0.0.1:{sign_in}", 1)
        (tmp_path / "Caddyfile").write_text(text)
        given = [CADDY, "run", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile")]
        environment = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        with (tmp_path / "said").open("w") as said:
            caddy = subprocess.Popen(given, env=environment, stdout=said, stderr=said)
        try:
            wait_until(lambda: caddy.poll() is None and _answers(port))
            for header in (IDENTITY, IDENTITY.lower(), IDENTITY.upper()):
                shown = Visitor(port).get("/", **{"Host": f"{NAME}:{port}", header: "mallory@example.com"})
                assert shown.status == 200, shown.text[:500]
                assert shown.dom.query("[data-actor]")[0].to_text() == "grace@example.com"
        finally:
            caddy.terminate()
            caddy.wait(30)


@contextmanager
def _sign_in(page: int) -> Iterator[int]:
    """In the place of oauth2-proxy: adds who has signed in to each request, and lets pass what else says so."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)

    def pass_on() -> None:
        while True:
            try:
                wire, _ = listener.accept()
            except OSError:  # closed: the test is over
                return
            with wire, socket.create_connection(("127.0.0.1", page), timeout=30) as behind:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += wire.recv(65_536)
                first, _, rest = head.partition(b"\r\n")
                rest = re.sub(rb"(?im)^Host:.*\r\n", f"Host: {NAME}\r\n".encode(), rest)
                added = f"{IDENTITY}: grace@example.com\r\nConnection: close\r\n".encode()
                behind.sendall(first + b"\r\n" + added + rest)
                while part := behind.recv(65_536):
                    wire.sendall(part)

    thread = threading.Thread(target=pass_on)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(60)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
