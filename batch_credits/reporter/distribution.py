"""How the amounts of a batch are spread, as the page says it: the bounds of each currency, and where they are many and
unlike, a histogram and the largest of them."""

from dataclasses import dataclass
from decimal import Decimal

from batch_credits.explanations.outcomes import label_of
from batch_credits.model.amounts import Exponents, minor_in_digits, minor_in_words, money_in_words
from batch_credits.model.currencies import exponent_of
from batch_credits.reporter.display import clip
from batch_credits.reporter.people import cell
from batch_credits.reporter.spread import Bin, Spread, Unit
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import Tally
from batch_credits.text.counted import rows as rows_in_words

MAX_UNITS = 40  # whose bounds are shown, those with the most rows
MAX_PICTURES = 3
SHORTEST_BAR = 0.5  # per cent of the longest: a row among a million is to be seen


@dataclass(frozen=True, slots=True)
class BoundsLine:
    """The smallest and the largest amount of one currency."""

    title: str
    rows: str
    smallest: str
    largest: str


@dataclass(frozen=True, slots=True)
class BinLine:
    """One bar of a histogram. `share` is of all rows, `length` of the longest bar, both in per cent."""

    title: str
    rows: str
    share: str
    length: float


@dataclass(frozen=True, slots=True)
class LargeLine:
    """One of the largest amounts."""

    row_number: int
    customer: str
    amount: str
    label: str


@dataclass(frozen=True, slots=True)
class AmountPicture:
    """How the amounts of one currency are spread, and the largest of them."""

    title: str
    rows: str
    bins: list[BinLine]
    largest: list[LargeLine]


@dataclass(frozen=True, slots=True)
class Distribution:
    """All that is said of the amounts; `more` are the currencies that are left out."""

    bounds: list[BoundsLine]
    more: int
    pictures: list[AmountPicture]


def distribution(summary: Summary, tally: Tally, stated: Exponents) -> Distribution:
    """Of the rows that were not rejected."""
    most_used = sorted(tally.spread.items(), key=lambda item: (-item[1].rows, item[0]))
    telling = [(unit, spread) for unit, spread in most_used if spread.says_something][:MAX_PICTURES]
    return Distribution(
        bounds=[_bounds_line(unit, spread, stated) for unit, spread in sorted(most_used[:MAX_UNITS])],
        more=max(0, len(most_used) - MAX_UNITS),
        pictures=[_picture(unit, spread, summary, stated) for unit, spread in sorted(telling)],
    )


def _bounds_line(unit: Unit, spread: Spread, stated: Exponents) -> BoundsLine:
    smallest, largest = (_in_words(amount, unit, stated) for amount in spread.bounds or ())
    return BoundsLine(_title(unit, stated), f"{spread.rows:,}", smallest, largest)


def _in_words(amount: Decimal | int, unit: Unit, stated: Exponents) -> str:
    if isinstance(amount, int):
        return minor_in_words(amount, unit.currency, stated)
    return f"{amount:,f} {unit.currency}"


def _title(unit: Unit, stated: Exponents) -> str:
    if unit.in_decimal:
        return f"{unit.currency}, in decimal"
    return unit.currency if exponent_of(unit.currency, stated) is not None else f"{unit.currency}, in minor units"


def _picture(unit: Unit, spread: Spread, summary: Summary, stated: Exponents) -> AmountPicture:
    bins = spread.histogram()
    longest = max(part.rows for part in bins)
    return AmountPicture(
        title=_title(unit, stated),
        rows=rows_in_words(spread.rows),
        bins=[
            BinLine(
                _bin_title(part, unit, stated),
                f"{part.rows:,}",
                _share(part.rows, spread.rows),
                max(round(100 * part.rows / longest, 1), SHORTEST_BAR if part.rows else 0.0),
            )
            for part in bins
        ],
        largest=[
            LargeLine(
                row.row_number,
                clip(cell(row, summary, "customer_id")),
                money_in_words(row.money, stated) if row.money else "",
                label_of(summary.batch.kind, row.outcome),
            )
            for row in spread.largest
        ],
    )


def _bin_title(part: Bin, unit: Unit, stated: Exponents) -> str:
    """`10.00 to 19.99`; of decimals, which may have any number of places, `10 to under 20`."""
    if unit.in_decimal:
        return f"{_short(part.low)} to under {_short(part.high)}"
    low, high = int(part.low), int(part.high) - 1
    words = minor_in_digits(low, unit.currency, stated)
    return words if low == high else f"{words} to {minor_in_digits(high, unit.currency, stated)}"


def _short(bound: Decimal) -> str:
    return f"{bound.normalize():,f}"


def _share(rows: int, of_all: int) -> str:
    share = 100 * rows / of_all
    if not rows:
        return "0 %"
    return "under 1 %" if share < 1 else f"{share:.0f} %"
