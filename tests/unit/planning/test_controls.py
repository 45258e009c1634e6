"""Limits and control totals, held against a plan; those of a file, and whether they are about the file's currencies."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from batch_credits.errors import ControlError, UsageError
from batch_credits.model import CallKind, ControlTotal, Outcome, sum_totals
from batch_credits.planning.controls import check_controls, totals_to_type
from batch_credits.planning.plan import Plan
from batch_credits.settings import ControlFile, ControlLimits, ControlLine, InputOptions
from tests.each import each

TOTALS = {"USD": ControlTotal(2, 305), "EUR": ControlTotal(1, 90)}


def plan(totals: dict[str, ControlTotal], rows: int = 3, **fields: Any) -> Plan:
    return Plan(1, "f" * 64, True, rows, totals, **{"by_outcome": {}, "by_type": {}, "largest": {}, **fields})


def check(control: ControlFile, totals: dict[str, ControlTotal] = TOTALS) -> None:
    check_controls(plan(totals), ControlLimits(control=control), InputOptions())


@pytest.mark.parametrize(
    "control",
    [
        ControlFile(3, ()),
        ControlFile(None, (ControlLine("USD", 2, "3.05"), ControlLine("EUR", None, "0.90"))),
        ControlFile(3, (ControlLine("USD", None, None), ControlLine("EUR", 1, None), ControlLine("JPY", 0, "0"))),
        ControlFile(3, (ControlLine("USD", 2, None), ControlLine("EUR", 1, None), ControlLine("JPY", None, "0"))),
    ],
)
def test_what_holds(control: ControlFile) -> None:
    check(control)


@each(
    "control, said",
    [
        (ControlFile(4, ()), "--control says 4 rows, and the file has 3"),
        (ControlFile(None, (ControlLine("USD", 3, None), ControlLine("EUR", 1, None))), "3 rows of USD"),
        (ControlFile(None, (ControlLine("USD", 2, "3.06"), ControlLine("EUR", 1, None))),
         r"says USD 3\.06, .* 3\.05 USD \(305 as"),
        (ControlFile(None, (ControlLine("USD", 2, "3.05"),)), "does not name EUR"),
        (ControlFile(3, (ControlLine("USD", 2, None), ControlLine("EUR", 1, None), ControlLine("JPY", None, None))),
         "--control names JPY, which the file does not have"),
        (ControlFile(3, (ControlLine("USD", 2, None), ControlLine("EUR", 1, None), ControlLine("JPY", None, "5"))),
         r"^--control says JPY 5, and the file's total is 0 JPY\.$"),
        (ControlFile(None, (ControlLine("USD", 2, "3.05"), ControlLine("JPY", 1, "5"))), "1 row of JPY.*name EUR"),
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


# -- Every currency, and no other ---------------------------------------------------------------------------

EACH = ["max_total", "max_amount", "expect_total"]
LARGE = "9999999.00"
STATED = {"max_total": {"USD": LARGE, "EUR": LARGE}, "max_amount": {"USD": LARGE, "EUR": LARGE},
          "expect_total": {"USD": "3.05", "EUR": "0.90"}}  # fmt: skip


def limits(**stated: dict[str, str]) -> ControlLimits:
    return replace(ControlLimits(), **{name: tuple(pairs.items()) for name, pairs in stated.items()})  # type: ignore[arg-type]


def owed(**outcomes: dict[str, ControlTotal]) -> Plan:
    """A plan whose rows have these outcomes, by name."""
    by_outcome = {Outcome(name): totals for name, totals in outcomes.items()}
    largest = {code: total.amount_minor for totals in outcomes.values() for code, total in totals.items()}
    return plan(sum_totals(by_outcome.values()), by_outcome=by_outcome, largest=largest)


@pytest.mark.parametrize("kind", [CallKind.ADD, CallKind.DEDUCT])
@pytest.mark.parametrize("name", EACH)
def test_a_limit_names_every_currency_of_the_file_and_no_other(name: str, kind: CallKind) -> None:
    option, stated = "--" + name.replace("_", "-"), STATED[name]
    what = "file" if kind is CallKind.ADD else "reversal"
    whole = replace(owed(pending=TOTALS), kind=kind)
    check_controls(whole, limits(**{name: stated}), InputOptions())
    for code in stated:
        some = {other: text for other, text in stated.items() if other != code}
        with pytest.raises(ControlError, match=f"{option} does not name {code}, which the {what} has"):
            check_controls(whole, limits(**{name: some}), InputOptions())
    with pytest.raises(ControlError, match=f"{option} names GBP, which the {what} does not have"):
        check_controls(whole, limits(**{name: {**stated, "GBP": "0"}}), InputOptions())
    with pytest.raises(ControlError, match=f"{option} names GBP.* {option} does not name EUR.* {option} does not name"):
        check_controls(whole, limits(**{name: {"GBP": "0"}}), InputOptions())


@pytest.mark.parametrize("name", EACH)
def test_each_kind_of_limit_is_held_to_it_by_itself(name: str) -> None:
    stated = {other: STATED[other] for other in EACH if other != name}
    whole = owed(pending=TOTALS)
    check_controls(whole, limits(**stated), InputOptions())
    with pytest.raises(ControlError, match="does not name EUR") as refused:
        check_controls(whole, limits(**stated, **{name: {"USD": STATED[name]["USD"]}}), InputOptions())
    assert refused.value.message.count("does not name") == 1


@pytest.mark.parametrize("outcome", ["pending", "in_doubt"])
def test_what_may_still_be_sent_must_be_bounded(outcome: str) -> None:
    rest = owed(credited={"USD": ControlTotal(2, 305)}, **{outcome: {"EUR": ControlTotal(1, 90)}})
    check_controls(rest, limits(max_total={"EUR": "0.90"}, max_amount={"EUR": "0.90"}), InputOptions())
    with pytest.raises(ControlError, match="--max-total does not name EUR"):
        check_controls(rest, limits(max_total={"USD": "1"}), InputOptions())


@each("outcome", ["credited", "already_credited", "failed", "review", "rejected"])
def test_what_is_not_sent_may_be_named_and_need_not(outcome: str) -> None:
    """The same command again has the limits of the first; a rejected row is mended in a file of its own."""
    rest = owed(pending={"USD": ControlTotal(2, 305)}, **{outcome: {"EUR": ControlTotal(1, 90)}})
    for stated in {"USD": "3.05"}, {"USD": "3.05", "EUR": "0.90"}:
        check_controls(rest, limits(max_total=stated, max_amount=stated), InputOptions())
    check_controls(owed(**{outcome: TOTALS}), limits(max_total={"EUR": "1"}), InputOptions())
    with pytest.raises(ControlError, match="--expect-total does not name EUR"):
        check_controls(rest, limits(expect_total={"USD": "3.05"}), InputOptions())


def test_a_rejected_row_without_a_currency_makes_no_limit_uncertain() -> None:
    """It is not sent. As to the file's total, nobody can tell."""
    rest = owed(pending={"USD": ControlTotal(2, 305)}, rejected={"": ControlTotal(1, 7)})
    check_controls(rest, limits(max_total={"USD": "3.05"}, max_amount={"USD": "3.05"}), InputOptions())
    with pytest.raises(UsageError, match="cannot be checked"):
        check_controls(rest, limits(expect_total={"USD": "3.05"}), InputOptions())


