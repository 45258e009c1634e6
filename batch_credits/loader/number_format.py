"""Numbers as a language writes them: 1.234,50 is German, 1,234.50 English, 12,34,567 Indian.

Only what the operator named with --locale is read, and strictly: separators of thousands stand where that language
puts them, all of them or none. So no text has two readings, and `1.50` under --locale de is refused, not 150.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from batch_credits.errors import InputError
from batch_credits.loader.wording import shown
from batch_credits.model import Problem

_BLANKS = " \u00a0\u202f\u2009\u2007"  # CLDR says which of them; whoever types has only the first
_APOSTROPHES = "'\u2019"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How one locale writes numbers. `groups` are the characters that may separate thousands."""

    locale: str
    groups: str
    decimal: str
    pattern: re.Pattern[str]
    example: str

    def plain(self, text: str) -> str:
        """A number of this locale with a point before decimals, and nothing else."""
        found = self.pattern.fullmatch(text)
        assert found is not None, "what is refused is not read"
        whole = "".join(character for character in found["whole"] if character not in self.groups)
        return whole if found["decimals"] is None else f"{whole}.{found['decimals']}"

    def refuses(self, text: str) -> bool:
        """Whether it is no number of this locale, although another might take it for one."""
        return self.pattern.fullmatch(text) is None

    def problem(self, field: str, text: str) -> Problem:
        """What to say about a text that is not a number of this locale."""
        return Problem(
            field,
            "not_of_locale",
            f"The amount {shown(text)} is not a number as --locale {self.locale} writes it ({self.example}): "
            "correct it, or the option.",
        )


@lru_cache(maxsize=8)
def number_format(name: str) -> NumberFormat:
    """The number format of a locale such as `de_DE` or `en-IN`.

    Raises:
        InputError: there is no such locale.
    """
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_decimal_symbol, get_group_symbol

    try:
        locale = Locale.parse(name.strip().replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise InputError(f"There is no locale {shown(name)}.", hint="For example de_DE, fr_CH, en_US.") from None
    group, decimal = get_group_symbol(locale), get_decimal_symbol(locale)
    groups = next((kind for kind in (_BLANKS, _APOSTROPHES) if group in kind), group)
    first, others = locale.decimal_formats[None].grouping
    pattern = _pattern(groups, decimal, first, others)
    return NumberFormat(str(locale), groups, decimal, pattern, f"1{groups[0]}234{decimal}50")


def _pattern(groups: str, decimal: str, first: int, others: int) -> re.Pattern[str]:
    """Plain digits, or digits in groups: the last of `first`, those before of `others`, one separator throughout."""
    inner = rf"(?:[0-9]{{{others}}}(?P=group))*[0-9]{{{first}}}"
    grouped = rf"[0-9]{{1,{others}}}(?P<group>[{re.escape(groups)}]){inner}"
    return re.compile(rf"(?P<whole>[0-9]+|{grouped})(?:{re.escape(decimal)}(?P<decimals>[0-9]+))?")
