"""What stands at the head and at the foot of every report for people: which file, when, by whom, and how much."""

import json

from batch_credits.ledger.runs import History
from batch_credits.model import CallKind
from batch_credits.model.amounts import totals_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.display import MAX_WORD_LETTERS, clip, readable_time, took
from batch_credits.reporter.record import Fact
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import Tally, totals_read
from batch_credits.text.counted import rows as rows_in_words

MAX_CURRENCIES = 3  # named with their totals in one line
MAX_NAMES = 3  # of people and references, named one by one


def document_title(summary: Summary) -> str:
    """`payout.csv, batch ab12cd34, 2026-10-01`: no two batches have the same, on a tab or as a file's name."""
    moment = summary.run.started_at if summary.run else summary.batch.created_at
    return f"{file_in_short(summary)}, batch {summary.batch.key[:8]}, {moment[:10]}"


def file_in_short(summary: Summary) -> str:
    """The file's name where there is room for a few words."""
    return clip(summary.batch.file_name, MAX_WORD_LETTERS)


def total_line(summary: Summary) -> str:
    """`200 rows, 2,500.00 USD`: what the file asks for. A row whose amount nobody could read is not nothing."""
    totals = totals_read(summary.batch)
    amounts = totals_in_words(totals, stated_exponents(summary.batch))
    if not amounts:
        return rows_in_words(summary.rows)
    if len(amounts) > MAX_CURRENCIES:
        return f"{rows_in_words(summary.rows)} in {len(totals)} currencies"
    least = "at least " if sum(total.count for total in totals.values()) < summary.rows else ""
    return f"{rows_in_words(summary.rows)}, {least}{' + '.join(amounts)}"


def head_facts(summary: Summary, tally: Tally, history: History) -> list[Fact]:
    """When, what, under which reference, and who: what an approver asks first."""
    batch = summary.batch
    what = "Payout" if batch.kind is CallKind.ADD else f"Reversal of {(batch.reverses or '')[:8]}".rstrip()
    return [
        ("Date", _date(summary, history)),
        (what, f"{file_in_short(summary)}, batch {batch.key[:8]}"),
        ("Reference", _listed(list(tally.references), "none") if tally.references else _given_reference(summary)),
        ("Run by", _listed(list(dict.fromkeys(run.user for run in reversed(history.runs))), "nobody yet")),
    ]


def _date(summary: Summary, history: History) -> str:
    run = summary.run
    if run is None:
        return f"not run yet; read {readable_time(summary.batch.created_at)}"
    lasted = f", took {took(run.started_at, run.ended_at)}" if run.ended_at else ""
    last = f", the last of {history.runs_in_all:,} runs" if history.runs_in_all > 1 else ""
    return f"{readable_time(run.started_at)}{lasted}{last}"


def _given_reference(summary: Summary) -> str:
    return clip(json.loads(summary.batch.options_json).get("reference") or "none")


def _listed(names: list[str], none: str) -> str:
    """`q3, q4 and more`."""
    if not names:
        return none
    more = " and more" if len(names) > MAX_NAMES else ""
    return ", ".join(clip(name, MAX_WORD_LETTERS) for name in names[:MAX_NAMES]) + more
