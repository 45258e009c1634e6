"""Promise: `reverse` undoes what a batch credited: each credit once at most, never more, whoever dies when."""

import csv
import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Row, Site, each_once, finish, payout, stop, wait_until, write_csv
from tests.acceptance.test_reconcile import add_by_hand

STORMY_SITE = "latency_ms=8,lost_before=0.03,lost_after=0.05,error_after=0.05,truncated=0.03,faulty_tries=1"


def batch_of(command: Command) -> str:
    """The id of the oldest batch."""
    return command("status").exited(0).out.split()[0]


def increments(site: Site, prefix: str = "") -> dict[tuple[str, str], int]:
    """Amounts that were credited, by customer and reference."""
    return {(c["customer_id"], c["reference"]): c["amount"] for c in site.credits(prefix) if c["type"] == "increment"}


def decrements(site: Site, prefix: str = "") -> dict[tuple[str, str], int]:
    """Amounts that were deducted, by customer and the reference that is undone. Each at most once."""
    found = [c for c in site.credits(prefix) if c["type"] == "decrement" and "reference" in c]
    assert max(Counter((c["customer_id"], c["reference"]) for c in found).values(), default=1) == 1
    return {(c["customer_id"], c["reference"].removeprefix("reversal of ")): c["amount"] for c in found}


def reverse(command: Command, batch: str, *arguments: object) -> tuple[object, ...]:
    return ("reverse", batch, "--yes", "--rate", 0, *arguments)


@pytest.mark.parametrize("seed", [1, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8)]])
def test_a_killed_payout_is_undone_by_a_reversal_that_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows: list[Row] = [(f"r-{n % 30}", 100 + n, "USD", "Loyalty", f"r{n}") for n in range(90)]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--seed", str(seed), "--faults", STORMY_SITE) as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "1"})
        process = command.start_run(file, "--concurrency", 10)
        wait_until(lambda: site.posts >= 45)
        process.kill()
        process.communicate()
        batch = batch_of(command)
        for _ in range(3):
            target = site.posts + chance.randrange(1, 18)
            process = command.start(*reverse(command, batch, "--concurrency", 10))
            wait_until(lambda target=target, process=process: site.posts >= target or process.poll() is not None)  # type: ignore[misc]
            process.kill()
            process.communicate()
        ended = command(*reverse(command, batch))
        ended.exited(0)
        assert "not reversed; running the batch again would credit them" in ended.err
        known = {(row["customer_id"], row["reference"]) for row in command.report("reversal_of_payout").results}
        assert decrements(site).keys() == known, f"seed {seed}"
        assert all(increments(site)[identity] == amount for identity, amount in decrements(site).items())

        # Doubts of the payout are settled by asking; a later reversal picks up what turns out to be credited.
        command("reconcile", batch, "--rate", 0)
        command(*reverse(command, batch)).exited(0)
        assert decrements(site) == increments(site), f"seed {seed}"
        ended = command("reconcile", "--rate", 0)
        assert "DOES NOT TIE OUT" not in ended.out
        assert ended.out.count("Ties out.") == len(list(command.reports.iterdir()))

        # What was never sent is paid by running the file again; and what was undone stays undone.
        command.run(file).exited(1)
        assert {identity: times for identity, times in site.times().items() if "reversal" not in identity[1]} == (
            each_once(rows)
        )
        command(*reverse(command, batch)).exited(0)
        assert decrements(site) == increments(site)
        assert set(site.truth()["balances"]["r-0"].values()) == {0}
        payloads = site.truth()["payloads_by_reference"]
        assert {n for references in payloads.values() for n in references.values()} == {1}


