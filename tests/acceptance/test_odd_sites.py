"""Sites and proxies that do what no documentation forbids: texts in another form, other entities, somebody's answers.

Each was a double credit once. The site's own truth is the judge, over runs with its keys forgotten in between.
"""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Command, Ended, Row, Running, Site, finish, stop, wait_until, write_csv
from tests.examples import each_value, every

# Composed and decomposed, two blanks and a hard one, capitals, beyond the first plane, longer than a site may keep.
REFERENCES = (
    *("Prämie 3", "Pra\u0308mie 4", "Loyalty \u00a0Q5", "BONUS 6", "gift \U0001f381 7"),
    "the payout of the quarter 8",
)
SAME_TO_A_READER = ("nfc", "nfd", "folded", "lower")


def rows_of(prefix: str) -> list[Row]:
    return [(f"{prefix}-{n}", 100 + n, "USD", "Loyalty", name) for n, name in enumerate(REFERENCES)]


def times(site: Site) -> Counter[tuple[str, str]]:
    """How often each (customer, reference) was credited, by the texts that were asked for."""
    truth = site.truth()
    sent = [credit | truth["as_sent"].get(credit["id"], {}) for credit in truth["credits"]]
    return Counter((credit["customer_id"], credit["reference"]) for credit in sent)


def once_each(rows: list[Row]) -> dict[tuple[str, str], int]:
    return {(str(row[0]), str(row[4])): 1 for row in rows}


def again(command: Command, site: Site, path: Path, *arguments: object) -> Ended:
    """A later run, of which the site has forgotten every key."""
    site.tell("settings", forget_keys=True)
    return command.run(path, *arguments)


@pytest.mark.parametrize(("form", "where"), each_value(SAME_TO_A_READER, ["store", "echo"]))
def test_a_text_in_another_form_is_the_same_text(tmp_path: Path, form: str, where: str) -> None:
    rows = rows_of("Kunde")
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"{where}_{form}=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        assert set(command.report("payout").outcomes) == {"credited"}
        again(command, site, path, "--verify-first").exited(0)
        assert "Ties out." in command("reconcile", "--rate", 0, "--whole").exited(0).out
        assert times(site) == once_each(rows)


@pytest.mark.parametrize("form", SAME_TO_A_READER)
def test_a_batch_ties_out_where_the_filter_knows_the_kept_form_alone(tmp_path: Path, form: str) -> None:
    """Each customer's list was asked for by the id of the file alone: their credits were said not to be listed."""
    customers = ("Kunde", "Zo\u00eb", "Zoe\u0308-2", "c\u00a05")
    path = write_csv(tmp_path / "payout.csv", [(each, 100, "USD", "Loyalty", "q3") for each in customers])
    with Site("--faults", f"store_{form}=1,strict_filter=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        ended = command("reconcile", "--rate", 0).exited(0)
        assert "Ties out." in ended.out
        assert len(times(site)) == len(customers)


@pytest.mark.parametrize("form", SAME_TO_A_READER)
def test_a_lost_answer_is_found_in_another_form(tmp_path: Path, form: str) -> None:
    rows = rows_of("Kunde")
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"store_{form}=1,lost_after=0.6,keys_forget=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        assert times(site) == once_each(rows)


@pytest.mark.parametrize("fault", ["store_cut", "store_ascii", "echo_cut", "echo_ascii", "echo_other"])
def test_what_answers_for_another_stops_the_run_and_keeps_the_id(tmp_path: Path, fault: str) -> None:
    """Once Chargebee names a credit nothing is sent for that row again, over three runs."""
    rows = [row for row in rows_of("c") if "8" in str(row[4]) or "7" in str(row[4])]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"{fault}=1") as site:
        command = Command(tmp_path, site.url)
        for _run in range(3):
            ended = again(command, site, path, "--concurrency", 1)
        counts, results = command.report("payout").counts, command.report("payout").results
        stopped = [row for row in results if row["credit_outcome"] == "review"]
        assert stopped, ended.said
        assert all(row["credit_id"] in {credit["id"] for credit in site.credits()} for row in stopped)
        assert ended.exited(3)
        assert sum(counts.values()) == len(rows)
        assert max(times(site).values()) == 1


def test_the_run_that_is_stopped_so_says_who_must_look(tmp_path: Path) -> None:
    rows: list[Row] = [("c-1", 500, "USD", "Loyalty", REFERENCES[5]), ("c-2", 1, "USD", "L", "x")]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "echo_cut=1") as site:
        command = Command(tmp_path, site.url)
        ended = command.run(path, "--concurrency", 1).exited(3)
        assert "answered with another credit" in ended.said
        assert "batch-credits resolve" in ended.said
        assert command.report("payout").summary["exit_code"] == 3


