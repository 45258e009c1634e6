"""Promise: docs/schemas says what scripts read: each document is as its schema says, and each field that a schema has
occurs."""

import csv
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.acceptance.harness import Command, Row, Site, finish, payout, stop, wait_until, write_csv
from tests.acceptance.schemas import FOLDER, SCHEMAS, documented, objects, problems, seen
from tests.acceptance.team import QUICK, Colleague
from tests.acceptance.test_reconcile import add_by_hand
from tests.acceptance.test_resolve import leave_to_a_person
from tests.servers.postgres import Server

EVENT, SUMMARY, REPORT, CHECK = "event.json", "summary.json", "report.json", "check.json"
STATUS, FOLLOWED = "status.json", "status.json#/$defs/followed"
JSON = ("--log-format", "json", "--progress-every", "0.2")
DECIMAL = ("customer_id", "amount_in_decimal", "currency_code", "description", "reference")


@dataclass
class Read:
    """What was read of commands: which schema it is of, and it."""

    documents: list[tuple[str, Any]] = field(default_factory=list)

    def events(self, said: str) -> list[str]:
        """All lines of stderr; and their names."""
        events = [json.loads(line) for line in said.splitlines()]
        self.documents += [(EVENT, event) for event in events]
        return [event["event"] for event in events]

    def of(self, command: Command) -> list[dict[str, Any]]:
        """All that can be asked of what a command's ledger holds; returns its batches."""
        batches = self.status(command)
        for batch in batches:
            said = command("report", batch["batch"], "--json").out
            self.documents.append((REPORT, json.loads(said)))
        for path in command.reports.glob("*/summary.json"):
            self.documents.append((SUMMARY, json.loads(path.read_text(encoding="utf-8"))))
        return self.status(command)

    def status(self, command: Command) -> list[dict[str, Any]]:
        """The batches."""
        batches = json.loads(command("status", "--json").exited(0).out)
        self.documents.append((STATUS, batches))
        found: list[dict[str, Any]] = batches
        return found

    def checked(self, command: Command, *arguments: object) -> dict[str, Any]:
        """What a check says."""
        document = json.loads(command("check", *arguments, "--json").out)
        self.documents.append((CHECK, document))
        found: dict[str, Any] = document
        return found


