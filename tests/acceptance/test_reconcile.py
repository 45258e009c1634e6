"""`reconcile` settles doubt and says whether file, ledger and Chargebee agree; `resolve` takes a person's word."""

import json
import sqlite3
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Row, Site, each_once, payout, refused_and_mended, write_csv


def add_by_hand(site: Site, _call: str = "add", **fields: object) -> str:
    """A credit that somebody else adds, or deducts. Returns its id."""
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    request = urllib.request.Request(f"{site.url}/api/v2/promotional_credits/{_call}", body, method="POST")
    request.add_header("Authorization", "Basic azo=")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(json.load(answer)["promotional_credit"]["id"])


def batch_of(command: Command) -> str:
    """The id of the only batch, as `status` shows it."""
    return command("status").exited(0).out.split()[0]


@pytest.mark.parametrize("count", [5, 60])  # asked customer by customer, and by reading the list once
def test_a_batch_ties_out(command: Command, tmp_path: Path, shared_site: Site, count: int) -> None:
    path = write_csv(tmp_path / "payout.csv", payout(f"tie{count}", count))
    command.run(path).exited(0)
    asked = shared_site.truth()["requests"].get("GET", 0)
    ended = command("reconcile", batch_of(command), "--rate", 0).exited(0)
    assert "Ties out." in ended.out and "Not all is" not in ended.out
    assert f"Chargebee has  {count:>9}" in ended.out
    if count == 60:
        assert shared_site.truth()["requests"]["GET"] - asked < 30
    assert shared_site.times(f"tie{count}-") == each_once(payout(f"tie{count}", count))


def test_what_ties_out_and_is_not_all_credited_says_what_is_left(tmp_path: Path) -> None:
    """Its exit code would be a riddle else."""
    rows = [*payout("left", 2), ("missing-1", 100, "USD", "Loyalty", "q3"), ("", 100, "USD", "Loyalty", "q4")]
    with Site() as site:
        command = Command(tmp_path, site.url)
        path = write_csv(tmp_path / "payout.csv", rows)
        command.run(path).exited(1)
        batch = batch_of(command)
        ended = command("reconcile", batch, "--rate", 0).exited(1)
        assert "  Ties out." in ended.out and ended.out.endswith("\n  Not all is credited: 1 failed, 1 rejected.\n")
        chosen = write_csv(tmp_path / "rows.csv", [("2",)], ["credit_row"])
        command("reverse", batch, "--rows", chosen, "--yes", "--rate", 0).exited(0)
        said = command("reconcile", batch, "--rate", 0).exited(1).out
        assert "Not all is credited: 1 failed, 1 rejected, 1 deducted again.\n" in said


def test_doubt_left_by_a_run_is_settled_without_sending(tmp_path: Path) -> None:
    rows = payout("left", 8)
    path = write_csv(tmp_path / "payout.csv", rows)
    # Applied but never answered, and the look finds nothing at once: doubt that --no-wait leaves.
    with Site("--faults", "lost_after=1,list_error=1") as site:
        command = Command(tmp_path, site.url)
        command.run(path, "--no-wait", "--concurrency", 2, timeout=120)
        before = site.posts
        site.tell("settings", faults="")
        ended = command("reconcile", "--rate", 0)
        counts = command.report("payout").counts
        assert counts.get("in_doubt", 0) == 0, ended.said
        assert counts["credited"] == len(site.credits("left-"))
        assert site.posts == before
        command.run(path).exited(0)
        assert site.times("left-") == each_once(rows)


def test_what_does_not_tie_out_is_named_row_by_row(tmp_path: Path) -> None:
    rows = payout("odd", 4)
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        second = add_by_hand(
            site, customer_id="odd-1", amount=101, currency_code="USD", description="again", reference="q3"
        )
        other = add_by_hand(
            site, customer_id="odd-2", amount=7, currency_code="USD", description="other", reference="q3"
        )
        ended = command("reconcile", "--rate", 0).exited(3)
    assert "DOES NOT TIE OUT" in ended.out
    assert "row 3, customer odd-1, reference q3: Chargebee lists 2 credits under this reference: " in ended.out
    assert second in ended.out
    assert "row 4, customer odd-2" in ended.out
    assert other in ended.out
    assert "row 2," not in ended.out


def test_a_credit_that_chargebee_lost_is_a_difference(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "payout.csv", payout("gone", 3))
    with Site() as first:
        Command(tmp_path, first.url, {"CHARGEBEE_SITE": "acme-test"}).run(path).exited(0)
    with Site() as empty:  # the same site by name, with nothing in it
        ended = Command(tmp_path, empty.url, {"CHARGEBEE_SITE": "acme-test"})("reconcile", "--rate", 0).exited(3)
    assert ended.out.count("Chargebee does not list it") == 3