def test_a_cut_of_the_results_names_what_is_undone(command: Command, tmp_path: Path, shared_site: Site) -> None:
    rows = payout("cut", 6)
    command.run(write_csv(tmp_path / "payout.csv", rows)).exited(0)
    results = command.report("payout").results
    cut = tmp_path / "wrong.csv"
    with cut.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, results[0].keys())
        writer.writeheader()
        writer.writerows(results[1:3])
    batch = batch_of(command)
    asked = command("reverse", batch, "--rows", cut, "--rate", 0).exited(2)
    assert "To deduct  2 rows\n           2.03 USD" in asked.err
    assert "Balances   cover it, for every customer" in asked.err
    assert decrements(shared_site, "cut-") == {}

    ended = command(*reverse(command, batch, "--rows", cut)).exited(0)
    assert "All 2 rows deducted." in ended.out
    assert "credited" not in ended.said
    assert decrements(shared_site, "cut-") == {("cut-1", "q3"): 101, ("cut-2", "q3"): 102}
    assert command.report("reversal_of_payout").counts == {"deducted": 2}
    status = command("status").exited(0).out
    assert f"  reverses batch {batch}\n  deducted                  2  2.03 USD" in status
    [same] = {row["credit_row"] for row in results[1:2]}
    assert command.report("reversal_of_payout").results[0]["credit_row"] == same

    posts = shared_site.posts
    command(*reverse(command, batch, "--rows", cut)).exited(0)
    assert shared_site.posts == posts
    command(*reverse(command, batch)).exited(0)
    assert decrements(shared_site, "cut-") == increments(shared_site, "cut-")
    assert shared_site.posts == posts + 4


def test_a_balance_that_does_not_cover_it_is_said_before_and_after(command: Command, shared_site: Site) -> None:
    rows = payout("bal", 3)
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(0)
    batch = batch_of(command)
    add_by_hand(
        shared_site, _call="deduct", customer_id="bal-1", amount=1, currency_code="USD", description="invoice"
    )
    ended = command(*reverse(command, batch)).exited(1)
    assert "do not cover it for 1 of 3 customers" in ended.err
    assert "row 3, customer bal-1: 1.01 USD to deduct, 1.00 USD left" in ended.err
    assert "1 of 3 rows not deducted." in ended.out
    report = command.report("reversal_of_payout")
    assert report.counts == {"deducted": 2, "failed": 1}
    [failed] = report.failed
    assert (failed["customer_id"], failed["credit_error_code"]) == ("bal-1", "param_wrong_value")
    assert "balance" in failed["credit_error"]
    assert decrements(shared_site, "bal-1").get(("bal-1", "q3")) is None

    command.run(report.directory / "failed.csv").exited(2)
    assert len(increments(shared_site, "bal-")) == 3, "what could not be deducted is not credited once more"

    add_by_hand(shared_site, customer_id="bal-1", amount=1, currency_code="USD", description="refund", reference="r")
    again = command(*reverse(command, batch, "--retry-failed")).exited(0)
    assert "Balances   cover it, for every customer" in again.err
    assert decrements(shared_site, "bal-")["bal-1", "q3"] == 101


def test_what_was_credited_for_a_business_entity_is_deducted_for_it(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("ent", 2))
    command.run(file, "--business-entity", "emea").exited(0)
    command.run(file).exited(0)  # which sends nothing
    ended = command(*reverse(command, batch_of(command))).exited(0)
    assert "Entity     emea" in ended.err
    assert [c["business_entity_id"] for c in shared_site.credits("ent-")] == ["emea"] * 4


def test_what_was_credited_for_two_business_entities_is_not_deducted_for_one(
    command: Command, shared_site: Site
) -> None:
    file = write_csv(command.folder / "payout.csv", payout("two", 2))
    shared_site.tell("customers", deleted=["two-0"])
    command.run(file, "--business-entity", "emea").exited(1)
    shared_site.tell("customers", restored=["two-0"])
    said = " ".join(command.run(file, "--retry-failed").exited(0).said.split())
    assert "This batch was begun for business entity emea, and goes on without a business entity" in said
    batch, posts = batch_of(command), shared_site.posts
    ended = command(*reverse(command, batch)).exited(2)
    assert "several business entities: none, emea" in ended.err
    assert shared_site.posts == posts
    results = command.report("payout").directory / "results.csv"
    part = results.with_name("part.csv")
    part.write_text("".join(results.read_text().splitlines(keepends=True)[:3:2]))
    command(*reverse(command, batch, "--rows", part, "--business-entity", "emea")).exited(0)
    assert [c["business_entity_id"] for c in shared_site.credits("two-1")] == ["emea"] * 2
    one = results.with_name("one.csv")
    one.write_text("".join(results.read_text().splitlines(keepends=True)[:2]))
    command(*reverse(command, batch, "--rows", one)).exited(0)
    assert "business_entity_id" not in shared_site.credits("two-0")[1]


