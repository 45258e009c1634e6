"""`check --online`: what Chargebee says of a file's customers, before anything is sent."""

import json
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
