"""Control totals from a file, held against a plan. (The options' own are tested with the plan.)"""

from decimal import Decimal

import pytest

from batch_credits.controls import check_controls
from batch_credits.errors import ControlError, UsageError
from batch_credits.model import ControlTotal
from batch_credits.plan import Plan
from batch_credits.settings import ControlFile, ControlLimits, ControlLine, InputOptions

TOTALS = {"USD": ControlTotal(2, 305), "EUR": ControlTotal(1, 90)}


def plan(totals: dict[str, ControlTotal], rows: int = 3) -> Plan:
    return Plan(1, "f" * 64, True, rows, totals, {}, {}, {})


def check(control: ControlFile, totals: dict[str, ControlTotal] = TOTALS) -> None:
    check_controls(plan(totals), ControlLimits(control=control), InputOptions())


@pytest.mark.parametrize(
    "control",
    [
        ControlFile(3, ()),
        ControlFile(None, (ControlLine("USD", 2, "3.05"), ControlLine("EUR", None, "0.90"))),
        ControlFile(3, (ControlLine("USD", None, None), ControlLine("EUR", 1, None), ControlLine("JPY", 0, "0"))),
    ],
)
def test_what_holds(control: ControlFile) -> None:
    check(control)


@pytest.mark.parametrize(
    ("control", "said"),
    [
        (ControlFile(4, ()), "--control says 4 rows, and the file has 3"),
        (ControlFile(None, (ControlLine("USD", 3, None), ControlLine("EUR", 1, None))), "3 rows of USD"),
        (ControlFile(None, (ControlLine("USD", 2, "3.06"), ControlLine("EUR", 1, None))), "USD 3.06, .* 305 minor"),
        (ControlFile(None, (ControlLine("USD", 2, "3.05"),)), "does not name EUR"),
        (ControlFile(None, (ControlLine("USD", 2, "3.05"), ControlLine("JPY", 1, "5"))), "1 rows of JPY.*name EUR"),
    ],
)
def test_what_does_not_hold_is_named(control: ControlFile, said: str) -> None:
    with pytest.raises(ControlError, match=said):
        check(control)


def test_a_total_that_cannot_be_checked_does_not_look_as_if_it_held() -> None:
    control = ControlFile(None, (ControlLine("USD", 1, "1.50"),))
    with pytest.raises(UsageError, match="cannot be checked"):
        check(control, {"USD": ControlTotal(1, 0, Decimal("1.50"))})
    with pytest.raises(UsageError, match="1,50"):
        check(ControlFile(None, (ControlLine("USD", 1, "1,50"),)))
