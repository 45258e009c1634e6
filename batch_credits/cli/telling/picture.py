"""What a person sees before anything is sent: the plan in words, as pairs of a label and a text."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from batch_credits.cli.telling.screen import NO_BREAK, told
from batch_credits.ledger import ProblemGroup
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.planning.customers import Balances
from batch_credits.planning.plan import Plan
from batch_credits.reporter import SITE_CURRENCY, minor_in_words, total_in_words
from batch_credits.settings import Origin, RunSettings, SiteSettings

Exponents = Mapping[str, int]
Line = tuple[str, str]
PROBLEM = "  !"  # the label of a kind of problem
CURRENCIES_NAMED = 3  # in a question; more are counted
SHORTFALLS_SHOWN = 20
_KNOWN = {
    Outcome.CREDITED: ("Credited", ""),
    Outcome.ALREADY_CREDITED: ("Already", " credited before, so nothing is sent for them"),
    Outcome.FAILED: ("Failed", " refused before; --retry-failed tries them again"),
    Outcome.IN_DOUBT: ("In doubt", ", which Chargebee is asked about first"),
    Outcome.REVIEW: ("Review", " that only a person can settle"),
}
_KNOWN_OF_REVERSAL = {
    **_KNOWN,
    Outcome.CREDITED: ("Deducted", ""),
    Outcome.ALREADY_CREDITED: ("Already", " deducted before, so nothing is sent for them"),
}


def plan_lines(plan: Plan, exponents: Exponents, *, problems: int | None = None) -> list[Line]:
    """Rows and totals of the file, what is known of them, why rows are rejected, what is to be credited, its largest
    amounts, and what looks wrong. At most so many kinds of `problems` are shown; None: all."""
    lines = [("Rows", f"{plan.rows:,}"), *_total_lines("Total", plan.totals, exponents)]
    lines += _type_lines(plan, exponents)
    is_payout = plan.kind is CallKind.ADD
    for outcome, (label, what) in (_KNOWN if is_payout else _KNOWN_OF_REVERSAL).items():
        totals = plan.by_outcome.get(outcome)
        if totals:
            lines += [(label, f"{rows(plan.count(outcome))}{what}"), *_total_lines("", totals, exponents)]
    if plan.undone.rows:
        label, totals = "Reversed", plan.undone.totals
        lines.append((label, f"{rows(plan.undone.rows)} of these, by {plan.undone.batches}: not paid again"))
        lines += _total_lines("", totals, exponents)
    lines += _rejected_lines(plan, problems)
    label = "To credit" if is_payout else "To deduct"
    if owed := plan.by_outcome.get(Outcome.PENDING):
        lines += [(label, rows(plan.count(Outcome.PENDING))), *_total_lines("", owed, exponents)]
    elif not plan.owed:
        lines.append((label, "nothing that is still owed"))
    label = "Largest"
    for amount in plan.largest_rows:
        words = minor_in_words(amount.amount_minor, amount.currency or SITE_CURRENCY, exponents)
        lines.append((label, f"{words} in row {amount.row_number}"))
        label = ""
    return lines + [("Look at", warning) for warning in plan.warnings]


def shown(lines: list[Line], *, err: bool = False) -> str:
    """The pairs as text for a stream: labels in a column, long texts folded below themselves on a terminal."""
    return "\n".join(part for label, text in lines for part in told(text, _label(label), err=err))


def shortfall_lines(balances: Balances, exponents: Exponents) -> list[Line]:
    """For which customers the balance does not cover what is to be deducted, and of how many nobody knows."""
    lines = []
    if balances.short_in_all:
        who = f"{balances.short_in_all:,} of {balances.customers:,} {_customers(balances.customers)}"
        lines.append(("Balances", f"do not cover it for {who}; Chargebee will refuse what exceeds them"))
    for short in balances.short[:SHORTFALLS_SHOWN]:
        currency = short.currency or SITE_CURRENCY
        said = "missing or deleted in Chargebee"
        if short.balance_minor is not None:
            asked, left = (
                minor_in_words(amount, currency, exponents) for amount in (short.asked_minor, short.balance_minor)
            )
            said = f"{asked} to deduct, {left} left"
        lines.append((PROBLEM, f"row {short.row_number}, customer {short.customer_id}: {said}"))
    if (more := balances.short_in_all - SHORTFALLS_SHOWN) > 0:
        lines.append((PROBLEM, f"and {more:,} more"))
    if balances.unknown:
        lines.append(("Balances", f"of {balances.unknown:,} {_customers(balances.unknown)} cannot be compared"))
    return lines


def _customers(number: int) -> str:
    return "customer" if number == 1 else "customers"


def problem_in_words(group: ProblemGroup) -> str:
    """`17 rows: amount has decimals, first in row 4`."""
    code = group.code.replace("_", " ")
    what = code if group.field.split("_")[0] in code else f"{group.field} {code}"
    first = f"in row {group.first_row}" if group.rows == 1 else f"first in row {group.first_row}"
    return f"{rows(group.rows)}: {what}, {first}"


def site_line(site: SiteSettings) -> Line:
    """Which site, and whether its credits are real."""
    if site.is_live:
        return "LIVE SITE", f"{site.site}: REAL MONEY, real customers ({site.base_url})"
    where = "this machine, " if site.is_loopback else ""
    return "TEST SITE", f"{site.site}: {where}no real money ({site.base_url})"


def origin_lines(origins: Sequence[Origin]) -> list[Line]:
    """The settings that nobody typed, each with its origin."""
    lines, label = [], "Setting"
    for origin in origins:
        value = origin.value if origin.value.isprintable() else ascii(origin.value)
        lines.append((label, f"{f'{origin.option} {value}'.rstrip()}, from {origin.source}"))
        label = ""
    return lines


def request_origin_lines(settings: RunSettings) -> list[Line]:
    """For whom Chargebee is told that it is asked."""
    told = {"user": settings.origin_user, "device": settings.origin_device, "IP": settings.origin_ip}
    words = [f"{name} {value}" for name, value in told.items() if value is not None]
    return [("Origin", ", ".join(words))] if words else []


def pace_line(requests: int, settings: RunSettings, now: datetime | None = None) -> Line:
    """How long so many requests take under the limit, at least; and, given the time now, until when."""
    minutes = minutes_at_least(requests, settings)
    if minutes is None:
        return "Pace", "no limit"
    hours, rest = divmod(minutes, 60)
    words = f"{hours} h {rest} min" if hours else f"{minutes or 'under 1'} min"
    until = "" if now is None else f", until {_clock_time(now + timedelta(minutes=minutes), now)} at the earliest"
    return "Pace", f"{settings.budget_per_minute} requests a minute, so {words} or more{until}"


def too_many_at_once(site: SiteSettings, settings: RunSettings) -> list[str]:
    """What to know about a concurrency above what Chargebee documents for the site. It is kept: sites can have more."""
    documented = site.posts_at_once
    if documented is None or settings.concurrency <= documented:
        return []
    kind = "live" if site.is_live else "test"
    return [
        f"--concurrency {settings.concurrency} is above the {documented} calls at one instant that Chargebee documents"
        f" for {kind} sites; what is above a site's limit is refused with 429, and slows the run down"
    ]


def minutes_at_least(requests: int, settings: RunSettings) -> int | None:
    """Minutes until the last request may be sent: a minute's budget can go at once. None where there is no limit."""
    budget = settings.budget_per_minute
    return max(0, -(-requests // budget) - 1) if budget else None


def question(plan: Plan, site: SiteSettings, exponents: Exponents, pilot: int) -> str:
    """What a person says yes to: how much, and on which site."""
    owed = {outcome: plan.by_outcome.get(outcome, {}) for outcome in (Outcome.PENDING, Outcome.IN_DOUBT)}
    amounts = [
        words.replace(" ", NO_BREAK)
        for currency, total in sorted(owed[Outcome.PENDING].items())
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents)
    ]
    money = ", ".join(amounts) if len(amounts) <= CURRENCIES_NAMED else f"in {len(amounts)} currencies"
    count = rows(plan.count(Outcome.PENDING))
    verb = "Credit" if plan.kind is CallKind.ADD else "Deduct"
    what = f"{verb} {count}, {money}," if amounts else f"Settle {rows(plan.owed)} in doubt"
    if amounts and 0 < pilot < plan.count(Outcome.PENDING):
        what = f"Credit {count}, {money}, the first {pilot} as a pilot,"
    where = f"on the LIVE site {site.site}, with REAL MONEY" if site.is_live else f"on test site {site.site}"
    return f"{what} {where}?"


def rows(number: int) -> str:
    """`1 row`, `2,000 rows`."""
    return "1 row" if number == 1 else f"{number:,} rows"


def _label(label: str) -> str:
    """Words stand in a column; what marks a problem or a row stands right before its text."""
    return f"{label} " if label == PROBLEM or label.endswith(":") else f"{label:<10} "


def _clock_time(then: datetime, now: datetime) -> str:
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%H:%M on %A, %d %B}"


def _rejected_lines(plan: Plan, most: int | None) -> list[Line]:
    if not plan.problems:
        return []
    lines = [("Rejected", f"{rows(plan.count(Outcome.REJECTED))}, which are not sent")]
    lines += [(PROBLEM, f"{problem_in_words(group)}: {group.message}") for group in plan.problems[:most]]
    left = len(plan.problems) - len(lines) + 1
    if left:
        lines.append((PROBLEM, f"and {left} more kinds of problems: batch-credits check shows them all"))
    return lines


def _type_lines(plan: Plan, exponents: Exponents) -> list[Line]:
    """Totals by credit type, where a file has more than the usual one."""
    if {credit_type for _, credit_type in plan.by_type} <= {"general"}:
        return []
    lines, label = [], "By type"
    for (currency, credit_type), total in sorted(plan.by_type.items()):
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents):
            lines.append((label, f"{words}, {credit_type} ({rows(total.count)})"))
            label = ""
    return lines


def _total_lines(label: str, totals: Mapping[str, ControlTotal], exponents: Exponents) -> list[Line]:
    lines = []
    for currency, total in sorted(totals.items()):
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents):
            lines.append((label, words))
            label = ""
    return lines
