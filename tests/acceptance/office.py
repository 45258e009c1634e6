"""An office of four eyes: an /etc of its own with an administrator's policy, people with passkeys, and the command.

Each command sees that /etc (a mount namespace), so that the policy of one test is nobody else's. Where this machine
allows none, nothing of it can be tried.
"""

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from batch_credits.approval.order import Approval, Sealed, iso
from tests.acceptance.harness import Ended, Running, Site, finish, wait_until, write_csv
from tests.acceptance.visitor import Shown, Visitor
from tests.unit.approval.authenticator import Authenticator, b64

_NEEDED = ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "localtime", "resolv.conf")
_LINK = re.compile(r"(\S+\?token=\S+)\n")


def _has_namespaces() -> bool:
    program = shutil.which("unshare")
    return program is not None and subprocess.run([program, "-m", "true"], capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not _has_namespaces(), reason="no mount namespace can be had here")


@dataclass
class Served:
    """A command of this office that serves a page, and the link that it printed."""

    process: Running
    link: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.link).port or 0

    def visitor(self) -> Visitor:
        """Whoever opens the link."""
        visitor, parts = Visitor(self.port), urlsplit(self.link)
        assert visitor.get(f"{parts.path}?{parts.query}").status == 200
        return visitor

    def ended(self) -> Ended:
        """How it ends by itself."""
        return finish(self.process)


@dataclass
class Office:
    """A folder with a ledger, an /etc, and people with passkeys."""

    folder: Path
    site: Site
    policy: str = "require_approval = true\n"
    most: dict[str, str] = field(default_factory=lambda: {"bob": "USD=5000", "carol": "USD=5000"})
    accounts: dict[str, list[str]] = field(default_factory=dict)  # other names of theirs
    extra: dict[str, str] = field(default_factory=dict)  # more of the environment
    before: int = 0  # of what the site got from others

    def __post_init__(self) -> None:
        self.before = self.site.posts
        self.etc = self.folder / "etc"
        (self.etc / "batch-credits").mkdir(parents=True)
        for name in _NEEDED:
            if (there := Path("/etc", name)).is_file():
                shutil.copy(there, self.etc / name)
        self.keys = {name: Authenticator() for name in self.most}
        rows = [("c-1", 1000, "USD", "x", "q4"), ("c-2", 550, "USD", "x", "q4")]
        self.file = write_csv(self.folder / "payout.csv", rows)
        self.order = self.folder / "order.json"

    def write_policy(self) -> None:
        """What the administrator says now."""
        (self.etc / "batch-credits" / "settings.toml").write_text(self.policy)
        people = [
            f'[approvers.{name}]\nmost = ["{most}"]\nrp_id = "localhost"\n'
            f"accounts = {json.dumps(self.accounts.get(name, []))}\n"
            f'credential = "{b64(self.keys[name].id)}"\npublic_key = "{b64(self.keys[name].public_key)}"\n'
            for name, most in self.most.items()
        ]
        if people:
            (self.etc / "batch-credits" / "approvers.toml").write_text("\n".join(people))

    def _started(self, arguments: tuple[object, ...], environment: dict[str, str]) -> Running:
        self.write_policy()
        everything = {
            **os.environ,
            "CHARGEBEE_BASE_URL": self.site.url,
            "CHARGEBEE_SITE": "acme-test",
            "CHARGEBEE_API_KEY": "k",
            "BATCH_CREDITS_LEDGER": str(self.folder / "ledger.sqlite3"),
            "BATCH_CREDITS_RATE": "0",
            "HOME": str(self.folder),
            **self.extra,
            **environment,
        }
        return Running([*map(str, arguments)], self.folder, everything, etc=self.etc)

    def __call__(self, *arguments: object, **environment: str) -> Ended:
        return finish(self._started(arguments, environment))

    @contextmanager
    def serving(self, *arguments: object, **environment: str) -> Iterator[Served]:
        """A command that prints a link and serves until it is told to end."""
        process = self._started(arguments, environment)
        try:
            wait_until(lambda: _LINK.search(process.said[0]) is not None or process.poll() is not None)
            found = _LINK.search(process.said[0])
            assert found is not None, process.said
            yield Served(process, found[1])
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate()

    @contextmanager
    def web(self, actor: str) -> Iterator[Visitor]:
        """Somebody before a page of their own over this ledger."""
        with self.serving("web", "--port", 0, "--no-browser", "--actor", actor) as served:
            yield served.visitor()

    def signed(self, page: Shown, name: str, form: str = "approve") -> str:
        """The answer of somebody's passkey to what a page asks to be signed, as its script puts it into the form."""
        options = json.loads(page.one(f'form[data-action="{form}"]')["data-options"])
        challenge = base64.urlsafe_b64decode(options["challenge"] + "==")
        return json.dumps(self.keys[name].sign(challenge))

    def run(self, *more: object) -> Ended:
        """Carry the order out."""
        return self("run", self.file, "--order", self.order, "--yes", *more)

    def make(self) -> None:
        """Make the order."""
        self("check", self.file, "--order", self.order).exited(0)

    def approve(self, *people: str, at: datetime | None = None) -> None:
        """As the page does it."""
        sealed = Sealed.read(self.order.read_bytes(), "order")
        moment = iso(at or datetime.now(UTC))
        for name in people:
            signed = Approval(name, moment, **self.keys[name].sign(sealed.challenge(name, moment)))
            sealed = replace(sealed, approvals=(*sealed.approvals, signed))
        self.order.write_bytes(sealed.content)

    @property
    def paid(self) -> int:
        return self.site.posts - self.before
