"""Promise: what was reversed never reads as paid, in whatever report, and what was not is never called reversed."""

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Command, Report, Site, payout, write_csv
from tests.acceptance.test_reconcile import add_by_hand

PREFIX = "reversal of "


def batch_of(command: Command, file_name: str = "payout.csv") -> str:
    """The id of the first batch of this name."""
    lines = command("status").exited(0).out.splitlines()
    return next(line.split()[0] for line in lines if f"  {file_name}  " in line)


def reverse(command: Command, batch: str, *arguments: object) -> Any:
    return command("reverse", batch, "--yes", "--rate", 0, *arguments)


def cut_of(command: Command, *rows: int) -> Path:
    path = command.folder / "cut.csv"
    path.write_text("credit_row\n" + "".join(f"{row}\n" for row in rows))
    return path


def codes(report: Report) -> list[tuple[str, str]]:
    return [(row["credit_outcome"], row["credit_error_code"]) for row in report.results]


def test_a_reversed_payout_that_is_run_again(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("again", 2))
    command.run(file).exited(0)
    batch = batch_of(command)
    reverse(command, batch).exited(0)
    reversal = batch_of(command, "reversal of payout.csv")
    deducted = {row["credit_id"] for row in command.report("reversal_of_payout").results}
    posts = shared_site.posts

    ended = command.run(file).exited(1)
    assert f"Reversed   2 rows of these, by batch {reversal}: not paid again\n           2.01 USD" in ended.err
    assert "To credit  nothing that is still owed" in ended.err
    assert "All 2 rows were reversed." in ended.out and f"by {reversal}" in ended.out
    assert "Nothing more to do" not in ended.out
    assert f"2 rows were reversed by batch {reversal}, and not paid again:" in ended.out
    assert shared_site.posts == posts

    report = command.report("payout")
    assert codes(report) == [("credited", "reversed")] * 2
    assert {row["credit_error"] for row in report.results} == {
        f"reversed by {reversal} (deducted as {credit_id})" for credit_id in deducted
    }
    assert report.failed == []
    summary = report.summary
    assert (summary["exit_code"], summary["in_balance"], summary["counts"]["credited"]) == (1, True, 2)
    assert (summary["reversed"]["count"], summary["reversed"]["totals"]) == (2, {"USD": 201})
    assert [key[:8] for key in summary["reversed"]["by"]] == [reversal]
    assert "All 2 rows were reversed" in (report.directory / "summary.html").read_text()

    for again in (command("report", batch), command("reconcile", batch, "--rate", 0), command.run(file, "--quiet")):
        again.exited(1)
    assert f"  of them reversed          2  2.01 USD, by {reversal}" in command("status").exited(0).out
    assert f"  of them reversed          2  2.01 USD, by {reversal}" in command("status", batch).exited(0).out
    assert "of them" not in command("status", reversal).exited(0).out
    command("report", reversal).exited(0)


def test_check_says_it_before_anything_is_run(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", [*payout("check", 2), ("check-9", 5, "USD", "x", "q3")])
    command.run(file).exited(0)
    reverse(command, batch_of(command), "--rows", cut_of(command, 2, 3)).exited(0)
    reversal = batch_of(command, "reversal of payout.csv")
    said = command("check", file).exited(1).out
    assert f"Reversed   2 rows of these, by batch {reversal}: not paid again" in said
    found = json.loads(command("check", file, "--json").exited(1).out)
    assert (found["reversed"]["count"], found["exit_code"]) == (2, 1)
    assert found["reversed"]["totals"] == {"USD": {"rows": 2, "amount": 201}}
    assert [(key[:8], rows) for key, rows in found["reversed"]["by"].items()] == [(reversal, 2)]
    assert found["counts"]["already_credited"] == 3
    other = write_csv(command.folder / "other.csv", payout("check-other", 2))
    assert "Reversed" not in command("check", other).exited(0).out


def test_another_file_with_those_identities_and_one_with_another_reference(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("other", 3))).exited(0)
    reverse(command, batch_of(command), "--rows", cut_of(command, 3)).exited(0)
    reversal = batch_of(command, "reversal of payout.csv")
    rows = [*payout("other", 3), ("other-new", 7, "USD", "Loyalty", "q3")]
    ended = command.run(write_csv(command.folder / "second.csv", rows)).exited(1)
    assert "1 of 4 rows reversed." in ended.out
    already = ("already_credited", "")
    assert codes(command.report("second")) == [already, ("already_credited", "reversed"), already, ("credited", "")]
    command("report", batch_of(command)).exited(1)
    assert codes(command.report("payout")) == [("credited", ""), ("credited", "reversed"), ("credited", "")]
    command.run(write_csv(command.folder / "third.csv", payout("other", 3, "q3 again")[1:2])).exited(0)
    kept = [c for c in shared_site.credits("other-1") if c["reference"] in ("q3", "q3 again", f"{PREFIX}q3")]
    assert [c["type"] for c in kept] == ["increment", "decrement", "increment"]
    assert f"reversed by {reversal}" in command.report("second").results[1]["credit_error"]


