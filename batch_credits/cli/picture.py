"""What a person sees before anything is sent: the plan in words."""

from collections.abc import Mapping

from batch_credits.ledger import ProblemGroup
from batch_credits.model import ControlTotal, Outcome
from batch_credits.plan import Plan
from batch_credits.reporter import SITE_CURRENCY, minor_in_words, total_in_words
from batch_credits.settings import RunSettings, SiteSettings

Exponents = Mapping[str, int]


def plan_lines(plan: Plan, exponents: Exponents) -> list[str]:
    """Rows and totals of the file, what is known of them, its largest amounts, its problems, and what looks wrong."""
    lines = [f"Rows       {plan.rows:,}"]
    lines += _total_lines("Total", plan.totals, exponents)
    lines += _type_lines(plan, exponents)
    for outcome, label in _LABELS.items():
        totals = plan.by_outcome.get(outcome)
        if totals:
            lines.append(f"{label:<10} {rows(plan.count(outcome))}")
            if outcome is Outcome.PENDING:
                lines += _total_lines("", totals, exponents)
    label = "Largest"
    for amount in plan.largest_rows:
        words = minor_in_words(amount.amount_minor, amount.currency or SITE_CURRENCY, exponents)
        lines.append(f"{label:<10} {words} in row {amount.row_number}")
        label = ""
    for group in plan.problems:
        lines.append(f"  ! {problem_in_words(group)}: {group.message}")
    return lines + [f"Look at    {warning}" for warning in plan.warnings]


def problem_in_words(group: ProblemGroup) -> str:
    """`17 rows: amount has decimals, first in row 4`."""
    code = group.code.replace("_", " ")
    what = code if group.field.split("_")[0] in code else f"{group.field} {code}"
    first = f"in row {group.first_row}" if group.rows == 1 else f"first in row {group.first_row}"
    return f"{rows(group.rows)}: {what}, {first}"


def site_line(site: SiteSettings) -> str:
    """Which site, and whether its credits are real."""
    kind = "LIVE SITE, real money" if site.is_live else "test site or this machine, no real money"
    return f"Site       {site.site} at {site.base_url} ({kind})"


def pace_line(owed: int, settings: RunSettings) -> str:
    """How long it will take under the limit, at least."""
    minutes = minutes_at_least(owed, settings)
    if minutes is None:
        return "Pace       no limit"
    hours, rest = divmod(minutes, 60)
    words = f"{hours} h {rest} min" if hours else f"{minutes or 'under 1'} min"
    return f"Pace       {settings.budget_per_minute} requests a minute, so {words} or more"


def minutes_at_least(owed: int, settings: RunSettings) -> int | None:
    """Minutes until the last row may be sent: a minute's budget can go at once. None where there is no limit."""
    budget = settings.budget_per_minute
    return max(0, -(-owed // budget) - 1) if budget else None


def rows(number: int) -> str:
    """`1 row`, `2,000 rows`."""
    return "1 row" if number == 1 else f"{number:,} rows"


def _type_lines(plan: Plan, exponents: Exponents) -> list[str]:
    """Totals by credit type, where a file has more than the usual one."""
    if {credit_type for _, credit_type in plan.by_type} <= {"general"}:
        return []
    lines, label = [], "By type"
    for (currency, credit_type), total in sorted(plan.by_type.items()):
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents):
            lines.append(f"{label:<10} {words}, {credit_type} ({rows(total.count)})")
            label = ""
    return lines


def _total_lines(label: str, totals: Mapping[str, ControlTotal], exponents: Exponents) -> list[str]:
    lines = []
    for currency, total in sorted(totals.items()):
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents):
            lines.append(f"{label:<10} {words}")
            label = ""
    return lines


_LABELS = {
    Outcome.CREDITED: "Credited",
    Outcome.ALREADY_CREDITED: "Already",
    Outcome.FAILED: "Failed",
    Outcome.REJECTED: "Rejected",
    Outcome.IN_DOUBT: "In doubt",
    Outcome.REVIEW: "Review",
    Outcome.PENDING: "To credit",
}
