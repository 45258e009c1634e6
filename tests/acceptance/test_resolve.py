"""Promise: a person's word on a row in review is held against Chargebee, so that no mistake of theirs pays twice,
settles a row by somebody else's credit, or takes money from who never had it."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.harness import Command, Row, Site, each_once, payout, write_csv
from tests.acceptance.test_reconcile import add_by_hand, batch_of

LONG = "loyalty payout of the third quarter"


def leave_to_a_person(command: Command, *customers: str, keep_id: bool = False) -> None:
    """What a deleted customer or a silent list would leave: rows that were sent, and are in review."""
    ledger = sqlite3.connect(command.ledger)
    with ledger:
        ledger.execute("DROP TRIGGER IF EXISTS credited_is_final")
        for customer in customers:
            ledger.execute(
                "UPDATE credit_request SET state = 'review', open_attempts = 1, error = 'nobody knows',"
                " credit_id = CASE WHEN ? THEN credit_id END WHERE customer_id = ?",
                (keep_id, customer),
            )
    ledger.close()


def ids_of(site: Site, prefix: str) -> dict[tuple[str, str], str]:
    return {(c["customer_id"], c["reference"]): c["id"] for c in site.credits(prefix)}


def test_only_the_row_s_own_credit_settles_it(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [*payout("own", 3), ("own-0", 100, "USD", "Loyalty", "q4")]
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(0)
    leave_to_a_person(command, "own-0")
    batch, ids = batch_of(command), ids_of(shared_site, "own-")
    deduction = add_by_hand(
        shared_site, _call="deduct", customer_id="own-0", amount=100, currency_code="USD", description="x",
        reference="q3",
    )  # fmt: skip
    for credit_id, said in (
        (ids["own-1", "q3"], "already belongs to row 3"),
        ("NoSuchCredit", "lists no credit NoSuchCredit"),
        (ids["own-0", "q4"], "its reference is 'q4', and the row's is 'q3'"),
        (deduction, "has it as decrement"),
    ):
        refused = command("resolve", batch, "--row", 2, "--credited", credit_id).exited(2)
        assert said in refused.err
    assert "2 rows need a person" in command("report", batch).exited(3).out
    command("resolve", batch, "--row", 2, "--credited", ids["own-0", "q3"]).exited(0)
    command("resolve", batch, "--row", 5, "--credited", ids["own-0", "q4"]).exited(0)
    command("report", batch).exited(0)
    results = {(r["customer_id"], r["reference"]): r["credit_id"] for r in command.report("payout").results}
    assert results == ids


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"customer_id": "dif-9"}, "its customer is 'dif-9', and the row's is 'dif-0'"),
        ({"amount": 999}, "it has 9.99 USD, general, and the row asks for 1.00 USD, general"),
        ({"currency_code": "EUR"}, "it has 1.00 EUR"),
        ({"credit_type": "loyalty_credits"}, "it has 1.00 USD, loyalty_credits"),
        ({"reference": "by hand"}, "its reference is 'by hand', and the row's is 'q3'"),
    ],
)
def test_a_credit_that_nobody_else_has_is_held_against_the_row(
    tmp_path: Path, differs: dict[str, Any], said: str
) -> None:
    with Site() as site:
        command = Command(tmp_path, site.url)
        command.run(write_csv(tmp_path / "payout.csv", payout("dif", 1))).exited(0)
        leave_to_a_person(command, "dif-0")
        fields: dict[str, Any] = {"customer_id": "dif-0", "amount": 100, "currency_code": "USD"}
        fields |= {"reference": "q3", "description": "x"}
        other = add_by_hand(site, **(fields | differs))
        refused = command("resolve", batch_of(command), "--row", 2, "--credited", other).exited(2)
        assert said in refused.err
        assert "Look at the promotional credits of customer 'dif-0'" in refused.err
        command("report", batch_of(command)).exited(3)


def test_nobody_is_deducted_from_who_was_not_paid(tmp_path: Path) -> None:
    """An id that nobody knows used to make a row credited; its reversal took money that was somebody's own."""
    file = write_csv(tmp_path / "payout.csv", payout("own", 2))
    with Site() as site:
        command = Command(tmp_path, site.url)
        site.tell("settings", faults="proxy_403_before=1")
        command.run(file)
        batch = batch_of(command)
        site.tell("settings", faults="")
        for number in range(2):
            fields: dict[str, Any] = {"customer_id": f"own-{number}", "amount": 500, "currency_code": "USD"}
            fields["description"] = "a gift"
            add_by_hand(site, **fields)
        leave_to_a_person(command, "own-0", "own-1")
        command("resolve", batch, "--row", 2, "--credited", "made-up").exited(2)
        command("reverse", batch, "--yes", "--rate", 0).exited(2)
        command("resolve", batch, "--row", 2, "--not-credited").exited(0)
        command("reverse", batch, "--yes", "--rate", 0).exited(2)
        assert [c["type"] for c in site.credits()] == ["increment"] * 2


