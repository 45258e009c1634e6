"""The summary as a page that finance can file: one file, no script, no network, whatever the batch's size.

The templates decide how it looks; this module and its neighbours (heading, people, record, ties, course, distribution)
what it says.
Every value that comes from a file or from Chargebee is escaped by the template engine, and clipped: the CSV files
have it whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from batch_credits.explanations.outcomes import label_of, sentences_of
from batch_credits.ledger.runs import History
from batch_credits.model import CallKind, ControlTotal, Outcome, sum_totals
from batch_credits.model.amounts import Exponents, at_least, totals_in_words, unread_in_words
from batch_credits.reporter.amounts import UNITS_IN_WORDS, stated_exponents, unit_of_results
from batch_credits.reporter.course import course_picture
from batch_credits.reporter.display import allowed_in_html, clip, readable_time
from batch_credits.reporter.distribution import distribution
from batch_credits.reporter.heading import MAX_CURRENCIES, document_title, file_in_short, head_facts, total_line
from batch_credits.reporter.mending import mending_in_words
from batch_credits.reporter.people import person_groups, rows_shown
from batch_credits.reporter.record import agreed_controls, batch_facts, its_ledger, run_lines, settings_facts
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import NOT_CREDITED, Tally
from batch_credits.reporter.ties import tie_groups
from batch_credits.reporter.words import balance_in_words, headline, next_steps, words_of
from batch_credits.text.counted import rows as rows_in_words

MAX_WORD_OF_A_PERSON = 1_000  # letters: who said what, and how they know
_NOT_PLAIN_IN_CSS = re.compile(r"[^A-Za-z0-9 ,.-]")
_SEVERITY = {0: "good", 1: "warn", 3: "bad", 4: "bad"}


@dataclass(frozen=True, slots=True)
class CountedLine:
    """What ended in one way, in a table: an outcome, or how a row of a payout ended."""

    name: str
    label: str
    meaning: str
    rows: str
    amounts: list[str]


@dataclass(frozen=True, slots=True)
class TypeGroup:
    """The outcomes of one currency and credit type."""

    title: str
    lines: list[CountedLine]


def summary_html(summary: Summary, tally: Tally, history: History) -> str:
    """The text of summary.html."""
    return rendered("summary.html", _content(summary, tally, history))


def rendered(name: str, content: Mapping[str, Any]) -> str:
    """The text of a page, by the name of its template."""
    return allowed_in_html(page_template(name).render(content))


@cache
def page_template(name: str = "summary.html") -> Template:
    """How a page looks, compiled: once for all batches that a process reports, for it takes longer than a page."""
    environment = Environment(
        loader=PackageLoader("batch_credits.reporter", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def _content(summary: Summary, tally: Tally, history: History) -> dict[str, Any]:
    stated = stated_exponents(summary.batch)
    groups = person_groups(summary, tally)
    outcomes = [_line_of(summary, outcome, stated) for outcome in Outcome]
    types = _type_groups(tally, summary.batch.kind, stated)
    last = history.last_run
    words = words_of(summary.batch.kind)
    controls = agreed_controls(history)
    return {
        "title": document_title(summary),
        "foot_file": in_css(f"{file_in_short(summary)}, batch {summary.batch.key[:8]}"),
        "foot_total": in_css(total_line(summary)),
        "headline": headline(summary),
        "head": head_facts(summary, tally, history),
        "done": words.done,
        "failed_file": words.failed_file,
        "severity": _SEVERITY[summary.exit_code],
        "summary": summary,
        "file_name": clip(summary.batch.file_name),
        "site": clip(summary.batch.site),
        "stopped": clip(summary.stopped or ""),
        "in_short": _in_short(summary, words.done, stated),
        "steps": next_steps(summary, lambda _: its_ledger(last)),
        "outcomes": [line for line in outcomes if line.rows != "0"],
        "empty": [line for line in outcomes if line.rows == "0"],
        "rows_sum": f"{sum(summary.counts.values()):,}",
        "outcomes_sum": at_least(
            totals_in_words(sum_totals(summary.totals.values()), stated), summary.count_unread(*Outcome)
        ),
        "results_unit": UNITS_IN_WORDS[unit_of_results(summary.batch)],
        "undone": [*_undone(summary, stated), *map(clip, mending_in_words(summary.mending))],
        "types": types if len(_types(tally)) > 1 else [],  # of a single one the outcomes say it all
        "balance": balance_in_words(summary),
        "ties": tie_groups(summary, controls, stated),
        "controls": controls,
        "people": groups,
        "people_shown": rows_shown(tally, groups),
        "decisions": [
            (word.row_number, readable_time(word.at), clip(word.reason, MAX_WORD_OF_A_PERSON))
            for word in history.decisions
        ],
        "decisions_more": history.decisions_in_all - len(history.decisions),
        "course": course_picture(history, summary.rows, words.done),
        "has_earlier_courses": history.has_earlier_courses,
        "amounts": distribution(summary, tally, stated),
        "facts": [*batch_facts(summary), ("Credit type", ", ".join(_types(tally)) or "none was read")],
        "runs": run_lines(history),
        "runs_more": history.runs_in_all - len(history.runs),
        "settings": settings_facts(last) if last else [],
    }


def in_css(text: str) -> str:
    """A text for a string of CSS: whatever might end it, or the style, is written as the number of its character."""
    return _NOT_PLAIN_IN_CSS.sub(lambda found: f"\\{ord(found[0]):x} ", text)


def _in_short(summary: Summary, done: str, stated: Exponents) -> str:
    """The money in one line, as far as it is short enough for one; what could not be read is always said."""
    parts = []
    for state, outcomes in (
        (done, (Outcome.CREDITED, Outcome.ALREADY_CREDITED)),
        (f"not {done}", NOT_CREDITED),
        ("in doubt or review", (Outcome.IN_DOUBT, Outcome.REVIEW)),
        ("still pending", (Outcome.PENDING,)),
    ):
        amounts = totals_in_words(sum_totals(summary.totals[outcome] for outcome in outcomes), stated)
        if amounts:
            bound = "at least " if summary.count_unread(*outcomes) else ""
            parts.append((len(amounts), f"{bound}{' + '.join(amounts)} {state}"))
    if undone := totals_in_words(summary.undone.totals, stated):
        parts.append((len(undone), f"{' + '.join(undone)} of it reversed"))
    is_short = all(currencies <= MAX_CURRENCIES for currencies, _ in parts)
    unread = summary.count_unread(*Outcome)
    money = ", ".join(words for _, words in parts) if is_short else ""
    return "; ".join(filter(None, (money, unread_in_words(unread) if unread else "")))


def _undone(summary: Summary, stated: Exponents) -> list[str]:
    """What was deducted again, a sentence for each batch that did."""
    return [
        f"{rows_in_words(summary.undone.rows_by(key))} of these, {' and '.join(totals_in_words(totals, stated))}, "
        f"reversed by batch {key[:8]}: the credit was deducted again, and is not paid again under its reference."
        for key, totals in summary.undone.by_batch.items()
    ]


def _line_of(summary: Summary, outcome: Outcome, stated: Exponents) -> CountedLine:
    counted, totals = summary.counts[outcome], summary.totals[outcome]
    return _counted_line(summary.batch.kind, outcome, counted, totals, stated, summary.count_unread(outcome))


def _counted_line(
    kind: CallKind, outcome: Outcome, rows: int, totals: dict[str, ControlTotal], stated: Exponents, unread: int = 0
) -> CountedLine:
    amounts = at_least(totals_in_words(totals, stated), unread)
    return CountedLine(
        outcome.value, label_of(kind, outcome), sentences_of(kind, outcome).meaning, f"{rows:,}", amounts
    )


def _types(tally: Tally) -> list[str]:
    """The credit types of the rows that were not rejected."""
    return sorted({type_ for _, _, type_ in tally.by_type if type_})


def _type_groups(tally: Tally, kind: CallKind, stated: Exponents) -> list[TypeGroup]:
    """By currency and credit type, each outcome that has rows."""
    groups: dict[tuple[str, str], list[CountedLine]] = {}
    order = list(Outcome)
    for outcome, currency, type_ in sorted(tally.by_type, key=lambda key: (key[1], key[2], order.index(key[0]))):
        total = tally.by_type[outcome, currency, type_]
        line = _counted_line(kind, outcome, total.count, {currency: total}, stated)
        groups.setdefault((currency, type_), []).append(line)
    return [
        TypeGroup(f"{currency}, {type_}" if type_ else f"{currency}, rejected before its type was read", lines)
        for (currency, type_), lines in groups.items()
    ]
