"""In which encoding a text file may be written that is not UTF-8, and how its words read there. A person judges.

Detectors (charset-normalizer, chardet) were tried: they want a page of prose. Of twenty-two files whose
only foreign letters stand in a name or a word of thanks they named the right encoding first for five and seven. What
tells so short a text is whether its words look like words: one script, capitals where they belong, and letters that its
languages use.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from batch_credits.loader.csv.text import open_bytes

WORDS_SHOWN = 3
CANDIDATES_SHOWN = 5
_CELLS_JUDGED = 200  # distinct ones with foreign letters
_LONGEST_CELL = 200
_LEAST = 0.5  # of what looks right; below it an encoding is not worth a person's look
_BLOCK_BYTES = 262_144

_WESTERN = "äöüßéèêëàâçñóáíúôîïûùìòãõåøæ"
_CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžöüőűăâîşţäßľĺŕôđ"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ", "оеаинтсрвлкм"


@dataclass(frozen=True, slots=True)
class _Encoding:
    """`usual` are the letters, beside ASCII, of the languages that it is for, and `frequent` those that make up half of
    a text; of encodings with thousands of characters `common` says which first bytes are those of everyday ones."""

    name: str
    used_for: str
    usual: str = ""
    frequent: str = ""
    common: tuple[int, int] = (0, 0)


# The most used first: where two read a file alike, the first is named.
_ENCODINGS = (
    _Encoding("cp1252", "Western Europe, Windows", _WESTERN),
    _Encoding("cp1250", "Central Europe, Windows", _CENTRAL),
    _Encoding("cp1251", "Cyrillic, Windows", *_CYRILLIC),
    _Encoding("cp932", "Japanese", common=(0x88, 0x97)),
    _Encoding("gb18030", "Chinese, simplified", common=(0xB0, 0xD7)),
    _Encoding("euc_jp", "Japanese, Unix", common=(0xB0, 0xCF)),
    _Encoding("cp950", "Chinese, traditional", common=(0xA4, 0xC6)),
    _Encoding("cp949", "Korean", common=(0xB0, 0xC8)),
    _Encoding("cp1254", "Turkish, Windows", "çğıöşüâîû\u0307"),
    _Encoding("cp1253", "Greek, Windows", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ", "αοιετσνηυρπκς"),
    _Encoding("cp1255", "Hebrew, Windows", "אבגדהוזחטיכךלמםנןסעפףצץקרשת", "יולהרמתאשבד"),
    _Encoding("cp1256", "Arabic, Windows", "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآؤئء", "اليمنوتربةعدك"),
    _Encoding("cp1257", "Baltic, Windows", "āčēģīķļņšūžąęėįųõäöü"),
    _Encoding("cp1258", "Vietnamese, Windows", "ăâđêôơư"),
    _Encoding("cp874", "Thai, Windows"),
    _Encoding("mac_roman", "Western Europe, old Macintosh", _WESTERN),
    _Encoding("cp850", "Western Europe, DOS", _WESTERN),
    _Encoding("cp852", "Central Europe, DOS", _CENTRAL),
    _Encoding("cp866", "Cyrillic, DOS", *_CYRILLIC),
    _Encoding("koi8_r", "Cyrillic, Unix", *_CYRILLIC),
    _Encoding("koi8_u", "Ukrainian, Unix", *_CYRILLIC),
)
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0e30-\u0e4e])+")
_SIGN_WITHIN = re.compile(r"[^\W\d_][^\w\x00-\x7f\u2019\u00b7\u2010-\u2013\u30fb\u0300-\u036f\u0e30-\u0e4e][^\W\d_]")
_CELL = re.compile(rb"[^,;\t\r\n\"]*[\x80-\xff][^,;\t\r\n\"]*")
_EVERYDAY_SIGNS = set(
    "€£¥§°©®™«»„“”…·•¿¡½¼¾²³ªº±÷¨\u00d7\u2013\u2014\u2018\u2019\u201a\u2039\u203a\u00a0"
    "\u3000\u3001\u3002\u30fb\u30fc\uff08\uff09"
    "\uff05\uff0b\uff0c\uff0d\uff0e\uff0f\uff1a\uffe5\uffe6"  # amounts of the East, a whole column in wide signs
    "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19"
)
_EASTERN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "IDEOGRAPHIC", "HANGUL"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An encoding, what it is for, and how some words of the file read in it."""

    encoding: str
    used_for: str
    words: tuple[str, ...]