def test_a_word_that_it_is_not_credited_is_refused_while_it_is_listed(tmp_path: Path) -> None:
    rows = payout("not", 2)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        site.tell("settings", keys_ignored=True)  # they keep nobody from being paid twice here
        command = Command(tmp_path, site.url)
        command.run(file).exited(0)
        leave_to_a_person(command, "not-0", "not-1")
        batch, [credit] = batch_of(command), site.credits("not-0")
        refused = command("resolve", batch, "--row", 2, "--not-credited").exited(2)
        assert f"Row 2 is credited: Chargebee lists {credit['id']} for it" in refused.err
        assert f"--credited {credit['id']}" in refused.err

        site.tell("settings", faults="list_error=1")
        said = command("resolve", batch, "--row", 3, "--not-credited").exited(0).out
        assert "did not answer" in said and "asked once more before" in said
        assert "Nothing was changed" in command("resolve", batch, "--row", 2, "--credited", credit["id"]).exited(4).err
        site.tell("settings", faults="")
        posts = site.posts
        shutil.rmtree(command.reports)  # they say more than the ledger that was edited above
        command.run(file).exited(3)
        assert site.posts == posts, "the look before the send found it"
        assert command.report("payout").outcomes == ["review", "credited"]
        assert site.times() == each_once(rows)


def test_a_word_that_it_is_not_credited_lets_it_be_sent(tmp_path: Path) -> None:
    """A proxy refused it in Chargebee's place, and the customer could not be looked at: it was never applied."""
    rows = payout("sent", 2)
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", "proxy_403_before=1") as site:
        command = Command(tmp_path, site.url)
        command.run(file)
        site.tell("settings", faults="")
        leave_to_a_person(command, "sent-0", "sent-1")
        batch = batch_of(command)
        for number in (2, 3):
            said = command("resolve", batch, "--row", number, "--not-credited").exited(0).out
            assert f"Row {number} is owed again" in said
        assert "review" in command("resolve", batch, "--row", 2, "--not-credited").exited(2).err
        looks = site.truth()["requests"]["GET"]
        command.run(file).exited(0)
        assert site.truth()["requests"]["GET"] >= looks + 4, "each at once, and when the quarantine was over"
        assert site.times() == each_once(rows)


@pytest.mark.parametrize("hand", [(100, 100), (999,)], ids=["two credits", "other money"])
def test_a_row_that_reconcile_left_to_a_person_is_never_sent_beside_what_is_listed(
    tmp_path: Path, hand: tuple[int, ...]
) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("hand", 2))
    with Site("--faults", "refused_401=1") as site:
        command = Command(tmp_path, site.url)
        command.run(file).exited(4)
        site.tell("settings", faults="", keys_ignored=True)
        by_hand = [
            add_by_hand(site, customer_id="hand-0", amount=amount, currency_code="USD", description="x", reference="q3")
            for amount in hand
        ]
        batch = batch_of(command)
        command("reconcile", batch, "--rate", 0)
        command("report", batch)
        assert command.report("payout").outcomes == ["review", "pending"]
        refused = command("resolve", batch, "--row", 2, "--not-credited").exited(2)
        assert all(credit_id in refused.err for credit_id in by_hand)
        site.tell("settings", faults="list_error=1")
        command("resolve", batch, "--row", 2, "--not-credited").exited(0)
        site.tell("settings", faults="")
        command.run(file)
        command.run(file).exited(3)
        assert command.report("payout").outcomes == ["review", "credited"]
        assert len(site.credits("hand-0")) == len(hand)


