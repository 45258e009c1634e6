"""The summary as a page that finance can file: one file, no script, no network, whatever the batch's size.

The template decides how it looks, this module what it says. Every value that comes from a file or from
Chargebee is escaped by the template engine, and clipped: the CSV files have it whole.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from batch_credits.model import ControlTotal, Outcome, ReportRow, sum_totals
from batch_credits.reporter.amounts import Exponents, money_in_words, stated_exponents, total_in_words
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import NEEDS_A_PERSON, Tally, totals_read
from batch_credits.reporter.words import Words, advice, balance_in_words, headline, next_steps, words_of
from batch_credits.reporter.words import rows as rows_in_words

MAX_CELL_LETTERS = 200
MAX_REASONS_SHOWN = 20

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_SEVERITY = {0: "good", 1: "warn", 3: "bad", 4: "bad"}


@dataclass(frozen=True, slots=True)
class _OutcomeLine:
    outcome: str
    label: str
    meaning: str
    rows: str
    amounts: list[str]


@dataclass(frozen=True, slots=True)
class _PersonLine:
    row_number: int
    outcome: str
    label: str
    customer: str
    amount: str
    reference: str
    code: str
    reason: str
    advice: str


def summary_html(summary: Summary, tally: Tally) -> str:
    """The text of summary.html."""
    environment = Environment(
        loader=PackageLoader("batch_credits.reporter", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    stated = stated_exponents(summary.batch)
    page = environment.get_template("summary.html").render(
        headline=headline(summary),
        severity=_SEVERITY[summary.exit_code],
        summary=summary,
        outcomes=_outcome_lines(summary, stated),
        outcomes_sum=_amounts(sum_totals(summary.totals.values()), stated),
        rows_sum=f"{sum(summary.counts.values()):,}",
        file_sum=_amounts(totals_read(summary.batch), stated),
        balance=balance_in_words(summary),
        steps=next_steps(summary),
        facts=_facts(summary),
        reasons=_reasons(tally, words_of(summary.batch.kind)),
        failed_file=words_of(summary.batch.kind).failed_file,
        people=[_person_line(row, summary, stated) for row in tally.rows_to_show],
        more=_more(summary, len(tally.rows_to_show)),
    )
    return _CONTROL.sub("\ufffd", page)  # characters that HTML does not allow, escaped or not


def _outcome_lines(summary: Summary, stated: Exponents) -> list[_OutcomeLine]:
    """All seven, also those without rows: that there are none is what finance wants to see."""
    words = words_of(summary.batch.kind)
    return [
        _OutcomeLine(
            outcome.value,
            words.labels[outcome],
            words.meanings[outcome],
            f"{summary.counts[outcome]:,}",
            _amounts(summary.totals[outcome], stated),
        )
        for outcome in Outcome
    ]


def _amounts(totals: dict[str, ControlTotal], stated: Exponents) -> list[str]:
    return [words for currency, total in sorted(totals.items()) for words in total_in_words(total, currency, stated)]


def _facts(summary: Summary) -> list[tuple[str, str]]:
    """Who ran what, when, with which version and settings."""
    batch, run = summary.batch, summary.run
    facts = [
        ("Site", batch.site),
        ("File", clip(batch.file_name)),
        ("SHA-256 of the file", batch.file_sha256),
        ("Rows", f"{summary.rows:,}"),
        ("Batch", batch.key),
    ]
    if options := json.loads(batch.options_json):
        facts.append(("Read with", clip(", ".join(f"{name} {_plain(value)}" for name, value in options.items()))))
    if run is None:
        return [*facts, ("Run", "none yet")]
    return [
        *facts,
        ("Run by", clip(run.user)),
        ("Version", f"batch_credits {run.version}"),
        ("Started", readable_time(run.started_at)),
        ("Ended", readable_time(run.ended_at) if run.ended_at else "not recorded: the process died"),
        ("Requests", f"{run.requests:,} sent, {run.throttled:,} throttled, {run.retries:,} retried"),
    ]


def _plain(value: object) -> str:
    """An option's value without Python's punctuation: pairs become `a=b`."""
    if isinstance(value, list):
        return " ".join("=".join(str(part) for part in pair) for pair in value)
    return "yes" if value is True else str(value)


def _reasons(tally: Tally, words: Words) -> list[tuple[str, str, str]]:
    """Outcome, code and rows of each reason, the frequent ones first."""
    return [
        (words.labels[outcome], clip(code) or "no code", f"{number:,}")
        for (outcome, code), number in tally.reasons.most_common(MAX_REASONS_SHOWN)
    ]


def _person_line(row: ReportRow, summary: Summary, stated: Exponents) -> _PersonLine:
    """One row that needs a person; an amount that could not be read shows as it came."""
    words = words_of(summary.batch.kind)
    amount = money_in_words(row.money, stated) if row.money else _cell(row, summary, "amount", "amount_in_decimal")
    return _PersonLine(
        row_number=row.row_number,
        outcome=row.outcome.value,
        label=words.labels[row.outcome],
        customer=clip(_cell(row, summary, "customer_id")),
        amount=clip(amount),
        reference=clip(row.reference or ""),
        code=clip(row.error_code or ""),
        reason=clip(row.error or words.meanings[row.outcome]),
        advice=advice(row, summary.batch.kind),
    )


def _cell(row: ReportRow, summary: Summary, *fields: str) -> str:
    """The row's own text of the first of these fields that has any."""
    for field in fields:
        index = summary.batch.columns.get(field)
        if index is not None and index < len(row.cells) and row.cells[index].strip():
            return row.cells[index]
    return ""


def _more(summary: Summary, shown: int) -> str:
    """Where the rows are that the page has no room for."""
    hidden = summary.count(*NEEDS_A_PERSON) - shown
    if hidden <= 0:
        return ""
    urgent = summary.count(Outcome.REVIEW, Outcome.IN_DOUBT)
    file = "failed.csv" if urgent <= shown else "results.csv"
    return f"and {rows_in_words(hidden)} more in {file}"


def clip(text: str) -> str:
    """A value short enough for a page."""
    return text if len(text) <= MAX_CELL_LETTERS else text[: MAX_CELL_LETTERS - 1] + "…"


def readable_time(text: str) -> str:
    """An ISO 8601 time in UTC as people write it."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text
