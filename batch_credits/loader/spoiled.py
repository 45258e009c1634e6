"""Ids and references that are no longer what somebody wrote: a spreadsheet or a program changed them on their way.

Excel makes `1.23457E+15` of a long number, `TRUE` of a word, a date of `3-1`; pandas makes `12345.0` of an id beside an
empty cell; and many programs write a word where there is no value.
"""

import re
from collections.abc import Iterable

from batch_credits.loader.table import Flaw
from batch_credits.loader.wording import shown
from batch_credits.loader.workbook.cells import spoiled_by_excel

FEWEST_ROUNDED = 10  # distinct ids in a column, each long and ending in 0, from which on that is no chance
_LONG = re.compile(r"[1-9][0-9]{14,}0")  # a number has no zeros before it

_NO_VALUES = frozenset(
    "null none nan -nan inf +inf -inf n/a n.a. n.a <na> nat nil undefined <null> (null) [null] \\n na nv n.v. k.a."
    " infinity +infinity -infinity #nan -1.#ind 1.#ind -1.#qnan 1.#qnan 1.#inf -1.#inf pd.nat"
    " - -- --- \u2013 \u2014 \u2015 \u2026 \u221e . .. ... ? ?? ??? ???? ????? _ __ ___ * ** *** / \\ ' \" [] {} ()"
    " {null} [none] (n/a) (unknown) (blanks) (vides) (vacías) (vacio) (vuote) (leere) (leerzellen) (空白セル)"
    " \uff08空白\uff09"
    " (blank) [blank] <blank> (empty) [empty] <empty> (none) (leer) (vide) (vacío) (vuoto) (leeg) (vazio) "
    " (пусто) (空白) (空) (puste) (tom) (tomt) (tyhjä) (prázdné)"
    " (üres) (boş) (prazno) (gol)".casefold().split()
) | {"(en blanco)", "(em branco)", "(비어 있음)", "(sin datos)", "(not set)", "[object object]", "not available",
     "not applicable", "no value", "#n/a n/a"}  # fmt: skip
_TRUTHS = frozenset(
    "true false wahr falsch vrai faux verdadero falso verdadeiro vero waar onwaar sant falskt sann usann tosi epätosi"
    " prawda fałsz pravda nepravda igaz hamis истина ложь doğru yanl\u0131\u015f".casefold().split()
)
_WAS_NUMBER = re.compile(
    r"-?(?:[0-9]+[.,]|[0-9]{1,3}(?:(?:,[0-9]{3})+\.|(?:\.[0-9]{3})+,|(?:[' \u00a0\u202f\u2019][0-9]{3})+[.,]))0+"
)
_SHORT = re.compile(r"-?[0-9](?:[.,][0-9]+)?E[+-][0-9]{1,3}|-?[0-9][.,][0-9]+E[0-9]{1,3}", re.IGNORECASE)
_MONTH = r"[^\W\d_]{3,10}\.?"
_DATE_AND_TIME = re.compile(
    r"(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{2,4}|[0-9]{8}"
    r"|[0-9]{4}\u5e74[0-9]{1,2}\u6708[0-9]{1,2}\u65e5"
    rf"|(?:{_MONTH},? )?[0-9]{{1,2}}\.?[- ]{_MONTH}[- ][0-9]{{2,4}}"
    rf"|(?:{_MONTH} )?{_MONTH} [0-9]{{1,2}},? [0-9]{{4}})[T ,]+"
    r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?:\s?[AP]\.?M\.?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
    r"(?: (?:GMT|UTC)(?:[+-][0-9]{2}:?[0-9]{2})?)?(?: \(.*\))?",
    re.IGNORECASE,
)
_ERROR = re.compile(
    r"#[\w\u00a1\u00bf/]+[!?]|#N/?[AVDB]|#N/DISP|#\u041d/\u0414"
    r"|#(?:DIV/0|NULL|REF|VALUE|ERROR|YOK|HIÁNYZIK|ÉRTÉK|GETTING_DATA)|Err:[0-9]{3}|#+",
    re.IGNORECASE,
)
SPOILED_WORDS = _NO_VALUES | _TRUTHS
# One of which all others have, or a letter beyond ASCII.
SPOILED_SIGNS = (".", ",", "E+", "e+", "E-", "e-", ":", "#", "(", "<")


def spoiled(text: str) -> Flaw | None:
    """What became of an id or a reference, in words that follow `is`; None if nothing that shows."""
    plain = text.casefold()
    if plain in _NO_VALUES:
        return Flaw("placeholder", "what programs write where there is no value")
    if "\ufffd" in text:
        place = text.index("\ufffd") + 1
        return Flaw("damaged_text", f"damaged: U+FFFD at place {place} stands for a character that was lost")
    what = spoiled_by_excel(text)
    if not what and plain in _TRUTHS:
        what = "a truth value of a spreadsheet"
    elif not what and _WAS_NUMBER.fullmatch(text):
        what = "a number with decimals, which a program made of an id"
    elif not what and _DATE_AND_TIME.fullmatch(text):
        what = "a date with a time, which a spreadsheet or a program made of it"
    elif not what and _SHORT.fullmatch(text):
        what = "a number in short form, whose digits are lost"
    elif not what and _ERROR.fullmatch(text):
        what = "an error of a spreadsheet"
    return Flaw("spoiled_by_excel", what) if what else None


def may_be_rounded(ids: Iterable[str]) -> bool:
    """Whether all ids of these rows are long numbers that end in 0, as Excel leaves them: it keeps 15 digits."""
    filled = [text for text in ids if text]
    return bool(filled) and all(map(_LONG.fullmatch, filled))


def rounded(text: str) -> Flaw:
    """The flaw of an id in a column where all are so."""
    said = "stands in a column of ids of 16 or more digits that all end in 0: they were rounded by a spreadsheet"
    return Flaw("number_damaged", f"{shown(text)} {said}, which keeps 15. Export them again, with the column as text.")
