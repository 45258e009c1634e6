"""`check --online`: what Chargebee says of a file's customers, before anything is sent."""

import json
import sqlite3
from pathlib import Path

from tests.acceptance.harness import Command, Site, write_csv


def test_customers_are_asked_for_and_nothing_is_sent(tmp_path: Path) -> None:
    rows = [(f"c-{number}", 100, "USD", "Loyalty", "q3") for number in range(150)]
    rows += [("missing-1", 100, "USD", "Loyalty", "q3"), ("gone", 100, "USD", "Loyalty", "q3")]
    rows += [("yen", 100, "USD", "Loyalty", "q3"), ("yen", 200, "USD", "Loyalty", "q4")]
    file = write_csv(tmp_path / "payout.csv", rows)
    with Site() as site:
        site.tell("customers", deleted=["gone"], preferred_currency={"yen": "JPY"})
        command = Command(tmp_path, site.url)
        ended = command("check", file, "--online", "--json", "--rate", 0).exited(0)
        customers = json.loads(ended.out)["customers"]
        assert customers["asked"] == 153
        assert customers["counts"] == {"missing": 1, "deleted": 1, "other_currency": 2}
        assert [(row["row"], row["code"]) for row in customers["rows"]] == [
            (152, "missing"),
            (153, "deleted"),
            (154, "other_currency"),
            (155, "other_currency"),
        ]
        said = command("check", file, "--online", "--rate", 0).exited(0).out
        assert (
            "153 asked for, 1 row: customer deleted; 1 row: customer missing; 2 rows: customer other currency" in said
        )
        assert site.posts == 0
    command("check", file, "--online", CHARGEBEE_API_KEY="").exited(2)


def test_nobody_is_asked_where_a_run_would_not_go(tmp_path: Path) -> None:
    """The key goes with the first question."""
    file = write_csv(tmp_path / "payout.csv", [("c-1", 100, "USD", "Loyalty", "q3")])
    with Site() as site, Site() as other:
        command = Command(tmp_path, site.url, {"CHARGEBEE_SITE": "acme-test"})
        command.run(file).exited(0)
        with sqlite3.connect(command.ledger) as ledger:
            ledger.execute("UPDATE site SET address = 'https://acme-test.chargebee.com'")
        ledger.close()
        ended = command("check", file, "--online", "--rate", 0).exited(2)
        assert "knows site acme-test at https://acme-test.chargebee.com" in ended.err
        same = command.run(file).exited(2).err
        assert same.partition("batch-credits ")[0] == ended.err.partition("batch-credits ")[0], "but for the commands"
        command("check", file, "--online", "--rate", 0, "--same-site").exited(0)
        command.run(file, "--same-site").exited(0)
        second = command("check", file, "--online", "--rate", 0, CHARGEBEE_BASE_URL=other.url, CHARGEBEE_SITE="another")
        assert "knows this machine as site acme-test" in second.exited(2).err
        assert other.truth()["requests"] == {}
