"""What is done after a run, by what it came to."""

import json
from pathlib import Path
from typing import Any

import pytest

from batch_credits.watch.jobs import Desk
from batch_credits.watch.trying import Again, Busy, Through, Tried, judge, tried
from tests.each import each

CARRY_ON = ["batch-credits run x"]


def error(kind: str, code: int) -> dict[str, Any]:
    return {"event": "error", "kind": kind, "message": "It is so.", "hint": "Do that.", "exit_code": code}


def summary(code: int, **more: Any) -> dict[str, Any]:
    return {"event": "summary", "exit_code": code, "headline": "So it is", "batch": "ab", **more}


def after(code: int | None, said: dict[str, Any] | None = None) -> Through | Again | Busy:
    is_error = said is not None and said["event"] == "error"
    return judge(Tried(code, None if is_error else said, said if is_error else None, "said", "noise"), CARRY_ON)


@each(
    "code, said, to",
    [
        (0, summary(0), "done"),
        (0, None, "attention"),  # left to workers
        (0, summary(1), "attention"),
        (1, summary(1), "attention"),
        (3, summary(3), "attention"),
        (3, error("other", 3), "attention"),
        (2, error("input", 2), "attention"),
        (2, error("control", 2), "attention"),
        (2, error("usage", 2), "attention"),
        (2, error("other", 2), "attention"),
        (2, None, "attention"),
        (4, summary(4, may_pass=False, stopped="the pilot differs"), "attention"),
    ],
)
def test_a_file_is_through(code: int, said: dict[str, Any] | None, to: str) -> None:
    verdict = after(code, said)
    assert isinstance(verdict, Through)
    assert verdict.ending.to == to
    assert verdict.ending.what and (to == "done") == (verdict.ending.code == 0)


@each(
    "code, said, last",
    [
        (4, summary(4, may_pass=True, stopped="outage"), 4),
        (4, error("other", 4), 4),
        (4, None, 4),  # a bug of ours, said in words
        (None, None, 4),  # killed
        (None, summary(1), 4),
        (2, error("ledger", 2), 2),
        (2, error("place", 2), 2),  # a full disk
        (2, error("interrupted", 2), 2),
        (1, None, 4),  # Python's own way to fail
        (139, None, 4),
    ],
)
def test_a_file_is_tried_again(code: int | None, said: dict[str, Any] | None, last: int) -> None:
    verdict = after(code, said)
    assert isinstance(verdict, Again)
    assert verdict.ending.to == "attention" and verdict.ending.code == last
    assert verdict.ending.commands == CARRY_ON and verdict.why


@each("code, verdict", [(1, Again), (2, Again), (3, Through), (4, Again)])
def test_a_run_that_could_not_say_a_word_was_not_refused(code: int, verdict: type) -> None:
    """As where the disk was full to which it says it."""
    found = judge(Tried(code, None, None, "", ""), CARRY_ON)
    assert isinstance(found, verdict) and isinstance(found, Again | Through)
    assert found.ending.code == (4 if code == 1 else code)
    assert found.ending.what == "The run ended without a word of how it went"
    assert "mend the file" not in found.ending.hint


def test_a_ledger_in_use_is_waited_for() -> None:
    assert after(5, error("ledger", 5)) == Busy("It is so.")


def test_what_a_refusal_says_to_people_is_for_people() -> None:
    said = error("input", 2) | {"commands": ["batch-credits run --yes --log-format=json --sheet S -- '/a b/c.xlsx'"]}
    verdict = after(2, said)
    assert isinstance(verdict, Through)
    assert verdict.ending.commands == ["batch-credits run --sheet S -- '/a b/c.xlsx'"]


def test_what_another_watchs_run_came_to_is_what_it_said(tmp_path: Path) -> None:
    into = Desk(tmp_path).next()
    assert tried(Desk(tmp_path), None).code is None
    (into / "events.jsonl").write_text(json.dumps(summary(1)) + "\n")
    assert tried(Desk(tmp_path), None).code == 1
    with (into / "events.jsonl").open("a") as file:
        file.write(json.dumps(error("other", 4)) + "\nTraceback of nobody\n")
    found = tried(Desk(tmp_path), None)
    assert (found.code, found.noise) == (4, "Traceback of nobody")
    assert tried(Desk(tmp_path), -9).code is None


def test_a_quiet_run_has_written_what_it_came_to(tmp_path: Path) -> None:
    Desk(tmp_path).next()
    reports = tmp_path / "reports" / "a-abababab"
    reports.mkdir(parents=True)
    (reports / "summary.json").write_text(json.dumps(summary(0)))
    assert isinstance(judge(tried(Desk(tmp_path), 0), []), Through)
    assert tried(Desk(tmp_path), 0).summary is not None
    assert tried(Desk(tmp_path), 1).summary is None


@pytest.mark.parametrize(
    ("first", "code", "is_said"),
    [
        (summary(4, may_pass=True, stopped="interrupted"), 4, False),  # it was told to end, and had sent some rows
        (None, 4, False),  # killed: nobody knows
        (error("other", 4), 4, False),
        (error("interrupted", 2), 2, True),
        (error("ledger", 5), 2, True),
    ],
)
def test_that_nothing_was_sent_is_said_only_if_no_run_of_the_file_sent(
    tmp_path: Path, first: dict[str, Any] | None, code: int, is_said: bool
) -> None:
    desk = Desk(tmp_path)
    (desk.next() / "events.jsonl").write_text("" if first is None else json.dumps(first) + "\n")
    (desk.next() / "events.jsonl").write_text(json.dumps(error("usage", 2)) + "\n")
    verdict = judge(tried(desk, 2), CARRY_ON)
    assert isinstance(verdict, Through)
    assert verdict.ending.code == code
    assert ("Nothing was sent" in verdict.ending.hint) == is_said
    assert is_said or "mend the file" not in verdict.ending.hint
    (desk.next() / "events.jsonl").write_text(json.dumps(error("ledger", 2) | {"hint": "Nothing was sent."}) + "\n")
    last = judge(tried(desk, 2), CARRY_ON)
    assert isinstance(last, Again) and last.ending.code == code
    assert is_said == ("Nothing was sent" in last.ending.hint)