@pytest.mark.parametrize(
    ("faults", "code", "outcome"),
    [
        ("refused_401=1", 4, "pending"),
        ("lost_after=1,list_lag_seconds=600", 3, "in_doubt"),
    ],
)
def test_a_reversal_that_is_not_proven_has_reversed_nothing(
    tmp_path: Path, faults: str, code: int, outcome: str
) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("yet", 1))
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(file).exited(0)
        batch = batch_of(command)
        site.tell("settings", faults=faults)
        command.environment["BATCH_CREDITS_QUARANTINE"] = "600"
        reverse(command, batch, "--no-wait").exited(code)
        assert command.report("reversal_of_payout").outcomes == [outcome]
        site.tell("settings", faults="")
        command.run(file).exited(0)
        assert codes(command.report("payout")) == [("credited", "")]
        assert "Reversed" not in command("check", file).exited(0).out
        reverse(command, batch).exited(0)
        command.run(file).exited(1)
        assert codes(command.report("payout")) == [("credited", "reversed")]


def test_a_reversal_that_was_refused_has_reversed_nothing(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("no", 2))
    command.run(file).exited(0)
    spent = {"customer_id": "no-1", "amount": 1, "currency_code": "USD", "description": "invoice"}
    add_by_hand(shared_site, _call="deduct", **spent)
    reverse(command, batch_of(command)).exited(1)
    command.run(file).exited(1)
    assert codes(command.report("payout")) == [("credited", "reversed"), ("credited", "")]
    assert command.report("payout").summary["reversed"]["totals"] == {"USD": 100}


def test_a_reversal_that_a_lost_ledger_learned_from_the_list(tmp_path: Path) -> None:
    rows = payout("lost", 4)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        first = Command(tmp_path, site.url)
        first.run(file).exited(0)
        reverse(first, batch_of(first), "--rows", cut_of(first, 2, 4)).exited(0)
        (tmp_path / "second").mkdir()
        second = Command(tmp_path / "second", site.url)
        second("reconcile", "--since", "2026-01-01", "--rate", 0).exited(1)
        second.run(file).exited(1)
        kept, gone = ("already_credited", ""), ("already_credited", "reversed")
        assert codes(second.report("payout")) == [gone, kept, gone, kept]
        learned = batch_of(second, "Reversals at Chargebee since 2026-01-01")
        assert second.report("payout").results[0]["credit_error"].startswith(f"reversed by {learned} (deducted as ")


# -- Whatever is done, in whatever order --------------------------------------------------------------------

WEATHER = ("", "", "lost_after=0.3,error_after=0.2", "echo_other=0.5", "list_error=0.5,lost_after=0.3", "throttled=0.2")
ROWS = payout("any", 6)


class Story:
    """Random commands of one operator, true and mistaken, against one site in changing weather."""

    def __init__(self, command: Command, site: Site, seed: int) -> None:
        self.command, self.site, self.chance = command, site, random.Random(seed)
        self.told: list[str] = []
        self.files = [
            write_csv(command.folder / "payout.csv", ROWS[:4]),
            write_csv(command.folder / "second.csv", [*ROWS[2:], ("missing-1", 5, "USD", "x", "q3")]),
        ]

    def step(self) -> None:
        self.site.tell("settings", faults=self.chance.choice(WEATHER))
        self.chance.choice((self.run, self.run, self.reverse, self.reverse_a_part, self.reconcile, self.resolve))()

    def say(self, *words: object) -> Any:
        ended = self.command(*words)
        assert "Traceback" not in ended.said and "This is a bug" not in ended.said, ended.said
        self.told.append(f"{' '.join(map(str, words))} -> {ended.code}")
        return ended

    def batches(self, is_reversal: bool = False) -> list[str]:
        out = self.command("status").out
        found = re.findall(r"^([0-9a-f]{8})  \S+  (.*?)  site ", out, re.MULTILINE)
        return [key for key, name in found if name.startswith(PREFIX) is is_reversal]

    def run(self) -> None:
        self.say("run", self.chance.choice(self.files), "--yes", "--rate", 0, "--no-wait", "--timeout", 2)

    def reverse(self) -> None:
        if batches := self.batches():
            self.say("reverse", self.chance.choice(batches), "--yes", "--rate", 0, "--no-wait", "--timeout", 2)

    def reverse_a_part(self) -> None:
        if batches := self.batches():
            rows = cut_of(self.command, *sorted(self.chance.sample(range(2, 6), 2)))
            words = ("--rows", rows, "--yes", "--rate", 0, "--no-wait", "--timeout", 2)
            self.say("reverse", self.chance.choice(batches), *words)

    def reconcile(self) -> None:
        self.say("reconcile", "--rate", 0, "--no-wait")

    def resolve(self) -> None:
        """A word on a row in review: true, mistaken, or made up."""
        ids = [credit["id"] for credit in self.site.credits()]
        for batch in [*self.batches(), *self.batches(is_reversal=True)]:
            for row in self.rows_of(batch):
                if row["credit_outcome"] == "review":
                    id_or_none = self.chance.choice([*ids, "made-up", None])
                    word = ["--not-credited"] if id_or_none is None else ["--credited", id_or_none]
                    self.say("resolve", batch, "--row", row["credit_row"], "--rate", 0, *word)

    def rows_of(self, batch: str) -> list[dict[str, str]]:
        self.command("report", batch)
        [directory] = self.command.reports.glob(f"*-{batch}")
        return Report(directory).results

    def judge(self, *, all_is_settled: bool = False) -> None:
        """Hold every report against what really happened."""
        credits = {credit["id"]: credit for credit in self.site.credits()}
        names = [(c["type"], c["customer_id"], c["reference"]) for c in credits.values()]
        assert len(set(names)) == len(names), "twice"
        for batch in self.batches():
            rows = self.rows_of(batch)
            for row in rows:
                self.judge_row(row, credits, set(names), all_is_settled=all_is_settled)
            paid = all(r["credit_outcome"].endswith("credited") and not r["credit_error_code"] for r in rows)
            assert (self.command("report", batch).code == 0) is paid
        for batch in self.batches(is_reversal=True):
            for row in self.rows_of(batch):
                if row["credit_outcome"].endswith("deducted"):
                    assert credits[row["credit_id"]]["reference"] == f"{PREFIX}{row['reference']}"

    @staticmethod
    def judge_row(row: dict[str, str], credits: dict[str, Any], names: set[Any], *, all_is_settled: bool) -> None:
        identity = row["customer_id"], row["reference"]
        undone = ("decrement", identity[0], f"{PREFIX}{identity[1]}") in names
        is_credited, is_reversed = row["credit_outcome"].endswith("credited"), row["credit_error_code"] == "reversed"
        if is_credited:
            own = credits[row["credit_id"]]
            assert (own["customer_id"], own["reference"], own["type"]) == (*identity, "increment")
        elif row["credit_outcome"] in ("failed", "rejected"):
            assert ("increment", *identity) not in names
        if is_reversed:
            assert is_credited and undone
            [deduction] = re.findall(r"deducted as (\w+)", row["credit_error"])
            assert credits[deduction]["reference"] == f"{PREFIX}{identity[1]}"
        if all_is_settled:
            assert is_reversed is undone
            assert is_credited is (("increment", *identity) in names)


