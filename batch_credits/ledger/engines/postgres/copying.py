"""Rows as the text that COPY takes, made by columns: row by row it takes psycopg four times as long."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_ROWS_A_PART = 1_000
_NULL = "\\N"
_NEEDS_ESCAPES = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copied(columns: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """The rows that are given as columns of integers, texts and None, in the order of the columns, part by part."""
    count = len(next(iter(columns.values())))
    for at in range(0, count, _ROWS_A_PART):
        yield _part([values[at : at + _ROWS_A_PART] for values in columns.values()])


def _part(columns: Sequence[Sequence[object]]) -> str:
    count = len(columns[0])
    places, varying = [], []
    for values in columns:
        if values[0] == values[-1] and values.count(values[0]) == count:
            places.append(_text(values[0]).replace("%", "%%"))
        else:
            places.append("%s")
            varying.append(_texts(values))
    row = "\t".join(places) + "\n"
    return "".join(map(row.__mod__, zip(*varying, strict=True))) if varying else row % () * count


def _texts(values: Sequence[object]) -> Iterable[str]:
    kinds = set(map(type, values))
    if kinds == {int}:
        return map(str, values)
    if kinds == {str} and not _NEEDS_ESCAPES.search("".join(map(str, values))):
        return map(str, values)
    return map(_text, values)


def _text(value: object) -> str:
    return _NULL if value is None else str(value).translate(_ESCAPES)