def test_no_other_business_entity_pays_for_it(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("oth", 3))
    shared_site.tell("customers", deleted=["oth-0"])
    command.run(file, "--business-entity", "emea").exited(1)
    batch, posts = batch_of(command), shared_site.posts
    ended = command(*reverse(command, batch), BATCH_CREDITS_BUSINESS_ENTITY="apac").exited(2)
    assert "was credited for business entity emea, not for apac" in ended.err
    assert "--business-entity emea" in ended.err.splitlines()[-1]
    shared_site.tell("customers", restored=["oth-0"])
    command.run(file, "--retry-failed").exited(0)
    ended = command(*reverse(command, batch, "--business-entity", "emea")).exited(2)
    assert "several business entities: none, emea" in ended.err
    assert shared_site.posts == posts + 1
    part = command.folder / "part.csv"
    part.write_text("credit_row\n2\n")
    ended = command(*reverse(command, batch, "--rows", part, "--business-entity", "emea")).exited(2)
    assert "was credited without a business entity, not for emea" in ended.err
    assert shared_site.posts == posts + 1


def test_a_signal_before_the_question_ends_it_and_leaves_no_trace(tmp_path: Path) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("sig", 3))).exited(0)
        batch, posts = batch_of(command), site.posts
        site.tell("settings", faults="latency_ms=20000")
        process = command.start(*reverse(command, batch))
        wait_until(lambda: site.truth()["requests"].get("GET", 0) >= 1)
        stop(process, signal.SIGINT)
        ended = finish(process, 10).exited(2)
        assert "Interrupted: nothing was sent." in ended.err
        assert site.posts == posts
        assert "reversal" not in command("status").out


def test_limits_hold_for_a_reversal_too(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("lim", 3))).exited(0)
    batch = batch_of(command)
    for limit, said in (
        (("--expect-rows", 4), "--expect-rows says 4, and the reversal has 3"),
        (("--expect-total", "USD=3.00"), "the reversal's total is 3.03 USD"),
        (("--max-total", "USD=3.00"), "the rows to deduct sum up to 3.03 USD"),
        (("--max-amount", "USD=1.01"), "row 4, the largest, has 1.02 USD"),
    ):
        assert said in command(*reverse(command, batch, *limit)).exited(2).err
    assert decrements(shared_site, "lim-") == {}
    assert command("status").out.count("reversal") == 0, "what nobody agreed to leaves no trace"
    wrong = command.folder / "wrong.csv"
    wrong.write_text("customer_id,credit_row\nlim-0,3\n")
    assert "customer_id is 'lim-0', but in row 3" in command(*reverse(command, batch, "--rows", wrong)).exited(2).err
    command(*reverse(command, batch, "--expect-total", "USD=3.03", "--max-total", "USD=3.03")).exited(0)
    reversal = next(line for line in command("status").out.splitlines() if "reversal of" in line).split()[0]
    assert "is a reversal itself" in command(*reverse(command, reversal)).exited(2).err