def decimals(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([DECIMAL, *rows])
    return path


def ordinary(command: Command, site: Site, read: Read) -> None:
    """Credited, failed, rejected, credited already; a pilot; mended, and reversed in part, for which one is short."""
    rows = [*payout("plain", 4), *payout("missing", 1), ("", 1, "USD", "d", "r")]
    first = write_csv(command.folder / "first.csv", rows)
    assert "pilot" in read.events(command.run(first, *JSON, "--pilot", 2).exited(1).err)
    read.checked(command, first)
    read.checked(command, write_csv(command.folder / "again.csv", [*rows[:2], *payout("new", 1)]), "--rows-page", 1)
    read.events(command.run(command.folder / "again.csv", *JSON).exited(0).err)
    failed = command.report("first").directory / "failed.csv"
    text = failed.read_text(encoding="utf-8-sig").replace("missing-0", "mended-0")
    mended = command.folder / "mended.csv"
    mended.write_text(text, encoding="utf-8")
    read.checked(command, mended)
    read.events(command.run(mended, *JSON).exited(1).err)
    batches = read.status(command)
    names = read.events(command("reverse", batches[0]["batch"], "--yes", "--rate", 0, *JSON).exited(0).err)
    assert names[0] == "plan"
    read.events(command("reverse", batches[0]["batch"], "--yes", "--rate", 0, *JSON).exited(0).err)
    read.checked(command, first, "--rows-page", 1)
    read.events(command.run(first, *JSON).exited(1).err)
    read.events(command.run(first, *JSON, "--expect-rows", 99).exited(2).err)
    read.events(command("reverse", "0" * 8, "--yes", *JSON).exited(2).err)
    read.of(command)


def in_decimal(command: Command, site: Site, read: Read) -> None:
    """Amounts in decimal, mended and reversed; a total in the file; and who cannot be credited, as Chargebee says."""
    rows: list[Row] = [("d-1", "1.50", "USD", "x", "q3"), ("missing-d", "2.25", "USD", "x", "q3")]
    file = decimals(command.folder / "decimal.csv", [*rows, ("", "3.75", "", "Total", "")])
    checked = read.checked(command, file, "--online", "--rows-page", 1)
    assert checked["control_totals"] and checked["customers"]["rows"]
    read.events(command.run(file, *JSON, "--pilot", 2).err)
    failed = command.report("decimal").directory / "failed.csv"
    mended = command.folder / "mended.csv"
    mended.write_text(failed.read_text(encoding="utf-8-sig").replace("missing-d", "d-2"), encoding="utf-8")
    read.events(command.run(mended, *JSON).exited(0).err)
    read.events(command("reverse", read.status(command)[0]["batch"], "--yes", "--rate", 0, *JSON).exited(0).err)
    minor = write_csv(command.folder / "minor.csv", [*payout("minor", 2), ("", 201, "", "Total", "")])
    read.checked(command, minor)
    read.events(command.run(minor, *JSON).exited(0).err)
    read.of(command)


def short(command: Command, site: Site, read: Read) -> None:
    """A customer has spent what is to be deducted."""
    read.events(command.run(write_csv(command.folder / "short.csv", payout("short", 2)), *JSON).exited(0).err)
    spent = {"customer_id": "short-0", "amount": "100", "currency_code": "USD", "description": "an invoice"}
    add_by_hand(site, "deduct", **spent)
    batch = read.status(command)[0]["batch"]
    read.events(command("reverse", batch, "--yes", "--rate", 0, *JSON).exited(1).err)
    leave_to_a_person(command, "short-1")
    read.of(command)


def unclear(command: Command, site: Site, read: Read) -> None:
    """What is refused: unclear, no file, controls; and settings that nobody typed."""
    odd = command.folder / "odd.csv"
    odd.write_text("Kundennummer;Betrag;Währung\nc-1;1.234,50;EUR\nc-2;10,00;EUR\n", encoding="cp1252")
    refused = read.checked(command, odd)
    assert refused["error"]["suggestions"] and refused["columns"]
    read.checked(command, command.folder / "nothing.csv")
    rows = payout("odd", 2)
    plain = write_csv(command.folder / "plain.csv", rows)
    read.checked(command, plain, "--expect-rows", 3)
    read.checked(command, plain, "--max-amount", "EUR=1")
    read.checked(command, write_csv(command.folder / "bad.csv", [*rows, ("", "5,0", "USD", "d", "q3")]))
    read.checked(command, plain, "--rows-page", 1, "--sheet", "None")


def in_doubt(command: Command, site: Site, read: Read) -> None:
    """What was sent and not answered; what is on its way; and a run that is told to stop."""
    site.tell("settings", faults="lost_before=1,faulty_tries=1")
    file = write_csv(command.folder / "doubt.csv", payout("doubt", 3))
    patient = {"BATCH_CREDITS_QUARANTINE": "600"}
    posts, process = site.posts, command.start_run(file, *JSON, **patient)
    wait_until(lambda: site.posts >= posts + 3)
    wait_until(lambda: [batch["counts"] for batch in read.status(command)] == [{"in_doubt": 3}])
    stop(process, signal.SIGTERM)
    site.tell("settings", faults="")
    read.events(finish(process).exited(4).err)
    read.of(command)
    site.tell("settings", faults="latency_ms=400")
    other = write_csv(command.folder / "stopped.csv", payout("stopped", 40))
    process = command.start_run(other, *JSON, "--concurrency", 2)
    posts = site.posts
    wait_until(lambda: site.posts >= posts + 2)
    read.status(command)
    follower = command.start("status", "--follow", "--json", "--every", "0.2")
    wait_until(lambda: site.posts >= posts + 6)
    stop(process, signal.SIGINT)
    names = read.events(finish(process).exited(4).err)
    assert {"note", "summary"} <= {*names}
    lines = finish(follower).exited(0).out.splitlines()
    assert len(lines) > 1
    read.documents += [(FOLLOWED, json.loads(line)) for line in lines]
    read.of(command)
    site.tell("settings", faults="")


def throttled(command: Command, site: Site, read: Read) -> None:
    """A site that says to wait, and a limit."""
    site.tell("settings", faults="throttled=1,faulty_tries=1,latency_ms=300")
    file = write_csv(command.folder / "throttled.csv", payout("throttled", 3))
    said = command("run", file, "--yes", "--rate", 1000, *JSON).exited(0).err
    read.events(said)
    assert '"slowed_to_per_minute"' in said and '"waits_seconds"' in said
    site.tell("settings", faults="")


def lost(command: Command, site: Site, read: Read) -> None:
    """A lost ledger: what was paid and taken back is found at Chargebee."""
    file, other = write_csv(command.folder / "lost.csv", payout("lost", 1)), Command(command.folder, site.url)
    other.environment = {**command.environment, "BATCH_CREDITS_VERIFY_FIRST": "1"}
    for caller in (command, other):
        read.events(caller.run(file, *JSON).err)
        rows = command.report("lost").directory / "results.csv"
        batch = read.status(caller)[0]["batch"]
        read.events(caller("reverse", batch, "--rows", rows, "--yes", "--rate", 0, *JSON).exited(0).err)
        read.of(caller)
        for path in command.folder.glob("ledger.sqlite3*"):
            path.unlink()


def forgotten(command: Command, site: Site, read: Read) -> None:
    """A ledger that was copied, and is used again."""
    read.events(command.run(write_csv(command.folder / "kept.csv", payout("kept", 1)), *JSON).exited(0).err)
    bare = Command(command.folder, environment={})
    bare.paths = lambda name: []  # type: ignore[method-assign]  # these two name their ledgers otherwise
    bare("ledger", "copy", command.ledger, command.folder / "copy.sqlite3").exited(0)
    bare("ledger", "upgrade", "--reopen", "--ledger", command.ledger).exited(0)
    assert read.of(command)[0]["ledger_restored"]


STORIES: tuple[Callable[[Command, Site, Read], None], ...] = (
    ordinary, in_decimal, short, unclear, in_doubt, throttled, lost, forgotten,
)  # fmt: skip


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory, postgres: Server) -> Iterator[Read]:
    """All that these stories say, and a team's ledger."""
    found = Read()
    with Site() as site:
        for story in STORIES:
            folder = tmp_path_factory.mktemp(story.__name__)
            story(Command(folder, site.url, {"CHARGEBEE_SITE": "acme-test"}), site, found)
        folder = tmp_path_factory.mktemp("detached")
        ana = Colleague(folder, site.url, {**QUICK, "CHARGEBEE_SITE": "acme-test"}, postgres.database())
        file = write_csv(folder / "team.csv", payout("team", 5))
        assert "detached" in found.events(ana.run(file, *JSON, "--detach").exited(0).err)
        found.status(ana)
        worker = ana.work()
        wait_until(lambda: not json.loads(ana("status", "--json").out)[0]["is_on"])
        [batch] = found.status(ana)
        assert batch["other_workers"]
        worker.terminate()
        finish(worker).exited(0)
        found.of(ana)
    yield found


def test_all_that_is_said_is_as_its_schema_says(read: Read) -> None:
    assert {reference for reference, _ in read.documents} == {EVENT, SUMMARY, REPORT, CHECK, STATUS, FOLLOWED}
    for reference, document in read.documents:
        assert problems(reference, document) == [], (reference, document)


def test_every_field_that_a_schema_has_occurs(read: Read) -> None:
    found = set[Any]().union(*(seen(reference, document) for reference, document in read.documents))
    missing = sorted(documented() - found)
    assert not missing, '\n'.join(map(''.join, missing))


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_one_and_leaves_nothing_open(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert (FOLDER / name).read_text(encoding="utf-8") == json.dumps(SCHEMAS[name], indent=2, ensure_ascii=False) + "\n"
    for place, schema in objects():
        assert "additionalProperties" in schema, place
        if "properties" in schema:
            assert schema["additionalProperties"] is False, place
            assert set(schema["required"]) <= schema["properties"].keys(), place


def test_a_field_that_is_not_documented_is_noticed(read: Read) -> None:
    event = next(document for reference, document in read.documents if reference == EVENT)
    assert problems(EVENT, {**event, "new": 1})
    assert problems(EVENT, {name: value for name, value in event.items() if name != "site"})
