"""What a cell shows by its number format, as far as that is the same on every computer.

A format has up to four sections, `positive;negative;zero;text`, of digits (`0 # ?`), literals, and signs that scale. Of
dates only numbers are certain, and month names in English; of all that follows a computer's own settings, nothing.
"""

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

# What a file need not describe: ECMA-376, part 1, 18.8.30. Those that are missing differ from country to country.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);\\("$"#,##0\\)', 6: '"$"#,##0_);[Red]\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)', 8: '"$"#,##0.00_);[Red]\\("$"#,##0.00\\)', 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 37: "#,##0_);\\(#,##0\\)", 38: "#,##0_);[Red]\\(#,##0\\)",
    39: "#,##0.00_);\\(#,##0.00\\)", 40: "#,##0.00_);[Red]\\(#,##0.00\\)",
    41: '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)', 42: '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0",
}  # fmt: skip
OF_THE_COMPUTER = "[$-F800]"  # a format that shows what the settings of each computer say
_MOST_TOKENS = 100  # of a section that is read
_LARGEST = 10**15  # Excel keeps no more digits
_PLAIN = ("", "general", "@")

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<clock>AM/PM|A/P)|(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+|[bge]+)"
    r"|(?P<digit>[0#?])|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[0-9]+(?:\.[0-9]+)?)")
_COLOUR = re.compile(r"black|blue|cyan|green|magenta|red|white|yellow|color ?[0-9]{1,2}", re.IGNORECASE)
_CURRENCY = re.compile(
    r"\$(?P<sign>[^-]*)(?:-(?:(?P<language>[0-9A-F]{1,8})|(?P<name>x-euro[12]|[A-Z]{2,3}(?:-[A-Z0-9]{2,8})*)))?",
    re.IGNORECASE,
)
_OUR_DIGITS = (0, 1)  # none named, and 0 to 9, as report servers name them: `[$-1010409]`
_OUR_CALENDARS = (0, 1, 2)  # none named, and the Gregorian
_ENGLISH = {"409", "809", "C09", "1009", "1409", "1809", "EN"}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_COMPARED: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": Decimal.__lt__, "<=": Decimal.__le__, ">": Decimal.__gt__, ">=": Decimal.__ge__, "=": Decimal.__eq__,
    "<>": Decimal.__ne__,
}  # fmt: skip


class Shown(NamedTuple):
    """What a cell shows.

    `is_exact`: by zeros, literals or a date alone, so that it can be read as it stands. `number` are its digits without
    anything around them, "" if there are none; `around` is what stands beside them.
    """

    text: str
    is_exact: bool
    number: str = ""
    around: str = ""


def is_plain(code: str) -> bool:
    """Whether everything is shown as it is stored."""
    return code.strip().lower() in _PLAIN


@lru_cache(maxsize=10_000)
def number_shown(code: str, value: float) -> Shown | None:
    """What a number shows; None where that cannot be told."""
    number = Decimal(repr(value))
    chosen = _section_of(_sections(code), number)
    if chosen is None:
        return Shown("#", is_exact=False)  # Excel fills the cell with #, where no section is for it
    section, is_alone = chosen
    return section.number(abs(number) if number >= 0 or not is_alone else number)


@lru_cache(maxsize=10_000)
def date_shown(code: str, value: datetime.date) -> Shown | None:
    """What a date shows; None where that cannot be told, or where it has a time of day."""
    return _sections(code)[0].date(value)


@lru_cache(maxsize=10_000)
def text_shown(code: str, text: str) -> str | None:
    """What a text shows; None where that cannot be told."""
    sections = _sections(code)
    section = sections[3] if len(sections) > 3 else sections[-1]
    if len(sections) <= 3 and not section.is_for_text:
        return text
    return section.text(text)


