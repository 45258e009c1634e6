"""Four eyes, by the command: an administrator's policy in /etc, a maker, and a passkey that a test holds."""

import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from batch_credits.approval.order import Sealed, iso
from tests.acceptance.harness import Site, write_csv
from tests.acceptance.office import Office, needs_namespaces
from tests.acceptance.team import QUICK
from tests.acceptance.test_pack import seal_again
from tests.unit.approval.authenticator import Authenticator

pytestmark = needs_namespaces


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site("--api-key", "k") as started:
        yield started


@pytest.fixture(scope="module")
def made(site: Site, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One order, for every test that needs no other: it is for the same file and site."""
    office = Office(tmp_path_factory.mktemp("made"), site)
    office.make()
    assert office.order.stat().st_mode & 0o777 == 0o600
    return office.order.read_bytes()


@pytest.fixture
def office(tmp_path: Path, site: Site, made: bytes) -> Office:
    office = Office(tmp_path, site)
    office.order.write_bytes(made)
    return office


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Office]:
    """With a site to which nobody else pays."""
    with Site("--api-key", "k") as own:
        yield Office(tmp_path, own)


def test_what_was_approved_is_paid_for_its_business_entity_alone(office: Office) -> None:
    office.approve("bob")
    paid = office.paid
    refused = office("run", office.file, "--order", office.order, BATCH_CREDITS_BUSINESS_ENTITY="apac").exited(2)
    assert "is without a business entity, and this run for business entity apac" in " ".join(refused.said.split())
    assert office.paid == paid
    of_apac = office.folder / "apac.json"
    office("check", office.file, "--order", of_apac, "--business-entity", "apac").exited(0)
    assert json.loads(of_apac.read_text())["order"]["business_entity"] == "apac"


def test_what_another_person_approved_is_paid_once(fresh: Office) -> None:
    office = fresh
    office.make()
    office.approve("bob")
    office.run().exited(0)
    assert office.paid == 2
    [summary] = (office.folder / "reports").glob("*/summary.json")
    recorded = json.loads(summary.read_text())
    assert recorded["in_balance"] is True
    assert [each["approver"] for each in recorded["approvals"]] == ["bob"]
    assert "Approved by" in summary.with_name("summary.html").read_text()
    office("pack", recorded["batch"]).exited(0)
    [packed] = office.folder.glob("**/data/order.json")
    assert packed.read_bytes() == office.order.read_bytes()
    assert '"content"' not in packed.with_name("runs.json").read_text()
    _auditor_can_say(office, packed.parents[1])
    again = office.run().exited(2)
    assert "good for once" in again.said
    assert office.paid == 2


def _auditor_can_say(office: Office, pack: Path) -> None:
    """Who asked, who approved, whether with their key, and whether as much was paid: with nothing but the pack."""
    said = office("verify", pack).exited(0).out
    assert "made by root" in said and "approved by bob (" in said and "by the key of the approver" in said
    assert "ordered 15.50 USD (2 rows), paid 15.50 USD (2 rows)" in said
    data = pack / "data"
    keys = data.joinpath("approvers.toml").read_text()
    for name, old, new, found in (
        ("approvers.toml", 'public_key = "', 'public_key = "A', "is not good for this order"),
        ("approvers.toml", "[approvers.bob]", "[approvers.eve]", "is no approver here"),
        ("approvers.toml", "most = [", 'most = [] # [', "over what bob may approve"),
        ("order.json", '"at":"2', '"at":"1', "bob"),
    ):
        text = (data / name).read_text()
        assert old in text
        (data / name).write_text(text.replace(old, new, 1))
        seal_again(pack)
        assert found in office("verify", pack).exited(3).out, (name, new)
        (data / name).write_text(text)
    (data / "approvers.toml").unlink()
    seal_again(pack)
    assert "the approvers' keys are not in the pack" in office("verify", pack).exited(0).out
    (data / "approvers.toml").write_text(keys)
    seal_again(pack)


def test_nothing_is_paid_without_an_order_from_wherever_the_policy_is_switched_off(office: Office) -> None:
    off = office.folder / "batch-credits.toml"
    own = office.folder / ".config" / "batch-credits"
    own.mkdir(parents=True)
    office("run", office.file, "--yes", BATCH_CREDITS_REQUIRE_APPROVAL="false").exited(2)
    elsewhere = {"XDG_CONFIG_HOME": str(office.folder), "XDG_CONFIG_DIRS": str(own)}
    said = office("run", office.file, "--yes", **elsewhere).exited(2)
    assert "another person has not approved" in said.said
    for path in (off, own / "settings.toml"):
        path.write_text("require_approval = false\n")
    office("run", office.file, "--yes").exited(2)
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
    ],
)
def test_each_other_order_is_refused_and_nothing_is_sent(office: Office, spoil: str, said: str) -> None:
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
    elif spoil == "stranger":
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


def test_an_order_that_stopped_half_way_is_carried_on(fresh: Office) -> None:
    office = fresh
    office.make()
    office.approve("bob")
    office.extra["CHARGEBEE_API_KEY"] = "refused"
    office.run().exited(4)
    assert office.site.credits() == []
    office.extra["CHARGEBEE_API_KEY"] = "k"
    office.run().exited(0)
    assert sorted(credit["customer_id"] for credit in office.site.credits()) == ["c-1", "c-2"]


def test_check_makes_an_order_of_what_holds_alone_and_overwrites_none(office: Office) -> None:
    before = office.order.read_bytes()
    assert "is there already" in office("check", office.file, "--order", office.order).exited(2).said
    assert office.order.read_bytes() == before
    office.order.unlink()
    office("check", office.file, "--order", office.order, "--max-total", "USD=1").exited(2)
    assert not office.order.exists()
    approve, pay = office("check", office.file, "--order", office.order).exited(0).out.splitlines()[-2:]
    assert approve == f"batch-credits approve {office.order}", "first, since nothing is paid before"
    assert pay.startswith("batch-credits run ") and pay.endswith(f" --order {office.order}")


def test_who_ran_a_batch_does_not_undo_it_where_another_must(fresh: Office) -> None:
    office = fresh
    office.policy = 'require_another_for = ["reverse"]\n'
    office("run", office.file, "--yes").exited(0)
    [batch] = json.loads(office("status", "--json").out)
    refused = office("reverse", batch["batch"], "--yes").exited(2)
    assert "another person must take its credits back" in refused.said
    # Nor under another name of theirs that the administrator has written down.
    office.accounts = {"bob": [pwd.getpwuid(os.getuid()).pw_name]}
    with office.web("carol") as carol, office.web("bob") as bob:
        assert carol.get(f"/batches/{batch['batch']}/undo").status == 200
        assert bob.get(f"/batches/{batch['batch']}/undo").status == 403
    assert office.paid == 2


def test_nor_does_who_made_the_order_that_another_account_ran(fresh: Office) -> None:
    """Makers have no shell of the account that runs: it is their order, and its word for whose that is."""
    office = fresh
    office.policy = 'require_approval = true\nrequire_another_for = ["reverse"]\n'
    office.make()
    sealed = Sealed.read(office.order.read_bytes(), "order")
    office.order.write_bytes(replace(sealed, order=replace(sealed.order, maker="alice")).content)
    office.approve("bob")
    office.run().exited(0)
    [batch] = json.loads(office("status", "--json").out)
    with office.web("Alice ") as alice, office.web("carol") as carol:
        refused = alice.get(f"/batches/{batch['batch']}/undo")
        assert refused.status == 403 and "another person must take its credits back" in refused.alert
        assert carol.get(f"/batches/{batch['batch']}/undo").status == 200


def test_a_maker_does_not_move_a_limit_by_what_they_state_of_a_currency(fresh: Office) -> None:
    office = fresh
    office.most = {"bob": "CLP=1000"}
    office.file = write_csv(office.folder / "pesos.csv", [("c-1", 7_000_000, "CLP", "x", "q4")])
    office("check", office.file, "--order", office.order, "--currency-exponent", "CLP=4").exited(0)
    office.approve("bob")
    shown = " ".join(office("approve", office.order, "--show").exited(2).said.split())
    assert "That CLP has 4 decimals is the word of" in shown and "7,000,000 minor units are sent" in shown, shown
    assert "over what bob may approve in CLP" in office.run().exited(2).said
    assert office.paid == 0


def test_an_order_is_approved_at_the_command_line_by_whom_it_may_be(fresh: Office) -> None:
    office = fresh
    office.make()
    for name, said in (("mallory", "mallory is no approver here"), ("root", "nobody approves their own")):
        assert said in office("approve", office.order, "--as", name).exited(2).said
    who = office("approve", office.order, "--as", "mallory").err
    assert who.endswith("\nbatch-credits approvers list\n"), "which shows who may"
    shown = office("approve", office.order, "--show").exited(2)
    assert "15.50 USD" in shown.out and "Made by root" in shown.out and "Nobody has approved this order" in shown.err
    before = office.order.read_bytes()
    with office.serving("approve", office.order, "--as", "bob") as served:
        bob = served.visitor()
        page = bob.get("/")
        assert (page.page, page.total("pending:USD")) == ("approve", 1550)
        refused = bob.send(page, "approve", answer=office.signed(page, "carol"))
        assert refused.status == 422 and "not enrolled for that person" in refused.alert
        assert office.order.read_bytes() == before
        done = bob.send(page, "approve", answer=office.signed(page, "bob"))
        assert "You have approved this order" in done.text and not done.has("form")
        ended = served.ended()
    assert ended.code == 0 and "bob approved" in ended.out, ended
    assert office.order.stat().st_mode & 0o777 == 0o600
    assert "You have approved this order" in office("approve", office.order, "--as", "bob").exited(2).said
    assert "It is approved." in office("approve", office.order, "--show").exited(0).out
    office.run().exited(0)
    assert office.paid == 2


def test_what_was_left_to_workers_before_others_had_to_approve_waits_for_them(
    fresh: Office, postgres_url: str
) -> None:
    office = fresh
    office.policy, office.extra = "", {**QUICK, "BATCH_CREDITS_LEDGER": postgres_url}
    office("run", office.file, "--yes", "--detach").exited(0)
    office.policy = "require_approval = true\n"
    held = office("work", "--rate", 0, "--until-idle").exited(4)
    assert "nobody has approved batch" in held.said and office.paid == 0
    office("work", "--rate", 0, "--until-idle").exited(0)
    assert office.paid == 0
    office.make()
    office.approve("bob")
    office.run().exited(0)
    assert office.paid == 2


def test_on_a_teams_ledger_an_order_is_left_to_workers_and_is_good_for_once(fresh: Office, postgres_url: str) -> None:
    office = fresh
    office.extra |= {**QUICK, "BATCH_CREDITS_LEDGER": postgres_url}
    office.make()
    assert "Nobody has approved" in office.run("--detach").exited(2).said
    office.approve("bob")
    office.run("--detach").exited(0)
    assert office.paid == 0
    office("work", "--rate", 0, "--until-idle").exited(0)
    assert office.paid == 2
    assert "good for once" in office.run().exited(2).said
    [batch] = json.loads(office("status", "--json").out)
    office("report", batch["batch"]).exited(0)
    [summary] = (office.folder / "reports").glob("*/summary.json")
    assert [each["approver"] for each in json.loads(summary.read_text())["approvals"]] == ["bob"]
    assert office.paid == 2
