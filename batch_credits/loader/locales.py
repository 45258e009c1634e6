"""Which language writes numbers as a file does, where they cannot be read as they stand.

A locale is named only if it reads every amount of the file, and if no other that does would read another value.
"""

from collections.abc import Mapping

from batch_credits.loader.number_format import number_format
from batch_credits.loader.terms import Terms
from batch_credits.loader.wording import EDGE_BLANKS
from batch_credits.loader.written import taken_apart
from batch_credits.model.currencies import MAX_EXPONENT, USUAL_EXPONENT, exponent_of

FOREIGN = ("amount_has_separators", "not_of_locale")  # problems that a locale may solve
MOST_SHAPES = 1_000  # of numbers that are remembered; an honest file has a few

# One for each way to write numbers that babel knows and keyboards have, the most used first.
_CANDIDATES = ("en_US", "de_DE", "fr_FR", "de_CH", "fr_CH", "en_IN", "pl_PL", "xh_ZA")
_TO_NINES = str.maketrans("0123456789", "9999999999")


class LocaleFinder:
    """Remembers how the amounts of a file are written. `has_points`: some were read that have a decimal point.
    `has_numbers`: some are numbers of a workbook with decimals, which no locale lets stand among texts."""

    def __init__(self) -> None:
        self.has_points = self.has_numbers = False
        self._is_needed = False  # whether there is an amount that cannot be read as it stands
        self._known: set[tuple[str, str | None]] = set()  # texts with their digits as nines, and their currencies
        self._shapes: set[tuple[str, int]] = set()  # digits as nines, and how many decimals the currency has

    def rejected(self, text: str, terms: Terms, exponents: Mapping[str, int], *, is_foreign: bool) -> None:
        """Note an amount that is not paid: one that cannot be read, or that is wrong in another way and is written in
        some language all the same, as `1.234,50-` and `1.000` are."""
        parts = taken_apart(text.strip(EDGE_BLANKS))
        if is_foreign:
            self.refused(text, terms, exponents)
        elif parts is not None and not parts.digits.isdecimal():
            self.met(text, terms, exponents)  # `1.000` too, which has a decimal point only if it was read

    def refused(self, text: str, terms: Terms, exponents: Mapping[str, int]) -> None:
        """Note an amount that could not be read."""
        self._is_needed = True
        self.met(text, terms, exponents)

    def met(self, text: str, terms: Terms, exponents: Mapping[str, int]) -> None:
        """Note how an amount is written."""
        plain = text.strip(EDGE_BLANKS).translate(_TO_NINES)
        currency = terms.currency if isinstance(terms.currency, str) else None
        if (plain, currency) in self._known or len(self._shapes) == MOST_SHAPES:
            return
        self._known.add((plain, currency))
        parts = taken_apart(plain)
        decimals = USUAL_EXPONENT if currency is None else exponent_of(currency, exponents)
        self._shapes.add((parts.digits if parts else plain, MAX_EXPONENT if decimals is None else decimals))

    def found(self) -> str | None:
        """The locale that reads all of them; None if none does, or if it is not certain which."""
        fitting = self.fitting()
        return next(iter(fitting)) if len(fitting) == 1 else None

    def fitting(self) -> dict[str, str]:
        """The locales that read all of them, each with how it reads the first that another reads otherwise. Of those
        that read them all alike only the most used one."""
        if not self._is_needed or self.has_numbers or len(self._shapes) == MOST_SHAPES:
            return {}
        by_reading: dict[tuple[str, ...], str] = {}
        for name in _CANDIDATES:
            if reading := self._read_by(name):
                by_reading.setdefault(tuple(reading), name)
        differing = [len(set(each)) > 1 for each in zip(*by_reading, strict=True)]
        place = differing.index(True) if True in differing else 0
        return {name: reading[place] for reading, name in by_reading.items()}

    def _read_by(self, name: str) -> list[str]:
        """What the amounts are in this locale; empty if it does not read all of them."""
        written = number_format(name)
        if self.has_points and written.decimal != ".":
            return []
        read = []
        for shape, decimals in sorted(self._shapes):
            if written.refuses(shape):
                return []
            plain = written.plain(shape)
            if len(plain.partition(".")[2]) > decimals:
                return []
            read.append(plain)
        return read
