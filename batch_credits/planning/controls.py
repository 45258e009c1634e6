"""Holding a plan against what the operator, or somebody else, said must hold. All that does not is named at once."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from batch_credits.errors import LEFT_OUT, ControlError, UsageError
from batch_credits.loader.money import parse_major
from batch_credits.model import CallKind, ControlTotal, Outcome, Problem
from batch_credits.model.amounts import minor_in_words, unread_in_words
from batch_credits.model.currencies import exponent_of
from batch_credits.planning.plan import Plan
from batch_credits.settings import ControlFile, ControlLimits, InputOptions
from batch_credits.text.counted import rows


def check_controls(plan: Plan, limits: ControlLimits, options: InputOptions) -> None:
    """Hold the plan against what the operator said must hold. `options` are those by which the file was read.

    Raises:
        ControlError: something does not hold; all of it is named.
        UsageError: a limit is not an amount of its currency.
    """
    broken = []
    speech = _Speech(plan, options)
    what, to_pay = ("file", "credit") if plan.kind is CallKind.ADD else ("reversal", "deduct")
    rejected = sum(group.rows for group in plan.problems)
    if limits.strict and rejected:
        broken.append(f"--strict refuses a file with rejected rows, and it has {rows(rejected)}.")
    if limits.expect_rows is not None and plan.rows != limits.expect_rows:
        broken.append(f"--expect-rows says {limits.expect_rows:,}, and the {what} has {plan.rows:,}.")
    unread = _without_unread(plan)
    for currency, text in limits.expect_total:
        bound, actual = _compared(plan.totals, currency, text, options, "--expect-total")
        if bound != actual:
            total = speech.of(actual, currency)
            broken.append(f"--expect-total says {currency} {text}, and the {what}'s total is {total}{unread}.")
    if limits.control is not None:
        broken += _against_control_file(plan, limits.control, options)
    to_send = plan.owed_totals
    for currency, text in limits.max_total:
        bound, actual = _compared(to_send, currency, text, options, "--max-total")
        if actual > bound:
            total = speech.of(actual, currency)
            broken.append(f"--max-total allows {currency} {text}, and the rows to {to_pay} sum up to {total}.")
    for currency, text in limits.max_amount:
        bound = _minor(currency, text, options, "--max-amount")
        _refuse_unknowable(to_send, currency, "--max-amount")
        if (largest := plan.largest.get(currency, 0)) > bound:
            broken.append(f"--max-amount allows {currency} {text}, and {speech.of_largest(largest, currency)}.")
    names, unnamed = _wrongly_named(plan, limits, what)
    if broken or names:
        is_enough = len(unnamed) == len(broken) + len(names) and all(code for _, code in unnamed)
        raise ControlError(
            " ".join([*broken, *names]),
            hint="Nothing was sent. Correct the file or the option.",
            remedies=[tuple((option, f"{code}=AMOUNT") for option, code in unnamed)] if is_enough else (),
        )


def totals_to_type(
    plan: Plan, bounds: Sequence[tuple[str, str]], limits: ControlLimits, options: InputOptions
) -> tuple[str, ...]:
    """The currencies of which a person must type the total before it is sent, since more is to be sent than the bound
    says (major units, as typed), or no bound names them though there are some.

    Not those whose total somebody stated already, with --expect-total or a control file: the plan is held against it.

    Raises:
        UsageError: a bound is not an amount of its currency.
    """
    stated = {currency for currency, _ in limits.expect_total}
    if limits.control is not None:
        stated |= {line.currency for line in limits.control.lines if line.total is not None}
    above = above_bounds(plan.by_outcome.get(Outcome.PENDING, {}), bounds, options)
    return tuple(currency for currency in above if currency not in stated)


def above_bounds(
    owed: Mapping[str, ControlTotal], bounds: Sequence[tuple[str, str]], options: InputOptions
) -> tuple[str, ...]:
    """The currencies of which more is owed than the bound says, or that no bound names though there are some.

    Raises:
        UsageError: a bound is not an amount of its currency.
    """
    bound_of = {currency: _minor(currency, text, options, "--confirm-total") for currency, text in bounds}
    return tuple(
        currency
        for currency, total in sorted(owed.items())
        if bounds and total.count
        if currency not in bound_of or _exceeds(total, bound_of[currency], currency, options)
    )


def _exceeds(total: ControlTotal, bound: int, currency: str, options: InputOptions) -> bool:
    exponent = exponent_of(currency, dict(options.currency_exponents)) or 0
    return total.amount_minor + total.amount_in_decimal.scaleb(exponent) > bound


def _wrongly_named(plan: Plan, limits: ControlLimits, what: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What is wrong with the currencies that limits name, in sentences; and those that a limit must name, too."""
    names: list[str] = []
    unnamed: list[tuple[str, str]] = []
    to_send = plan.owed_totals.keys()
    for option, stated, bounded in (
        ("--expect-total", limits.expect_total, plan.totals.keys()),
        ("--max-total", limits.max_total, to_send),
        ("--max-amount", limits.max_amount, to_send),
    ):
        names += _not_of_the_file(option, stated, plan, what)
        unnamed += [(option, code) for code in _unnamed(stated, bounded)]
    for option, code in unnamed:
        names.append(f"{option} does not name {code or 'the site currency'}, which the {what} has.")
    return names, unnamed


