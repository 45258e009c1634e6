"""The pilot as a person reads it: for every row what the file says, and below it what Chargebee has."""

from batch_credits.cli.telling.screen import NO_BREAK, told, width
from batch_credits.text.counted import rows
from batch_credits.views.pilot import PilotRowView, PilotView

ROWS_SHOWN = 20  # of those that agree; rows that do not agree are all shown, up to
DISAGREEING_SHOWN = 100
_LONGEST = 30  # characters of one cell


def pilot_text(pilot: PilotView, *, err: bool = False) -> str:
    """The whole report: a table where the terminal is wide enough, else a block for each row; then the verdict."""
    chosen = [*pilot.disagreeing[:DISAGREEING_SHOWN], *[row for row in pilot.rows if not row.problem][:ROWS_SHOWN]]
    chosen.sort(key=lambda row: row.row_number)
    table = _table(chosen)
    fits = max(map(len, table)) <= width(err=err)
    lines = table if fits else _blocks(chosen)
    for row in pilot.disagreeing[:DISAGREEING_SHOWN]:
        lines += told(f"Row {row.row_number}: {row.problem}.", "  ! ", err=err)
    heading = told(f"{rows(len(pilot.rows))} credited first, and read back from Chargebee", "Pilot      ", err=err)
    return "\n".join([*heading, *lines, *told(verdict(pilot), err=err)])


def verdict(pilot: PilotView) -> str:
    """One sentence: whether the pilot agrees."""
    count = len(pilot.rows)
    if pilot.disagreeing:
        do = "DOES" if len(pilot.disagreeing) == 1 else "DO"
        return f"{len(pilot.disagreeing)} of {rows(count)} of the pilot {do} NOT AGREE with the file."
    hidden = f" ({ROWS_SHOWN} of them shown)" if count > ROWS_SHOWN else ""
    if count == 1:
        return "The row of the pilot agrees in amount, currency and reference."
    return f"All {rows(count)} of the pilot agree in amount, currency and reference{hidden}."


def pilot_question(pilot: PilotView) -> str:
    """What a person says yes to after the pilot."""
    amounts = [words.replace(" ", NO_BREAK) for total in pilot.left for words in total.words]
    return f"Credit the other {rows(pilot.rows_left)}, {', '.join(amounts)}?"


def _table(chosen: list[PilotRowView]) -> list[str]:
    cells: list[tuple[str, ...]] = [("row", "customer", "", "amount", "reference")]
    for row in chosen:
        cells.append((str(row.row_number), _cut(row.customer_id), "file", *map(_cut, _in_file(row))))
        cells.append(("", "", "Chargebee", *map(_cut, _at_chargebee(row))))
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return [
        "  ".join([line[0].rjust(widths[0]), *(text.ljust(w) for text, w in zip(line[1:], widths[1:], strict=True))])
        .rstrip()
        for line in cells
    ]  # fmt: skip


def _blocks(chosen: list[PilotRowView]) -> list[str]:
    lines = []
    for row in chosen:
        lines.append(f"row {row.row_number}, {_cut(row.customer_id)}")
        for label, cells in (("file", _in_file(row)), ("Chargebee", _at_chargebee(row))):
            lines += [f"  {label:<9}  {_cut(cells[0])}", *([f"  {'':<9}  {_cut(cells[1])}"] if cells[1] else [])]
    return lines


def _in_file(row: PilotRowView) -> tuple[str, str]:
    """The amount as its cell says it and as it was read, and the reference."""
    return f"{row.asked.cell} = {row.asked.amount}", row.asked.reference


def _at_chargebee(row: PilotRowView) -> tuple[str, str]:
    if row.listed is None:
        return "-", ""
    return row.listed.amount, row.listed.reference or "-"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