def candidates(path: Path) -> tuple[Candidate, ...]:
    """The encodings in which all of a file can be read and its words look like words, the likeliest first; of those
    that read the same words only the most used one. Empty where there is none."""
    if (wide := _without_mark(path)) is not None:
        return (wide,)
    cells = _foreign_cells(path)
    judged = [(found, encoding) for encoding in _ENCODINGS if (found := _judged(cells, encoding)) is not None]
    by_words: dict[tuple[str, ...], Candidate] = {}
    for (score, words), encoding in sorted(judged, key=lambda each: -each[0][0]):
        if score >= _LEAST:
            by_words.setdefault(words, Candidate(encoding.name, encoding.used_for, words[:WORDS_SHOWN]))
    return tuple(by_words.values())[:CANDIDATES_SHOWN]


def _without_mark(path: Path) -> Candidate | None:
    """UTF-16 without the mark that would say so: of most of its characters one of the two bytes is a NUL."""
    with open_bytes(path) as file:
        start = file.read(_BLOCK_BYTES) or b""
    first, second = start[::2].count(0), start[1::2].count(0)
    if max(first, second) * 4 <= len(start) or min(first, second) * 4 > len(start):
        return None
    name = "utf-16-le" if second > first else "utf-16-be"
    words = tuple(dict.fromkeys(_WORD.findall(start.decode(name, "replace"))))
    return Candidate(name, "UTF-16 without a mark", words[:WORDS_SHOWN]) if words else None


def _foreign_cells(path: Path) -> list[bytes]:
    """Some distinct cells that hold other bytes than those of ASCII. What divides them is no part of any letter in the
    encodings above."""
    cells: dict[bytes, None] = {}
    with open_bytes(path) as file:
        for line in _lines(iter(partial(file.read, _BLOCK_BYTES), b"")):
            cells.update(dict.fromkeys(cell for cell in _CELL.findall(line) if len(cell) <= _LONGEST_CELL))
            if len(cells) >= _CELLS_JUDGED:
                break
    return list(cells)[:_CELLS_JUDGED]


def _lines(blocks: Iterable[bytes | None]) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        *whole, rest = (rest[-_BLOCK_BYTES:] + (block or b"")).split(b"\n")
        yield from whole
    yield rest


def _judged(cells: list[bytes], encoding: _Encoding) -> tuple[float, tuple[str, ...]] | None:
    """How much of the cells looks right in an encoding, and their foreign words; None if it cannot read them all."""
    scores: list[float] = []
    words: dict[str, None] = {}
    for cell in cells:
        try:
            text = cell.decode(encoding.name)
        except UnicodeDecodeError:
            return None
        foreign = [word for word in _WORD.findall(text) if not word.isascii()]
        words.update(dict.fromkeys(foreign))
        scores += [_looks_right(word, encoding) for word in foreign]
        scores += [float(sign in _EVERYDAY_SIGNS) for sign in _WORD.sub("", text) if not sign.isascii()]
        scores += [0.0 for _ in _SIGN_WITHIN.finditer(text)]
    if not words:
        words = dict.fromkeys(cell.decode(encoding.name).strip() for cell in cells[:WORDS_SHOWN])
    return (sum(scores) / len(scores) if scores else 0.0), tuple(words)


def _looks_right(word: str, encoding: _Encoding) -> float:
    """From 0 to 1: how much a word looks like one of those that an encoding is for."""
    scripts = {_script(letter) for letter in word}
    if encoding.common != (0, 0):
        return _common(word, encoding) if scripts <= _EASTERN else 0.0
    if len(scripts) > 1 or scripts & {"HALFWIDTH", "FULLWIDTH"} or _has_odd_capitals(word):
        return 0.0
    foreign = [letter for letter in word.lower() if not letter.isascii()]
    if scripts == {"LATIN"} and len(foreign) * 2 > len(word) + 1 > 2:
        return 0.0  # letters with accents stand among others
    if not encoding.usual:
        return 0.9
    usual = sum(letter in encoding.usual for letter in foreign) / len(foreign)
    if not encoding.frequent:
        return 0.4 + 0.6 * usual
    frequent = min(1.0, 2 * sum(letter in encoding.frequent for letter in foreign) / len(foreign))
    return 0.2 + 0.3 * usual + 0.5 * frequent


def _common(word: str, encoding: _Encoding) -> float:
    first, last = encoding.common
    everyday = [
        _script(letter) in ("HIRAGANA", "KATAKANA") or 0.95 * (first <= letter.encode(encoding.name)[0] <= last)
        for letter in word
    ]
    hangul = 0.05 * all(_script(letter) == "HANGUL" for letter in word)  # which no mistake makes of Chinese
    return 0.3 + 0.65 * sum(everyday) / len(everyday) + hangul


def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def _has_odd_capitals(word: str) -> bool:
    """Whether a capital follows a small letter, or a small letter two capitals: both are rare in words."""
    cases = "".join("A" if letter.isupper() else "a" if letter.islower() else "" for letter in word)
    return "aA" in cases or re.search("A{2,}a", cases) is not None
