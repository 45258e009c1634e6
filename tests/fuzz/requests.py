"""Requests to the page for finance, spoiled: a case is made of its seed, and of the server's port and tokens."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.acceptance.visitor import BOUNDARY, OF_A_FORM, multipart

FORM = "application/x-www-form-urlencoded"
KEY = "ab" * 32
Chance = random.Random


@dataclass
class Target:
    """A server, somebody who is in, and what may be asked for; `send` is where its page sends what is typed."""

    port: int
    cookie: str
    token: str
    upload: str
    send: str


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
        f"/uploads/{at.upload}", f"/uploads/{at.upload}/left-out/0",
        f"/uploads/{at.upload}/left-out/%C2%B2", f"/uploads/{at.upload}/left-out/{'9' * 5_000}",
        f"/uploads/{at.upload}/files/rejected.csv",
        f"/batches/{KEY}", f"/batches/{KEY}/events", f"/batches/{KEY}/files/results.csv", f"/batches/{KEY}/undo",
        f"/batches/{KEY}/undo/{'0' * 20}", "/?token=guessed",
    ]  # fmt: skip


def _forms(at: Target) -> list[tuple[str, list[str]]]:
    return [
        (f"/uploads/{at.upload}/columns", ["map:0", "header_row"]),
        (f"/uploads/{at.upload}/columns", ["map:%C2%B2", f"map:{'9' * 5_000}"]),
        (at.send, ["confirm", "total:USD"]),
        (f"/batches/{KEY}/stop", []),
        (f"/batches/{KEY}/send", ["confirm"]),
        (f"/batches/{KEY}/submit", []),
        (f"/batches/{KEY}/pilot?of=000001", ["answer"]),
        (f"/orders/{KEY}/reject?of={'0' * 16}", ["reason"]),
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
            "/../", "/%2e%2e/", "/..%2f..%2fetc%2fpasswd", "/%00", "/\x00", "//evil.example/", "/%", "/%zz",
            "/%ff%fe", "/é",
            "/\udcff", "/ ", "?", "?token=", "?token=%ff", "?token=" + "x" * 500, "?page=99999999", "?page=%00",
            "?text=%ff",
            "?page=1&page=2", "?state=nothing", "#x", ";", "/" * 300, "/" + "a" * 9_000, "/%c0%ae%c0%ae/",
            "?text=" + "%F0" * 99,
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
        ["Host", "Origin", "Cookie", "Content-Type", "Content-Length", "Transfer-Encoding", "Expect", "Range",
        "X-Forwarded-For",
         "X-Forwarded-Email", "Connection", "Upgrade", "Accept", "Content-Encoding", "If-Modified-Since",
         "Sec-Fetch-Site", "X",
         "Content-Disposition", "Forwarded", "X-HTTP-Method-Override", "Accept-Encoding", "Sec-WebSocket-Version"]
    )  # fmt: skip
    value = chance.choice(
        ["", "x", "chunked", "identity", "gzip", "deflate", "br", "100-continue", "bytes=0-1", "null",
        "evil.example", "-1", "1e3",
         "99999999999999999999", "0", "5", "\x00", "\r", "\xff\udcff", "a" * 9_000, "multipart/form-data",
         "websocket", "é",
         "multipart/form-data; boundary=", f"multipart/mixed; boundary={BOUNDARY}", "text/html; charset=nothing",
         "cross-site",
         "multipart/form-data; boundary=" + "b" * 99, FORM + "; charset=utf-16", "application/json", "[", "=;=;=",
         "\" ; \\"]
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
    cookie = chance.choice(["", "batch-credits-1=x", "batch-credits-{0}=guess", "=", ";;;", '"', "a=b; " * 400,
    "\x01"])
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
        (b'filename="', b"filename*=utf-8''%ff%00; x=\""), (b'filename="', b'filename="a"; filename="'),
        (b"\r\n--", b"\n--"),
        (b"Content-Disposition", b"content-disposition"), (b"Content-Disposition:", b"X:"), (b"--\r\n", b""),
        (b"--\r\n", b"--junk"),
        (b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 999 + b"\r\n"), (b"\r\n\r\n", b"\r\nX: " + b"y" * 99_999 + b"\r\n\r\n"),
        (b'name="reference"', b'name="reference\x00"'), (b'name="reference"', b'name="\xff\xfe"'),
        (b'name="reference"', b'name=""'),
    ]  # fmt: skip
    old, new = chance.choice(spoiled)
    request.body = request.body.replace(old, new, chance.choice([1, -1]))


def _chunked(chance: Chance, request: Request) -> None:
    size = chance.choice(
        [f"{len(request.body):x}", "0", "fffffffffffffffff", "-1", "zz", "", "5;ext=\x00", "1\n", "0x5"]
    )
    request.body = (
        size.encode() + b"\r\n" + request.body + chance.choice([b"\r\n0\r\n\r\n", b"", b"\r\n0\r\nX: y\r\n\r\n",
        b"\n"])
    )
    request.has_length = chance.random() < 0.2
    request.headers.append(("Transfer-Encoding", chance.choice(["chunked", "chunked, chunked", "gzip, chunked",
    "x"])))


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