class _Token(NamedTuple):
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Section:
    """One section: its tokens, the condition under which it is used, and the language its names are in."""

    tokens: tuple[_Token, ...]
    condition: tuple[str, Decimal] | None
    language: str | None
    is_known: bool

    @property
    def is_for_text(self) -> bool:
        return any(token == _Token("other", "@") for token in self.tokens)

    @property
    def is_date(self) -> bool:
        return any(token.kind in ("date", "clock") for token in self.tokens)

    def text(self, text: str) -> str | None:
        if not self.is_known or self.is_date:
            return None
        return "".join(text if token == _Token("other", "@") else _literal(token) for token in self.tokens)

    def date(self, value: datetime.date) -> Shown | None:
        if not self.is_known or not self.is_date:
            return None
        parts = [_date_part(token, value, self.language) for token in self.tokens]
        known = [part for part in parts if part is not None]
        return Shown("".join(known), is_exact=True) if len(known) == len(parts) else None

    def number(self, value: Decimal) -> Shown | None:
        kinds = [token.kind for token in self.tokens]
        if not self.is_known or self.is_date or "exponent" in kinds or self.is_for_text:
            return None
        if "general" in kinds:
            return self._filled([format(abs(value), "f")], value < 0, changes=False)
        places = [index for index, kind in enumerate(kinds) if kind == "digit"]
        if not places:
            text = "".join(map(_literal, self.tokens))
            return Shown(text, is_exact=False, around=text)
        marks = {text: [i for i, t in enumerate(self.tokens) if t == _Token("other", text)] for text in ".,%/"}
        if marks["/"] and places[0] < marks["/"][0] < places[-1]:
            return None  # a fraction
        point = marks["."][0] if marks["."] else len(self.tokens)
        whole, decimals = [at for at in places if at < point], [at for at in places if at > point]
        last = whole[-1] if whole else point
        scales = [at for at in marks[","] if last < at < point or at > places[-1]]
        is_grouped = any(whole and whole[0] < at < last for at in marks[","])
        if len(self.tokens) > _MOST_TOKENS or abs(value) >= _LARGEST:
            return None
        with localcontext(prec=4 * _MOST_TOKENS):
            scaled = abs(value) * 100 ** len(marks["%"]) / Decimal(1000) ** len(scales)
            rounded = scaled.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP)
        before, _, after = format(rounded, "f").partition(".")
        filled = self._digits(whole, before.lstrip("0"), is_grouped) | self._decimals(decimals, after)
        pieces = [filled.get(at, "") if at in places else None for at in range(len(self.tokens))]
        changes = bool(scales or is_grouped or marks["%"] or decimals)
        return self._filled(pieces, value < 0, changes=changes)

    def _digits(self, places: Sequence[int], digits: str, is_grouped: bool) -> dict[int, str]:
        """The digits before the point, at the places of a section: from the right, the rest at the first place."""
        filled: dict[int, str] = {}
        left = digits
        for count, at in enumerate(reversed(places)):
            is_first = at == places[0]
            piece = left if is_first else left[-1:]
            left = "" if is_first else left[:-1]
            piece = piece or {"0": "0", "?": " "}.get(self.tokens[at].text, "")
            if is_grouped and piece.strip():
                piece = _grouped(piece, count)
            filled[at] = piece
        return filled

    def _decimals(self, places: Sequence[int], digits: str) -> dict[int, str]:
        needed = len(digits.rstrip("0"))
        return {
            at: digit if index < needed or self.tokens[at].text == "0" else {"?": " "}.get(self.tokens[at].text, "")
            for index, (at, digit) in enumerate(zip(places, digits, strict=True))
        }

    def _filled(self, pieces: Sequence[str | None], is_less: bool, *, changes: bool) -> Shown:
        """The tokens with the digits in them; `pieces` of a General section are one, at its own token."""
        text, number, around = "-" if is_less else "", "", "-" if is_less else ""
        given = iter(pieces)
        is_general = any(token.kind == "general" for token in self.tokens)
        for token in self.tokens:
            piece = next(given) if not is_general else (pieces[0] if token.kind == "general" else None)
            if piece is not None:
                text, number = text + piece, number + piece.replace(",", "").strip()
            elif token == _Token("other", ".") and not is_general:
                text, number = text + ".", number + "."
            elif not (token == _Token("other", ",") and not is_general):
                text, around = text + _literal(token), around + _literal(token)
        return Shown(text, not changes, number.rstrip(".") if number != "." else "", around)