def _not_of_the_file(option: str, stated: Iterable[tuple[str, str]], plan: Plan, what: str) -> list[str]:
    """A limit of another currency holds nothing, and looks as if it did: none may name one that the file does not have,
    be it only in a row that is not sent."""
    strange = sorted({currency for currency, _ in stated} - plan.totals.keys())
    return [f"{option} names {code}, which the {what} does not have." for code in strange]


def _unnamed(stated: Iterable[tuple[str, str]], bounded: Set[str]) -> list[str]:
    """A kind of limit that is given names every currency that it is to bound: here are those that it does not."""
    named = {currency for currency, _ in stated}
    return sorted(bounded - named) if named else []


def _against_control_file(plan: Plan, control: ControlFile, options: InputOptions) -> list[str]:
    broken = []
    speech = _Speech(plan, options)
    if control.rows is not None and plan.rows != control.rows:
        broken.append(f"--control says {rows(control.rows)}, and the file has {plan.rows:,}.")
    for line in control.lines:
        counted = plan.totals.get(line.currency, ControlTotal()).count
        if not counted and line.rows is None and line.total is None:
            broken.append(f"--control names {line.currency}, which the file does not have.")
        if line.rows is not None and line.rows != counted:
            broken.append(f"--control says {rows(line.rows)} of {line.currency}, and the file has {counted:,}.")
        if line.total is not None:
            bound, actual = _compared(plan.totals, line.currency, line.total, options, "--control")
            if bound != actual:
                total = speech.of(actual, line.currency)
                said = f"--control says {line.currency} {line.total}, and the file's total is {total}"
                broken.append(f"{said}{_without_unread(plan)}.")
    if control.lines:
        unnamed = plan.totals.keys() - {line.currency for line in control.lines}
        broken += [f"--control does not name {code or 'the site currency'}, which the file has." for code in unnamed]
    return broken


@dataclass(frozen=True, slots=True)
class _Speech:
    """Amounts of the file as people read them, and beside it as the file counts, where that is otherwise."""

    plan: Plan
    options: InputOptions

    def of(self, minor: int, currency: str) -> str:
        """`5.00 USD (500 as the file counts)`."""
        has_one = self.plan.kind is CallKind.ADD and not self.options.failed_csv  # in which rows say their unit
        is_minor = has_one and self.options.amount_unit == "minor"
        stated = dict(self.options.currency_exponents)
        differs = is_minor and exponent_of(currency, stated) not in (None, 0)
        return minor_in_words(minor, currency, stated) + (f" ({minor} as the file counts)" if differs else "")

    def of_largest(self, minor: int, currency: str) -> str:
        """The row with the largest amount."""
        found = (r for r in self.plan.largest_rows if (r.currency or "", r.amount_minor) == (currency, minor))
        row = next(found, None)
        which = "the largest row" if row is None else f"row {row.row_number}, the largest,"
        return f"{which} has {self.of(minor, currency)}"


def _compared(
    totals: Mapping[str, ControlTotal], currency: str, text: str, options: InputOptions, option: str
) -> tuple[int, int]:
    """A bound and the sum beside it, in minor units."""
    bound = _minor(currency, text, options, option)
    _refuse_unknowable(totals, currency, option)
    return bound, totals.get(currency, ControlTotal()).amount_minor


def _refuse_unknowable(totals: Mapping[str, ControlTotal], currency: str, option: str) -> None:
    """A limit that cannot be checked must not look as if it held."""
    nameless = totals.get("", ControlTotal()).count
    if nameless:
        raise UsageError(
            f"{option} {currency} cannot be checked: rows that name no currency ({nameless}) may be in {currency} too.",
            hint="Say which it is with --currency.",
            remedies=[(("--currency", "CODE"),)],
        )
    if totals.get(currency, ControlTotal()).amount_in_decimal:
        raise UsageError(
            f"{option} {currency} cannot be checked: the file has amounts in decimal, which are no minor units.",
            hint="Leave the option out for this file.",
            remedies=[((option, LEFT_OUT),)],
        )


def _minor(currency: str, text: str, options: InputOptions, option: str) -> int:
    amount = parse_major(text, currency, dict(options.currency_exponents))
    if isinstance(amount, Problem):
        raise UsageError(f"{option} {currency}={text}: {amount.message}", remedies=[((option, f"{currency}=AMOUNT"),)])
    return amount



def _without_unread(plan: Plan) -> str:
    """What to add to a total in which rows are missing."""
    return f" ({unread_in_words(plan.unread)}, and none of them is in it)" if plan.unread else ""
