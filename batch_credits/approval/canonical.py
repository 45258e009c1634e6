"""JSON that has one form: what was sealed is compared, hashed and signed as bytes.

Texts, whole numbers, true, false, null, lists and tables, nothing else: a float has several texts. Keys are sorted, no
blank stands outside a text, and what is not ASCII is escaped. A table that names a key twice is refused, since two
readers could take it for two things.
"""

import json
from typing import Any

MAX_BYTES = 1_048_576
MAX_DEPTH = 12


def canonical(value: object) -> bytes:
    """The one text of a value.

    Raises:
        ValueError: it holds something that has no one text.
    """
    _refuse_other(value, MAX_DEPTH)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def read_canonical(content: bytes) -> dict[str, Any]:
    """The table of which this is the one text, with or without a line end.

    Raises:
        ValueError: it is none, or written otherwise.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES:,} bytes")
    try:
        value = json.loads(content, object_pairs_hook=_once_each, parse_float=_no_float, parse_constant=_no_float)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("no table")
    if canonical(value) != content.removesuffix(b"\n"):
        raise ValueError("written otherwise than it was sealed")
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands there twice")
    return table


def _no_float(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no whole number")


def _refuse_other(value: object, depth: int) -> None:
    if depth == 0:
        raise ValueError("too deep")
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key is no text")
        parts = list(value.values())
    elif isinstance(value, list | tuple):
        parts = list(value)
    elif value is None or isinstance(value, str | int):
        parts = []
    else:
        raise ValueError(f"{type(value).__name__} has no one text")
    for part in parts:
        _refuse_other(part, depth - 1)
