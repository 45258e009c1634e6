"""Notices over real connections: to a web server, a mail server and a command, each well and in every way badly."""

import base64
import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from batch_credits.notices.command import start
from batch_credits.notices.http import post
from batch_credits.notices.mail import write
from batch_credits.notices.notice import document
from batch_credits.notices.targets import Command, Mail, Webhook, mail_server_of, webhook_of
from batch_credits.notices.trial import troubles
from batch_credits.notices.undelivered import Undelivered
from tests.each import each
from tests.servers.hook import SECRET, Hook, hooked
from tests.unit.notices.samples import ENDED, REFUSED

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult, LoginPassword

CERTIFICATE = Path(__file__).parent / "data" / "self_signed.pem"
KEY = "whsec_" + base64.b64encode(b"\x07" * 32).decode()
SECONDS = 5.0


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as serving:
        yield serving


def refused(webhook: Webhook, seconds: float = SECONDS) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        post(webhook, ENDED, seconds)
    assert SECRET not in caught.value.reason
    return caught.value


# -- Webhooks ------------------------------------------------------------------------------------------------


def test_it_arrives_signed(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    webhook = webhook_of(hook.url.replace("http://", "http://us%40er:pass@") + "?a=b")
    post(Webhook(**{**_fields(webhook), "key_file": tmp_path / "key"}), ENDED, SECONDS)
    [(path, headers, body)] = hook.asked
    assert path == f"/{SECRET}?a=b" and json.loads(body) == document(ENDED)
    assert headers["webhook-id"] == ENDED.id
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"us@er:pass"
    assert headers["content-type"] == "application/json; charset=utf-8"
    Verifier(KEY).verify(body, headers)


def _fields(webhook: Webhook) -> dict[str, Any]:
    return {name: getattr(webhook, name) for name in Webhook.__slots__}


def test_tried_again_it_has_the_same_id_and_body(hook: Hook) -> None:
    hook.status = 500
    for _ in range(2):
        assert not refused(webhook_of(hook.url)).is_final
    (_, first, body), (_, second, other) = hook.asked
    assert (first["webhook-id"], body) == (second["webhook-id"], other)


def test_a_key_that_cannot_be_used_sends_nothing_unsigned(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(SECRET)
    for path in (tmp_path / "key", tmp_path / "none"):
        error = refused(Webhook(**{**_fields(webhook_of(hook.url)), "key_file": path}))
        assert error.is_final and str(path) in error.reason
    assert hook.asked == []


def test_people_get_no_signature(hook: Hook, tmp_path: Path) -> None:
    for form in ("slack", "teams"):
        post(Webhook(**{**_fields(webhook_of(f"{form}+{hook.url}")), "key_file": tmp_path / "none"}), ENDED, SECONDS)
    assert not any(name.startswith("webhook-") for _, headers, _ in hook.asked for name in headers)
    assert {*json.loads(hook.asked[0][2])} == {"text", "blocks"}


@pytest.mark.parametrize(
    ("status", "is_final"),
    [(200, None), (202, None), (204, None), (301, True), (302, True), (307, True), (400, True), (401, True),
     (404, True), (408, False), (410, True), (429, False), (500, False), (503, False)],
)  # fmt: skip
def test_what_each_answer_means(hook: Hook, status: int, is_final: bool | None) -> None:
    hook.status, hook.headers = status, {"Location": f"{hook.url}/elsewhere", "Content-Length": "0"}
    if is_final is None:
        post(webhook_of(hook.url), ENDED, SECONDS)
    else:
        error = refused(webhook_of(hook.url))
        assert error.is_final is is_final and str(status) in error.reason
    assert [path for path, _, _ in hook.asked] == [f"/{SECRET}"], "no redirect is followed"


def test_no_proxy_is_used(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    post(webhook_of(hook.url), ENDED, SECONDS)
    assert len(hook.asked) == 1


def _read_whole(connection: socket.socket) -> None:
    """Take a request with its body, which comes in a part of its own: who closes on what is unread resets instead."""
    with connection.makefile("rb") as stream:
        stream.readline()
        stream.read(int(http.client.parse_headers(stream)["content-length"]))


@contextmanager
def listening(answer: bytes | None) -> Iterator[str]:
    """A port that takes a connection, says this (nothing: it is silent), and closes it when the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                if answer is not None:
                    _read_whole(connection)
                    connection.sendall(answer)
                else:
                    over.wait(60)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/{SECRET}"
        over.set()
        thread.join()


@each(
    "answer, said",
    [
        (b"", "does not answer as a web server does"),
        (f"{SECRET} {SECRET}\r\n\r\n".encode(), "does not answer as a web server does"),
        (b"HTTP/1.1 " + SECRET.encode() + b"\r\n\r\n", "does not answer as a web server does"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "does not answer as a web server does"),
        (None, "did not answer in time"),
    ],
)
def test_who_does_not_speak_as_a_web_server_does(answer: bytes | None, said: str) -> None:
    with listening(answer) as url:
        error = refused(webhook_of(url), 0.3 if answer is None else SECONDS)
    assert said in error.reason and not error.is_final


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert "refused" in refused(webhook_of(f"http://127.0.0.1:{port}/{SECRET}")).reason
    assert "name is not known" in refused(webhook_of(f"https://no-such-host.invalid/{SECRET}")).reason


def test_a_certificate_that_nobody_vouches_for(hook: Hook) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    hook.server.socket = context.wrap_socket(hook.server.socket, server_side=True, do_handshake_on_connect=False)
    error = refused(webhook_of(hook.url.replace("http:", "https:")))
    assert error.is_final and "certificate" in error.reason and hook.asked == []


def test_tls_where_there_is_none(hook: Hook) -> None:
    error = refused(webhook_of(hook.url.replace("http:", "https:")))
    assert "TLS failed" in error.reason


# -- Mail ----------------------------------------------------------------------------------------------------


class Mailbox:
    """What a mail server took, and which recipients it refuses."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refuses: dict[str, str] = {}
        self.says = "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append((session.authenticated, envelope))
        return self.says


@contextmanager
def mail_server(mailbox: Mailbox, **more: Any) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def mail_to(port: int, scheme: str = "smtp", user: str = "", **more: Any) -> Mail:
    server = mail_server_of(f"{scheme}://{user}127.0.0.1:{port}")
    return Mail(server, "jobs@x.example", ("a@x.example", "b@x.example"), **more)


def not_written(mail: Mail) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        write(mail, ENDED, SECONDS)
    assert SECRET not in caught.value.reason
    return caught.value


def accepts(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    return AuthResult(handled=False, success=(data.login, data.password) == (b"jobs", SECRET.encode()))


def test_a_letter_arrives() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        write(mail_to(port), ENDED, SECONDS)
        write(mail_to(port), ENDED, SECONDS)
    (_, first), (_, second) = mailbox.letters
    assert first.mail_from == "jobs@x.example" and first.rcpt_tos == ["a@x.example", "b@x.example"]
    letter, again = message_from_bytes(first.content), message_from_bytes(second.content)
    assert letter["Subject"] == "acme: 2 rows need a person, 3 more not credited"
    assert letter["Message-ID"] == again["Message-ID"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_password_from_a_file(tmp_path: Path) -> None:
    mailbox, path = Mailbox(), tmp_path / "password"
    path.write_text(f"{SECRET}\n")
    login = {"authenticator": accepts, "auth_required": True, "auth_require_tls": False}
    with mail_server(mailbox, **login) as port:
        write(mail_to(port, user="jobs@", password_file=path), ENDED, SECONDS)
        path.write_text(f"not {SECRET}")
        assert not_written(mail_to(port, user="jobs@", password_file=path)).is_final
        assert "cannot be read" in not_written(mail_to(port, user="jobs@", password_file=tmp_path / "none")).reason
        assert not_written(mail_to(port)).is_final, "it wants to know who writes"
    [(is_known, _)] = mailbox.letters
    assert is_known


def test_over_tls_and_by_starttls(monkeypatch: pytest.MonkeyPatch) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(CERTIFICATE)
    mailbox = Mailbox()
    with mail_server(mailbox, ssl_context=served) as port:
        error = not_written(mail_to(port, "smtps"))
        assert error.is_final and "certificate" in error.reason

        def trusting() -> ssl.SSLContext:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.load_verify_locations(CERTIFICATE)
            return context

        monkeypatch.setattr(ssl, "create_default_context", trusting)
        write(mail_to(port, "smtps"), ENDED, SECONDS)
    with mail_server(mailbox, tls_context=served, require_starttls=True) as port:
        mail = mail_to(port)
        write(Mail(mail.server.__class__("127.0.0.1", port, False, False), mail.sender, mail.to), ENDED, SECONDS)
    assert len(mailbox.letters) == 2


def test_nothing_is_written_where_starttls_is_wanted_and_not_offered() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        mail = mail_to(port)
        error = not_written(Mail(mail.server.__class__("127.0.0.1", port, False, False), mail.sender, mail.to))
    assert error.is_final and "STARTTLS" in error.reason and not mailbox.letters


def test_recipients_that_are_refused() -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        mailbox.refuses = {"b@x.example": f"550 {SECRET}"}
        error = not_written(mail_to(port))
        assert error.is_final and "1 of the addresses" in error.reason and len(mailbox.letters) == 1
        mailbox.refuses["a@x.example"] = "450 later"
        assert not not_written(mail_to(port)).is_final
        mailbox.refuses, mailbox.says = {}, f"451 {SECRET}"
        assert not_written(mail_to(port)).reason == "it answered 451"


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_server_that_would_take_no_letter_is_found_without_one(tmp_path: Path) -> None:
    mailbox, path = Mailbox(), tmp_path / "password"
    login = {"authenticator": accepts, "auth_required": True, "auth_require_tls": False}
    with mail_server(mailbox, **login) as port:
        user = mail_to(port, user="jobs@", password_file=path)
        assert "cannot be read" in troubles([user])[0]
        path.write_text(SECRET)
        assert troubles([user, mail_to(port)]) == ["", "it answered 530"]
        path.write_text(f"not {SECRET}")
        assert troubles([user]) == ["it does not accept the user and the password"]
    with mail_server(mailbox) as port:
        mailbox.refuses = {"b@x.example": f"550 {SECRET}"}
        assert troubles([mail_to(port)]) == ["it takes no mail for 1 of the addresses"]
        mailbox.refuses["a@x.example"] = "450 later"
        assert troubles([mail_to(port)]) == ["it takes no mail for any of the addresses"]
    assert troubles([mail_to(port)]) == ["Connection refused"] and mailbox.letters == []


def test_a_webhook_that_is_not_there_is_found_and_one_that_is_hears_nothing(hook: Hook) -> None:
    command = Command(("/no/such",), 1)
    assert troubles([]) == [] and troubles([webhook_of(hook.url), command]) == ["", ""]
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert troubles([webhook_of(f"http://127.0.0.1:{port}/{SECRET}")]) == ["Connection refused"]
    assert "TLS failed" in troubles([webhook_of(hook.url.replace("http:", "https:"))])
    assert hook.asked == []


def test_no_mail_server_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not not_written(mail_to(port)).is_final


# -- A command -----------------------------------------------------------------------------------------------


def command(tmp_path: Path, script: str, seconds: float = 20.0) -> Command:
    path = tmp_path / "tell.py"
    path.write_text(f"import json, os, sys, time\n{script}\n")
    return Command((sys.executable, str(path), str(tmp_path / "told")), seconds)


def never() -> bool:
    return False


def test_it_reads_the_notice_and_has_its_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHARGEBEE_API_KEY", "BATCH_CREDITS_NOTIFY", "BATCH_CREDITS_ON_FINISH"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("MINE", "kept")
    script = "json.dump([json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w'))"
    start(command(tmp_path, script), ENDED, never)
    notice, environment = json.loads((tmp_path / "told").read_text())
    assert notice == document(ENDED)
    assert (environment["NOTICE_EXIT_CODE"], environment["NOTICE_ID"], environment["MINE"]) == ("3", ENDED.id, "kept")
    assert SECRET not in str(environment)


def test_no_shell_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "told"
    script = "open(sys.argv[1], 'w').write(' '.join(sys.argv[2:]))"
    told = command(tmp_path, script)
    start(Command((*told.words, "$HOME", ";", "rm"), 20.0), ENDED, never)
    assert path.read_text() == "$HOME ; rm"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sys.exit(3)", "it ended with 3"),
        ("os.kill(os.getpid(), 9)", "it ended with -9"),
        ("print('x' * 10_000_000); sys.exit(4)", "it ended with 4"),
    ],
)
def test_it_fails(tmp_path: Path, script: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Undelivered, match=f"^{said}$"):
        start(command(tmp_path, script), REFUSED, never)
    assert capfd.readouterr() == ("", ""), "none of it is on our streams"


def test_one_that_reads_nothing(tmp_path: Path) -> None:
    start(command(tmp_path, "sys.stdin.close()"), ENDED, never)


@pytest.mark.parametrize(
    "words", [("/no/such/command",), (str(Path(__file__)),), (str(Path(__file__).parent),), ("x" * 5000,)]
)
def test_there_is_no_such_command(words: tuple[str, ...]) -> None:
    with pytest.raises(Undelivered, match="cannot be started") as caught:
        start(Command(words, 5.0), ENDED, never)
    assert caught.value.is_final


@pytest.mark.parametrize("is_given_up", [False, True])
def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path, is_given_up: bool) -> None:
    script = (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    while True: time.sleep(1)\n"
        "open(sys.argv[1] + '.new', 'w').write(f'{os.getpid()} {child}')\n"
        "os.rename(sys.argv[1] + '.new', sys.argv[1])\n"
        "time.sleep(600)"
    )
    told = tmp_path / "told"
    seconds = 600.0 if is_given_up else 3.0
    began = time.monotonic()
    with pytest.raises(Undelivered, match="was ended"):
        start(command(tmp_path, script, seconds), ENDED, (lambda: told.exists()) if is_given_up else never)
    assert time.monotonic() - began < 60
    assert told.exists(), "it had begun"
    for pid in map(int, told.read_text().split()):
        until = time.monotonic() + 10
        while _lives(pid):
            assert time.monotonic() < until, "it outlives us"
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return not Path("/proc").is_dir() or Path(f"/proc/{pid}").exists()
    return state not in "ZX"
