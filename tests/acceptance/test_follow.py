"""Promise: `status` shows what is asked for, follows what is sent to its end, and touches nothing."""

import json
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, finish, payout, stop, wait_until, write_csv
from tests.acceptance.team import QUICK, Colleague
from tests.acceptance.terminal import Terminal

SITE = {"CHARGEBEE_SITE": "acme-test"}
ROWS = payout("f", 120)


@pytest.fixture
def slow_site() -> Iterator[Site]:
    with Site("--faults", "latency_ms=60") as site:
        yield site


@pytest.fixture
def at_site(tmp_path: Path, slow_site: Site) -> Command:
    return Command(tmp_path, slow_site.url, SITE)


def test_a_line_for_every_change_to_the_end(at_site: Command, slow_site: Site) -> None:
    process = at_site.start_run(write_csv(at_site.folder / "payout.csv", ROWS), "--concurrency", 4)
    wait_until(lambda: slow_site.posts >= 5)
    followers = [at_site.start("status", "-f", "--every", 0.2, *words) for words in ((), ("--json",))]
    finish(process).exited(0)
    said = finish(followers[0]).exited(0).out.splitlines()
    assert len(said) > 1 and len(set(said)) == len(said)
    assert all(" UTC  " in line and "payout.csv: " in line for line in said)
    assert said[0].endswith("; is being sent")
    assert said[-1].endswith("120 of 120 rows done (100 %): 120 credited; 191.40 USD credited; ended")
    told = [json.loads(line) for line in finish(followers[1]).exited(0).out.splitlines()]
    assert [told[0]["is_on"], told[-1]["is_on"]] == [True, False]
    assert told[-1]["counts"] == {"credited": 120} and told[-1]["run"]["ended_at"].endswith("Z")
    [batch] = json.loads(at_site("status", "--json").out)
    assert {name: value for name, value in told[-1].items() if name in ("batch", "counts", "totals", "run")} == {
        name: batch[name] for name in ("batch", "counts", "totals", "run")
    }
    assert slow_site.times() == each_once(ROWS)


def test_at_a_terminal_it_is_drawn_in_place_and_ctrl_c_touches_nothing(at_site: Command, slow_site: Site) -> None:
    process = at_site.start_run(write_csv(at_site.folder / "payout.csv", ROWS), "--concurrency", 4)
    wait_until(lambda: slow_site.posts >= 5)
    with Terminal(at_site, "status", "--follow", "--ledger", at_site.ledger, "--every", 0.2, columns=78) as terminal:
        screen = terminal.until(r"rows done, [1-9]\d* %, [\d,]+ a minute")
        assert screen.count("payout.csv") == 1 and "worker  " in screen and "Ctrl-C ends this view" in screen
        assert all(len(line) < 78 for line in screen.splitlines())
        terminal.types(b"\x03")
        terminal.end().exited(0)
        assert terminal.screen.count("payout.csv") == 1, "drawn in place"
    finish(process).exited(0)
    with Terminal(at_site, "status", "--follow", "--last", "--ledger", at_site.ledger) as terminal:
        terminal.end().exited(0)
        assert "120 of 120 rows done, 100 %" in terminal.screen and "reports in /" in terminal.screen
    assert slow_site.times() == each_once(ROWS)


def test_a_low_terminal_has_as_many_lines_as_it_has_room_for(at_site: Command) -> None:
    for number in range(3):
        at_site.run(write_csv(at_site.folder / f"{number}.csv", payout(f"low-{number}", 2))).exited(0)
    with Terminal(at_site, "status", "-f", "--last", "--ledger", at_site.ledger, rows=5, columns=40) as terminal:
        terminal.end().exited(0)
        assert "lines more" in terminal.screen and "rows done" in terminal.screen


def test_what_was_killed_is_followed_no_longer(at_site: Command, slow_site: Site) -> None:
    process = at_site.start_run(write_csv(at_site.folder / "payout.csv", ROWS), "--concurrency", 4)
    wait_until(lambda: slow_site.posts >= 5)
    [batch] = json.loads(at_site("status", "--json").out)
    follower = at_site.start("status", batch["batch"][:8], "--follow", "--every", 0.2)
    wait_until(lambda: bool(follower.said[0]))
    process.kill()
    process.communicate()
    said = finish(follower).exited(0).out.splitlines()
    assert said[-1].endswith("; nobody sends it any more")
    text = at_site("status").out
    assert "last run did not end, and nobody sends for it" in text