def _grouped(piece: str, from_right: int) -> str:
    """The digits of one place, or of the first and all before it, with commas after every third from the right."""
    out = ""
    for offset, digit in enumerate(reversed(piece), from_right):
        out = digit + ("," if offset and offset % 3 == 0 else "") + out
    return out


@lru_cache(maxsize=1_000)
def _sections(code: str) -> list[_Section]:
    tokens: list[list[_Token]] = [[]]
    for found in _TOKEN.finditer(code):
        token = _Token(found.lastgroup or "other", found[found.lastgroup or 0])
        if token == _Token("other", ";"):
            tokens.append([])
        else:
            tokens[-1].append(token)
    return list(map(_section, tokens))


def _section(tokens: list[_Token]) -> _Section:
    kept: list[_Token] = []
    condition = language = None
    is_known = True
    for token in tokens:
        if token.kind != "bracket":
            kept.append(token)
        elif found := _CONDITION.fullmatch(token.text):
            condition = (found[1], Decimal(found[2]))
        elif found := _CURRENCY.fullmatch(token.text):
            kept.append(_Token("quoted", found["sign"]))
            digits, calendar, number = _language(found["language"] or "")
            name = (found["name"] or "").partition("-")[0].upper()  # `en-US`, as newer Excel writes 409
            language = number or name or language
            is_known = is_known and digits in _OUR_DIGITS and calendar in _OUR_CALENDARS and number[:1] != "F"
        elif not _COLOUR.fullmatch(token.text):
            is_known = False  # hours that go on after 24, digits of another script
    return _Section(tuple(kept), condition, language, is_known)


def _language(number: str) -> tuple[int, int, str]:
    """The digits, the calendar and the language that a number of up to eight hexadecimal digits names."""
    value = int(number or "0", 16)
    return value >> 24, value >> 16 & 0xFF, f"{value & 0xFFFF:X}".lstrip("0")


def _section_of(sections: list[_Section], value: Decimal) -> tuple[_Section, bool] | None:
    """The section for a number, and whether it shows a minus by itself; None if there is none."""
    numeric = sections[:3] if len(sections) > 3 or not sections[-1].is_for_text else sections[:-1] or sections
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None or _COMPARED[section.condition[0]](value, section.condition[1]):
                return section, section is numeric[0] or section.condition is None
        return None
    if len(numeric) > 1 and value < 0:
        return numeric[1], False
    if len(numeric) > 2 and value == 0:
        return numeric[2], False
    return numeric[0], True


def _literal(token: _Token) -> str:
    match token.kind:
        case "space":
            return " "
        case "fill":
            return ""
        case _:
            return token.text


def _date_part(token: _Token, value: datetime.date, language: str | None) -> str | None:
    """What a token of a date shows; None for what differs from place to place, and for a time of day."""
    if token.kind == "date":
        return _numbered(token.text.lower(), value, language)
    if token.kind in ("clock", "digit", "exponent", "general") or token == _Token("other", "@"):
        return None
    if token.kind == "other" and token.text.isascii() and token.text.isalpha():
        return None  # `TT.MM.JJJJ`: letters of another language that a program left in the file
    return "" if token == _Token("other", ";") else _literal(token)


def _numbered(letters: str, value: datetime.date, language: str | None) -> str | None:
    names = language is None or language in _ENGLISH
    match letters:
        case "y" | "yy":
            return f"{value.year % 100:02}"
        case "yyy" | "yyyy":
            return f"{value.year:04}"
        case "m" | "d":
            return str(value.month if letters == "m" else value.day)
        case "mm" | "dd":
            return f"{value.month if letters == 'mm' else value.day:02}"
        case "mmm" | "mmmm" | "mmmmm" if names:
            name = _MONTHS[value.month - 1]
            return name if letters == "mmmm" else name[: 3 if letters == "mmm" else 1]
        case "ddd" | "dddd" if names:
            return _DAYS[value.weekday()][: 3 if letters == "ddd" else None]
        case _:
            return None
