"""The pilot as a person reads it, wide and narrow."""

from typing import Any

import pytest

from batch_credits.chargebee.lists import ListedCredit
from batch_credits.cli.telling import screen
from batch_credits.cli.telling.pilot_table import pilot_question, pilot_text
from batch_credits.model import ControlTotal, Money, Outcome, PlannedCredit, ReportRow
from batch_credits.sending.pilot import PilotReport, PilotRow
from batch_credits.views.pilot import PilotView, pilot_view
from tests.unit.reporter.conftest import make_batch


def pilot_row(number: int, listed_amount: int | None = 1250, problem: str = "") -> PilotRow:
    asked = PlannedCredit(number, f"cust-{number}", "q3", Money(1250, None, "USD"), "general", b"")
    source = ReportRow(number, ("c", "1250", "USD", ""), Outcome.CREDITED, credit_id="cr")
    money = Money(listed_amount, None, "USD")
    listed = ListedCredit("cr", asked.customer_id, "q3", money, "general", "increment", None)
    return PilotRow(source, asked, None if listed_amount is None else listed, problem)


def pilot_of(*rows: PilotRow) -> PilotView:
    return pilot_view(PilotReport(make_batch(), rows, {"USD": ControlTotal(195, 12_345)}))


WIDE = """\
Pilot      3 rows credited first, and read back from Chargebee
row  customer             amount            reference
  2  cust-2    file       1250 = 12.50 USD  q3
               Chargebee  12.50 USD         q3
  3  cust-3    file       1250 = 12.50 USD  q3
               Chargebee  1,250.00 USD      q3
  4  cust-4    file       1250 = 12.50 USD  q3
               Chargebee  -
  ! Row 3: the amount is another one.
  ! Row 4: not listed.
2 of 3 rows of the pilot DO NOT AGREE with the file."""

NARROW = """\
Pilot      1 row credited first, and
           read back from Chargebee
row 2, cust-2
  file       1250 = 12.50 USD
             q3
  Chargebee  12.50 USD
             q3
The row of the pilot agrees in amount,
currency and reference."""


def test_a_table_where_there_is_room() -> None:
    rows = (pilot_row(2), pilot_row(3, 125_000, "the amount is another one"), pilot_row(4, None, "not listed"))
    assert pilot_text(pilot_of(*rows)) == WIDE


def test_blocks_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("screen", "pilot_table"):
        monkeypatch.setattr(f"batch_credits.cli.telling.{module}.width", lambda **_: 40)
    assert pilot_text(pilot_of(pilot_row(2))) == NARROW


def test_of_a_large_pilot_what_does_not_agree_is_shown_before_what_does() -> None:
    said = pilot_text(pilot_of(*(pilot_row(n, problem="not listed" if n > 500 else "") for n in range(2, 502))))
    assert len([line for line in said.splitlines() if " file " in line]) == 21
    assert "  ! Row 501: not listed." in said
    said = pilot_text(pilot_of(*(pilot_row(n) for n in range(2, 102))))
    assert said.endswith("All 100 rows of the pilot agree in amount, currency and reference (20 of them shown).")


def test_the_question_names_the_rest(monkeypatch: Any) -> None:
    monkeypatch.setattr(screen, "width", lambda **_: 40)
    asked = screen.told(pilot_question(pilot_of(pilot_row(2))))
    assert asked == ["Credit the other 195 rows, 123.45 USD?"]
