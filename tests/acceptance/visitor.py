"""The page's server as a process, and somebody who visits it: a browser's manners without a browser."""

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from justhtml import JustHTML

from tests.acceptance.harness import OWN, TIMEOUT_SECONDS, Command, Running, finish, wait_until

BOUNDARY = "----a-line-that-no-file-has"


@dataclass
class Shown:
    """An answer: where it was found in the end, and what it says."""

    status: int
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """What it says."""
        return self.body.decode("utf-8")

    @property
    def dom(self) -> JustHTML:
        """The same as a tree."""
        return JustHTML(self.text, sanitize=False)

    @property
    def page(self) -> str:
        """Which page it is."""
        return self.one("main")["data-page"]

    @property
    def alert(self) -> str:
        """What it refuses, in words."""
        return " ".join(node.to_text() for node in self.dom.query('[role="alert"]'))

    def all(self, selector: str) -> list[dict[str, Any]]:
        """The attributes of the elements that are meant."""
        return [dict(node.attrs or {}) for node in self.dom.query(selector)]

    def one(self, selector: str) -> dict[str, Any]:
        """The attributes of the only element that is meant."""
        found = self.all(selector)
        assert len(found) == 1, f"{len(found)} of {selector} on {self.path}: {self.text[:3000]}"
        return found[0]

    def has(self, selector: str) -> bool:
        """Whether there is any such element."""
        return bool(self.dom.query(selector))

    def count(self, name: str) -> int | None:
        """A number by its name; None: it is not shown."""
        return self._value(f'[data-count="{name}"]')

    def total(self, name: str) -> int | None:
        """A total in minor units."""
        return self._value(f'[data-total="{name}"]')

    def _value(self, selector: str) -> int | None:
        found = self.all(selector)
        return int(found[0]["value"]) if found else None

    def form(self, action: str) -> tuple[str, dict[str, str]]:
        """Where a form goes, and what it says if nobody touches it."""
        form = self.one(f'form[data-action="{action}"]')
        fields: dict[str, str] = {}
        for given in self.all(f'form[data-action="{action}"] input'):
            is_ticked = given.get("type") not in ("checkbox", "radio", "file", "submit") or "checked" in given
            if "name" in given and is_ticked:
                fields[given["name"]] = given.get("value") or ""
        for node in self.dom.query(f'form[data-action="{action}"] select'):
            options = [dict(option.attrs or {}) for option in node.query("option")]
            chosen: list[dict[str, Any]] = [each for each in options if "selected" in each] or options[:1]
            fields[dict[str, Any](node.attrs or {})["name"]] = chosen[0].get("value") or "" if chosen else ""
        return form["action"], fields


@dataclass
class Visitor:
    """Somebody with a browser of their own."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, follow: bool = True, **headers: str | None
    ) -> Shown:
        """One request, and where it leads to. A header that is None is left out."""
        said: dict[str, str | None] = {"Host": f"localhost:{self.port}"}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            said["Origin"] = f"http://localhost:{self.port}"
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in said.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                pair = value.partition(";")[0]
                self.cookies[pair.partition("=")[0]] = pair.partition("=")[2]
        shown = Shown(answer.status, path, {name.lower(): value for name, value in answer.getheaders()}, content)
        if follow and shown.status == 303:
            return self.get(shown.headers["location"])
        return shown

    def get(self, path: str, **headers: str | None) -> Shown:
        """A page."""
        parts = urlsplit(path)
        return self.ask("GET", parts.path + (f"?{parts.query}" if parts.query else ""), None, follow=True, **headers)

    def send(self, page: Shown, action: str, **fields: str | None) -> Shown:
        """Fill in a form of a page and send it; a field that is None is left out."""
        where, said = page.form(action)
        said |= {name: value for name, value in fields.items() if value is not None}
        said = {name: value for name, value in said.items() if fields.get(name, "") is not None}
        return self.post(where, said)

    def post(self, path: str, fields: Mapping[str, str], *, follow: bool = True, **headers: str | None) -> Shown:
        """Send a form."""
        headers.setdefault("Content_Type", "application/x-www-form-urlencoded")
        return self.ask("POST", path, urlencode(fields).encode(), follow=follow, **headers)

    def upload(self, file: Path | tuple[str, bytes], **fields: str) -> Shown:
        """Upload a file, and wait until it is checked."""
        name, content = (file.name, file.read_bytes()) if isinstance(file, Path) else file
        where, said = self.get("/new").form("upload")
        return self.checked(self.ask("POST", where, multipart(said | fields, name, content), Content_Type=OF_A_FORM))

    def checked(self, shown: Shown) -> Shown:
        """The page of an upload once it is checked."""
        return self.until(shown.path, lambda page: not page.has("main[aria-busy]")) if (shown.status == 200) else shown

    def until(self, path: str, holds: Callable[[Shown], bool], seconds: float = TIMEOUT_SECONDS) -> Shown:
        """Load a page again until it is as meant."""
        ends = time.monotonic() + seconds
        while not holds(page := self.get(path)):
            assert time.monotonic() < ends, f"{path} stays as it is: {page.text[:4000]}"
            time.sleep(0.05)
        return page

    def result(self, page: Shown) -> Shown:
        """The page of a batch once it is over."""
        return self.until(page.path, lambda shown: shown.page != "run")


OF_A_FORM = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(fields: Mapping[str, str], name: str, content: bytes, file_field: str = "file") -> bytes:
    """A form with a file, as a browser sends it: the file last."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    quoted = name.replace('"', "%22")
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{file_field}"; filename="{quoted}"\r\n'
    parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n")
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


class Web:
    """The server, and the link that it printed."""

    def __init__(self, command: Command, *options: object, actor: str = "Ada", **environment: str) -> None:
        command.environment.setdefault("BATCH_CREDITS_RATE", "0")
        given = ("web", "--port", 0, "--no-browser", "--actor", actor, *options)
        self._running: Running = command.start(*given, streams=OWN, goes_down=False, **environment)
        wait_until(lambda: "\n" in self.said[0] or self._running.poll() is not None)
        line = self.said[0].strip()
        assert line.startswith("web listening on http"), self.said
        self.link = line.rpartition(" ")[2]
        self.port = urlsplit(self.link).port or 0

    @property
    def said(self) -> tuple[str, str]:
        """What it printed."""
        return self._running.said

    @property
    def pid(self) -> int:
        """Its number."""
        return self._running.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._running.poll() is None:
            self._running.terminate()
            assert finish(self._running).code == 0

    def kill(self) -> None:
        """End it at once."""
        self._running.kill()

    def visitor(self) -> Visitor:
        """Whoever opens the link."""
        visitor = Visitor(self.port)
        parts = urlsplit(self.link)
        assert visitor.get(f"{parts.path}?{parts.query}").page == "batches"
        return visitor


def cells_of(page: Shown) -> list[dict[str, Any]]:
    """The inputs of cells that can be mended."""
    return [dict(node.attrs or {}) for node in page.dom.query('form[data-action="mend"] input')]
