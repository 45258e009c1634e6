"""A lost ledger, what the site lists brought into a new one, and the same file again.

What was learned is spelt as the site spells it, which need not be how the file does.
"""

import asyncio
import json
import re
import shutil
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from batch_credits.jobs.reconcile import rebuild
from batch_credits.ledger import Ledger
from batch_credits.model import CallKind
from batch_credits.settings import RunSettings, SiteSettings
from tests.acceptance.harness import Command, Site, refused_and_mended, write_csv
from tests.examples import each_value

TEXTS = (("Cust-A", "q3"), ("cust-b", "Q3 Loyalty"), ("Zoe\u0301", "q3"), ("c  5", "re\u0301f"), ("plain", "q3"))
ROWS = [(customer, 100 + number, "USD", "Loyalty", reference) for number, (customer, reference) in enumerate(TEXTS)]


@pytest.mark.parametrize(
    ("trait", "how"),
    each_value(
        ["store_lower", "store_nfc", "store_folded", "store_nfc=1,store_lower"],
        [(), ("--verify-first",), ("--pilot", "2")],
    ),
)
def test_what_was_learned_is_not_paid_again(tmp_path: Path, trait: str, how: tuple[str, ...]) -> None:
    path = write_csv(tmp_path / "payout.csv", ROWS)
    with Site("--faults", f"{trait}=1") as site:
        Command(tmp_path, site.url).run(path).exited(0)
        (second := tmp_path / "second").mkdir()
        command = Command(second, site.url)
        assert "Learned 5 credits" in command("reconcile", "--since", "2026-01-01", "--rate", 0).exited(0).out
        posts = site.posts
        ended = command.run(path, *how)
        assert site.posts == posts, ended.said
        assert set(command.report("payout").counts) <= {"already_credited", "rejected"}, ended.said


def test_what_is_learned_does_not_end_at_a_nul(tmp_path: Path) -> None:
    """A credit that somebody else made under another text is not that of the row: SQLite ends texts there."""
    path = write_csv(tmp_path / "payout.csv", ROWS)
    with Site() as site:
        for customer, amount, currency, description, reference in ROWS:
            add_by_hand(site, customer, amount, currency, description, f"{reference}\0 of somebody else")
        command = Command(tmp_path, site.url)
        assert "Learned 5 credits" in command("reconcile", "--since", "2026-01-01", "--rate", 0).exited(0).out
        command.run(path).exited(0)
        assert command.report("payout").counts == {"credited": len(ROWS)}
        assert len(site.credits("")) == 2 * len(ROWS)


