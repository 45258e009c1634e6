"""What a person sees before anything is sent: the plan in words."""

from collections.abc import Mapping

from batch_credits.model import ControlTotal, Outcome
from batch_credits.plan import Plan
from batch_credits.reporter import total_in_words
from batch_credits.settings import RunSettings, SiteSettings


def plan_lines(plan: Plan, exponents: Mapping[str, int]) -> list[str]:
    """Rows and totals of the file, what is known of them, and its problems grouped."""
    lines = [f"Rows       {plan.rows:,}"]
    lines += _total_lines("Total", plan.totals, exponents)
    for outcome, label in _LABELS.items():
        totals = plan.by_outcome.get(outcome)
        if totals:
            lines.append(f"{label:<10} {plan.count(outcome):,} rows")
            if outcome is Outcome.PENDING:
                lines += _total_lines("", totals, exponents)
    for currency, amount in plan.largest.items():
        words = total_in_words(ControlTotal(1, amount), currency or "site currency", exponents)
        lines.append(f"Largest    {words[0]}")
    for group in plan.problems:
        count = "1 row" if group.rows == 1 else f"{group.rows:,} rows, first"
        lines.append(f"  ! {count} (row {group.first_row}) {group.field} {group.code}: {group.message}")
    return lines


def site_line(site: SiteSettings) -> str:
    """Which site, and whether its credits are real."""
    kind = "LIVE SITE, real money" if site.is_live else "test site or this machine, no real money"
    return f"Site       {site.site} at {site.base_url} ({kind})"


def pace_line(owed: int, settings: RunSettings) -> str:
    """How long it will take under the limit, at least."""
    budget = settings.budget_per_minute
    if not budget:
        return "Pace       no limit"
    minutes = max(0, -(-owed // budget) - 1)
    return f"Pace       {budget} requests a minute, so {minutes or 'under 1'} min or more"


def _total_lines(label: str, totals: Mapping[str, ControlTotal], exponents: Mapping[str, int]) -> list[str]:
    lines = []
    for currency, total in sorted(totals.items()):
        for words in total_in_words(total, currency or "site currency", exponents):
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
