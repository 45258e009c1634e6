"""Promise: a command that the page starts acts for whom the page names, and sends what that person agreed to or
nothing."""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.harness import Command, Ended, Running, Site, finish, payout, write_csv
from tests.acceptance.test_reconcile import batch_of
from tests.acceptance.test_resolve import ids_of, leave_to_a_person


def call(command: Command, document: object, *arguments: object) -> Ended:
    """A command as the page starts it."""
    number = 50  # that nothing else of a process that begins has
    given = command.arguments([arguments[0], f"--handed-over={number}", *arguments[1:]])
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps(document).encode())
        file.flush()
        return finish(Running(given, command.folder, command.variables({}), files={number: Path(file.name)}))


def agreed_to(command: Command, file: Path) -> dict[str, Any]:
    """What check says that would be sent."""
    found = json.loads(command("check", file, "--json").exited(0).out)
    return {"rows": found["counts"]["pending"], "totals": found["totals_by_outcome"]["pending"]}


def test_what_was_agreed_to_is_sent_by_whom_the_page_names(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("agreed", 3))
    document = {"actor": "Ada Lovelace", "owed": agreed_to(command, file)}
    ended = call(command, document, "run", file, "--yes", "--rate", 0, "--log-format", "json").exited(0)
    assert json.loads(ended.err.splitlines()[-1])["user"] == "Ada Lovelace"
    summary = command.report("payout").summary
    assert (summary["user"], summary["counts"]["credited"]) == ("Ada Lovelace", 3)
    assert summary["settings"]["confirmation"] == "typed on the page by Ada Lovelace"
    again = command.run(file).exited(0)  # who runs it on their own is themselves
    assert command.report("payout").summary["user"] != "Ada Lovelace", again.said
    assert len(shared_site.credits("agreed-")) == 3


def test_what_changed_since_is_not_sent_and_leaves_nothing_behind(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("changed", 3))
    document = {"actor": "Ada", "owed": agreed_to(command, file)}
    command.run(write_csv(command.folder / "other.csv", payout("changed", 1))).exited(0)
    refused = call(command, document, "run", file, "--yes", "--rate", 0, "--log-format", "json").exited(2)
    error = json.loads(refused.err.splitlines()[-1])
    assert error["message"] == (
        "Nothing was sent: what is to be sent changed since Ada agreed to it: 3 credits (3.03 USD) then, 2 (2.03 USD)"
        " now."
    )
    assert (error["event"], error["hint"], error.get("commands")) == ("error", "Check it again.", None)
    assert len(shared_site.credits("changed-")) == 1
    [batch] = json.loads(command("status", "--json").out)
    assert batch["file"] == "other.csv"
    call(command, {"owed": agreed_to(command, file)}, "run", file, "--yes", "--rate", 0).exited(0)
    assert len(shared_site.credits("changed-")) == 3


def test_who_agreed_to_nothing_sends_nothing(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("nothing", 2))
    for document in ({"actor": "Ada"}, {}):
        call(command, document, "run", file, "--yes", "--rate", 0).exited(2)
    assert shared_site.credits("nothing-") == []


def test_deductions_are_agreed_to_as_credits_are(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("undo", 2))).exited(0)
    batch = batch_of(command)
    owed = {"rows": 2, "totals": {"USD": {"rows": 2, "amount": 201}}}
    less = {"actor": "Ada", "owed": {**owed, "rows": 1}}
    refused = call(command, less, "reverse", batch, "--yes", "--rate", 0).exited(2)
    assert "1 deductions" not in refused.err and "1 deduction (2.01 USD) then, 2 (2.01 USD) now" in refused.err
    call(command, {"actor": "Ada", "owed": owed}, "reverse", batch, "--yes", "--rate", 0).exited(0)
    assert command.report("reversal_of_payout").summary["user"] == "Ada"
    deducted = [credit for credit in shared_site.credits("undo-") if credit["type"] == "decrement"]
    assert len(deducted) == 2


def test_a_row_is_settled_by_whom_the_page_names(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("word", 1))).exited(0)
    leave_to_a_person(command, "word-0")
    [credit_id] = ids_of(shared_site, "word-").values()
    words = ["resolve", batch_of(command), "--row", 2, "--credited", credit_id, "--reason", "seen in Chargebee"]
    call(command, {"actor": "Grace Hopper"}, *words).exited(0)
    command("report", batch_of(command)).exited(0)
    html = (command.report("payout").directory / "summary.html").read_text(encoding="utf-8")
    assert "Grace Hopper" in html and "seen in Chargebee" in html