def test_nothing_that_is_on_is_said(at_site: Command) -> None:
    at_site.run(write_csv(at_site.folder / "payout.csv", payout("none", 1))).exited(0)
    assert at_site("status", "--follow").exited(0).out == "No batch is being sent.\n"
    assert at_site("status", "--follow", "--json").exited(0).out == ""


def test_a_team_s_batch_is_followed_until_a_worker_has_sent_it(
    tmp_path: Path, slow_site: Site, postgres_url: str
) -> None:
    ana = Colleague(tmp_path, slow_site.url, {**QUICK, **SITE}, postgres_url)
    ana.run(write_csv(tmp_path / "payout.csv", payout("team", 20)), "--detach").exited(0)
    follower = ana.start("status", "--follow", "--json", "--every", 0.2)
    ana.work_until_idle().exited(0)
    told = [json.loads(line) for line in finish(follower).exited(0).out.splitlines()]
    assert (told[0]["is_on"], told[-1]["is_on"], told[-1]["counts"]) == (True, False, {"credited": 20})


def test_filters_and_where_the_reports_are(tmp_path: Path, shared_site: Site) -> None:
    command = Command(tmp_path, shared_site.url, SITE)
    paid = write_csv(tmp_path / "Paid.csv", payout("paid", 2))
    mixed = write_csv(tmp_path / "mixed.csv", [*payout("mixed", 1), *payout("missing", 1)])
    command.run(paid).exited(0)
    command.run(mixed).exited(1)

    def files(*words: object) -> list[str]:
        return [batch["file"] for batch in json.loads(command("status", "--json", *words).exited(0).out)]

    both = ["Paid.csv", "mixed.csv"]
    assert files() == both
    assert files("--last") == ["mixed.csv"]
    assert files("--outcome", "failed") == files("--outcome", "failed", "--last") == ["mixed.csv"]
    assert files("--outcome", "credited", "--outcome", "failed") == both
    assert files("--outcome", "unfinished") == []
    assert files("--file", "PAID") == ["Paid.csv"]
    assert files("--site", " ACME-test") == both and files("--site", "other") == []
    assert files("--since", "2026-01-01") == both and files("--since", "2999-01-01") == []
    assert command("status", "--since", "2999-01-01").exited(0).out == "The ledger holds no such batch.\n"
    assert files(command.report("Paid").summary["batch"]) == ["Paid.csv"]
    with sqlite3.connect(command.ledger) as ledger:  # as of an old batch that was run again lately
        ledger.execute("UPDATE batch SET created_at = 0 WHERE file_name = 'Paid.csv'")
    ledger.close()
    assert files("--since", "2026-01-01") == both
    for batch, stem in zip(json.loads(command("status", "--json").out), ("Paid", "mixed"), strict=True):
        report = command.report(stem)
        assert batch["reports"]["directory"] == str(report.directory)
        assert {"results.csv", "failed.csv", "summary.json", "summary.html"} == set(batch["reports"]["files"])
        assert f"reports in {report.directory}" in command("status").out
    again = paid.rename(tmp_path / "renamed.csv")
    command.run(again).exited(0)
    [batch] = json.loads(command("status", "--json", "--file", "Paid").out)
    assert batch["reports"] is not None
    for words in (("--outcome", "nonsense"), ("--since", "yesterday"), ("--site", "no site"), ("--every", "0")):
        command("status", *words).exited(2)


def test_a_settings_file_chooses_no_batches(command: Command) -> None:
    """What says which site is paid must not hide what other sites have."""
    command.run(write_csv(command.folder / "payout.csv", payout("chosen", 1))).exited(0)
    (command.folder / "batch-credits.toml").write_text('site = "other"\n')
    assert "payout.csv" in command("status", CHARGEBEE_SITE="third").exited(0).out


def test_a_signal_ends_a_view_at_any_time(at_site: Command, slow_site: Site) -> None:
    process = at_site.start_run(write_csv(at_site.folder / "payout.csv", ROWS), "--concurrency", 4)
    wait_until(lambda: slow_site.posts >= 5)
    follower = at_site.start("status", "--follow")
    wait_until(lambda: json.loads(at_site("status", "--json").out)[0]["counts"].get("credited", 0) > 30)
    stop(follower, signal.SIGINT)
    finish(follower).exited(0)
    finish(process).exited(0)
