"""An amount as people write it: what is around its digits says whether it is less than nothing, and of which currency.

`($30.00)`, `-5,00 €`, `USD 10.10`, `▲1000`, `5.00-`: nothing here decides what the digits mean.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from batch_credits.loader.wording import EDGE_BLANKS

LONGEST = 100  # characters that an amount may have with all that stands around it

_BLANKS = re.escape(EDGE_BLANKS)
_PARTS = re.compile(rf"(?P<before>\D*)(?P<digits>\d(?:[\d.,'\u2019\u066b\u066c\u060c{_BLANKS}]*\d)?)(?P<after>\D*)")
_LIKE_DASHES = "\u2212\u02d7\u2796\u207b\u208b\u2043\u2500\u2501\u2296\U00010ead"
_OTHER_SIGNS = "\u2052\u00f7\u25b2\u25b3\u25bc\u25bd"  # of German, Danish and Japanese accounts
_TYPED_SIGN = "./."  # as German accounts have it where the keyboard has no U+2052
_BRACKETS = {
    "(": ")", "[": "]", "{": "}", "<": ">", "\uff08": "\uff09", "\uff3b": "\uff3d", "\uff5b": "\uff5d",
    "\uff1c": "\uff1e", "\ufe59": "\ufe5a", "\u27e8": "\u27e9", "\u3008": "\u3009", "\u300a": "\u300b",
    "\u3010": "\u3011", "\u3014": "\u3015",
}  # fmt: skip
_NEVER_ALONE = "<\uff1c"  # `<5` is no bracket whose other half was lost
# Minus in words, and what ledgers call one side of an account: which side is less than nothing depends on who writes.
_WORDS = frozenset(
    "minus negative negativ negatif negativo neg moins négatif menos meno mínus mīnus minüs minuss mínusz miinus eksi"
    " ujemna минус мінус μείον πλην マイナス ー 负 負 마이너스 trừ kurang tolak ลบ ऋण سالب ناقص منفی מינוס cr dr db"
    " credit debit crédit débit debe haber dare avere soll haben debet kredit дебет кредит winien borç alacak"
    " abzgl abzüglich".casefold().split()
)
_SIDES = frozenset("CDHS")  # the sides in a letter, behind an amount and a blank: `1001C` is an id, `D 5` a currency's
_AS_FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Written:
    """An amount, taken apart. `digits` has the separators, as they stand; `marks` are what may name a currency."""

    before: str
    digits: str
    after: str
    is_negative: bool
    marks: tuple[str, ...]

    def with_digits(self, digits: str) -> str:
        """The same amount with its digits written in another way."""
        return f"{self.before}{digits}{self.after}"


def taken_apart(text: str) -> Written | None:
    """The parts of an amount; None for a text that has other things than one number among its digits."""
    found = _PARTS.fullmatch(text.replace(_TYPED_SIGN, "-")) if len(text) <= LONGEST else None
    if found is None:
        return None
    before, after = _seen(found["before"]), _seen(found["after"])
    if after.startswith((".", ",")) or (before.endswith((".", ",")) and before.casefold().strip() != "rs."):
        return None  # `5.-` is how some write that there are no cents; `$.50` are fifty of them
    bracketed = False
    for opening, closing in _BRACKETS.items():
        opens, closes = before.count(opening) > before.count(closing), after.count(closing) > after.count(opening)
        if (opens and closes) or ((opens or closes) and opening not in _NEVER_ALONE):
            before, after, bracketed = before.replace(opening, ""), after.replace(closing, ""), True
    signs = _dashes().union(_OTHER_SIGNS)
    signed = not signs.isdisjoint(before + after)
    first, last = ("".join(" " if letter in signs else letter for letter in side).split() for side in (before, after))
    marks = [word for word in first if not _is_side(word)]
    letters = _SIDES if found["after"][:1].isspace() else ()
    marks += [word for word in last if not _is_side(word) and word.strip(".") not in letters]
    is_negative = bracketed or signed or len(marks) < len(first) + len(last)
    return Written(found["before"], found["digits"], found["after"], is_negative, tuple(marks))


def _is_side(word: str) -> bool:
    return word.casefold().strip(".()[]") in _WORDS


def is_dash_for_nothing(text: str) -> bool:
    """Whether it is the dash that accountants write for nothing, be it with a currency: `$ -`."""
    seen = _seen(text)
    return not _dashes().isdisjoint(seen) and not any(map(str.isalnum, seen))


def unwrapped(text: str) -> str:
    """A text that was written as a formula to keep its zeros, `="00123"`, as what the formula shows."""
    found = _AS_FORMULA.fullmatch(text)
    return text if found is None else found[1].replace('""', '"').strip(EDGE_BLANKS)


@cache
def _dashes() -> frozenset[str]:
    """All that Unicode has; a walk through it takes longer than all that `status` loads."""
    every = map(chr, range(0x10000))
    return frozenset(letter for letter in every if unicodedata.category(letter) == "Pd").union(_LIKE_DASHES)


def _seen(text: str) -> str:
    """The text without the marks of direction that some languages write beside a sign."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
