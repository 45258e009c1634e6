"""Promise: whoever is not meant to come in does not, and what no page sends is refused in words."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.acceptance.harness import KEY, Command, Site, payout, write_csv
from tests.acceptance.visitor import OF_A_FORM, Shown, Visitor, Web, multipart

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("door")


@pytest.fixture(scope="module")
def web(folder: Path) -> Iterator[Web]:
    with Site() as site, Web(Command(folder, site.url), "--max-upload", 20_000) as web:
        yield web


@pytest.fixture(scope="module")
def ada(web: Web) -> Visitor:
    return web.visitor()


@pytest.fixture
def stranger(web: Web, ada: Visitor) -> Visitor:
    return Visitor(web.port)


def refused(shown: Shown, *status: int) -> str:
    """The words of a refusal."""
    assert shown.status in status, (shown.status, shown.text[:500])
    assert shown.alert, shown.text[:2000]
    assert "Traceback" not in shown.text
    return shown.alert


def test_the_link_works_once_and_leaves_the_address(web: Web, ada: Visitor, stranger: Visitor) -> None:
    token = web.link.partition("=")[2]
    assert "works once" in refused(stranger.get(f"/?token={token}"), 410)
    assert stranger.cookies == {}
    refused(stranger.get("/?token=another"), 403)
    [name] = ada.cookies
    assert str(web.port) in name
    page = ada.get("/")
    assert token not in page.text


def test_the_cookie_is_no_script_s_and_no_other_site_s(tmp_path: Path) -> None:
    with Site() as site, Web(Command(tmp_path, site.url)) as web:
        first = Visitor(web.port)
        entered = first.ask("GET", "/?token=" + web.link.partition("=")[2], follow=False)
        assert (entered.status, entered.headers["location"]) == (303, "/")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(entered.headers["set-cookie"].split("; "))


@pytest.mark.parametrize("path", ["/", "/new", "/templates/credits.csv", "/batches/" + "a" * 64, "/nowhere"])
def test_who_is_not_logged_in_sees_nothing(stranger: Visitor, path: str) -> None:
    assert "not logged in" in refused(stranger.get(path), 401)
    stranger.cookies = {f"batch-credits-{stranger.port}": "made-up"}
    refused(stranger.get(path), 401)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost", "localhost:1", "127.0.0.1.evil.example:80", "", "0.0.0.0"]
)
def test_another_name_is_misdirected(ada: Visitor, host: str) -> None:
    assert "does not answer under that name" in refused(ada.get("/", Host=host), 421)


def test_its_own_names_are_answered(ada: Visitor) -> None:
    for name in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
        assert ada.get("/", Host=f"{name}:{ada.port}").status == 200
    assert ada.ask("GET", "/healthz", Cookie=None).text == "ok\n"


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://localhost:{port}", "http://localhost"]
)
def test_a_form_of_elsewhere_is_refused(ada: Visitor, origin: str | None) -> None:
    where, fields = ada.get("/new").form("upload")
    body = multipart(fields, "a.csv", b"x")
    said = None if origin is None else origin.format(port=ada.port)
    assert "did not come from a page" in refused(ada.ask("POST", where, body, Origin=said, Content_Type=OF_A_FORM), 403)
    assert "did not come from a page" in refused(
        ada.ask("POST", where, body, Sec_Fetch_Site="cross-site", Content_Type=OF_A_FORM), 403
    )


def test_a_form_without_its_token_is_refused(ada: Visitor) -> None:
    where, fields = ada.get("/new").form("upload")
    for token in ("", "0" * 64):
        body = multipart({"form_token": token}, "a.csv", b"x")
        assert "out of date" in refused(ada.ask("POST", where, body, Content_Type=OF_A_FORM), 403)
    body = multipart({}, "a.csv", b"x")
    refused(ada.ask("POST", where, body, Content_Type=OF_A_FORM), 403)
    assert list(fields) == ["form_token", *list(fields)[1:]], "the token comes before the file"


def test_fields_that_no_page_sends_are_refused(ada: Visitor) -> None:
    where, fields = ada.get("/new").form("upload")
    for more in ({"site": "other"}, {"base_url": "http://evil.example"}, {"api_key": "x"}, {"notify": "http://evil"}):
        body = multipart(fields | more, "a.csv", b"x")
        assert "should not have" in refused(ada.ask("POST", where, body, Content_Type=OF_A_FORM), 400)
    token = fields["form_token"]
    twice = f"form_token={token}&confirm=1&confirm=2".encode()
    refused(ada.ask("POST", "/batches/" + "a" * 64 + "/stop", twice, Content_Type=FORM), 400)
    refused(ada.post("/batches/" + "a" * 64 + "/stop", {"form_token": token, "signal": "9"}), 400)
    for wrong in ({"amount_unit": "dozens"}, {"profile": "live"}):
        body = multipart(fields | wrong, "a.csv", b"x")
        refused(ada.ask("POST", where, body, Content_Type=OF_A_FORM), 400)


@pytest.mark.parametrize("number", ["%C2%B2", "9" * 5000, "-1", "x"])
def test_what_is_no_number_is_refused_where_there_must_be_one(ada: Visitor, number: str) -> None:
    check = ada.upload(("a.csv", b"customer_id,amount,currency_code,description,reference\nc,x,USD,d,r\nd,1,USD,d,r\n"))
    assert ada.get(f"{check.path}/left-out/0").status == 200
    refused(ada.get(f"{check.path}/left-out/{number}"), 404)
    refused(ada.get(f"{check.path}/left-out/0?page={number}"), 400)
    fields = {"form_token": ada.get("/new").form("upload")[1]["form_token"], f"map:{unquote(number)}": "amount"}
    refused(ada.post(f"{check.path}/columns", fields), 400)


def test_a_file_that_is_too_large_is_refused_also_where_that_is_only_said(ada: Visitor) -> None:
    where, fields = ada.get("/new").form("upload")
    large = multipart(fields, "a.csv", b"x" * 20_001)
    assert "20,000 bytes" in refused(ada.ask("POST", where, large, Content_Type=OF_A_FORM), 413)
    with socket.create_connection(("127.0.0.1", ada.port), timeout=30) as wire:
        cookies = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
        host = f"localhost:{ada.port}"
        wire.sendall(
            f"POST {where} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookies}\r\n"
            f"Content-Type: {OF_A_FORM}\r\nContent-Length: 99999999999\r\n\r\n".encode()
        )
        assert wire.recv(65_536).startswith(b"HTTP/1.1 413 ")


def test_every_answer_tells_the_browser_what_not_to_do(ada: Visitor, stranger: Visitor) -> None:
    for shown in (ada.get("/"), ada.get("/nowhere"), stranger.get("/"), ada.get("/static/style.css"), ada.get("/new")):
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "no-store"
        assert shown.headers["referrer-policy"] == "same-origin"
        policy = shown.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "Python" not in shown.headers["server"]
        assert not re.search(r"<[^>]*\s(style|on\w+)=|<script(?! src=)|<style", shown.text)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py", "/static/%2e%2e/settings.py", "/uploads/..%2f..%2fetc/files/rejected.csv",
        "/nowhere",
        "/batches/" + "a" * 64 + "/files/..%2f..%2fledger", "/batches/" + "a" * 64 + "/files/ledger.sqlite3",
        "/uploads/" + "0" * 20, "/templates/..%2f..%2fetc%2fpasswd", "/batches/xyz", "/uploads/%00", "/?page=0",
        "/?page=x",
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused_in_words(ada: Visitor, path: str) -> None:
    refused(ada.get(path), 400, 404)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(ada: Visitor, method: str) -> None:
    refused(ada.ask(method, "/"), 405)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzzz",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n", b"\r\n\r\n\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["tls", "short", "version", "smuggled", "two hosts", "nul", "blank", "long"],
)  # fmt: skip
def test_what_is_no_request_is_answered_and_nobody_is_told(web: Web, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as wire:
        wire.sendall(raw)
        wire.shutdown(socket.SHUT_WR)
        answer = wire.recv(65_536)
    assert not answer or re.match(rb"HTTP/1\.\d 4\d\d ", answer), answer
    assert b"Traceback" not in answer
    assert web.said[1] == ""


def test_no_key_and_no_token_lie_about(folder: Path, web: Web, ada: Visitor) -> None:
    check = ada.upload(write_csv(folder / "some.csv", payout("c", 2)))
    ada.result(ada.send(check, "send", confirm="2"))
    secrets = [KEY, web.link.partition("=")[2], *ada.cookies.values()]
    said = "".join(web.said).replace(web.link, "", 1)
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_file() and ".web/" in str(path):
            assert mode & 0o077 == 0, path
        if path.is_file() and path.suffix not in (".log",):
            said += path.read_bytes().decode("latin-1")
    arguments = "".join(map(_arguments_of, Path("/proc").glob("[0-9]*/cmdline")))
    for secret in secrets:
        assert secret not in said
        assert secret not in arguments


def _arguments_of(process: Path) -> str:
    try:
        return process.read_text()
    except OSError:  # it has ended
        return ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--listen", "0.0.0.0"], "others could reach the server"),
        (["--listen", "0.0.0.0", "--tls-cert", "a", "--tls-key", "b"], "others could reach the server"),
        (["--listen", "somewhere"], "takes an address"),
        (["--trusted-proxy", "10.0.0.1"], "go together"),
        (["--identity-header", "X-User"], "go together"),
        (["--trusted-proxy", "nobody", "--identity-header", "X-User"], "an address or a network"),
        (["--tls-cert", "a"], "go together"),
    ],
)
def test_it_does_not_open_to_others_without_a_sign_in(tmp_path: Path, options: list[str], words: str) -> None:
    ended = Command(tmp_path, "http://127.0.0.1:9")("web", "--port", 0, "--no-browser", *options).exited(2)
    assert words in " ".join(ended.err.split())


def test_a_proxy_that_is_known_names_people_and_nobody_else_does(tmp_path: Path) -> None:
    header = ["--identity-header", "X-Forwarded-Email", "--host", "pay.example"]
    with Site() as site:
        command = Command(tmp_path, site.url)
        with Web(command, "--trusted-proxy", "127.0.0.0/8", *header) as web:
            assert "token" not in web.link
            proxy = Visitor(web.port)
            page = proxy.get("/", X_Forwarded_Email="grace@example.com", Host="pay.example")
            assert page.dom.query("[data-actor]")[0].to_text() == "grace@example.com"
            refused(proxy.get("/"), 401)
            refused(proxy.get("/", X_Forwarded_Email=" "), 401)
        with Web(command, "--trusted-proxy", "192.0.2.7", *header) as web:
            refused(Visitor(web.port).get("/", X_Forwarded_Email="grace@example.com"), 401)
