"""Promise: from a file to credited customers to a results file; running again pays nobody twice."""

import json
import random
from pathlib import Path

from tests.acceptance.harness import Command, Site, each_once, payout, write_csv


def main_file(path: Path) -> tuple[Path, list[tuple[object, ...]]]:
    """300 rows, of which every thirtieth names an unknown customer."""
    rows: list[tuple[object, ...]] = [
        (
            f"{'missing' if number % 30 == 7 else 'main'}-{number}",
            100 + number,
            "USD",
            "Loyalty",
            "q3",
            f"note {number}",
        )
        for number in range(300)
    ]
    return write_csv(path, rows, ("customer_id", "amount", "currency_code", "description", "reference", "Note")), rows


def test_three_hundred_rows_of_which_ten_name_unknown_customers(command: Command, shared_site: Site) -> None:
    file, rows = main_file(command.folder / "payout.csv")
    good = [row for row in rows if str(row[0]).startswith("main")]
    bad = [row for row in rows if str(row[0]).startswith("missing")]

    command.run(file).exited(1)

    assert shared_site.times("main-") == each_once(good)
    assert not shared_site.credits("missing")
    paid = {(c["customer_id"], c["amount"], c["currency_code"]) for c in shared_site.credits("main-")}
    assert paid == {(row[0], row[1], "USD") for row in good}
    report = command.report("payout")
    results = report.results
    assert [(r["customer_id"], r["amount"], r["Note"]) for r in results] == [(r[0], str(r[1]), r[5]) for r in rows]
    assert [r["credit_row"] for r in results] == [str(number) for number in range(2, 302)]
    assert report.counts == {"credited": 290, "failed": 10}
    assert [r["customer_id"] for r in results if r["credit_outcome"] == "failed"] == [row[0] for row in bad]
    failed = [r for r in results if r["credit_outcome"] == "failed"]
    assert {(r["credit_error_code"], r["credit_http_status"], r["credit_id"]) for r in failed} == {
        ("resource_not_found", "404", "")
    }
    ids = {c["customer_id"]: c["id"] for c in shared_site.credits("main-")}
    assert {r["customer_id"]: r["credit_id"] for r in results if r["credit_outcome"] == "credited"} == ids
    summary = report.summary
    assert summary["totals"]["credited"] == {"USD": sum(int(str(row[1])) for row in good)}
    assert summary["totals"]["failed"] == {"USD": sum(int(str(row[1])) for row in bad)}
    assert (summary["rows"], summary["in_balance"], summary["exit_code"]) == (300, True, 1)

    posts = shared_site.posts
    before = (report.directory / "results.csv").read_bytes()
    command.run(file).exited(1)
    assert shared_site.posts == posts, "a second run must send nothing"
    assert (report.directory / "results.csv").read_bytes() == before

    # The same rows as another file: what is credited gets no POST; what failed is tried again, as the protocol says.
    random.Random(7).shuffle(rows)
    again = write_csv(
        command.folder / "again.csv", rows, ("customer_id", "amount", "currency_code", "description", "reference", "N")
    )
    command.run(again).exited(1)
    assert shared_site.times("main-") == each_once(good)
    assert shared_site.posts <= posts + len(bad)
    again_report = command.report("again")
    assert again_report.counts == {"already_credited": 290, "failed": 10}
    assert {r["customer_id"]: r["credit_id"] for r in again_report.results if r["credit_id"]} == ids

    # And where nothing had failed, not a single POST.
    only_good = write_csv(command.folder / "good.csv", [row[:5] for row in rows if str(row[0]).startswith("main")])
    posts = shared_site.posts
    command.run(only_good).exited(0)
    assert shared_site.posts == posts
    assert command.report("good").counts == {"already_credited": 290}


def test_the_same_content_under_another_name_is_the_same_batch(command: Command, shared_site: Site) -> None:
    rows = payout("copy", 5)
    first = write_csv(command.folder / "first.csv", rows)
    command.run(first).exited(0)
    posts = shared_site.posts
    second = command.folder / "second.csv"
    second.write_bytes(first.read_bytes())
    command.run(second).exited(0)
    assert shared_site.posts == posts
    assert shared_site.times("copy-") == each_once(rows)
    assert command.report("second").counts == {"credited": 5}


def test_a_check_of_a_file_that_was_run_says_so(command: Command, shared_site: Site) -> None:
    """And that what was refused then is not owed: a run leaves it, and an order of it could never be carried out."""
    file = write_csv(command.folder / "again.csv", payout("missing", 1) + payout("again", 2))
    command.run(file).exited(1)
    batch = command("status").out.split()[0]
    said = " ".join(command("check", file).exited(0).out.split())
    assert f"This file is batch {batch} of " in said and "only with --retry-failed" in said
    assert "came before" not in said
    assert "Failed 1 row refused before; sent again with --retry-failed" in said and "To credit nothing" in said
    said = json.loads(command("check", file, "--json").exited(0).out)
    assert said["counts"]["failed"] == 1 and said["counts"]["pending"] == 0 and said["rows"] == 3
    assert "nothing to order" in command("check", file, "--order", command.folder / "order.json").exited(2).err


def test_rows_of_one_customer_are_credited_one_at_a_time(tmp_path: Path) -> None:
    rows = [("one", 100 + number, "USD", "Loyalty", f"r{number}") for number in range(30)]
    rows += [(f"other-{number}", 5, "USD", "Loyalty", "r") for number in range(10)]
    with Site("--faults", "latency_ms=5") as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", rows)).exited(0)
        truth = site.truth()
        assert truth["max_calls_per_customer"] == 1
        assert "429" not in truth["statuses"]
        assert site.times() == each_once(rows)


def test_the_sandbox_inside_the_command(alone: Command) -> None:
    file = write_csv(alone.folder / "payout.csv", payout("inside", 20))
    alone.run(file, "--sandbox").exited(0)
    assert alone.report("payout").counts == {"credited": 20}
    alone.run(file, "--sandbox").exited(0)
    assert alone.report("payout").summary["requests"] == 0


def test_a_file_in_which_every_row_is_rejected(command: Command, shared_site: Site) -> None:
    file = write_csv(
        command.folder / "bad.csv", [("c", "-5", "USD", "Loyalty", "q3"), ("", "5", "USD", "Loyalty", "q3")]
    )
    posts = shared_site.posts
    command.run(file).exited(1)
    assert shared_site.posts == posts
    report = command.report("bad")
    assert report.counts == {"rejected": 2}
    assert report.summary["in_balance"] is True
    assert [row["credit_row"] for row in report.failed] == ["2", "3"]
