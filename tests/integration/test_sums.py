"""From the text of a file to the sums of its summary: none is ever off by a cent, told by fractions, not by us."""

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.planning.plan import stage
from batch_credits.settings import InputOptions
from tests.examples import examples

DECIMALS = {"USD": 2, "EUR": 2, "KWD": 2, "JPY": 0, "XAF": 0, "CLP": 0, "UYW": 4}  # Chargebee's, the last two stated
STATED = (("CLP", 0), ("UYW", 4))


@st.composite
def amounts(draw: st.DrawFn) -> tuple[str, str, str]:
    """An amount of some currency, and the unit it is written in."""
    currency = draw(st.sampled_from(sorted(DECIMALS)))
    minor = draw(st.integers(1, 2**53 - 1) | st.integers(1, 100_000))
    if draw(st.booleans()):
        return str(minor), currency, "minor"
    digits = DECIMALS[currency]
    whole, cents = divmod(minor, 10**digits)
    return (f"{whole}.{cents:0{digits}d}" if digits else str(whole)), currency, "major"


@settings(deadline=None, max_examples=examples(60))
@given(st.lists(amounts(), min_size=1, max_size=20))
def test_every_sum_of_the_summary_is_exact(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    path = tmp_path / "payout.csv"
    with path.open("w", newline="") as text:
        write = csv.writer(text)
        write.writerow(("customer_id", "amount", "currency_code", "amount_unit"))
        write.writerows((f"c-{number}", *row) for number, row in enumerate(rows))
    options = InputOptions(reference="q3", description="d", currency_exponents=STATED)
    for left in tmp_path.glob("ledger*"):
        left.unlink()
    with Ledger.open(tmp_path / "ledger") as ledger:
        plan = stage(ledger, open_source(path, options), "acme-test")
        ledger.admission.admit(plan.batch_id)
        summary = report_batch(ledger, ledger.batches.one(plan.key), tmp_path / "reports")
    wanted: dict[str, Any] = {}
    for amount, currency, unit in rows:
        minor = Fraction(amount) * (10 ** DECIMALS[currency] if unit == "major" else 1)
        wanted[currency] = wanted.get(currency, 0) + minor
    document = json.loads(summary.paths.summary_json.read_text())
    assert document["totals"]["pending"] == {currency: int(total) for currency, total in sorted(wanted.items())}
    assert all(total.denominator == 1 for total in wanted.values())
    assert document["in_balance"] is True
    for currency, total in wanted.items():
        assert plan.totals[currency].amount_minor == total