@pytest.mark.parametrize("faults", ["", "lost_after=1,faulty_tries=1"], ids=["answered", "not answered"])
def test_a_row_of_a_site_that_cuts_references_is_settled_by_the_id_that_was_named(tmp_path: Path, faults: str) -> None:
    """By the row's answer, or, where there was none, by the reason for its review."""
    rows = [("cut-0", 100, "USD", "Loyalty", LONG)]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site("--faults", ",".join(filter(None, ["store_cut=1,cut_length=7", faults]))) as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_QUARANTINE": "1"})
        command.run(file).exited(3)
        [credit] = site.credits()
        assert credit["reference"] == "loyalty"
        batch = batch_of(command)
        site.tell("settings", faults="store_cut=1,cut_length=7", forget_keys=True)
        if not faults:
            refused = command("resolve", batch, "--row", 2, "--not-credited").exited(2)
            assert credit["id"] in refused.err
        by_hand = add_by_hand(
            site, customer_id="cut-0", amount=100, currency_code="USD", description="x", reference="another"
        )
        refused = command("resolve", batch, "--row", 2, "--credited", by_hand).exited(2)
        assert f"its reference is 'another', and the row's is '{LONG}'" in refused.err
        said = command("resolve", batch, "--row", 2, "--credited", credit["id"]).exited(0).out
        assert "under reference 'loyalty'" in said
        command.run(file).exited(0)
        assert len(site.credits()) == 2


def test_the_site_of_the_batch_is_asked_and_no_other(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "payout.csv", payout("site", 1))
    with Site() as site:
        command = Command(tmp_path, site.url, {"CHARGEBEE_SITE": "acme-test"})
        command.run(file).exited(0)
        leave_to_a_person(command, "site-0")
        batch, [credit] = batch_of(command), site.credits()
        word = ("resolve", batch, "--row", 2, "--credited", credit["id"])
        assert "belongs to site acme-test" in command(*word, CHARGEBEE_SITE="b-test").exited(2).err
        assert (
            "The ledger knows site acme-test at"
            in command(*word, CHARGEBEE_BASE_URL="https://elsewhere.example").exited(2).err
        )
        assert "No API key" in command(*word, CHARGEBEE_API_KEY="").exited(2).err
        command(*word).exited(0)


def test_how_a_person_knows_is_on_record_whole_and_bounded(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "payout.csv", payout("why", 2))).exited(0)
    leave_to_a_person(command, "why-0", "why-1")
    batch, ids = batch_of(command), ids_of(shared_site, "why-")
    words = ["resolve", batch, "--row", 2, "--credited", ids["why-0", "q3"], "--reason"]
    for wrong in ("x" * 501, "two\nlines", "turned \u202e round", "bell \a"):
        assert "--reason takes one line of at most 500 letters" in command(*words, wrong).exited(2).err
    why = f"seen in Chargebee\u00a0on Monday, {'and asked Grace ' * 26}<b>".strip()
    command(*words, why).exited(0)
    command("resolve", batch, "--row", 3, "--credited", ids["why-1", "q3"], "--reason=").exited(0)
    command("report", batch).exited(0)
    page = (command.report("payout").directory / "summary.html").read_text(encoding="utf-8")
    assert f"because: &#39;{why[:-3]}&lt;b&gt;&#39;" in page
    assert page.count("because:") == 1


@pytest.mark.parametrize("key_spoiled", [0, 1])
def test_a_row_that_a_person_owes_again_is_looked_for_where_it_was_sent(tmp_path: Path, key_spoiled: int) -> None:
    """A new key may stand for another call; but nothing shows yet that the first one was not carried out."""
    file = write_csv(tmp_path / "payout.csv", payout("where", 1))
    with Site("--faults", "entity_scoped=1") as site:
        command = Command(tmp_path, site.url)
        command.run(file, "--business-entity", "emea").exited(0)
        leave_to_a_person(command, "where-0")
        with sqlite3.connect(command.ledger) as ledger:
            ledger.execute("UPDATE credit_request SET key_spoiled = ?", (key_spoiled,))
        ledger.close()
        site.tell("settings", faults="entity_scoped=1,list_lag_seconds=3600")
        command("resolve", batch_of(command), "--row", 2, "--not-credited").exited(0)
        command("report", batch_of(command)).exited(4)
        site.tell("settings", faults="entity_scoped=1", forget_keys=True)
        ended = command.run(file)
        assert len(site.credits("where-")) == 1, ended.said
        assert "--business-entity emea" in ended.exited(2).err
        command.run(file, "--business-entity", "emea").exited(0)
        assert len(site.credits("where-")) == 1
