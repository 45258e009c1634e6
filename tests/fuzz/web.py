"""Spoils requests to the page for finance, byte by byte, and sees that each is answered as it must be:

with what every answer carries, in words where it is refused, and never by 500; nobody comes in who has no cookie, and
the server says nothing of it in its log. What a case sends comes from its seed alone.

    python -m tests.fuzz.web --cases 10000
    python -m tests.fuzz.web --seed 1234 --cases 1       replays one case
"""

import argparse
import random
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.harness import WARM, Command, Site, payout, write_csv
from tests.acceptance.visitor import BOUNDARY, OF_A_FORM, Visitor, Web, multipart

SILENT_SECONDS = 0.15  # after that a request is taken for one that is not whole, and the wire is closed from here
ANSWER_SECONDS = 30
FORM = "application/x-www-form-urlencoded"
KEY = "ab" * 32
HEADERS = {
    b"content-security-policy": b"default-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
OPEN_TO_ALL = (b"/healthz", b"/static/style.css", b"/static/live.js")

Chance = random.Random


@dataclass
class Target:
    """A server, somebody who is in, and what may be asked for."""

    port: int
    cookie: str
    token: str
    upload: str


@dataclass
class Request:
    """A request before it is bytes."""

    method: str = "GET"
    target: str = "/"
    version: str = "HTTP/1.1"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    has_length: bool = True
    end: str = "\r\n"

    def raw(self) -> bytes:
        """As it goes over the wire."""
        headers = list(self.headers)
        if self.body and self.has_length:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [
            f"{self.method} {self.target} {self.version}",
            *(f"{name}: {value}" for name, value in headers),
            "",
            "",
        ]
        return self.end.join(lines).encode("utf-8", "surrogateescape") + self.body

    def replace(self, name: str, value: str | None) -> None:
        """Say another value of a header, or leave it out."""
        self.headers = [each for each in self.headers if each[0] != name]
        self.headers += [] if value is None else [(name, value)]


def good(chance: Chance, at: Target) -> Request:
    """A request as a page would send it."""
    host = f"localhost:{at.port}"
    request = Request(headers=[("Host", host), ("Cookie", f"batch-credits-{at.port}={at.cookie}")])
    request.headers.append(("Connection", "close"))
    if chance.random() < 0.45:
        request.target = chance.choice(_pages(at))
        return request
    request.method = "POST"
    request.headers.append(("Origin", f"http://{host}"))
    if chance.random() < 0.4:
        fields = {"form_token": at.token, "reference": _text(chance), "amount_unit": "minor", "profile": ""}
        # Its unit is none of the choices: what is whole is refused at the end, and begins no check.
        fields["amount_unit"] = chance.choice(["dozens", "minors", ""]) + "!"
        request.target, request.body = "/uploads", multipart(fields, _text(chance) + ".csv", _bytes(chance))
        request.headers.append(("Content-Type", OF_A_FORM))
        return request
    request.target, names = chance.choice(_forms(at))
    pairs = [
        ("form_token", at.token),
        *((name, chance.choice(["1", "yes", "999999999", _text(chance)])) for name in names),
    ]
    request.body = "&".join(f"{name}={_escaped(value)}" for name, value in pairs).encode()
    request.headers.append(("Content-Type", FORM))
    return request


def _pages(at: Target) -> list[str]:
    return [
        "/", "/?page=1", "/?text=x&state=running", "/new", "/templates/credits.csv", "/healthz", "/static/style.css",
        f"/uploads/{at.upload}", f"/uploads/{at.upload}/left-out/0", f"/uploads/{at.upload}/files/rejected.csv",
        f"/batches/{KEY}", f"/batches/{KEY}/events", f"/batches/{KEY}/files/results.csv", f"/batches/{KEY}/undo",
        f"/batches/{KEY}/undo/{'0' * 20}", "/?token=guessed",
    ]  # fmt: skip


def _forms(at: Target) -> list[tuple[str, list[str]]]:
    return [
        (f"/uploads/{at.upload}/columns", ["map:0", "header_row"]),
        (f"/uploads/{at.upload}/send", ["confirm", "total:USD"]),
        (f"/batches/{KEY}/stop", []),
        (f"/batches/{KEY}/send", ["confirm"]),
        (f"/batches/{KEY}/mend", ["cell:0:1"]),
        (f"/batches/{KEY}/resolve", ["row", "word", "credit_id", "reason"]),
        (f"/batches/{KEY}/undo", ["row:1", "all"]),
        (f"/batches/{KEY}/undo/{'0' * 20}/reverse", ["confirm"]),
    ]


def _text(chance: Chance) -> str:
    return chance.choice(
        ["q3", "", "x" * 300, "\u202e\u0000", "=1+1", "--yes", "../../etc/passwd", "😀", "a\tb\nc", "%00", "é"]
    )


def _bytes(chance: Chance) -> bytes:
    return chance.choice(
        [b"", b"customer_id,amount\n1,2\n", chance.randbytes(200), b"\x00" * 5_000, b"PK\x03\x04" + b"x" * 50]
    )


def _escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


# How a request is spoiled.


def _method(chance: Chance, request: Request) -> None:
    request.method = chance.choice(
        ["PUT", "DELETE", "TRACE", "CONNECT", "get", "G\x00T", "", "HEAD", "X" * 9_000, "PRI", "É"]
    )


def _target(chance: Chance, request: Request) -> None:
    part = chance.choice(
        [
            "/../", "/%2e%2e/", "/..%2f..%2fetc%2fpasswd", "/%00", "/\x00", "//evil.example/", "/%", "/%zz", "/%ff%fe", "/é",
            "/\udcff", "/ ", "?", "?token=", "?token=%ff", "?token=" + "x" * 500, "?page=99999999", "?page=%00", "?text=%ff",
            "?page=1&page=2", "?state=nothing", "#x", ";", "/" * 300, "/" + "a" * 9_000, "/%c0%ae%c0%ae/", "?text=" + "%F0" * 99,
        ]
    )  # fmt: skip
    how = chance.randrange(4)
    if how == 0:
        request.target = chance.choice(
            ["*", "http://evil.example/", "http://[::1", "", "new", "/static", "/uploads/", part]
        )
    elif how == 1:
        request.target = part + request.target.lstrip("/")
    elif how == 2:
        at = chance.randrange(len(request.target) + 1)
        request.target = request.target[:at] + part + request.target[at:]
    else:
        request.target += part


def _version(chance: Chance, request: Request) -> None:
    request.version = chance.choice(
        ["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 ", "", "http/1.1", "HTTP/11111", "JUNK", "HTTP/1.\x00"]
    )


def _header(chance: Chance, request: Request) -> None:
    name = chance.choice(
        ["Host", "Origin", "Cookie", "Content-Type", "Content-Length", "Transfer-Encoding", "Expect", "Range", "X-Forwarded-For",
         "X-Forwarded-Email", "Connection", "Upgrade", "Accept", "Content-Encoding", "If-Modified-Since", "Sec-Fetch-Site", "X",
         "Content-Disposition", "Forwarded", "X-HTTP-Method-Override", "Accept-Encoding", "Sec-WebSocket-Version"]
    )  # fmt: skip
    value = chance.choice(
        ["", "x", "chunked", "identity", "gzip", "deflate", "br", "100-continue", "bytes=0-1", "null", "evil.example", "-1", "1e3",
         "99999999999999999999", "0", "5", "\x00", "\r", "\xff\udcff", "a" * 9_000, "multipart/form-data", "websocket", "é",
         "multipart/form-data; boundary=", f"multipart/mixed; boundary={BOUNDARY}", "text/html; charset=nothing", "cross-site",
         "multipart/form-data; boundary=" + "b" * 99, FORM + "; charset=utf-16", "application/json", "[", "=;=;=", "\" ; \\"]
    )  # fmt: skip
    if chance.random() < 0.5:
        request.replace(name, value)
    else:
        request.headers.insert(chance.randrange(len(request.headers) + 1), (name, value))


def _left_out(chance: Chance, request: Request) -> None:
    del request.headers[chance.randrange(len(request.headers))]


def _odd_line(chance: Chance, request: Request) -> None:
    odd = chance.choice([" folded", "\tfolded", "no colon", ": nameless", "a b", "x\x00y", "é", "Host", "X" * 9_000])
    request.headers.insert(chance.randrange(len(request.headers) + 1), (odd, "value"))


def _many(chance: Chance, request: Request) -> None:
    request.headers += [(f"X-{n}", "y" * chance.choice([1, 100])) for n in range(chance.choice([50, 200, 2_000]))]


def _stranger(chance: Chance, request: Request) -> None:
    cookie = chance.choice(["", "batch-credits-1=x", "batch-credits-{0}=guess", "=", ";;;", '"', "a=b; " * 400, "\x01"])
    port = dict(request.headers).get("Host", "").rpartition(":")[2]
    request.replace("Cookie", chance.choice([None, cookie.replace("{0}", port)]))


def _body(chance: Chance, request: Request) -> None:
    body, how = bytearray(request.body or b"form_token=x"), chance.randrange(7)
    at = chance.randrange(len(body))
    if how == 0:
        body = body[:at]
    elif how == 1:
        body[at] ^= 1 << chance.randrange(8)
    elif how == 2:
        body[at:at] = chance.choice(
            [b"\x00", b"&", b"%", b"%zz", b"\xff", b"\r\n", b"\r\n\r\n", b"--" + BOUNDARY.encode(), b"&a=b"]
        )
    elif how == 3:
        body += b"&confirm=1" * chance.choice([1, 2, 6_000])
    elif how == 4:
        body = body.replace(b"form_token", chance.choice([b"token", b"form_token[]", b"Form_Token", b""]))
    elif how == 5:
        body[at : at + 30] = chance.randbytes(30)
    else:
        body = body * chance.choice([2, 3])
    request.body = bytes(body)


def _part(chance: Chance, request: Request) -> None:
    spoiled = [
        (b'name="file"', b'name="other"'), (b'name="file"', b"name=file"), (b"form-data", b"attachment"),
        (b"Content-Type: application", b"Content-Transfer-Encoding: base64\r\nContent-Type: application"),
        (b"Content-Type: application", b"Content-Transfer-Encoding: quoted-printable\r\nContent-Type: application"),
        (b"Content-Type: application", b"Content-Encoding: gzip\r\nContent-Type: application"),
        (b"Content-Type: application/octet-stream", b"Content-Type: multipart/mixed; boundary=x"),
        (b"Content-Type: application/octet-stream", b"Content-Length: 99999"), (b'filename="', b'filename="/../'),
        (b'filename="', b"filename*=utf-8''%ff%00; x=\""), (b'filename="', b'filename="a"; filename="'), (b"\r\n--", b"\n--"),
        (b"Content-Disposition", b"content-disposition"), (b"Content-Disposition:", b"X:"), (b"--\r\n", b""), (b"--\r\n", b"--junk"),
        (b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 999 + b"\r\n"), (b"\r\n\r\n", b"\r\nX: " + b"y" * 99_999 + b"\r\n\r\n"),
        (b'name="reference"', b'name="reference\x00"'), (b'name="reference"', b'name="\xff\xfe"'), (b'name="reference"', b'name=""'),
    ]  # fmt: skip
    old, new = chance.choice(spoiled)
    request.body = request.body.replace(old, new, chance.choice([1, -1]))


def _chunked(chance: Chance, request: Request) -> None:
    size = chance.choice(
        [f"{len(request.body):x}", "0", "fffffffffffffffff", "-1", "zz", "", "5;ext=\x00", "1\n", "0x5"]
    )
    request.body = (
        size.encode() + b"\r\n" + request.body + chance.choice([b"\r\n0\r\n\r\n", b"", b"\r\n0\r\nX: y\r\n\r\n", b"\n"])
    )
    request.has_length = chance.random() < 0.2
    request.headers.append(("Transfer-Encoding", chance.choice(["chunked", "chunked, chunked", "gzip, chunked", "x"])))


def _ends(chance: Chance, request: Request) -> None:
    request.end = chance.choice(["\n", "\r", "\r\r\n", "\n\r", "\x0b"])


SPOILED: tuple[Callable[[Chance, Request], None], ...] = (
    _method, _target, _target, _target, _version, _header, _header, _header, _left_out, _odd_line, _many, _stranger,
    _stranger, _body, _body, _body, _part, _part, _part, _chunked, _ends,
)  # fmt: skip


def case(seed: int, at: Target) -> tuple[bytes, bool]:
    """What one case sends, and whether its sender is in."""
    chance = Chance(seed)
    request = good(chance, at)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        chance.choice(SPOILED)(chance, request)
    raw = request.raw()
    how = chance.random()
    if how < 0.05:
        raw = raw[: chance.randrange(len(raw))]
    elif how < 0.10:
        place = chance.randrange(len(raw))
        raw = raw[:place] + chance.randbytes(chance.randrange(1, 9)) + raw[place + 1 :]
    elif how < 0.12:
        raw = chance.randbytes(chance.randrange(1, 400))
    return raw, at.cookie.encode() in raw


def ask(port: int, raw: bytes) -> bytes:
    """Everything that is answered until the server closes. What is not whole ends after a while."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as wire:
        try:
            wire.sendall(raw)
            wire.settimeout(SILENT_SECONDS)
            while True:
                try:
                    part = wire.recv(65_536)
                except TimeoutError:
                    wire.settimeout(ANSWER_SECONDS)
                    wire.shutdown(socket.SHUT_WR)
                    continue
                if not part:
                    return bytes(answer)
                answer += part
        except ConnectionError:  # it stopped to listen, and has answered or not
            return bytes(answer)


def judged(raw: bytes, is_in: bool, answer: bytes) -> str:
    """What came of a case: the class of its status, `silence`, or a sentence of what is wrong."""
    if not answer:
        return "silence"
    for head, body in answers_of(answer, raw):
        found = re.match(rb"HTTP/\d\.\d (\d{3})[ \r]", head)
        if found is None:
            return f"no answer of HTTP: {head[:200]!r}"
        status = int(found[1])
        lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        said = {name.strip().lower(): value.strip() for name, _, value in lines}
        if status in (100, 417):
            continue
        missing = [name for name, value in HEADERS.items() if not said.get(name, b"").startswith(value)]
        if missing or b"aiohttp" in said.get(b"server", b"") or b"Python" in said.get(b"server", b""):
            return f"{status} without {missing}, by {said.get(b'server')!r}"
        if status >= 500:
            return f"{status}: {body[-600:]!r}"
        if b"Traceback" in body or b"aiohttp" in body or b"Exception" in body:
            return f"{status} tells of the program: {body[:600]!r}"
        is_word = len(body.strip()) > 10 or b"HEAD" in raw[:4]
        if status >= 400 and not is_word:
            return f"{status} without a word: {body!r}"
        if status < 400 and not is_in and not any(path in raw for path in OPEN_TO_ALL):
            return f"{status} for a stranger"
    return f"{answer[9:10].decode()}xx"


def answers_of(answer: bytes, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each answer's head and body; what a stream or a chunked answer holds counts as the last one's body."""
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0 if b" 100 " in head[:14] else len(rest)
        if raw.startswith(b"HEAD ") and rest.startswith(
            b"HTTP/"
        ):  # without its body, unless it was taken for no request
            size = 0
        yield head, rest[:size]
        answer = rest[size:]


@contextmanager
def served(folder: Path) -> Iterator[tuple[Web, Site, Target]]:
    """A server with one upload that is checked, and somebody who is in."""
    with Site() as site, Web(Command(folder, site.url), "--max-upload", 100_000) as web:
        visitor: Visitor = web.visitor()
        page = visitor.upload(write_csv(folder / "some.csv", payout("c", 3)))
        [cookie] = visitor.cookies.values()
        _, fields = visitor.get("/new").form("upload")
        yield web, site, Target(web.port, cookie, fields["form_token"], page.path.rpartition("/")[2])


def run_cases(first: int, cases: int, at: Target) -> Iterator[tuple[int, str]]:
    """What came of each case, several at once."""

    def run(seed: int) -> tuple[int, str]:
        raw, is_in = case(seed, at)
        return seed, judged(raw, is_in, ask(at.port, raw))

    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(run, range(first, first + cases))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    start, counts = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (web, site, at):
        for seed, outcome in run_cases(chosen.seed, chosen.cases, at):
            is_fine = outcome in ("2xx", "3xx", "4xx", "silence")
            counts[outcome if is_fine else "failed"] += 1
            if not is_fine:
                print(f"python -m tests.fuzz.web --cases 1 --seed {seed}\n{outcome}", file=sys.stderr)
        said, posts = web.said[1], site.posts
    WARM.close()
    print(f"{sum(counts.values()):,} cases in {time.monotonic() - start:.0f} s: {dict(sorted(counts.items()))}")
    if said or posts:
        print(f"The server said: {said}\nThe site was told {posts} times.", file=sys.stderr)
    return 1 if counts["failed"] or said or posts else 0


if __name__ == "__main__":
    sys.exit(main())
