"""Four eyes, by the command: an administrator's policy in /etc, a maker, and a passkey that a test holds.

Each command sees an /etc of its own (a mount namespace), so that the policy of one test is nobody else's. Where this
machine allows none, nothing here can be tried.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch_credits.approval.order import Approval, Sealed, iso
from tests.acceptance.harness import Ended, Site, write_csv
from tests.unit.approval.authenticator import Authenticator, b64

_NEEDED = ("passwd", "group", "hosts", "nsswitch.conf", "ld.so.cache", "localtime", "resolv.conf")
_IN_ITS_OWN = 'mount --make-rprivate / && mount --bind "$0" /etc && exec "$@"'


def _has_namespaces() -> bool:
    program = shutil.which("unshare")
    return program is not None and subprocess.run([program, "-m", "true"], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not _has_namespaces(), reason="no mount namespace can be had here")


@dataclass
class Office:
    """A folder with a ledger, an /etc, and people with passkeys."""

    folder: Path
    site: Site
    policy: str = "require_approval = true\n"
    most: dict[str, str] = field(default_factory=lambda: {"bob": "USD=5000", "carol": "USD=5000"})
    extra: dict[str, str] = field(default_factory=dict)  # more of the environment

    def __post_init__(self) -> None:
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
        (self.etc / "batch-credits" / "settings.toml").write_text(self.policy)
        people = [
            f'[approvers.{name}]\nmost = ["{most}"]\nrp_id = "localhost"\n'
            f'credential = "{b64(self.keys[name].id)}"\npublic_key = "{b64(self.keys[name].public_key)}"\n'
            for name, most in self.most.items()
        ]
        (self.etc / "batch-credits" / "approvers.toml").write_text("\n".join(people))

    def __call__(self, *arguments: object, **environment: str) -> Ended:
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
        command = ["unshare", "-m", "sh", "-c", _IN_ITS_OWN, str(self.etc), sys.executable, "-m", "batch_credits"]
        command += map(str, arguments)
        ended = subprocess.run(command, env=everything, cwd=self.folder, capture_output=True, text=True, timeout=60)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def run(self, *more: object) -> Ended:
        return self("run", self.file, "--order", self.order, "--yes", *more)

    def make(self) -> None:
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
        return self.site.posts


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Site("--api-key", "k") as site:
        yield Office(tmp_path, site)


def test_what_another_person_approved_is_paid_once(office: Office) -> None:
    office.make()
    assert office.order.stat().st_mode & 0o777 == 0o600
    office.approve("bob")
    office.run().exited(0)
    assert office.paid == 2
    [summary] = (office.folder / "reports").glob("*/summary.json")
    recorded = json.loads(summary.read_text())
    assert recorded["in_balance"] is True
    again = office.run().exited(2)
    assert "good for once" in again.said
    assert office.paid == 2


def test_nothing_is_paid_without_an_order_from_wherever_the_policy_is_switched_off(office: Office) -> None:
    off = office.folder / "batch-credits.toml"
    own = office.folder / ".config" / "batch-credits"
    own.mkdir(parents=True)
    said = office("run", office.file, "--yes").exited(2)
    assert "another person has not approved" in said.said
    office("run", office.file, "--yes", BATCH_CREDITS_REQUIRE_APPROVAL="false").exited(2)
    office("run", office.file, "--yes", XDG_CONFIG_HOME=str(office.folder), XDG_CONFIG_DIRS=str(own)).exited(2)
    for path in (off, own / "batch-credits.toml"):
        path.write_text("require_approval = false\n")
        office("run", office.file, "--yes").exited(2)
        path.unlink()
    assert office.paid == 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("unsigned", "Nobody has approved"),
        ("own", "nobody approves their own"),
        ("byte", "no order as it was sealed|does not hold|for site acme-tesu"),
        ("total", "does not hold|changed|More is to be sent"),
        ("expired", "expired"),
        ("limit", "over what bob may approve"),
        ("two", "1 of 2 people"),
        ("stranger", "no approver here"),
        ("file", "for another file"),
        ("site", "for site acme-test"),
        ("rp", "not good for this order"),
        ("writable", "cannot be relied on"),
        ("gone", "no approver here"),
    ],
)
def test_each_other_order_is_refused_and_nothing_is_sent(office: Office, spoil: str, said: str) -> None:
    office.make()
    if spoil == "own":
        office.most, office.keys = {"root": "USD=5000", **office.most}, {"root": Authenticator(), **office.keys}
        _remade(office, maker="root")
    if spoil == "expired":
        past = datetime.now(UTC) - timedelta(days=8)
        _remade(office, made=iso(past), expires=iso(past + timedelta(days=7)))
        office.approve("bob", at=past + timedelta(hours=1))
    elif spoil == "rp":
        office.keys["bob"].rp_id = "elsewhere.example"
        office.approve("bob")
    elif spoil != "unsigned":
        office.approve("root" if spoil == "own" else "bob")
    content = office.order.read_bytes()
    if spoil == "byte":
        office.order.write_bytes(content.replace(b"acme-test", b"acme-tesu", 1))
    elif spoil == "total":
        _remade(office, totals=Sealed.read(content, "").order.totals | _one_more(content))
    elif spoil == "limit":
        office.most["bob"] = "USD=15.49"
    elif spoil == "two":
        office.policy += 'two_above = ["USD=10"]\n'
    elif spoil in ("stranger", "gone"):
        del office.most["bob"]
    elif spoil == "file":
        office.file.write_text(office.file.read_text().replace("550", "551"))
    elif spoil == "site":
        office.extra["CHARGEBEE_SITE"] = "other-test"
    if spoil == "writable":
        office.write_policy()
        (office.etc / "batch-credits" / "approvers.toml").chmod(0o666)
    ended = office.run().exited(2)
    assert any(part in ended.said for part in said.split("|")), ended.said
    assert office.paid == 0


def _one_more(content: bytes) -> dict[str, object]:
    total = Sealed.read(content, "").order.totals["USD"]
    return {"USD": replace(total, amount=total.amount + 1)}


def _remade(office: Office, **changed: object) -> None:
    sealed = Sealed.read(office.order.read_bytes(), "order")
    office.order.write_bytes(replace(sealed, order=replace(sealed.order, **changed)).content)  # type: ignore[arg-type]


def test_an_order_that_stopped_half_way_is_carried_on(office: Office) -> None:
    office.make()
    office.approve("bob")
    office.extra["CHARGEBEE_API_KEY"] = "refused"
    office.run().exited(4)
    assert office.site.credits() == []
    office.extra["CHARGEBEE_API_KEY"] = "k"
    office.run().exited(0)
    assert [credit["customer_id"] for credit in office.site.credits()] == ["c-1", "c-2"]


def test_check_makes_an_order_of_what_holds_alone_and_overwrites_none(office: Office) -> None:
    office("check", office.file, "--order", office.order, "--max-total", "USD=1").exited(2)
    assert not office.order.exists()
    office.make()
    before = office.order.read_bytes()
    assert "is there already" in office("check", office.file, "--order", office.order).exited(2).said
    assert office.order.read_bytes() == before


def test_who_ran_a_batch_does_not_undo_it_where_another_must(office: Office) -> None:
    office.policy = 'require_another_for = ["reverse"]\n'
    office("run", office.file, "--yes").exited(0)
    [batch] = json.loads(office("status", "--json").out)
    refused = office("reverse", batch["batch"], "--yes").exited(2)
    assert "another person must take its credits back" in refused.said
    assert office.paid == 2