@each(
    "bounds, limits, typed",
    [
        ((), ControlLimits(), ()),
        ((("USD", "3.05"), ("EUR", "100")), ControlLimits(), ()),
        ((("USD", "3.04"), ("EUR", "100")), ControlLimits(), ("USD",)),
        ((("EUR", "100"),), ControlLimits(), ("USD",)),  # none is let through for not being named
        ((("JPY", "1"),), ControlLimits(expect_total=(("USD", "3.05"),)), ("EUR",)),
        ((("USD", "1"), ("EUR", "9")), ControlLimits(control=ControlFile(3, (ControlLine("USD", 2, "3.05"),))), ()),
        ((("USD", "1"), ("EUR", "9")), ControlLimits(control=ControlFile(3, (ControlLine("USD", 2, None),))), ("USD",)),
    ],
)
def test_what_is_above_a_sum_must_be_typed_unless_somebody_stated_it(
    bounds: tuple[tuple[str, str], ...], limits: ControlLimits, typed: tuple[str, ...]
) -> None:
    owed = plan(TOTALS, by_outcome={Outcome.PENDING: TOTALS})
    assert totals_to_type(owed, bounds, limits, InputOptions()) == typed


def test_amounts_in_decimal_count_too() -> None:
    both = ControlTotal(1, 100)
    both.add_decimal("2.0500001")
    owed = plan(TOTALS, by_outcome={Outcome.PENDING: {"USD": both}})
    assert totals_to_type(owed, (("USD", "3.05"),), ControlLimits(), InputOptions()) == ("USD",)
    assert totals_to_type(owed, (("USD", "3.06"),), ControlLimits(), InputOptions()) == ()
