"""What a person sees before anything is sent: the plan and its terms in words, as pairs of a label and a text."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from batch_credits.cli.telling.screen import NO_BREAK, told
from batch_credits.ledger import ProblemGroup
from batch_credits.model import CallKind, Outcome
from batch_credits.model.amounts import at_least
from batch_credits.settings import Origin, RunSettings
from batch_credits.text.colour import coloured
from batch_credits.text.counted import kinds, rows
from batch_credits.views.amounts import Total
from batch_credits.views.plan import PlanView
from batch_credits.views.question import BalancesView, Question
from batch_credits.views.terms import Memory, Pace, SiteView

Line = tuple[str, str]
PROBLEM = "  !"  # the label of a kind of problem
CURRENCIES_NAMED = 3  # in a question; more are counted
SHORTFALLS_SHOWN = 20
_KNOWN = {
    Outcome.CREDITED: ("Credited", ""),
    Outcome.ALREADY_CREDITED: ("Already", " credited before, and not sent again"),
    Outcome.FAILED: ("Failed", " refused before; sent again with --retry-failed, if none was mended and paid since"),
    Outcome.IN_DOUBT: ("In doubt", ", which Chargebee is asked about first"),
    Outcome.REVIEW: ("Review", " that only a person can settle"),
}
_KNOWN_OF_REVERSAL = {
    **_KNOWN,
    Outcome.CREDITED: ("Deducted", ""),
    Outcome.ALREADY_CREDITED: ("Already", " deducted before, and not sent again"),
}


def plan_lines(
    plan: PlanView, *, problems: int | None = None, rejected: Sequence[Line] | None = None
) -> list[Line]:
    """Rows and totals of the file, what is known of them, why rows are rejected, what is to be credited, its largest
    amounts, and what looks wrong. At most so many kinds of `problems` are shown, None: all; or instead, of what is
    `rejected`, these lines."""
    lines = [("Rows", f"{plan.rows:,}"), *_labelled("Total", at_least([*_words_of(plan.totals)], plan.unread))]
    lines += _labelled("Mends", (each.words for each in plan.mends))
    lines += [("Agrees", f"with the {total.words}") for total in plan.control_totals]
    lines += _type_lines(plan)
    is_payout = plan.kind is CallKind.ADD
    for outcome, (label, what) in (_KNOWN if is_payout else _KNOWN_OF_REVERSAL).items():
        if totals := plan.by_outcome.get(outcome):
            lines += [(label, f"{rows(plan.counts[outcome])}{what}"), *_total_lines("", totals)]
    if plan.undone.rows:
        lines.append(("Reversed", f"{rows(plan.undone.rows)} of these, by {plan.undone.batches}: not paid again"))
        lines += _total_lines("", plan.undone.totals)
    lines += _rejected_lines(plan, problems) if rejected is None else rejected
    label = "To credit" if is_payout else "To deduct"
    if owed := plan.by_outcome.get(Outcome.PENDING):
        lines += [(label, rows(plan.counts[Outcome.PENDING])), *_total_lines("", owed)]
    elif not plan.owed:
        lines.append((label, "nothing that is still owed"))
    lines += _labelled("Largest", (f"{row.words} in row {row.row_number}" for row in plan.largest))
    return lines + [("Look at", warning) for warning in plan.warnings]


def shown(lines: list[Line], *, err: bool = False) -> str:
    """The pairs as text for a stream: labels in a column, long texts folded below themselves on a terminal."""
    return "\n".join(part for label, text in lines for part in told(text, _label(label), err=err))


def painted(text: str) -> str:
    """What `shown` made, for a terminal with colours: real money, and what is not sent or looks wrong."""
    text = re.sub(r"^LIVE SITE.*", lambda line: coloured(line[0], "red"), text, flags=re.MULTILINE)
    labels = re.compile(r"^(?:Rejected|Look at|Left out|  !)(?= )", re.MULTILINE)
    return labels.sub(lambda label: coloured(label[0], "yellow"), text)


def shortfall_lines(balances: BalancesView) -> list[Line]:
    """For which customers the balance does not cover what is to be deducted, and of how many nobody knows."""
    lines = []
    if balances.short_in_all:
        who = f"{balances.short_in_all:,} of {balances.customers:,} {_customers(balances.customers)}"
        lines.append(("Balances", f"do not cover it for {who}; Chargebee will refuse what exceeds them"))
    for short in balances.short[:SHORTFALLS_SHOWN]:
        said = "missing or deleted in Chargebee"
        if short.left is not None:
            said = f"{short.asked} to deduct, {short.left} left"
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


def site_line(site: SiteView) -> Line:
    """Which site, and whether its credits are real."""
    if site.is_live:
        return "LIVE SITE", f"{site.name}: REAL MONEY, real customers ({site.base_url})"
    where = "this machine, " if site.is_loopback else ""
    return "TEST SITE", f"{site.name}: {where}no real money ({site.base_url})"


def memory_lines(memory: Memory, site: SiteView) -> list[Line]:
    """Which ledger it is, and whether it is the one that a person thinks of."""
    where = [f"from {memory.source}"] if memory.source else []
    if memory.batches:
        what = f"knows {_batches(memory.batches)} of {site.name}"
    elif memory.of_others:
        what = f"NEW to {site.name}: of what was paid there it knows nothing, of others {_batches(memory.of_others)}"
    else:
        what = "NEW: it knows of nothing that was paid before"
    return [("Ledger", str(memory.path)), ("", "; ".join([*where, what]))]


def _batches(number: int) -> str:
    return "1 batch" if number == 1 else f"{number:,} batches"


def origin_lines(origins: Sequence[Origin]) -> list[Line]:
    """The settings that nobody typed, each with its origin."""
    values = (origin.value if origin.value.isprintable() else ascii(origin.value) for origin in origins)
    said = (f"{f'{o.option} {value}'.rstrip()}, from {o.source}" for o, value in zip(origins, values, strict=True))
    return _labelled("Setting", said)


def request_origin_lines(settings: RunSettings) -> list[Line]:
    """For whom Chargebee is told that it is asked."""
    told = {"user": settings.origin_user, "device": settings.origin_device, "IP": settings.origin_ip}
    words = [f"{name} {value}" for name, value in told.items() if value is not None]
    return [("Origin", ", ".join(words))] if words else []


def pace_line(pace: Pace, now: datetime | None = None) -> Line:
    """How long it takes under the limit, at least; and, given the time now, until when."""
    if pace.minutes_at_least is None:
        return "Pace", "no limit"
    hours, rest = divmod(pace.minutes_at_least, 60)
    if not pace.minutes_at_least:
        return "Pace", f"{pace.per_minute} requests a minute, so it may be over within a minute"
    words = f"{hours} h {rest} min" if hours else f"{rest} min"
    end = None if now is None else now + timedelta(minutes=pace.minutes_at_least)
    until = "" if now is None or end is None else f", until {_clock_time(end, now)} at the earliest"
    return "Pace", f"{pace.per_minute} requests a minute, so {words} or more{until}"


def question_in_words(question: Question) -> str:
    """What a person says yes to: how much, and on which site."""
    plan, site, pilot = question.plan, question.terms.site, question.pilot
    amounts = [words.replace(" ", NO_BREAK) for words in _words_of(plan.by_outcome.get(Outcome.PENDING, ()))]
    money = ", ".join(amounts) if len(amounts) <= CURRENCIES_NAMED else f"in {len(amounts)} currencies"
    count = rows(plan.counts[Outcome.PENDING])
    verb = "Credit" if plan.kind is CallKind.ADD else "Deduct"
    what = f"{verb} {count}, {money}," if amounts else f"Settle {rows(plan.owed)} in doubt"
    if amounts and 0 < pilot < plan.counts[Outcome.PENDING]:
        what = f"Credit {count}, {money}, the first {pilot} as a pilot,"
    where = f"on the LIVE site {site.name}, with REAL MONEY" if site.is_live else f"on test site {site.name}"
    return f"{what} {where}?"


def _label(label: str) -> str:
    """Words stand in a column; what marks a problem or a row stands right before its text."""
    return f"{label} " if label.startswith("  ") else f"{label:<10} "


def _clock_time(then: datetime, now: datetime) -> str:
    """With the zone that it is in, as the terminal's user calls it."""
    zone = f" {then.tzname()}" if then.tzname() else ""
    return f"{then:%H:%M}{zone}" if then.date() == now.date() else f"{then:%H:%M}{zone} on {then:%A, %d %B}"


