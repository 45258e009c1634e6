"""Promise: whoever starts the page's server can let people in, and nobody else can."""

import re
import signal
import socket
import stat
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, finish, wait_until
from tests.acceptance.terminal import Terminal
from tests.acceptance.visitor import Visitor, Web

LINK = r"http://localhost:(\d+)/\?token=([\w-]+)"


def test_at_a_terminal_a_browser_opens_without_the_token_in_its_arguments(command: Command) -> None:
    opened, kept, browser = (command.folder / name for name in ("opened", "kept", "browser"))
    browser.write_text(f'#!/bin/sh\ncat "${{1#file://}}" > {kept}\nprintf %s "$*" > {opened}\n')
    browser.chmod(0o700)
    given = command.arguments(["web", "--port", 0, "--actor", "Ada"])
    with Terminal(command, *given, columns=200, BROWSER=f"{browser} %s") as terminal:
        shown = terminal.until(rf"web listening on {LINK}")
        [(port, token)] = re.findall(LINK, shown)
        wait_until(opened.exists)
        wait_until(lambda: bool(opened.read_text()))
        way_in = Path(opened.read_text().removeprefix("file://"))
        assert token not in str(way_in)
        assert f"/?token={token}" in kept.read_text()
        assert stat.S_IMODE(way_in.stat().st_mode) == 0o600
        assert stat.S_IMODE(way_in.parent.stat().st_mode) == 0o700

        assert Visitor(int(port)).get(f"/?token={token}").page == "batches"
        shown = terminal.until(r"another link, for another browser: http\S+token=[\w-]+")
        assert not way_in.exists()
        [_, (_, other)] = re.findall(LINK, shown)
        assert other != token
        assert Visitor(int(port)).get(f"/?token={token}").status == 410
        assert Visitor(int(port)).get(f"/?token={other}").page == "batches"
        terminal.types(b"\x03")
        ended = terminal.end()
    assert ended.code == 0, ended.said
    assert "The server has ended" in ended.said
    assert "Traceback" not in ended.said


def test_no_browser_opens_where_nobody_looks_or_it_is_not_wanted(command: Command) -> None:
    opened, browser = command.folder / "opened", command.folder / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$*" > {opened}\n')
    browser.chmod(0o700)
    with Web(command, BROWSER=f"{browser} %s") as web:
        web.visitor()
        assert web.said[0] == f"web listening on {web.link}\n", "nor is another link written into a log"
    given = command.arguments(["web", "--port", 0, "--no-browser"])
    with Terminal(command, *given, columns=200, BROWSER=f"{browser} %s") as terminal:
        terminal.until(rf"web listening on {LINK}")
        terminal.types(b"\x03")
        assert terminal.end().code == 0
    assert not opened.exists()
    assert not list(command.folder.rglob("open-*"))


def test_servers_for_several_people_share_a_ledger_and_a_browser_can_be_in_all_of_them(command: Command) -> None:
    with Web(command, actor="Ada") as ada, Web(command, actor="Grace") as grace:
        cookies: dict[str, str] = {}
        for web, actor in ((ada, "Ada"), (grace, "Grace"), (ada, "Ada")):
            visitor = Visitor(web.port, cookies)
            path = "/?" + web.link.partition("?")[2] if not any(str(web.port) in name for name in cookies) else "/"
            assert visitor.get(path).dom.query("[data-actor]")[0].to_text() == actor
        assert len(cookies) == 2
        [of_ada] = [value for name, value in cookies.items() if str(ada.port) in name]
        stolen = Visitor(grace.port, {f"batch-credits-{grace.port}": of_ada})
        assert stolen.get("/").status == 401


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told_whoever_still_holds_the_line(command: Command, number: signal.Signals) -> None:
    running = command.start("web", "--port", 0, "--no-browser")
    wait_until(lambda: "\n" in running.said[0])
    port = int(re.findall(LINK, running.said[0])[0][0])
    idle, half = (socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(2))
    with idle, half:
        idle.sendall(f"GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200 ")
        half.sendall(f"POST /uploads HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 10\r\n".encode())
        running.send_signal(number)
        ended = finish(running, 30).exited(0)
    assert ended.err == "The server has ended. What is being sent goes on.\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--actor", " "], "--actor takes a name"),
        (["--actor", "Ada\nGrace"], "--actor takes a name"),
        (["--actor", "a" * 201], "--actor takes a name"),
        (["--host", "https://pay.example"], "--host takes a name"),
        (["--host", "pay.example/"], "--host takes a name"),
        (["--host", "pay example"], "--host takes a name"),
        (["--trusted-proxy", "0.0.0.0/0", "--identity-header", "X-User"], "is everybody"),
        (["--trusted-proxy", "::/0", "--identity-header", "X-User"], "is everybody"),
        (["--trusted-proxy", "10.0.0.1", "--identity-header", "X User"], "name of a header"),
        (["--trusted-proxy", "10.0.0.1", "--identity-header", "Cookie"], "name of a header"),
        (["--listen", "192.0.2.1", "--trusted-proxy", "10.0.0.1", "--identity-header", "X-User"], "cannot listen on"),
        (["--tls-cert", "/dev/null", "--tls-key", "/dev/null"], "certificate cannot be used"),
        (["--max-upload", "0"], "--max-upload"),
    ],
)
def test_what_would_let_in_others_or_nobody_is_refused_at_the_start(
    command: Command, options: list[str], words: str
) -> None:
    ended = command("web", "--port", 0, "--no-browser", *options).exited(2)
    assert words in " ".join(ended.err.split())
    assert ended.out == ""


def test_the_site_is_named_before_anybody_can_come_in(alone: Command) -> None:
    ended = alone("web", "--port", 0, "--no-browser").exited(2)
    assert "site" in ended.err
    assert ended.out == ""

