"""Symbols and codes of currencies that stand in an amount: `$`, `C$`, `kr`, `USD`.

A mark agrees with a currency if it is what that currency is written with in English or where it is used; babel knows. A
bare `$` or `£` is the best known currency that is written so, and no other.
"""

import re
import unicodedata
from functools import lru_cache

_BARE = {"$": "USD", "\uff04": "USD", "\u00a3": "GBP", "\uffe1": "GBP"}
# Spellings that babel does not have.
_ALSO = {
    "US$": "USD", "U$S": "USD", "C$": "CAD", "CAN$": "CAD", "CDN$": "CAD", "AU$": "AUD", "S$": "SGD", "SG$": "SGD",
    "NT$": "TWD", "MEX$": "MXN", "J$": "JMD", "TT$": "TTD", "N$": "NAD", "FJ$": "FJD", "BZ$": "BZD", "BDS$": "BBD",
    "EURO": "EUR", "EUROS": "EUR", "\uffe5": "JPY CNY", "\u00a5": "JPY CNY", "\u5186": "JPY", "\u5143": "CNY TWD",
    "RMB": "CNY", "\uffe6": "KRW", "\uc6d0": "KRW", "KR": "SEK NOK DKK ISK", "FR": "CHF", "SFR": "CHF", "ZL": "PLN",
    "LEI": "RON MDL", "TL": "TRY", "RS": "INR PKR LKR NPR MUR", "R": "ZAR", "RM": "MYR", "RP": "IDR", "FT": "HUF",
    "K\u010c": "CZK", "Z\u0141": "PLN", "\u0420\u0423\u0411": "RUB", "\u0420": "RUB", "\u0413\u0420\u041d": "UAH",
    "\u0110": "VND", "KSH": "KES", "S/": "PEN", "B/": "PAB", "BS": "BOB VES", "Q": "GTQ", "L": "HNL", "SR": "SAR",
    "KM": "BAM", "DIN": "RSD", "\u0414\u0415\u041d": "MKD", "E\u00a3": "EGP", "LE": "EGP",
    "$CA": "CAD", "$US": "USD", "$U": "UYU", "GS": "PYG", "DHS": "AED", "DH": "AED MAD", "NIS": "ILS",
    '\u05e9"\u05d7': "ILS", "\u05e9\u05f4\u05d7": "ILS", "\u0e1a\u0e32\u0e17": "THB", "\u4eba\u6c11\u5e01": "CNY",
    "\u30e6\u30fc\u30ed": "EUR", "\u30c9\u30eb": "USD",
    "\u062f.\u0625": "AED", "\u0631.\u0633": "SAR", "\u062f.\u0643": "KWD",
    "\\": "JPY KRW",  # which fonts of Japan and Korea show as a yen or won: Excel writes `\12,345` in their encodings
}  # fmt: skip
_CODE_AND_SYMBOL = re.compile(r"([A-Za-z]{3})(\W+)|(\W+)([A-Za-z]{3})")


def agrees(marks: tuple[str, ...], currency: str) -> bool:
    """Whether all these marks name this currency. Each of them must be one."""
    apart = [part for mark in marks for part in _apart(mark)]
    unclear = [mark for mark in apart if not _names(mark, currency)]
    if len(unclear) < len(apart) and _is_dollar(currency):  # `$10 CAD`: the other mark says whose dollar it is
        unclear = [mark for mark in unclear if _BARE.get(_key(mark)) != "USD"]
    return not unclear


def named_by(marks: tuple[str, ...]) -> list[str]:
    """The currencies of which one of the marks is the code or the symbol in English: quick to ask, where `agrees` asks
    the languages of each country."""
    keys = {_key(part) for mark in marks for part in _apart(mark)}
    return sorted(code for code in all_codes() if code in keys or _key(_english().get(code, code)) in keys)


def is_mark(text: str) -> bool:
    """Whether a text is symbols or codes of currencies; a sign for cents is none, since it counts other units."""
    return all(map(_is_one_mark, _apart(text)))


def _is_one_mark(mark: str) -> bool:
    key = _key(mark)
    has_symbol = any(unicodedata.category(letter) == "Sc" for letter in mark) and "\u00a2" not in mark
    return has_symbol or key in all_codes() or key in _ALSO or key in map(_key, _english().values())


@lru_cache(maxsize=1)
def all_codes() -> frozenset[str]:
    """Every code of a currency there is or was."""
    from babel.numbers import list_currencies

    return frozenset(list_currencies())


def _apart(mark: str) -> list[str]:
    """`USD$` as two."""
    found = _CODE_AND_SYMBOL.fullmatch(mark)
    parts = [part for part in found.groups() if part] if found else []
    codes = [part.upper() in all_codes() for part in parts]
    return parts if any(codes) and mark.upper() not in _ALSO else [mark]


def _names(mark: str, currency: str) -> bool:
    key = _key(mark)
    if key in _BARE:
        return _BARE[key] == currency
    if key == currency or currency in _ALSO.get(key, "").split():
        return True
    symbols = _symbols(currency)
    return key in symbols or (key[:2] == currency[:2] and key[2:] in symbols)  # `AR$`


def _key(mark: str) -> str:
    return unicodedata.normalize("NFC", mark).strip(".\u00a0\u200f ").upper()


@lru_cache(maxsize=1)
def _english() -> dict[str, str]:
    from babel import Locale

    return dict(Locale("en").currency_symbols)


@lru_cache(maxsize=256)
def _symbols(currency: str) -> frozenset[str]:
    """What the currency is written with in English, and in the languages of the country that its code names."""
    from babel import Locale, UnknownLocaleError
    from babel.languages import get_official_languages

    names = [_english().get(currency, currency)]
    for language in get_official_languages(currency[:2], de_facto=True)[:3]:
        try:
            locale = Locale.parse(f"{language}_{currency[:2]}")
        except (UnknownLocaleError, ValueError):
            continue
        names.append(locale.currency_symbols.get(currency, currency))
    return frozenset(map(_key, names))


def _is_dollar(currency: str) -> bool:
    """Whether it is written with a dollar sign somewhere: pesos are, too."""
    from babel import Locale

    return "$" in _symbols(currency) or "Dollar" in Locale("en").currencies.get(currency, "")
