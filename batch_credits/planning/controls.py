"""Holding a plan against what the operator, or somebody else, said must hold. All that does not is named at once."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from batch_credits.errors import ControlError, UsageError
from batch_credits.loader.money import parse_major
from batch_credits.model import CallKind, ControlTotal, Outcome, Problem, sum_totals
from batch_credits.model.amounts import unread_in_words
from batch_credits.planning.plan import Plan
from batch_credits.settings import ControlFile, ControlLimits, InputOptions


def check_controls(plan: Plan, limits: ControlLimits, options: InputOptions) -> None:
    """Hold the plan against what the operator said must hold.

    Raises:
        ControlError: something does not hold; all of it is named.
        UsageError: a limit is not an amount of its currency.
    """
    broken = []
    what, to_pay = ("file", "credit") if plan.kind is CallKind.ADD else ("reversal", "deduct")
    rejected = sum(group.rows for group in plan.problems)
    if limits.strict and rejected:
        broken.append(f"--strict refuses a file with rejected rows, and {_rejected_rows(plan)} are.")
    if limits.expect_rows is not None and plan.rows != limits.expect_rows:
        broken.append(f"--expect-rows says {limits.expect_rows}, and the {what} has {plan.rows}.")
    unread = _without_unread(plan)
    for currency, text in limits.expect_total:
        actual = _sum(plan.totals, currency, text, options, "--expect-total")
        if actual.difference:
            broken.append(f"--expect-total says {currency} {text}, and the {what}'s total is {actual.words}{unread}.")
    if limits.control is not None:
        broken += _against_control_file(plan, limits.control, options)
    to_send = _to_pay(plan)
    for currency, text in limits.max_total:
        actual = _sum(to_send, currency, text, options, "--max-total")
        if actual.difference > 0:
            broken.append(f"--max-total allows {currency} {text}, and the rows to {to_pay} sum up to {actual.words}.")
    for currency, text in limits.max_amount:
        bound = _minor(currency, text, options, "--max-amount")
        _refuse_unknowable(to_send, currency, "--max-amount")
        if plan.largest.get(currency, 0) > bound:
            largest = f"{plan.largest[currency]} minor units"
            broken.append(f"--max-amount allows {currency} {text}, and the largest row has {largest}.")
    broken += _not_of_the_file("--expect-total", limits.expect_total, plan, plan.totals.keys(), what)
    broken += _not_of_the_file("--max-total", limits.max_total, plan, to_send.keys(), what)
    broken += _not_of_the_file("--max-amount", limits.max_amount, plan, to_send.keys(), what)
    if broken:
        raise ControlError(" ".join(broken), hint="Nothing was sent. Correct the file or the option.")


def _not_of_the_file(
    option: str, stated: Iterable[tuple[str, str]], plan: Plan, bound: Set[str], what: str
) -> list[str]:
    """A limit of another currency holds nothing, and looks as if it did. So a kind of limit that is given names every
    currency that it is to bound, and none that the file does not have, be it only in a row that is not sent."""
    named = {currency for currency, _ in stated}
    if not named:
        return []
    strange, unnamed = sorted(named - plan.totals.keys()), sorted(bound - named)
    return [f"{option} names {code}, which the {what} does not have." for code in strange] + [
        f"{option} does not name {code or 'the site currency'}, which the {what} has." for code in unnamed
    ]


def _against_control_file(plan: Plan, control: ControlFile, options: InputOptions) -> list[str]:
    broken = []
    if control.rows is not None and plan.rows != control.rows:
        broken.append(f"--control says {control.rows} rows, and the file has {plan.rows}.")
    for line in control.lines:
        counted = plan.totals.get(line.currency, ControlTotal()).count
        if not counted and line.rows is None and line.total is None:
            broken.append(f"--control names {line.currency}, which the file does not have.")
        if line.rows is not None and line.rows != counted:
            broken.append(f"--control says {line.rows} rows of {line.currency}, and the file has {counted}.")
        if line.total is not None:
            actual = _sum(plan.totals, line.currency, line.total, options, "--control")
            if actual.difference:
                said = f"--control says {line.currency} {line.total}, and the file's total is {actual.words}"
                broken.append(f"{said}{_without_unread(plan)}.")
    if control.lines:
        unnamed = plan.totals.keys() - {line.currency for line in control.lines}
        broken += [f"--control does not name {code or 'the site currency'}, which the file has." for code in unnamed]
    return broken


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A sum beside its bound. `difference` is positive when the sum is larger; both count minor units."""

    difference: int
    words: str


def _sum(
    totals: Mapping[str, ControlTotal], currency: str, text: str, options: InputOptions, option: str
) -> _Comparison:
    bound = _minor(currency, text, options, option)
    _refuse_unknowable(totals, currency, option)
    total = totals.get(currency, ControlTotal())
    return _Comparison(total.amount_minor - bound, f"{total.amount_minor} minor units")


def _refuse_unknowable(totals: Mapping[str, ControlTotal], currency: str, option: str) -> None:
    """A limit that cannot be checked must not look as if it held."""
    nameless = totals.get("", ControlTotal()).count
    if nameless:
        raise UsageError(
            f"{option} {currency} cannot be checked: rows that name no currency ({nameless}) may be in {currency} too.",
            hint="Say which it is with --currency.",
        )
    if totals.get(currency, ControlTotal()).amount_in_decimal:
        raise UsageError(
            f"{option} {currency} cannot be checked: the file has amounts in decimal, which are no minor units.",
            hint="Leave the option out for this file.",
        )


def _minor(currency: str, text: str, options: InputOptions, option: str) -> int:
    amount = parse_major(text, currency, dict(options.currency_exponents))
    if isinstance(amount, Problem):
        raise UsageError(f"{option} {currency}={text}: {amount.message}")
    return amount


def _to_pay(plan: Plan) -> Mapping[str, ControlTotal]:
    """What a run could still pay, by currency."""
    return sum_totals(plan.by_outcome.get(outcome, {}) for outcome in (Outcome.PENDING, Outcome.IN_DOUBT))


def _without_unread(plan: Plan) -> str:
    """What to add to a total in which rows are missing."""
    return f" ({unread_in_words(plan.unread)}, and none of them is in it)" if plan.unread else ""


def _rejected_rows(plan: Plan) -> str:
    count = plan.count(Outcome.REJECTED)
    return "1 row" if count == 1 else f"{count} rows"
