"""The first sheet of results.xlsx: what became of the batch, on one page that can be filed and signed.

Every figure was counted before; nothing here is a formula.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from batch_credits.explanations.outcomes import label_of, sentences_of
from batch_credits.ledger.runs import History
from batch_credits.model import ControlTotal, Outcome, sum_totals
from batch_credits.model.amounts import Exponents
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.display import clip
from batch_credits.reporter.heading import head_facts
from batch_credits.reporter.record import agreed_controls
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import Tally
from batch_credits.reporter.ties import tie_groups
from batch_credits.reporter.words import balance_in_words, headline
from batch_credits.reporter.workbook_cells import LINE, LINE_POINTS, SOFT, coloured, fit_for_a_cell, lines_of

MAX_CURRENCIES = 12  # those with the most rows: the page is one page
MAX_DIGITS = 15  # of which Excel's numbers are certain

_WIDTHS = (26, 20, 8, 16, 58)  # of the columns: what is counted, those of the head, and a note
_TITLE_LINES, _SIGNED_LINES = 1.6, 2


class _Cell(NamedTuple):
    """What a cell holds, the name of its look, and of a number how many decimals it shows."""

    value: str | int | Decimal
    look: str = "plain"
    decimals: int = 0


_HEAD = (_Cell("Currency", "head"), _Cell("Rows", "head_number"), _Cell("Amount", "head_number"))


@dataclass(frozen=True, slots=True)
class _Figure:
    """One amount of a total: what it is counted in, and how it shows."""

    unit: str
    amount: Decimal
    decimals: int


def write_summary_sheet(book: Any, sheet: Any, summary: Summary, tally: Tally, history: History) -> None:
    """Fill the sheet, from its top down."""
    page = _Page(book, sheet)
    stated = stated_exponents(summary.batch)
    page.cells(_Cell(headline(summary), "title"), lines=_TITLE_LINES)
    site = "LIVE site, real credits" if summary.live else "TEST site, no real credits"
    page.line(f"{clip(summary.batch.site)}: {site}", "bad" if summary.live else "soft")
    if summary.stopped:
        page.line(f"Stopped: {clip(summary.stopped)}")
    page.skip()
    for name, value in head_facts(summary, tally, history):
        page.cells(_Cell(name, "soft"), _Cell(value))
    page.skip()
    _outcomes(page, summary, stated)
    page.skip()
    for sentence in balance_in_words(summary):
        page.line(sentence, "plain" if summary.in_balance else "bad")
    _controls(page, summary, history, stated)
    _signatures(page)
    page.line("Every row is in the next sheet, its technical columns folded: the plus signs unfold them.", "soft")
    sheet.hide_gridlines(2)
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)


class _Page:
    """Writes the sheet line by line, each cell in a named look."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self._book, self._sheet, self._row = book, sheet, 0
        line: dict[str, Any] = {"bottom": 1, "bottom_color": LINE}
        bad = coloured(Outcome.REVIEW)["font_color"]
        self._looks: dict[str, dict[str, Any]] = {
            "title": {"bold": True, "font_size": 16},
            "heading": {"bold": True, "font_size": 12},
            "plain": {},
            "soft": {"font_color": SOFT},
            "bad": {"bold": True, "font_color": bad},
            "head": {"bold": True, "font_color": SOFT} | line,
            "head_number": {"bold": True, "font_color": SOFT, "align": "right"} | line,
            "right": {"align": "right"},
            "sum": {"bold": True, "top": 1},
            "sum_right": {"bold": True, "top": 1, "align": "right"},
            "note": {"font_color": SOFT, "align": "left", "indent": 1, "text_wrap": True},
            "bad_note": {"bold": True, "font_color": bad, "align": "left", "indent": 1, "text_wrap": True},
            "head_note": {"bold": True, "font_color": SOFT, "align": "left", "indent": 1} | line,
            "all": {"bold": True},
            "all_right": {"bold": True, "align": "right"},
            "signed": {"bottom": 1},
            **{outcome.value: coloured(outcome) for outcome in Outcome},
        }
        self._shapes: dict[tuple[str, str], Any] = {}

    def line(self, text: str, look: str = "plain") -> None:
        """A text over the whole width."""
        self.cells(_Cell(text, look))

    def skip(self) -> None:
        """An empty line."""
        self._row += 1

    def cells(self, *cells: _Cell, lines: float = 1) -> None:
        """A line of cells, from the left; as high as so many lines of text."""
        if lines > 1:
            self._sheet.set_row(self._row, lines * LINE_POINTS)
        for column, (value, look, decimals) in enumerate(cells):
            if isinstance(value, str):
                self._sheet.write_string(self._row, column, fit_for_a_cell(value), self._shape(look))
            else:
                shape = f"#,##0.{'0' * decimals}" if decimals else "#,##0"
                self._sheet.write_number(self._row, column, value, self._shape(look, shape))
        self._row += 1

    def _shape(self, look: str, number_format: str = "@") -> Any:
        if (look, number_format) not in self._shapes:
            below = {} if look == "signed" else {"valign": "top"}
            shape = self._book.add_format({"num_format": number_format} | below | self._looks[look])
            self._shapes[look, number_format] = shape
        return self._shapes[look, number_format]


