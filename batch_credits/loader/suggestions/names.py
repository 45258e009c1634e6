"""What a header says: the field that it may name, in the languages of finance systems, and a currency."""

import re
import tomllib
import unicodedata
from functools import lru_cache
from importlib import resources

from batch_credits.loader.currency_marks import all_codes, is_mark

# Names that say a field by themselves, as `plain_name` writes them.
CERTAIN, LIKELY = 2, 1
_MINOR_UNITS = (
    "cent", "cents", "minor", "minorunit", "minorunits", "pence", "centime", "centimes", "centesimi", "centavo",
    "centavos", "centimos", "groszy", "groszach", "haleru", "kopecks", "kopeks", "paise", "paisa", "копейки",
    "копейках", "копеек",
)  # fmt: skip
_VOICED = "\u3099\u309a"  # in Japanese another letter, no accent
BEST_KNOWN = (  # in small letters, too
    "USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "INR", "SEK", "NOK", "DKK", "PLN", "BRL", "CNY", "KRW",
)  # fmt: skip
_BARRED = str.maketrans("øłđı", "oldi")  # which Unicode does not take apart


def named(header: str) -> tuple[str, int] | None:
    """The field that a header may name, and how surely: `CERTAIN` or `LIKELY`; None if it names none."""
    return _field_of_name().get(plain_name(header))


@lru_cache(maxsize=1)
def _field_of_name() -> dict[str, tuple[str, int]]:
    tables = tomllib.loads(resources.files(__package__).joinpath("names.toml").read_text("utf-8"))
    return {
        name: (field, sureness)
        for table, sureness in (("likely", LIKELY), ("certain", CERTAIN))
        for field, names in tables[table].items()
        for name in names.split()
    }


def plain_name(header: str) -> str:
    """A header without case, accents and signs, and without the currency in it: `Amount ($)` is `amount`."""
    words = [word for word in _words(header) if not is_currency(word) and word.casefold() not in ("in", "en")]
    apart = unicodedata.normalize("NFKD", "".join(words).casefold().translate(_BARRED))
    bare = "".join(letter for letter in apart if unicodedata.category(letter) != "Mn" or letter in _VOICED)
    return "".join(letter for letter in unicodedata.normalize("NFC", bare) if letter.isalnum())


def currency_named(header: str) -> str | None:
    """The symbol or code of a currency in a header: `$` in `Amount ($)`; None if there is not exactly one."""
    marks = [word for word in _words(header) if is_currency(word)]
    return marks[0] if len(marks) == 1 else None


def says_minor_units(header: str) -> bool:
    """Whether a header says that what stands below it are cents: `amount_cents`, `Betrag in Cent`."""
    return plain_name(header).endswith(_MINOR_UNITS) or any(plain_name(word) in _MINOR_UNITS for word in _words(header))


def is_currency(word: str) -> bool:
    """Whether a word of a header is a currency: a symbol, or a code in capitals; a well known one in any letters."""
    if word.isalpha() and word.isascii():
        return word.upper() in BEST_KNOWN or (word.isupper() and word in all_codes())
    return is_mark(word)


def _words(header: str) -> list[str]:
    return re.findall(r"[^\W_]+|[A-Z]{0,3}[^\s\w,;:.()\[\]{}/\\#*°º\-]+", header)