def settled(story: Story) -> Iterator[Any]:
    """What brings everything to an end, in good weather."""
    story.site.tell("settings", faults="")
    for _ in range(2):
        for file in story.files:
            yield story.say("run", file, "--yes", "--rate", 0)
        for batch in story.batches():
            yield story.say("reverse", batch, "--rows", cut_of(story.command, 2), "--yes", "--rate", 0)
        yield story.say("reconcile", "--rate", 0)
        for batch in [*story.batches(), *story.batches(is_reversal=True)]:
            for row in story.rows_of(batch):
                if row["credit_outcome"] == "review":
                    reference = row["credit_reference"]
                    for credit in story.site.credits(row["customer_id"]):
                        if credit["reference"] == reference:
                            number = row["credit_row"]
                            yield story.say("resolve", batch, "--row", number, "--credited", credit["id"], "--rate", 0)


@pytest.mark.parametrize("seed", [1, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 25)]])
def test_whatever_is_done_the_reports_say_what_is_true(tmp_path: Path, seed: int) -> None:
    with Site("--seed", str(seed)) as site:
        story = Story(Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "1"}), site, seed)
        try:
            for _ in range(12):
                story.step()
                story.judge()
            for _ in settled(story):
                pass
            story.judge(all_is_settled=True)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}:\n" + "\n".join(story.told)) from error


def test_a_story_can_tell_a_lie(tmp_path: Path) -> None:
    """The judge of the stories sees a row that reads as paid though it was reversed, and the other way round."""
    with Site() as site:
        command = Command(tmp_path, site.url)
        story = Story(command, site, 1)
        story.say("run", story.files[0], "--yes", "--rate", 0)
        story.judge(all_is_settled=True)
        reverse(command, batch_of(command)).exited(0)
        names = {("increment", "q3"), ("decrement", f"{PREFIX}q3")}
        truth = {(kind, row[0], reference) for kind, reference in names for row in ROWS[:4]}
        [row, *_] = story.rows_of(batch_of(command))
        credits = {credit["id"]: credit for credit in site.credits()}
        Story.judge_row(row, credits, truth, all_is_settled=True)
        for lie in ({"credit_error_code": ""}, {"credit_outcome": "failed"}):
            with pytest.raises(AssertionError):
                Story.judge_row(row | lie, credits, truth, all_is_settled=True)
        with pytest.raises(AssertionError):
            Story.judge_row(row, credits, {n for n in truth if n[0] == "increment"}, all_is_settled=False)


def test_the_columns_are_those_of_the_contract(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", payout("cols", 1))
    command.run(file).exited(0)
    results = command.report("payout").directory / "results.csv"
    header, *_ = results.read_text().splitlines()
    reverse(command, batch_of(command)).exited(0)
    command.run(file).exited(1)
    assert results.read_text().startswith(f"{header}\n")
