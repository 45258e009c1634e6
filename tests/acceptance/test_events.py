"""Promise: with --log-format json stderr has one event a line, and their names and fields do not change."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Command, Row, Site, payout, wait_until, write_csv

STATE = {
    "total", "done", "credited", "already_credited", "failed", "rejected", "review", "pending", "in_doubt", "throttled",
    "rows_per_minute", "budget_per_minute", "seconds_left", "percent", "done_before", "asked_totals", "credited_totals",
    "seconds_passed", "waits_for", "waits_seconds",
}  # fmt: skip
FIELDS = {
    "plan": {
        "file", "batch", "site", "live", "rows", "counts", "totals", "to_credit", "reversed", "problems", "warnings",
        "requests_per_minute", "minutes_at_least", "ledger", "ledger_batches", "origins", "mends", "unreadable_amounts",
    },
    "progress_started": STATE,
    "progress": STATE,
    "pilot": {"agrees", "rows", "rows_left"},
    "progress_ended": STATE | {"seconds"},
    "note": {"text"},
    "error": {"kind", "message", "hint", "exit_code", "commands"},
}  # fmt: skip


def events_of(said: str) -> list[dict[str, Any]]:
    """All that was said, which must be events and nothing else."""
    events = [json.loads(line) for line in said.splitlines()]
    for event in events:
        assert event.pop("at").endswith("+00:00")
    return events


def test_a_run_as_events(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", [*payout("events", 4), ("", 1, "USD", "d", "r")])
    ended = command.run(file, "--log-format", "json", "--pilot", 2).exited(1)
    events = events_of(ended.err)
    names = ["plan", "progress_started", "progress", "pilot", "progress_ended", "summary"]
    assert [event["event"] for event in events] == names
    for event in events[:-1]:
        assert event.keys() - {"event"} == FIELDS[event["event"]]
    plan, _, _, pilot, ended_progress, summary = events
    assert pilot["rows_left"] == 2
    assert (plan["live"], plan["counts"]["pending"]) == (False, 4)
    assert plan["to_credit"] == {"USD": {"rows": 4, "amount": 406}}
    assert (plan["ledger"], plan["ledger_batches"]) == (str(command.ledger), 0)
    assert [origin["source"] for origin in plan["origins"]] == ["CHARGEBEE_BASE_URL", "BATCH_CREDITS_QUARANTINE"]
    assert plan["problems"] == [{"field": "customer_id", "code": "missing", "rows": 1}]
    assert pilot["rows"][0] == {
        "row": 2, "customer_id": "events-0", "agrees": True, "problem": None,
        "asked": {"amount": 100, "amount_in_decimal": None, "currency_code": "USD", "reference": "q3"},
        "listed": {**pilot["rows"][0]["listed"], "amount": 100, "currency_code": "USD", "reference": "q3"},
    }  # fmt: skip
    assert ended_progress["credited"] == 4
    written = command.report("payout")
    assert {name: value for name, value in summary.items() if name in written.summary} == written.summary
    assert summary["reports"] == str(written.directory) and summary["may_pass"] is None
    assert "4.06 USD" in ended.out, "stdout is for people"


OUTCOMES = ("credited", "already_credited", "failed", "rejected", "review", "pending", "in_doubt")


def test_every_progress_event_counts_every_row_as_the_summary_does(tmp_path: Path) -> None:
    rows: list[Row] = [*payout("sum", 100), ("", 1, "USD", "d", "r"), ("missing-sum", 1, "USD", "d", "r")]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=15") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "before.csv", [*rows[:2], ("missing-x", 1, "USD", "d", "r")])).exited(1)
        words: list[object] = ["--log-format", "json", "--progress-every", "0.2", "--concurrency", 4]
        process = command.start_run(file, *words)
        wait_until(lambda: site.posts >= 60)  # what is answered waits a tenth of a second for its commit
        process.kill()
        halves = [process.communicate()[1], command.run(file, *words).exited(1).err]
    for said in halves:
        states = [event for event in events_of(said) if event["event"].startswith("progress")]
        assert states
        for state in states:
            assert sum(state[name] for name in OUTCOMES) == state["total"] == 102, state
            assert (state["already_credited"], state["rejected"]) == (2, 1)
    first, *_, last = states
    assert first["credited"] > 0 and first["in_doubt"] > 0, "it resumes what is known"
    summary = events_of(halves[1])[-1]
    assert {name: last[name] for name in OUTCOMES} == {name: summary["counts"][name] for name in OUTCOMES}
    assert last["done"] == 102 and last["done_before"] == first["done"] == first["done_before"]


def test_a_reversal_as_events(command: Command) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("undone-events", 3))).exited(0)
    batch = command("status").out.split()[0]
    ended = command("reverse", batch, "--yes", "--rate", 0, "--log-format", "json").exited(0)
    plan, started, over, summary = events_of(ended.err)
    assert plan.keys() - {"event"} == (FIELDS["plan"] - {"file", "to_credit"}) | {
        "reverses", "to_deduct", "balances_short", "customers_short"
    }  # fmt: skip
    assert (plan["to_deduct"], plan["balances_short"]) == ({"USD": {"rows": 3, "amount": 303}}, 0)
    renamed = {re.sub(r"^(already_)?credited", r"\1deducted", name) for name in STATE}
    assert started.keys() - {"event"} == renamed
    assert (over["deducted"], summary["counts"]["deducted"], summary["reverses"]) == (3, 3, plan["reverses"])
    refused = command("reverse", "0" * 8, "--yes", "--log-format", "json").exited(2)
    assert [event["event"] for event in events_of(refused.err)] == ["error"]


@pytest.mark.parametrize("options", [["--quiet"], ["--no-progress", "--quiet"]])
def test_a_quiet_run_has_no_events(command: Command, options: list[str]) -> None:
    first, file = (
        write_csv(command.folder / f"{name}.csv", payout(f"{name}-{len(options)}", 2)) for name in ("first", "quiet")
    )
    [plan] = events_of(command.run(first, "--log-format", "json", *options).exited(0).err)
    assert plan["ledger_batches"] == 0, "with a new ledger everything would be paid, and a person should know"
    assert command.run(file, "--log-format", "json", *options).exited(0).said == ""


def test_what_ends_a_run_without_a_summary_is_an_event(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", payout("error", 2))
    ended = command.run(file, "--log-format", "json", "--expect-rows", 3).exited(2)
    [error] = events_of(ended.err)
    assert error.keys() - {"event"} == FIELDS["error"]
    assert (error["event"], error["exit_code"]) == ("error", 2)
    assert "--expect-rows" in error["message"]
    assert [command.split()[:2] for command in error["commands"]] == [["batch-credits", "check"]]


def test_every_event_is_named_in_the_help(command: Command) -> None:
    said = command("run", "--help", "--no-progress").exited(0).out
    for name in [*FIELDS, "progress", "summary"]:
        assert name in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "payout.csv", "--log-format", "json", "--nosuch"), "No such option '--nosuch'."),
        (("run", "--log-format=json"), "Missing argument 'FILE'."),
        (("run", "payout.csv", "--rate", "abc", "--log-format", "json"), "'abc' is not a valid integer range."),
        (("reverse", "--log-format", "text", "--log-format", "json"), "Missing argument 'BATCH'."),
        (("run", "--log-format", "json", "--on", "https://me:secret@host/path"), "No such option '--on'"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_an_event_too(
    command: Command, arguments: tuple[str, ...], says: str
) -> None:
    ended = command(*arguments).exited(2)
    [event] = events_of(ended.err)
    assert event.keys() - {"event"} == FIELDS["error"]
    assert (event["event"], event["kind"], event["exit_code"]) == ("error", "usage", 2)
    assert says in event["message"] and ended.out == ""
    assert event["commands"][0].startswith(f"batch-credits {arguments[0]}")


def test_events_may_be_asked_for_by_the_environment(command: Command) -> None:
    command.environment["BATCH_CREDITS_LOG_FORMAT"] = "json"
    [event] = events_of(command("run", "payout.csv", "--rate", "abc").exited(2).err)
    assert event["event"] == "error"
    assert command("check").exited(2).err.startswith("Usage: ")  # which has no events
    assert command("run", "--log-format", "text").exited(2).err.startswith("Usage: ")


def test_settings_that_cannot_be_read_are_an_event_too(command: Command) -> None:
    (command.folder / "batch-credits.toml").write_text("rate = [")
    [event] = events_of(command("run", "payout.csv", "--log-format", "json").exited(2).err)
    assert (event["event"], event["exit_code"]) == ("error", 2) and "batch-credits.toml" in event["message"]
