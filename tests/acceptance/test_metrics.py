"""Promise: the metrics of a command are the figures of its reports, however it ends; they never change how it does."""

import json
import signal
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.acceptance.harness import Command, Row, Site, finish, payout, stop, wait_until, write_csv
from tests.acceptance.team import QUICK, Colleague

SITE = {"CHARGEBEE_SITE": "acme-test"}
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
Figures = dict[tuple[str, ...], float]


def read(text: str, command: str = "run", profile: str = "", site: str = "acme-test") -> Figures:
    """Figures by name, outcome, state and currency; all of them are about this command at this site."""
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = dict(sample.labels)
            whose = [labels.pop(name) for name in ("site", "command", "profile")]
            assert whose == [site, command, profile]
            assert labels.keys() <= {"outcome", "currency", "state", "version"}
            name = sample.name.removeprefix("batch_credits_")
            found[(name, *(value for _, value in sorted(labels.items())))] = sample.value
    return found


def same_as(summary: dict[str, Any], found: Figures) -> None:
    """Assert that the figures are those of summary.json."""
    assert {key[1]: value for key, value in found.items() if key[0] == "rows"} == summary["counts"]
    amounts = {key[1:]: value for key, value in found.items() if key[0] == "amount_minor_units"}
    assert amounts == {
        (currency, outcome): amount
        for outcome, totals in summary["totals"].items() for currency, amount in totals.items()
    }  # fmt: skip
    for name in ("requests", "throttled", "retries"):
        assert found[(f"{name}_total",)] == summary[name], name
    assert found[("in_balance",)] == summary["in_balance"]
    assert found[("exit_code",)] == summary["exit_code"]
    assert found[("running",)] == 0


@pytest.fixture
def at_site(tmp_path: Path, shared_site: Site) -> Command:
    return Command(tmp_path, shared_site.url, SITE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_the_figures_are_those_of_the_summary(at_site: Command) -> None:
    rows: list[Row] = [*payout("m", 5), *payout("missing", 2), ("", 1, "USD", "d", "r"), ("m-1", 9, "EUR", "d", "eur")]
    file, out = write_csv(at_site.folder / "payout.csv", rows), at_site.folder / "batch.prom"
    before = time.time()
    at_site.run(file, "--metrics-file", out).exited(1)
    found = read(out.read_text())
    same_as(at_site.report("payout").summary, found)
    assert found["paid_minor_units", "USD"] == 510 and found["asked_minor_units", "USD"] == 711
    assert before <= found[("start_timestamp_seconds",)] <= found[("end_timestamp_seconds",)] <= time.time()
    assert ("last_success_timestamp_seconds",) not in found
    assert found[("last_finish_timestamp_seconds",)] == found[("end_timestamp_seconds",)]
    assert all(found["open_requests", state] == 0 for state in ("pending", "on_their_way", "in_doubt", "review"))
    text = out.read_text()
    for secret in ("payout", "m-1", "Loyalty", at_site.report("payout").summary["batch"][:8]):
        assert secret not in text, "no file, customer or batch"


def test_a_success_outlives_what_comes_after_it(at_site: Command) -> None:
    out = at_site.folder / "batch.prom"
    options = ("--metrics-file", out)
    good = write_csv(at_site.folder / "good.csv", payout("good", 2))
    at_site.run(good, *options).exited(0)
    success = read(out.read_text())[("last_success_timestamp_seconds",)]
    bad = write_csv(at_site.folder / "bad.csv", payout("missing", 1))
    at_site.run(bad, *options).exited(1)
    assert read(out.read_text())[("last_success_timestamp_seconds",)] == success
    refused: tuple[tuple[tuple[Any, ...], str], ...] = (
        ((good, "--expect-rows", 3), "any"),
        ((at_site.folder / "nothing.csv",), "any"),
        ((good,), ""),
        ((good, "--log-format", "json", "--expect-rows", 3), "any"),
    )
    for words, key in refused:
        at_site.run(*words, *options, CHARGEBEE_API_KEY=key).exited(2)
        found = read(out.read_text())
        assert (found[("exit_code",)], found[("last_success_timestamp_seconds",)]) == (2, success), words
        assert not any(key[0] == "rows" for key in found), "nothing is known of it"
    at_site.run(good, *options).exited(0)
    assert read(out.read_text())[("last_success_timestamp_seconds",)] > success


def test_other_commands_have_theirs(at_site: Command) -> None:
    file = write_csv(at_site.folder / "payout.csv", payout("other", 3))
    at_site.run(file).exited(0)
    out = at_site.folder / "other.prom"
    batch = json.loads(at_site("status", "--json").out)[0]["batch"]
    at_site("reconcile", "--no-progress", "--metrics-file", out).exited(0)
    found = read(out.read_text(), "reconcile")
    assert (found["rows", "credited"], found[("ties_out",)], found[("in_balance",)]) == (3, 1, 1)
    assert found["amount_minor_units", "USD", "credited"] == 303
    out.unlink()
    at_site("reverse", batch, "--yes", "--rate", 0, "--metrics-file", out).exited(0)
    [summary] = [
        document for path in at_site.reports.glob("*/summary.json")
        if (document := json.loads(path.read_text()))["kind"] == "deduct"
    ]  # fmt: skip
    same_as(summary, read(out.read_text(), "reverse"))


def test_a_run_is_seen_over_http_while_it_runs(tmp_path: Path) -> None:
    port = free_port()
    rows = payout("seen", 200)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "latency_ms=50") as site:
        command = Command(tmp_path, site.url, SITE)
        process = command.start_run(file, "--metrics-port", port, "--concurrency", 4)
        wait_until(lambda: site.posts >= 20)
        seen: list[Figures] = []

        def is_on_its_way() -> bool:
            request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=OPENMETRICS)
            with urllib.request.urlopen(request, timeout=20) as answer:
                seen.append(read(answer.read().decode()))
            return seen[-1].get(("rows", "credited"), 0) > 0 and seen[-1].get(("requests_total",), 0) > 0

        wait_until(is_on_its_way)
        found = seen[-1]
        assert found[("running",)] == 1 and found["asked_minor_units", "USD"] == sum(row[1] for row in rows)  # type: ignore[misc]
        assert sum(value for key, value in found.items() if key[0] == "rows") == 200
        with urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=20) as answer:
            assert json.load(answer)["status"] == "ok"
        posts = site.posts
        other = Command(tmp_path, site.url, SITE)
        refused = other.run(write_csv(tmp_path / "more.csv", payout("more", 1)), "--metrics-port", port).exited(2)
        assert f"port {port}" in refused.err and "Nothing was sent" in refused.err
        assert site.credits("more") == [] and site.posts >= posts
        finish(process).exited(0)


