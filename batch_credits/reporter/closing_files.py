"""The closing page of a payout, and the table beside it: closing.csv has every row of the first file in its order, with
its own columns untouched, how it ended, and where that was settled.

It begins with a byte order mark, as failed.csv does: people open it in Excel. It is a report, and no file to pay: the
loader knows it by its columns.
"""

from collections.abc import Callable, Iterable
from decimal import localcontext
from pathlib import Path
from typing import TextIO

from batch_credits.errors import ReportsNotWritten
from batch_credits.ledger import MendingRow
from batch_credits.model import DECIMAL_DIGITS, ReportRow
from batch_credits.reporter.amounts import in_unit_of_file
from batch_credits.reporter.closing import Closing, Ended, Payout, close
from batch_credits.reporter.closing_page import closing_html
from batch_credits.reporter.files import atomic_text, make_private_directory, report_directory
from batch_credits.reporter.tables import BYTE_ORDER_MARK, csv_writer, fit

CLOSING_COLUMNS = (
    "credit_row",
    "credit_outcome",
    "credit_id",
    "credit_reference",
    "credit_error_code",
    "credit_error",
    "credit_finished_at",
    "closing_customer_id",
    "closing_amount",
    "closing_currency",
    "closing_file",
    "closing_batch",
    "closing_row",
    "closing_other_credits",
)


def write_closing(
    payout: Payout,
    rows: Iterable[ReportRow],
    mending: Iterable[MendingRow],
    reports: Path,
    *,
    live: bool,
) -> Closing:
    """Write closing.csv and closing.html of a payout beside the reports of its first file, each whole or not at all.

    `rows` are those of the first file, `mending` those that mend them, both by the row of the first file.

    Raises:
        ReportsNotWritten: the disk refused.
    """
    directory = report_directory(payout.first, reports)
    table, page = directory / "closing.csv", directory / "closing.html"
    closing = Closing(payout, live, (table, page))
    try:
        with localcontext(prec=DECIMAL_DIGITS):
            make_private_directory(directory)
            with atomic_text(table) as stream:
                write = closing_writer(stream, payout)
                for row in close(closing, rows, mending):
                    write(row)
            with atomic_text(page) as stream:
                stream.write(closing_html(closing))
    except OSError as error:
        raise ReportsNotWritten(
            f"The closing page cannot be written to {directory}: {error.strerror or error}.",
            hint="The ledger has it all. Mend this, then write it once more.",
            instead=[("report", payout.first.key[:8])],
        ) from error
    return closing


def closing_writer(stream: TextIO, payout: Payout) -> Callable[[Ended], None]:
    """Write the header of closing.csv; the function returned writes a row of it."""
    first = payout.first
    batches = {file.batch.batch_id: file.batch for file in payout.files}
    in_unit, width = in_unit_of_file(first), len(first.headers)
    stream.write(BYTE_ORDER_MARK)
    write = csv_writer(stream)
    write((*first.headers, *CLOSING_COLUMNS))

    def write_row(ended: Ended) -> None:
        own, row, batch = ended.own, ended.settled.row, batches[ended.settled.batch_id]
        at = batch.columns.get("customer_id")
        customer = row.cells[at].strip() if at is not None and at < len(row.cells) else ""
        money = row.money
        amount = ""
        if money is not None:
            amount = money.amount_in_decimal or in_unit(own, money.amount_minor or 0, money)
        ours = (
            str(own.row_number),
            ended.ending.value,
            row.credit_id or "",
            row.reference or "",
            row.error_code or "",
            row.error or "",
            row.finished_at or "",
            customer,
            amount,
            (money and money.currency_code) or "",
            batch.file_name,
            batch.key,
            str(row.row_number),
            " ".join(place.row.credit_id or "" for place in ended.again),
        )
        write((*fit(own.cells, width), *ours))

    return write_row
