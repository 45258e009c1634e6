"""The pilot beside the file."""

from batch_credits.chargebee.lists import ListedCredit
from batch_credits.model import ControlTotal, Money, Outcome, PlannedCredit, ReportRow
from batch_credits.sending.pilot import PilotReport, PilotRow
from batch_credits.views.pilot import Asked, Listed, pilot_view
from tests.unit.reporter.conftest import make_batch


def test_what_the_file_says_and_what_chargebee_has() -> None:
    money = Money(1250, None, "USD")
    credits = [PlannedCredit(number, f"cust-{number}", "q3", money, "general", b"") for number in (2, 3)]
    sources = [ReportRow(number, ("c", " 1250 ", "USD", ""), Outcome.CREDITED, credit_id="cr") for number in (2, 3)]
    listed = ListedCredit("cr", "cust-2", "q3", money, "general", "increment", None)
    rows = (PilotRow(sources[0], credits[0], listed), PilotRow(sources[1], credits[1], None, "it is not listed"))
    view = pilot_view(PilotReport(make_batch(), rows, {"USD": ControlTotal(5, 700)}))
    assert (view.rows_left, [total.words for total in view.left]) == (5, [("7.00 USD",)])
    first, second = view.rows
    assert (first.row_number, first.customer_id, first.problem) == (2, "cust-2", "")
    assert first.asked == Asked(money, "1250", "12.50 USD", "q3")
    assert first.listed == Listed(money, "12.50 USD", "q3", "cr")
    assert (second.listed, view.disagreeing) == (None, (second,))


def test_a_file_without_a_column_for_the_amount_has_no_cell() -> None:
    money = Money(None, "0.125", "USD")
    credit = PlannedCredit(2, "c", "q3", money, "general", b"")
    row = PilotRow(ReportRow(2, ("c",), Outcome.PENDING), credit, None, "it is pending")
    [shown] = pilot_view(PilotReport(make_batch(columns={"customer_id": 0}), (row,), {})).rows
    assert shown.asked == Asked(money, "", "0.125 USD", "q3")