def test_a_ledger_in_use_an_interrupt_and_a_kill_are_told_apart(tmp_path: Path) -> None:
    file, out = write_csv(tmp_path / "payout.csv", payout("told", 60)), tmp_path / "batch.prom"
    with Site("--faults", "latency_ms=300") as site:
        command = Command(tmp_path, site.url, SITE)
        process = command.start_run(file, "--concurrency", 2, "--metrics-file", out)
        wait_until(lambda: site.posts >= 4)
        second = tmp_path / "second.prom"
        command.run(file, "--metrics-file", second).exited(5)
        assert read(second.read_text())[("exit_code",)] == 5
        stop(process, signal.SIGINT)
        finish(process).exited(4)
        found = read(out.read_text())
        same_as(command.report("payout").summary, found)
        assert found["open_requests", "pending"] == found["rows", "pending"] > 0
        process = command.start_run(file, "--concurrency", 2, "--metrics-file", out)
        wait_until(lambda: read(out.read_text())[("running",)] == 1)
        process.kill()
        process.communicate()
        found = read(out.read_text())
        assert found[("running",)] == 1 and ("exit_code",) not in found, "its age says the rest"


def test_doubt_stays_to_be_seen_when_another_file_is_run(tmp_path: Path) -> None:
    out = tmp_path / "batch.prom"
    with Site("--faults", "lost_before=1,faulty_tries=1") as site:
        command = Command(tmp_path, site.url, {**SITE, "BATCH_CREDITS_QUARANTINE": "600"})
        process = command.start_run(write_csv(tmp_path / "first.csv", payout("first", 2)))
        wait_until(lambda: site.posts >= 2)
        wait_until(lambda: json.loads(command("status", "--json").out)[0]["counts"] == {"in_doubt": 2})
        stop(process, signal.SIGTERM)
        finish(process).exited(4)
        site.tell("settings", faults="")
        command.run(write_csv(tmp_path / "second.csv", payout("second", 2)), "--metrics-file", out).exited(0)
        found = read(out.read_text())
        assert (found["rows", "in_doubt"], found["open_requests", "in_doubt"]) == (0, 2)


def test_what_cannot_be_had_ends_it_before_anything_is_sent(at_site: Command, shared_site: Site) -> None:
    file = write_csv(at_site.folder / "payout.csv", payout("had", 1))
    for words in (
        ("--metrics-file", at_site.folder / "no" / "folder.prom"),
        ("--metrics-file", file),
        ("--metrics-port", free_port(), "--metrics-host", "192.0.2.1"),
    ):
        refused = at_site.run(file, *words).exited(2).err
        assert "(--metrics-file)" in refused or "--metrics-file /" in refused or "Metrics cannot be served" in refused
        [event] = at_site.run(file, *words, "--log-format", "json").exited(2).err.splitlines()
        assert json.loads(event)["event"] == "error"
    (at_site.folder / "batch-credits.toml").write_text('metrics_file = "evil.prom"\n')
    assert "metrics_file" in at_site.run(file).exited(2).err
    assert shared_site.credits("had") == [] and file.read_text().startswith("customer_id")


WITHOUT_THE_EXTRA = """
import sys
sys.modules["prometheus_client"] = None
from batch_credits.__main__ import main
main()
"""


def test_without_the_extra_it_says_what_to_install(at_site: Command) -> None:
    file = write_csv(at_site.folder / "payout.csv", payout("extra", 1))
    words = ("run", file, "--yes", "--rate", 0)
    refused = finish(at_site.start(*words, "--metrics-port", free_port(), script=WITHOUT_THE_EXTRA)).exited(2)
    assert "pip install 'batch-credits[metrics]'" in refused.err
    finish(at_site.start(*words, script=WITHOUT_THE_EXTRA)).exited(0)


def test_a_worker_has_what_it_did_and_what_is_owed(tmp_path: Path, shared_site: Site, postgres_url: str) -> None:
    ana = Colleague(tmp_path, shared_site.url, {**QUICK, **SITE}, postgres_url)
    rows = [*payout("worker", 6), *payout("missing", 1)]
    ana.run(write_csv(tmp_path / "payout.csv", rows), "--detach").exited(0)
    out = tmp_path / "work.prom"
    worked = ana.work_until_idle("--metrics-file", out).exited(1)
    assert "6 rows credited" in worked.out
    found = read(out.read_text(), "work")
    assert {key[1]: value for key, value in found.items() if key[0] == "rows"} == {
        "credited": 6, "already_credited": 0, "failed": 1, "review": 0
    }  # fmt: skip
    assert found[("requests_total",)] >= 7 and found[("exit_code",)] == 1
    assert found["open_requests", "pending"] == 0