def add_by_hand(site: Site, *values: object) -> None:
    """Credit somebody without the program."""
    fields = zip(("customer_id", "amount", "currency_code", "description", "reference"), values, strict=True)
    request = urllib.request.Request(
        f"{site.url}/api/v2/promotional_credits/add",
        urlencode([*fields]).encode(),
        {"Authorization": f"Basic {b64encode(b'key:').decode()}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    with urllib.request.urlopen(request, timeout=30):
        pass


def test_a_single_credit_is_learned_as_one(tmp_path: Path) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", ROWS[:1])).exited(0)
        [batch] = json.loads(command("status", "--json").out)
        command("reverse", batch["batch"], "--yes", "--rate", 0).exited(0)
        other = ("--ledger", tmp_path / "other.sqlite3", "--since", "2026-01-01", "--rate", 0)
        said = command("reconcile", *other).exited(1).out
        assert "Learned 1 credit, listed" in said and "Learned 1 reversal of a credit, listed" in said


def learn(tmp_path: Path, site: Site, entity: str | None = None) -> None:
    """What `reconcile --since` does first; then it is killed."""
    where = SiteSettings(site.url.removeprefix("http://"), site.url, "key")
    settings = RunSettings(business_entity_id=entity)
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        asyncio.run(rebuild(ledger, CallKind.ADD, datetime(2026, 1, 1, tzinfo=UTC), where, settings))


@pytest.mark.parametrize(
    ("trait", "how", "is_killed"),
    each_value(["", "store_lower", "store_nfc", "store_folded"], [(), ("--verify-first",)], [False, True]),
)
def test_what_was_learned_is_not_paid_from_an_old_copy(
    tmp_path: Path, trait: str, how: tuple[str, ...], is_killed: bool
) -> None:
    path = write_csv(tmp_path / "payout.csv", ROWS)
    with Site("--faults", "refused_403=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(4)
        assert not site.credits("")
        ledgers = {each: each.read_bytes() for each in tmp_path.glob("ledger.sqlite3*")}
        site.tell("settings", faults=f"{trait}=1" if trait else "")
        command.run(path).exited(0)
        site.tell("settings", forget_keys=True)
        for each, content in ledgers.items():
            each.write_bytes(content)
        assert len(site.credits("")) == len(ROWS)
        shutil.rmtree(tmp_path / "reports")  # or else they would say what was paid
        if is_killed:
            learn(tmp_path, site)
        else:
            command("reconcile", "--since", "2026-01-01", "--rate", 0)
        ended = command.run(path, *how)
        assert len(site.credits("")) == len(ROWS), ended.said


def test_nothing_is_paid_on_the_word_of_a_ledger_that_did_not_learn_all(tmp_path: Path) -> None:
    """Whoever asks to learn what the site lists knows that the ledger is lost: he need not say so again."""
    path = write_csv(tmp_path / "payout.csv", ROWS)
    with Site() as site:
        Command(tmp_path, site.url).run(path).exited(0)
        site.tell("settings", forget_keys=True)
        (second := tmp_path / "second").mkdir()
        command = Command(second, site.url)
        since = ("reconcile", "--since", "2026-01-01", "--rate", 0)
        site.tell("settings", faults="list_error=1")
        command(*since).exited(4)
        site.tell("settings", faults="")
        ended = command.run(path).exited(0)
        assert "until `reconcile --since 2026-01-01` has come to its end" in ended.said
        assert len(site.credits("")) == len(ROWS), ended.said
        assert "is known again" in command(*since).exited(0).out
        assert "is known again" not in command(*since).exited(0).out
        assert "looked up" not in command.run(path).said
        assert "forgotten" not in command("status").out


def test_a_row_of_an_old_copy_that_was_learned_in_another_spelling_is_settled_by_a_person(tmp_path: Path) -> None:
    """The row's credit was another's for `resolve`, and its absence was not believed: nobody could leave the review."""
    path = write_csv(tmp_path / "payout.csv", ROWS)
    with Site("--faults", "refused_403=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(4)
        ledgers = {each: each.read_bytes() for each in tmp_path.glob("ledger.sqlite3*")}
        site.tell("settings", faults="store_lower=1")
        command.run(path).exited(0)
        for each, content in ledgers.items():
            each.write_bytes(content)
        shutil.rmtree(tmp_path / "reports")
        command("reconcile", "--since", "2026-01-01", "--rate", 0)
        command.run(path).exited(3)
        report = command.report("payout")
        reviewed = [row for row in report.results if row["credit_outcome"] == "review"]
        assert [row["customer_id"] for row in reviewed] == ["Cust-A", "Zoe\u0301"]
        ids = {credit["amount"]: credit["id"] for credit in site.credits("")}
        for row in reviewed:
            resolve = ("resolve", report.summary["batch"], "--row", row["credit_row"])
            refused = command(*resolve, "--not-credited").exited(2)
            assert "which another row has in another spelling" in refused.err
            command(*resolve, "--credited", ids[int(row["amount"])]).exited(0)
        command.run(path).exited(0)
        assert "DOES NOT TIE OUT" not in command("reconcile", "--rate", 0).exited(0).out
        assert len(site.credits("")) == len(ROWS)


def test_what_was_learned_for_one_business_entity_is_not_all_that_was_paid(tmp_path: Path) -> None:
    """A site may list no more than the credits of the entity that it is asked for."""
    path = write_csv(tmp_path / "payout.csv", ROWS)
    emea = ("--business-entity", "emea")
    with Site("--faults", "entity_scoped=1") as site:
        Command(tmp_path, site.url).run(path, *emea).exited(0)
        site.tell("settings", forget_keys=True)
        (second := tmp_path / "second").mkdir()
        command = Command(second, site.url)
        command("reconcile", "--since", "2026-01-01", "--rate", 0).exited(0)
        ended = command.run(path, *emea).exited(0)
        assert "until `reconcile --since 2026-01-01` with --business-entity emea has come to its end" in ended.err
        assert len(site.credits("")) == len(ROWS)
        command("reconcile", "--since", "2026-01-01", "--rate", 0, *emea).exited(0)
        assert "looked up" not in command.run(path, *emea).exited(0).err


@pytest.mark.parametrize("is_same_file", [False, True])
def test_what_is_owed_and_listed_for_a_business_entity_is_looked_for_there(tmp_path: Path, is_same_file: bool) -> None:
    """By whichever options it is run again, the list said for whom it is paid: a row of an old copy that was refused,
    and those that were not sent yet."""
    rows = [("gone-1", 99, "USD", "Loyalty", "q3"), *ROWS]
    path, again = write_csv(tmp_path / "payout.csv", rows), write_csv(tmp_path / "again.csv", rows[::-1])
    emea = ("--business-entity", "emea")
    with Site("--faults", "entity_scoped=1") as site:
        command = Command(tmp_path, site.url)
        site.tell("customers", deleted=["gone-1"])
        command.run(path, *emea, "--pilot", 1).exited(4)
        assert not site.credits("")
        ledgers = {each: each.read_bytes() for each in tmp_path.glob("ledger.sqlite3*")}
        site.tell("customers", restored=["gone-1"])
        command.run(path, *emea, "--retry-failed").exited(0)
        assert len(site.credits("")) == len(rows)
        site.tell("settings", forget_keys=True)
        for each, content in ledgers.items():
            each.write_bytes(content)
        shutil.rmtree(tmp_path / "reports")  # or else they would say what was paid
        learn(tmp_path, site, "emea")
        ended = command.run(path if is_same_file else again).exited(2)
        assert "Rows of this batch were sent for business entity emea, and are not settled" in ended.err
        command.run(path if is_same_file else again, *emea)
        assert len(site.credits("")) == len(rows), ended.said


def test_what_mends_a_refused_row_that_is_listed_is_not_paid(tmp_path: Path) -> None:
    """An old copy calls refused what was paid since, and the list says so: a mend of it may have another customer."""
    with Site() as site:
        command = Command(tmp_path, site.url)
        path, mended = refused_and_mended(command, site)
        ledgers = {each: each.read_bytes() for each in tmp_path.glob("ledger.sqlite3*")}
        site.tell("customers", restored=["gone"])
        command.run(path, "--retry-failed").exited(0)
        for each, content in ledgers.items():
            each.write_bytes(content)
        shutil.rmtree(tmp_path / "reports")
        learn(tmp_path, site)
        command.run(mended, "--verify-first").exited(1)
        assert [credit["customer_id"] for credit in site.credits("")] == ["gone"]
        assert "What this row mends is not settled yet" in command.report("mended").results[0]["credit_error"]
        command.run(path, "--retry-failed").exited(0)
        assert [credit["customer_id"] for credit in site.credits("")] == ["gone"]


def test_what_mends_a_refused_row_that_a_list_shows_is_not_sent(tmp_path: Path) -> None:
    """The mended file is admitted, and interrupted; the refused row is credited by hand. What learns of that is cut
    off before it ties out."""
    with Site() as site:
        command = Command(tmp_path, site.url)
        _, mended = refused_and_mended(command, site)
        site.tell("settings", faults="refused_403=1")
        command.run(mended, "--no-wait").exited(4)
        site.tell("settings", faults="")
        site.tell("customers", restored=["gone"])
        add_by_hand(site, "gone", 500, "USD", "x", "q3")
        learn(tmp_path, site)
        said = command.run(mended).exited(2).err
        assert "Going on would pay 1 row twice: what it mends is not settled yet, and may be credited" in said
        advised = re.search(r"batch-credits (reconcile \w+)", said)
        assert advised is not None
        command(*advised[1].split(), "--rate", 0).exited(1)
        command.run(mended).exited(1)
        assert site.times("right") == {}
