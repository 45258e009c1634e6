"""Texts from outside, made fit for a page: short, without what turns text around, times as people write them."""

import re
from datetime import datetime, timedelta

MAX_CELL_LETTERS = 200
MAX_WORD_LETTERS = 60  # of names and codes that are no cell

_NO_CHARACTERS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_CONTROL = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef{_NO_CHARACTERS}]")
_TURNS_AROUND = re.compile("[\u202a-\u202e\u2066-\u2069]")  # an id that holds one can pass for another


def clip(text: str, most: int = MAX_CELL_LETTERS) -> str:
    """A value short enough for a page, with every letter that turns text around shown as what it is."""
    short = text if len(text) <= most else text[: most - 1] + "…"
    return turned_to_words(short)


def turned_to_words(text: str) -> str:
    """A value with every letter that turns text around shown as what it is."""
    return _TURNS_AROUND.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def allowed_in_html(page: str) -> str:
    """A page without the characters that HTML does not allow, escaped or not."""
    return _CONTROL.sub("\ufffd", page)


def readable_time(text: str) -> str:
    """An ISO 8601 time in UTC as people write it."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def took(started: str, ended: str) -> str:
    """`12 min 31 s`, from two ISO 8601 times."""
    seconds = max(timedelta(), datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    return duration(seconds)


def duration(seconds: float) -> str:
    """`0.1 s`, `5 s`, `12 min 31 s`, `2 h 5 min`."""
    if seconds < 1 and seconds:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"


def clock(seconds: float) -> str:
    """Time since a beginning, as a stopwatch shows it: `0:05`, `1:02:10`, `0:00.2`."""
    whole, tenths = divmod(round(seconds * 10), 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{tenths}" if tenths else text