@pytest.mark.parametrize("processes", [(), ("--processes", 2)], ids=["one process", "two"])
def test_an_interrupt_does_not_hide_who_must_look(tmp_path: Path, processes: tuple[object, ...]) -> None:
    """Ctrl-C, and only then the answers come in that are another's: running again is not the advice."""
    path = write_csv(tmp_path / "payout.csv", [(f"c-{n}", 500, "USD", "Loyalty", REFERENCES[5]) for n in range(20)])
    with Site("--faults", "echo_cut=1,latency_ms=1500") as site:
        command = Command(tmp_path, site.url)
        process = command.start_run(path, "--concurrency", 2, *processes)
        wait_until(lambda: site.posts == 2)
        stop(process, signal.SIGINT)
        ended = finish(process).exited(3)
        report = command.report("payout")
        assert report.counts == {"review": 2, "pending": 18}
        assert report.summary["exit_code"] == 3
        assert "answered with another credit" in report.summary["stopped"]
        assert "find out why before the next run" in ended.said.replace("\n", " ")


def test_a_lost_answer_and_a_cut_text_are_left_to_a_person(tmp_path: Path) -> None:
    """The look finds no such reference, but a credit of this money that is nobody's: that is no absence."""
    path = write_csv(tmp_path / "payout.csv", [("c-1", 500, "USD", "Loyalty", REFERENCES[5])])
    witness = write_csv(tmp_path / "witness.csv", [("w-1", 100, "USD", "Loyalty", "short")])
    with Site("--faults", "store_cut=1,cut_length=10") as site:
        command = Command(tmp_path, site.url)
        command.run(witness).exited(0)
        site.tell("settings", faults="store_cut=1,cut_length=10,lost_after=1")
        ended = command.run(path).exited(3)
        assert "belongs to no row" in command.report("payout").results[0]["credit_error"], ended.said
        again(command, site, path)
        assert times(site) == {("c-1", REFERENCES[5]): 1, ("w-1", "short"): 1}


def test_a_text_cut_to_that_of_a_row_not_sent_yet_is_left_to_a_person(tmp_path: Path) -> None:
    """What is listed bears the very text of the second row, which has no credit: so it may be the first one's."""
    names = REFERENCES[5], REFERENCES[5][:10]
    path = write_csv(tmp_path / "payout.csv", [("c-1", 500, "USD", "Loyalty", name) for name in names])
    witness = write_csv(tmp_path / "witness.csv", [("w-1", 100, "USD", "Loyalty", "short")])
    with Site("--faults", "store_cut=1,cut_length=10") as site:
        command = Command(tmp_path, site.url)
        command.run(witness).exited(0)
        site.tell("settings", faults="store_cut=1,cut_length=10,lost_after=1")
        command.run(path).exited(4)  # the second one's look finds two of its text: it may be double
        assert command.report("payout").counts == {"review": 2}
        again(command, site, path)
        assert max(times(site).values()) == 1


def test_an_older_credit_of_the_same_money_is_no_obstacle(tmp_path: Path) -> None:
    rows: list[Row] = [("c-1", 500, "USD", "Loyalty", "q3")]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "lost_before=1") as site:
        older = {"customer_id": "c-1", "amount": 500, "reference": "q2", "created_at": 1_700_000_000}
        site.tell("credits", credits=[older])
        command = Command(tmp_path, site.url)
        process = command.start_run(path)
        wait_until(lambda: site.posts == 1)
        site.tell("settings", faults="")
        finish(process).exited(0)
        assert times(site) == {("c-1", "q2"): 1, ("c-1", "q3"): 1}


def kill_after(site: Site, posts: int, process: Running) -> None:
    """End a run in the middle, once so many requests have arrived; or let it end by itself."""
    wait_until(lambda: site.posts >= posts or process.poll() is not None)
    process.kill()
    process.communicate()


# -- Business entities --------------------------------------------------------------------------------------


