"""The pilot as a person reads it: for every row what the file says, and below it what Chargebee has."""

from collections.abc import Mapping

from batch_credits.cli.telling.picture import rows
from batch_credits.cli.telling.screen import NO_BREAK, told, width
from batch_credits.reporter import SITE_CURRENCY, money_in_words, stated_exponents, total_in_words
from batch_credits.sending.pilot import PilotReport, PilotRow

ROWS_SHOWN = 20  # of those that agree; rows that do not agree are all shown, up to
DISAGREEING_SHOWN = 100
_LONGEST = 30  # characters of one cell


def pilot_text(report: PilotReport, *, err: bool = False) -> str:
    """The whole report: a table where the terminal is wide enough, else a block for each row; then the verdict."""
    chosen = [*report.disagreeing[:DISAGREEING_SHOWN], *[row for row in report.rows if not row.problem][:ROWS_SHOWN]]
    chosen.sort(key=lambda row: row.source.row_number)
    exponents = stated_exponents(report.batch)
    table = _table(report, chosen, exponents)
    fits = max(map(len, table)) <= width(err=err)
    lines = table if fits else _blocks(report, chosen, exponents)
    for row in report.disagreeing[:DISAGREEING_SHOWN]:
        lines += told(f"Row {row.source.row_number}: {row.problem}.", "  ! ", err=err)
    heading = told(f"{rows(len(report.rows))} credited first, and read back from Chargebee", "Pilot      ", err=err)
    return "\n".join([*heading, *lines, *told(verdict(report), err=err)])


def verdict(report: PilotReport) -> str:
    """One sentence: whether the pilot agrees."""
    count = len(report.rows)
    if report.disagreeing:
        return f"{len(report.disagreeing)} of {rows(count)} of the pilot DO NOT AGREE with the file."
    hidden = f" ({ROWS_SHOWN} of them shown)" if count > ROWS_SHOWN else ""
    if count == 1:
        return "The row of the pilot agrees in amount, currency and reference."
    return f"All {rows(count)} of the pilot agree in amount, currency and reference{hidden}."


def pilot_question(report: PilotReport) -> str:
    """What a person says yes to after the pilot."""
    exponents = stated_exponents(report.batch)
    amounts = [
        words.replace(" ", NO_BREAK)
        for currency, total in sorted(report.left.items())
        for words in total_in_words(total, currency or SITE_CURRENCY, exponents)
    ]
    return f"Credit the other {rows(report.rows_left)}, {', '.join(amounts)}?"


def _table(report: PilotReport, chosen: list[PilotRow], exponents: Mapping[str, int]) -> list[str]:
    cells: list[tuple[str, ...]] = [("row", "customer", "", "amount", "reference")]
    for row in chosen:
        file, listed = _in_file(report, row, exponents), _at_chargebee(row, exponents)
        cells.append((str(row.source.row_number), _cut(row.asked.customer_id), "file", *map(_cut, file)))
        cells.append(("", "", "Chargebee", *map(_cut, listed)))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return [
        "  ".join([line[0].rjust(widths[0]), *(text.ljust(w) for text, w in zip(line[1:], widths[1:], strict=True))])
        .rstrip()
        for line in cells
    ]  # fmt: skip


def _blocks(report: PilotReport, chosen: list[PilotRow], exponents: Mapping[str, int]) -> list[str]:
    lines = []
    for row in chosen:
        lines.append(f"row {row.source.row_number}, {_cut(row.asked.customer_id)}")
        for label, cells in (("file", _in_file(report, row, exponents)), ("Chargebee", _at_chargebee(row, exponents))):
            lines += [f"  {label:<9}  {_cut(cells[0])}", *([f"  {'':<9}  {_cut(cells[1])}"] if cells[1] else [])]
    return lines


def _in_file(report: PilotReport, row: PilotRow, exponents: Mapping[str, int]) -> tuple[str, str]:
    """The amount as its cell says it and as it was read, and the reference."""
    field = "amount" if row.asked.money.amount_in_decimal is None else "amount_in_decimal"
    place = report.batch.columns.get(field)
    cell = "" if place is None else row.source.cells[place].strip()
    return f"{cell} = {money_in_words(row.asked.money, exponents)}", row.asked.reference


def _at_chargebee(row: PilotRow, exponents: Mapping[str, int]) -> tuple[str, str]:
    if row.listed is None:
        return "-", ""
    return money_in_words(row.listed.money, exponents), row.listed.reference or "-"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