def _rejected_lines(plan: PlanView, most: int | None) -> list[Line]:
    if not plan.problems:
        return []
    count = plan.counts[Outcome.REJECTED]
    lines = [("Rejected", f"{rows(count)}, which {'is' if count == 1 else 'are'} not sent")]
    lines += [(PROBLEM, f"{problem_in_words(group)}: {group.message}") for group in plan.problems[:most]]
    left = len(plan.problems) - len(lines) + 1
    if left:
        lines.append((PROBLEM, f"and {kinds(left)} of problems: batch-credits check shows them all"))
    return lines


def _type_lines(plan: PlanView) -> list[Line]:
    """Totals by credit type, where a file has more than the usual one."""
    if {each.credit_type for each in plan.by_type} <= {"general"}:
        return []
    said = (
        f"{words}, {each.credit_type} ({rows(each.total.rows)})" for each in plan.by_type for words in each.total.words
    )
    return _labelled("By type", said)


def _total_lines(label: str, totals: Iterable[Total]) -> list[Line]:
    return _labelled(label, _words_of(totals))


def _words_of(totals: Iterable[Total]) -> Iterable[str]:
    return (words for total in totals for words in total.words)


def _labelled(label: str, texts: Iterable[str]) -> list[Line]:
    """The texts below each other, the first behind the label."""
    return [("" if index else label, text) for index, text in enumerate(texts)]