def test_after_a_lost_ledger_the_list_is_the_memory(tmp_path: Path) -> None:
    rows = payout("lost", 30)
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        Command(tmp_path, site.url).run(path).exited(0)
        second = tmp_path / "second"
        second.mkdir()
        command = Command(second, site.url)
        ended = command("reconcile", "--since", "2026-01-01", "--rate", 0).exited(0)
        assert "Learned 30 credits" in ended.out
        posts = site.posts
        command.run(path).exited(0)
        assert site.posts == posts
        assert command.report("payout").counts == {"already_credited": 30}
        assert "Learned 0 credits" in command("reconcile", "--since", "2026-01-01", "--rate", 0).exited(0).out


def test_a_person_settles_a_row_in_review(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "payout.csv", payout("rev", 3))
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(path).exited(0)
        batch = batch_of(command)
        with sqlite3.connect(command.ledger) as ledger:  # as a deleted customer or a silent list would leave them
            ledger.execute("DROP TRIGGER credited_is_final")
            ledger.execute(
                "UPDATE credit_request SET state = 'review', credit_id = NULL, open_attempts = 1"
                " WHERE customer_id <> 'rev-0'"
            )
        ledger.close()
        [credit], [other] = site.credits("rev-1"), site.credits("rev-2")

        assert "2 rows need a person" in command("report", batch).exited(3).out
        taken = site.credits("rev-0")[0]["id"]
        assert "already belongs to row 2" in command("resolve", batch, "--row", 3, "--credited", taken).exited(2).err
        command("resolve", batch, "--row", 3, "--credited", credit["id"]).exited(0)
        assert "not in review" in command("resolve", batch, "--row", 3, "--not-credited").exited(2).err
        assert "has no row 99" in command("resolve", batch, "--row", 99, "--not-credited").exited(2).err
        command("resolve", batch, "--row", 4, "--credited", "x", "--not-credited").exited(2)
        assert f"lists {other['id']} for it" in command("resolve", batch, "--row", 4, "--not-credited").exited(2).err
        site.tell("settings", faults="list_error=1")
        command("resolve", batch, "--row", 4, "--not-credited").exited(0)
        site.tell("settings", faults="")

        with sqlite3.connect(command.ledger) as ledger:
            reasons = [row[0] for row in ledger.execute("SELECT reason FROM finding WHERE reason LIKE '% says: %'")]
        ledger.close()
        assert len(reasons) == 2
        posts = site.posts
        command.run(path).exited(0)
        assert site.posts == posts, "it was looked at before it would have been sent"
        assert site.times("rev-") == each_once(payout("rev", 3))


def test_reconcile_takes_no_other_customers_credit_for_a_rows_own(tmp_path: Path) -> None:
    """Of two customers whose ids differ in capitals alone one was paid by hand: the other is not paid by that."""
    rows: list[Row] = [("Acme", 500, "USD", "Loyalty", "q3"), *payout("many", 30)]
    path = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        command = Command(tmp_path, site.url)
        site.tell("customers", deleted=["Acme"])
        command.run(path).exited(1)
        site.tell("customers", restored=["Acme"])
        by_hand = add_by_hand(
            site, customer_id="acme", amount=500, currency_code="USD", description="x", reference="q3"
        )
        batch = batch_of(command)
        ended = command("reconcile", batch, "--rate", 0).exited(3)
        assert f"row 2, customer Acme, reference q3: the ledger says review, Chargebee lists {by_hand}." in ended.out
        assert "in other capitals" in command.report("payout").results[0]["credit_error"]
        refused = command("resolve", batch, "--row", 2, "--not-credited").exited(2)
        assert f"Chargebee lists {by_hand} under the reference of row 2, for a customer 'acme'" in refused.err
        assert "under another reference" in refused.err
        assert site.times("Acme") == {}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(("fault", "code", "outcome"), [("refused_403", 4, "failed"), ("lost_before", 3, "review")])
def test_what_mends_a_row_that_is_found_credited_is_not_sent(
    tmp_path: Path, fault: str, code: int, outcome: str, times: int
) -> None:
    """The mended file is admitted, and interrupted; somebody credits the row by hand meanwhile, under its reference: or
    twice, so that a person must say which credit is the row's."""
    with Site() as site:
        command = Command(tmp_path, site.url)
        _, mended = refused_and_mended(command, site)
        site.tell("settings", faults=f"{fault}=1")
        command.run(mended, "--no-wait").exited(code)
        site.tell("settings", faults="")
        site.tell("customers", restored=["gone"])
        by_hand = [
            add_by_hand(site, customer_id="gone", amount=500, currency_code="USD", description="x", reference="q3")
            for _ in range(times)
        ]
        batch = command.report("payout").summary["batch"]
        command("reconcile", batch, "--rate", 0).exited(0 if times == 1 else 3)
        if times == 2:
            command("resolve", batch, "--row", 2, "--credited", by_hand[0]).exited(0)
        command.run(mended).exited(1 if outcome == "failed" else 3)
        assert site.times("right") == {}
        [row] = command.report("mended").results
        assert row["credit_outcome"] == outcome
        said = f"is credited as {by_hand[0]}" if times == 1 else "is not settled yet, and may be credited"
        assert f"What this row mends {said}, under reference 'q3'" in row["credit_error"]
        command.run(mended, "--retry-failed").exited(2 if outcome == "failed" else 3)
        assert site.times("right") == {}