def test_after_a_lost_ledger_nothing_is_deducted_twice(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("lost", 25))
    with Site() as site:
        first = Command(tmp_path, site.url)
        first.run(file).exited(0)
        cut = tmp_path / "cut.csv"
        cut.write_text("credit_row\n" + "\n".join(map(str, range(2, 12))) + "\n")
        first(*reverse(first, batch_of(first), "--rows", cut)).exited(0)
        assert len(decrements(site)) == 10

        (tmp_path / "second").mkdir()
        second = Command(tmp_path / "second", site.url)
        learned = second("reconcile", "--since", "2026-01-01", "--rate", 0).exited(1)
        assert "Learned 25 credits" in learned.out
        assert "Learned 10 reversals of credits" in learned.out
        assert learned.out.count("Ties out.") == 2
        batch = batch_of(second)
        refused = second(*reverse(second, batch)).exited(2)
        assert "nothing to reverse" in refused.err and "name them with --rows" in refused.err
        everything = second.folder / "all.csv"
        shutil.copy(next(second.reports.glob("Chargebee_since*")) / "results.csv", everything)
        second(*reverse(second, batch, "--rows", everything)).exited(0)
        assert decrements(site) == increments(site)
        counts = second.report("reversal_of_Chargebee_since_2026-01-01").counts
        assert counts == {"deducted": 15, "already_deducted": 10}


def test_an_old_copy_of_the_ledger_deducts_nothing_twice_when_told_to_look_first(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("old", 5))
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(file).exited(0)
        copy = tmp_path / "copy.sqlite3"
        shutil.copy(command.ledger, copy)
        batch = batch_of(command)
        command(*reverse(command, batch)).exited(0)
        for left in tmp_path.glob("ledger.sqlite3-*"):
            left.unlink()
        shutil.copy(copy, command.ledger)
        posts = site.posts
        command(*reverse(command, batch, "--verify-first")).exited(0)
        assert site.posts == posts
        assert decrements(site) == increments(site)


def test_a_credit_by_the_name_of_a_reversal_is_none(command: Command, shared_site: Site) -> None:
    rows = payout("name", 2)
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(0)
    batch = batch_of(command)
    command(*reverse(command, batch)).exited(0)
    paid = write_csv(command.folder / "named.csv", payout("name", 2, "reversal of q3"))
    ended = command.run(paid).exited(1)
    assert "is that of the reversal of a credit" in ended.err
    assert len(shared_site.credits("name-")) == 4


def test_what_was_found_for_a_business_entity_is_deducted_for_it(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", payout("found", 2))
    command.run(file, "--business-entity", "emea").exited(0)
    lost = Command(command.folder / "lost", shared_site.url)
    lost.folder.mkdir()
    lost.run(file, "--verify-first", "--business-entity", "emea").exited(0)
    shared_site.tell("settings", faults="entity_scoped=1")
    assert "Ties out." in lost("reconcile", "--rate", 0).exited(0).out
    shared_site.tell("settings", faults="")
    part = command.folder / "part.csv"
    part.write_text("credit_row\n2\n3\n")
    lost(*reverse(lost, batch_of(lost), "--rows", part)).exited(0)
    assert [c.get("business_entity_id") for c in shared_site.credits("found-")] == ["emea"] * 4


@pytest.mark.parametrize("asks_for", ["emea", None])
def test_what_was_learned_of_a_business_entity_is_deducted_for_it(tmp_path: Path, asks_for: str | None) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("learned", 2))
    asked = () if asks_for is None else ("--business-entity", asks_for)
    with Site("--faults", "entity_scoped=1" if asked else "entity_scoped_default_all=1") as site:
        Command(tmp_path, site.url).run(file, "--business-entity", "emea").exited(0)
        lost = Command(tmp_path / "lost", site.url)
        lost.folder.mkdir()
        assert "Learned 2 credits" in lost("reconcile", "--since", "2026-01-01", "--rate", 0, *asked).exited(0).out
        assert "Ties out." in lost("reconcile", "--rate", 0).exited(0).out
        part = tmp_path / "part.csv"
        part.write_text("credit_row\n2\n3\n")
        refused = lost(*reverse(lost, batch_of(lost), "--rows", part, "--business-entity", "apac")).exited(2)
        assert "was credited for business entity emea, not for apac" in refused.err
        lost(*reverse(lost, batch_of(lost), "--rows", part)).exited(0)
        assert [c.get("business_entity_id") for c in site.credits("learned-")] == ["emea"] * 4