def _outcomes(page: _Page, summary: Summary, stated: Exponents) -> None:
    """Each outcome that has rows, a line for each currency, and the sum of all."""
    page.line("Outcomes", "heading")
    page.cells(_Cell("Outcome", "head"), *_HEAD, _Cell("Meaning", "head_note"))
    in_all = sum_totals(summary.totals.values())
    shown = set(sorted(in_all, key=lambda code: (-in_all[code].count, code))[:MAX_CURRENCIES])
    for outcome in Outcome:
        if not summary.counts[outcome]:
            continue
        lines = _lines(summary.totals[outcome], summary.counts[outcome], shown, stated)
        name, meaning = label_of(summary.batch.kind, outcome), sentences_of(summary.batch.kind, outcome).meaning
        for number, line in enumerate(lines):
            note = "" if number else meaning
            page.cells(_Cell(name, outcome.value), *line, _Cell(note, "note"), lines=lines_of(note, _WIDTHS[-1]))
    empty = [label_of(summary.batch.kind, outcome) for outcome in Outcome if not summary.counts[outcome]]
    for number, line in enumerate(_lines(in_all, sum(summary.counts.values()), shown, stated)):
        look = "all" if number else "sum"
        currency, *figures = line
        page.cells(
            _Cell("All outcomes", look), currency._replace(look=look),
            *(figure._replace(look=f"{look}_right") for figure in figures), _Cell("", look),
        )  # fmt: skip
    if empty:
        page.line(f"No rows: {', '.join(empty)}", "soft")
    if (more := len(in_all) - len(shown)) > 0:
        page.line(f"{more:,} more currencies, with fewer rows, are in summary.json.", "soft")


def _lines(
    totals: dict[str, ControlTotal], rows: int, shown: set[str], stated: Exponents
) -> list[tuple[_Cell, _Cell, _Cell]]:
    """Currency, rows and amount of each line; rows without a readable amount have one of their own."""
    lines = []
    for currency in sorted(totals.keys() & shown):
        counted: str | int = totals[currency].count
        for figure in _figures(totals[currency], currency, stated):
            is_number = len(figure.amount.as_tuple().digits) <= MAX_DIGITS
            amount = figure.amount if is_number else f"{figure.amount:,f}"
            lines.append((_Cell(figure.unit), _Cell(counted, "right"), _Cell(amount, "right", figure.decimals)))
            counted = ""  # said once, also where a file used both amount columns
    unread = rows - sum(total.count for total in totals.values())
    if unread or not lines:
        unit = "no readable amount" if unread else ""
        lines.append((_Cell(unit), _Cell(unread, "right"), _Cell("")))
    return lines


def _figures(total: ControlTotal, currency: str, stated: Exponents) -> list[_Figure]:
    """In major units where the decimals of the currency are known; two where a file used both amount columns."""
    currency = currency or SITE_CURRENCY
    exponent = exponent_of(currency, stated)
    figures = []
    if total.amount_minor or not total.amount_in_decimal:
        unit = currency if exponent is not None else f"{currency}, minor units"
        figures.append(_Figure(unit, Decimal(total.amount_minor).scaleb(-(exponent or 0)), exponent or 0))
    if total.amount_in_decimal:
        decimals = -min(0, int(total.amount_in_decimal.as_tuple().exponent))
        unit = f"{currency}, in decimal" if figures else currency
        figures.append(_Figure(unit, total.amount_in_decimal, decimals))
    return figures


def _controls(page: _Page, summary: Summary, history: History, stated: Exponents) -> None:
    """What somebody else counted, or the file itself says; that the outcomes add up is said above."""
    groups = tie_groups(summary, agreed_controls(history), stated)
    expected = [(group.title, line) for group in groups for line in group.lines[2:]]
    if not expected:
        return
    page.skip()
    page.line("Control totals", "heading")
    page.cells(_Cell("Counted", "head"), *_HEAD, _Cell("Agreement", "head_note"))
    for title, line in expected:
        look = "plain" if line.agrees else "bad"
        figures = _Cell(line.rows, "right"), _Cell(" + ".join(line.amounts), "right")
        note = _Cell(line.verdict, "note" if line.agrees else "bad_note")
        height = lines_of(line.verdict, _WIDTHS[-1])
        page.cells(_Cell(line.label, look), _Cell(title, look), *figures, note, lines=height)


def _signatures(page: _Page) -> None:
    page.skip()
    page.line("Signatures", "heading")
    for role in ("Prepared by", "Approved by"):
        page.cells(*(_Cell(word, "signed") for word in (role, "", "Date", "", "Signature")), lines=_SIGNED_LINES)
    page.skip()
