"""Writes the reports of a batch: START HERE of stage 3.

`write_reports` streams the rows once, writing results.csv and failed.csv together and counting as it goes;
summary.json and summary.html follow from the count.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import localcontext
from itertools import islice
from pathlib import Path

from batch_credits.errors import ReportsNotWritten
from batch_credits.ledger.runs import History
from batch_credits.model import DECIMAL_DIGITS, BatchRecord, CallKind, Mending, ReportRow
from batch_credits.reporter.files import (
    ReportPaths,
    atomic_text,
    keep_edited,
    make_private_directory,
    report_directory,
)
from batch_credits.reporter.page import summary_html
from batch_credits.reporter.record import site_is_live
from batch_credits.reporter.summary import Summary, summarise
from batch_credits.reporter.summary_json import summary_json
from batch_credits.reporter.tables import failed_writer, results_writer
from batch_credits.reporter.tally import NOT_CREDITED, Tally
from batch_credits.reporter.workbook import results_workbook
from batch_credits.reporter.workbook_failed import MAX_ROWS, failed_workbook

NO_KIN = Mending()
ROWS_A_PART = 200  # counted together


def write_reports(
    batch: BatchRecord,
    history: History,
    rows: Callable[[], Iterable[ReportRow]],
    reports: Path,
    *,
    live: bool | None = None,
    xlsx: bool = False,
    mending: Mending = NO_KIN,
) -> Summary:
    """Write the four reports of a batch below `reports`, each of them whole or not at all; with `xlsx` the tables also
    as workbooks.

    `rows` gives every source row in the file's order, and is asked once. `history` is the batch's, and `mending` what
    it has to do with others: rows that a later file mends are not in failed.csv again. A failed.csv that somebody has
    changed is kept beside the new one. `live` says whether the site's
    credits are real; None judges by where it was called, or by its name.

    Raises:
        ReportsNotWritten: the disk refused.
    """
    directory = report_directory(batch, reports)
    try:
        with localcontext(prec=DECIMAL_DIGITS):
            make_private_directory(directory)
            paths = ReportPaths.within(directory, xlsx=xlsx, is_payout=batch.kind is CallKind.ADD)
            is_live = site_is_live(batch.site, history) if live is None else live
            edited = keep_edited(paths) if batch.kind is CallKind.ADD else ()
            summary, tally = _write_tables(batch, rows(), paths, history, is_live, mending)
            summary = replace(summary, edited=edited)
            _write_summaries(summary, tally, history, into=paths)
    except OSError as error:
        raise ReportsNotWritten(
            f"The reports cannot be written to {directory}: {error.strerror or error}.",
            hint="The ledger has it all. Mend this, then write them once more.",
            instead=[("report", batch.key[:8])],
        ) from error
    return summary


def write_reports_into(
    directory: Path, batch: BatchRecord, history: History, rows: Iterable[ReportRow], mending: Mending
) -> None:
    """Write the four reports of a batch into a folder that is there, for whoever has nothing but that: commands in them
    name its files as they lie there. The same batch gives the same bytes.

    Raises:
        OSError: the disk refused.
    """
    with localcontext(prec=DECIMAL_DIGITS):
        paths = ReportPaths.within(directory)
        summary, tally = _write_tables(batch, rows, paths, history, site_is_live(batch.site, history), mending)
        as_it_lies_there = replace(summary, paths=ReportPaths.within(Path()))
        _write_summaries(as_it_lies_there, tally, history, into=paths)


def _write_tables(
    batch: BatchRecord, rows: Iterable[ReportRow], paths: ReportPaths, history: History, live: bool, mending: Mending
) -> tuple[Summary, Tally]:
    """One pass over the rows: all tables and the count, some hundred rows in memory at a time."""
    tally, mended = Tally(), InOrder(mending.mended_rows())
    with ExitStack() as stack:
        write_each = [results_writer(stack.enter_context(atomic_text(paths.results)), batch)]
        mend_each = [failed_writer(stack.enter_context(atomic_text(paths.failed)), batch)]
        book = None
        if paths.results_xlsx is not None:
            book = stack.enter_context(results_workbook(paths.results_xlsx, batch))
            write_each.append(book.write)
        if paths.failed_xlsx is not None:
            mend_each.append(stack.enter_context(failed_workbook(paths.failed_xlsx, batch)))
        for some in _in_parts(rows):
            gone = {row.row_number for row in some if row.outcome in NOT_CREDITED and row.row_number in mended}
            tally.add(some, gone)
            for row in some:
                for write in write_each:
                    write(row)
                if row.outcome in NOT_CREDITED and row.row_number not in gone:
                    for write in mend_each:
                        write(row)
                    tally.to_mend += 1
        if tally.to_mend > MAX_ROWS:
            paths = replace(paths, failed_xlsx=None)
        summary = summarise(batch, history.last_run, tally, paths, live, mending)
        if book is not None:
            book.conclude(summary, tally, history)
    return summary, tally


def _in_parts(rows: Iterable[ReportRow]) -> Iterator[list[ReportRow]]:
    left = iter(rows)
    while some := list(islice(left, ROWS_A_PART)):
        yield some


class InOrder:
    """Numbers that come in their order, asked for in their order: no set of all of them is held."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = iter(numbers)
        self._next = next(self._numbers, None)

    def __contains__(self, number: int) -> bool:
        while self._next is not None and self._next < number:
            self._next = next(self._numbers, None)
        return self._next == number


def _write_summaries(summary: Summary, tally: Tally, history: History, *, into: ReportPaths) -> None:
    with atomic_text(into.summary_json) as stream:
        stream.write(summary_json(summary))
    with atomic_text(into.summary_html) as stream:
        stream.write(summary_html(summary, tally, history))