def test_a_row_is_neither_sent_nor_looked_for_under_another_entity(tmp_path: Path) -> None:
    shared: Row = ("c-1", 500, "USD", "Loyalty", "q3")
    first = write_csv(tmp_path / "a.csv", [shared])
    second = write_csv(tmp_path / "b.csv", [shared, ("c-2", 600, "USD", "Loyalty", "q3")])
    with Site("--faults", "entity_scoped=1,lost_after=1,list_error=1") as site:
        command = Command(tmp_path, site.url)
        kill_after(site, 1, command.start_run(first, "--business-entity", "emea"))
        site.tell("settings", faults="entity_scoped=1", forget_keys=True)
        posts = site.posts
        ended = command.run(second, "--business-entity", "apac").exited(2)
        assert "--business-entity emea" in ended.said
        assert site.posts == posts
        command("reconcile", "--rate", 0, "--business-entity", "apac").exited(2)
        command.run(second, "--business-entity", "emea").exited(0)
        assert times(site) == {("c-1", "q3"): 1, ("c-2", "q3"): 1}
        assert "Ties out." in command("reconcile", "--rate", 0, "--business-entity", "emea").exited(0).out


# -- Somebody else answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", every(2, [302, 401, 403, 405]))
def test_a_proxys_no_after_the_credit_was_applied_is_no_proof(tmp_path: Path, status: int) -> None:
    """Five times, since what a proxy says is drawn."""
    rows: list[Row] = [(f"c-{n}", 100 + n, "USD", "Loyalty", "q3") for n in range(5)]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"proxy_{status}_after=1") as site:
        command = Command(tmp_path, site.url)
        for _run in range(5):
            again(command, site, path, "--concurrency", 1).exited(4)
        assert "in_doubt" in command.report("payout").outcomes
        site.tell("settings", faults="", forget_keys=True)
        command.run(path).exited(0)
        assert times(site) == once_each(rows)


@pytest.mark.parametrize("fault", ["refused_401", "refused_403", "refused_405", "refused_site_not_found"])
def test_chargebees_own_no_leaves_the_row_pending(tmp_path: Path, fault: str) -> None:
    rows: list[Row] = [("c-1", 500, "USD", "Loyalty", "q3")]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"{fault}=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(4)
        assert command.report("payout").outcomes == ["pending"]


@pytest.mark.parametrize("status", [404, 429, 503])
def test_a_proxys_refusal_fails_no_row(tmp_path: Path, status: int) -> None:
    rows: list[Row] = [(f"c-{n}", 100 + n, "USD", "Loyalty", "q3") for n in range(6)]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", f"proxy_{status}_after=0.5,proxy_{status}_before=0.2") as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        assert times(site) == once_each(rows)


# -- One key, one call --------------------------------------------------------------------------------------


def test_a_key_stands_for_one_call_whatever_the_options_of_later_runs(tmp_path: Path) -> None:
    rows: list[Row] = [(f"c-{n}", 100 + n, "USD", "Loyalty", "q3") for n in range(8)]
    path = write_csv(tmp_path / "payout.csv", rows)
    options: list[tuple[Any, ...]] = [
        ("--silence", "email,webhook", "--origin-user", "j\u00f6rg@example.com"),
        (),
        ("--silence", "actions", "--origin-ip", "192.0.2.7", "--origin-device", "payroll"),
    ]
    with Site("--faults", "key_headers=1,lost_before=0.5,throttled=0.3") as site:
        command = Command(tmp_path, site.url)
        for chosen in options:
            kill_after(site, site.posts + 6, command.start_run(path, *chosen))
        site.tell("settings", faults="key_headers=1")
        command.run(path).exited(0)
        assert times(site) == once_each(rows)
        assert set(site.truth()["calls_by_key"].values()) == {1}


# -- What reconcile finds -----------------------------------------------------------------------------------


def test_reconcile_settles_what_is_listed_and_leaves_contradictions_to_a_person(tmp_path: Path) -> None:
    rows: list[Row] = [("missing-1", 1, "USD", "L", "q3"), *((f"c-{n}", n, "USD", "L", "q3") for n in (2, 3, 4, 5))]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(path, "--max-failures", 0, "--concurrency", 1).exited(4)
        same = {"currency_code": "USD", "reference": "q3"}
        site.tell(
            "credits",
            credits=[
                {"customer_id": "c-2", "amount": 2, **same},
                {"customer_id": "c-3", "amount": 999, **same},
                {"customer_id": "c-4", "amount": 4, **same},
                {"customer_id": "c-4", "amount": 4, **same},
                {"customer_id": "c-5", "amount": 5, **same, "reference": "Q3"},
            ],
        )
        ended = command("reconcile", "--rate", 0).exited(3)
        outcomes = [outcome.removeprefix("already_") for outcome in command.report("payout").outcomes]
        assert outcomes == ["failed", "credited", "review", "review", "credited"], ended.said
        assert ended.out.count("\n  ! ") == 2
        before = site.times()
        command.run(path, "--retry-failed").exited(3)
        assert site.times() == before
