"""closing.html: the last page of a payout, for finance to file and sign. Like summary.html it is one file, without a
script or a network, and every value from outside is escaped and clipped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_credits.model import ControlTotal, Ending, sum_totals
from batch_credits.model.amounts import Exponents, at_least, minor_in_words, money_in_words, totals_in_words
from batch_credits.reporter.amounts import UNITS_IN_WORDS, stated_exponents, unit_of_results
from batch_credits.reporter.closing import Closing, Ended, PayoutFile
from batch_credits.reporter.closing_words import headline, label_of, meaning_of, open_steps, payout_in_words
from batch_credits.reporter.display import MAX_WORD_LETTERS, clip, readable_time
from batch_credits.reporter.page import CountedLine, in_css, rendered
from batch_credits.reporter.tally import totals_read
from batch_credits.text.counted import rows as rows_in_words


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file of the payout. `others` says how many of its rows belong to none of the first file's."""

    name: str
    batch: str
    admitted: str
    run: str
    rows: str
    others: str


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row that is open, or credited more than once."""

    row_number: int
    customer: str
    amount: str
    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows that ended alike. `more` says where the others are, if there are any."""

    ending: str
    label: str
    rows: str
    lines: list[RowLine]
    more: str


def closing_html(closing: Closing) -> str:
    """The text of closing.html, once all rows are counted."""
    first = closing.payout.first
    stated = stated_exponents(first)
    ends = sum_totals(closing.totals.values())
    unread = sum(closing.unread.values())
    content: dict[str, Any] = {
        "foot_file": in_css(f"{clip(first.file_name, MAX_WORD_LETTERS)}, payout {first.key[:8]}"),
        "foot_total": in_css(" + ".join(totals_in_words(totals_read(first), stated))),
        "closing": closing,
        "headline": headline(closing),
        "severity": "good" if closing.is_closed else "bad" if closing.differences or closing.rows_again else "warn",
        "payout": clip(payout_in_words(closing)),
        "file_name": clip(first.file_name),
        "site": clip(first.site),
        "steps": open_steps(closing),
        "endings": [
            CountedLine(
                ending.value,
                label_of(ending),
                meaning_of(ending),
                f"{closing.counts[ending]:,}",
                at_least(totals_in_words(closing.totals.get(ending, {}), stated), closing.unread[ending]),
            )
            for ending in Ending
            if closing.counts[ending]
        ],
        "rows_sum": f"{sum(closing.counts.values()):,}",
        "endings_sum": at_least(totals_in_words(ends, stated), unread),
        "read": at_least(totals_in_words(totals_read(first), stated), closing.own_unread),
        "change": _signed(closing.change, stated),
        "changed": rows_in_words(closing.changed),
        "credits": totals_in_words(closing.credits, stated),
        "credits_rows": f"{sum(total.count for total in closing.credits.values()):,}",
        "by_ledger": totals_in_words(closing.payout.credited, stated),
        "by_ledger_rows": f"{sum(total.count for total in closing.payout.credited.values()):,}",
        "files": [_file(file, closing) for file in closing.payout.files],
        "open": [_group(ending, closing, stated) for ending in Ending if ending in closing.shown],
        "again": [_line(row, closing, stated, _again(row)) for row in closing.shown_again],
        "again_more": closing.rows_again - len(closing.shown_again),
        "unit": UNITS_IN_WORDS[unit_of_results(first)],
    }
    return rendered("closing.html", content)


def _signed(change: Mapping[str, ControlTotal], stated: Exponents) -> list[str]:
    """By how much money became more or less: `+12.50 USD`."""
    words = []
    for currency, total in change.items():
        if total.amount_minor:
            sign = "+" if total.amount_minor > 0 else ""
            words.append(f"{sign}{minor_in_words(total.amount_minor, currency, stated)}")
        if total.amount_in_decimal:
            words.append(f"{total.amount_in_decimal:+,f} {currency}")
    return words


def _file(file: PayoutFile, closing: Closing) -> FileLine:
    batch, run = file.batch, file.run
    others = batch.rows_read - closing.rows_of[batch.batch_id]
    return FileLine(
        name=clip(batch.file_name),
        batch=batch.key[:8],
        admitted=readable_time(batch.created_at),
        run=f"{clip(run.user, MAX_WORD_LETTERS)}, {readable_time(run.started_at)}" if run else "not run",
        rows=f"{closing.rows_of[batch.batch_id]:,}",
        others=f"and {rows_in_words(others)} that mend{'s' if others == 1 else ''} none of these" if others else "",
    )


def _group(ending: Ending, closing: Closing, stated: Exponents) -> RowGroup:
    shown, count = closing.shown[ending], closing.counts[ending]
    more = count - len(shown)
    return RowGroup(
        ending=ending.value,
        label=label_of(ending),
        rows=rows_in_words(count),
        lines=[_line(row, closing, stated, row.settled.row.error or meaning_of(ending)) for row in shown],
        more=f"{more:,} more in closing.csv" if more else "",
    )


def _line(row: Ended, closing: Closing, stated: Exponents, reason: str) -> RowLine:
    batch = next(file.batch for file in closing.payout.files if file.batch.batch_id == row.settled.batch_id)
    cells = row.settled.row.cells
    at = batch.columns.get("customer_id")
    money = row.settled.row.money
    return RowLine(
        row_number=row.own.row_number,
        customer=clip(cells[at]) if at is not None and at < len(cells) else "",
        amount=money_in_words(money, stated) if money else "cannot be read",
        where=clip(f"row {row.settled.row.row_number} of {batch.file_name}"),
        reason=clip(reason),
    )


def _again(row: Ended) -> str:
    """Its credits, and the rows that may bring another."""
    ids = [place.row.credit_id or "" for place in (row.settled, *row.again)]
    may_be = "".join(f"; row {place.row.row_number} that mends it {label_of(place.ending)}" for place in row.may_be)
    return f"credit{'s' if row.again else ''} {', '.join(ids)}{may_be}"
