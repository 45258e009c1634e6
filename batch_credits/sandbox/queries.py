"""Reads the filters of the list calls: which fields, which operators, pages and offsets (Chargebee API docs).

What is not documented is refused: `reference` is no filter, there is no `sort_by`, and `customer_id` has no `in`.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from batch_credits.sandbox.errors import wrong_value
from batch_credits.sandbox.fields import read_form

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
DAY_SECONDS = 86400

Record = dict[str, Any]  # a JSON object as the API shows it
Condition = Callable[[Record], bool]

_STRING_OPERATORS = ("is", "is_not", "starts_with")
_CREDIT_FILTERS = {
    "id": _STRING_OPERATORS,
    "customer_id": _STRING_OPERATORS,
    "type": ("is", "is_not", "in", "not_in"),
    "created_at": ("after", "before", "on", "between"),
}
_TYPES = ("increment", "decrement")
_PARAMETER = re.compile(r"([a-z_]+)(?:\[([a-z_]+)\])?", re.ASCII)
_LIMIT = re.compile(r"[0-9]{1,3}", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,10}", re.ASCII)
_LIST_ITEM = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*")|'([^']*)'|([^,"'\[\]]+?))\s*(?:,|$)""")


@dataclass(frozen=True, slots=True)
class CreditQuery:
    """Which credits a list call asks for, newest first; `before` is the number of the last credit already shown."""

    limit: int
    before: int | None
    customer_id: str | None  # given apart as well, since an index serves it
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class CustomerQuery:
    """Which customers a list call asks for, by id; `after` is the last id already shown."""

    limit: int
    after: str | None
    ids: tuple[str, ...] | None  # None: all
    include_deleted: bool


def read_credit_query(text: bytes) -> CreditQuery:
    """Read the query string of a list of promotional credits.

    Raises:
        ApiError: 400, a parameter is unknown or its value is not one.
    """
    parameters = read_form(text)
    conditions: list[Condition] = []
    for name, value in parameters.items():
        if name in ("limit", "offset"):
            continue
        match = _PARAMETER.fullmatch(name)
        if match is None or match[2] not in _CREDIT_FILTERS.get(match[1], ()):
            raise wrong_value(name, "is not a parameter of this request")
        if not value:
            raise wrong_value(name, "cannot be blank")
        conditions.append(_condition(name, match[1], match[2], value))
    offset = _offset(parameters)
    if offset is not None and not (offset.isascii() and offset.isdigit()):
        raise wrong_value("offset", "is not an offset that this list gave out")
    return CreditQuery(
        _limit(parameters),
        None if offset is None else int(offset),
        parameters.get("customer_id[is]"),
        tuple(conditions),
    )


def read_customer_query(text: bytes) -> CustomerQuery:
    """Read the query string of a list of customers: `id[in]`, `id[is]`, `include_deleted`, `limit`, `offset`.

    Raises:
        ApiError: 400, a parameter is unknown or its value is not one.
    """
    parameters = read_form(text)
    ids: set[str] | None = None
    for name, value in parameters.items():
        if name in ("id[in]", "id[is]"):
            asked = set(read_list(name, value)) if name == "id[in]" else {value}
            ids = asked if ids is None else ids & asked
        elif name not in ("include_deleted", "limit", "offset"):
            raise wrong_value(name, "is not a parameter of this request")
    deleted = parameters.get("include_deleted", "false")
    if deleted not in ("true", "false"):
        raise wrong_value("include_deleted", "must be true or false")
    sorted_ids = None if ids is None else tuple(sorted(ids))
    return CustomerQuery(_limit(parameters), _offset(parameters), sorted_ids, deleted == "true")


def read_list(name: str, text: str) -> list[str]:
    """The items of `["a","b"]`; quotes may be single (as the vendor's own library sends them) or missing.

    Raises:
        ApiError: 400, the value of the parameter `name` is no such list.
    """
    problem = wrong_value(name, 'must be a list such as ["a","b"]')
    inner = text.strip()
    if not (inner.startswith("[") and inner.endswith("]")):
        raise problem
    inner = inner[1:-1].strip()
    items: list[str] = []
    position = 0
    while position < len(inner):
        match = _LIST_ITEM.match(inner, position)
        if match is None:
            raise problem
        try:
            items.append(orjson.loads(match[1]) if match[1] else match[2] or match[3] or "")
        except orjson.JSONDecodeError:
            raise problem from None
        position = match.end()
    if not items or not all(items):
        raise problem
    return items


def write_offset(position: str) -> str:
    """An opaque text for a place in a list; `read_credit_query` and `read_customer_query` take it back."""
    return urlsafe_b64encode(orjson.dumps([position])).decode()


def read_offset(text: str) -> str:
    """The place that `write_offset` made a text of.

    Raises:
        ApiError: 400, it made no such text.
    """
    try:
        (position,) = orjson.loads(urlsafe_b64decode(text.encode("ascii")))
    except (ValueError, TypeError):
        position = None
    if not isinstance(position, str) or write_offset(position) != text:
        raise wrong_value("offset", "is not an offset that this list gave out")
    return position


def _offset(parameters: Mapping[str, str]) -> str | None:
    text = parameters.get("offset")
    return None if text is None else read_offset(text)


def _limit(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise wrong_value("limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _condition(name: str, field: str, operator: str, value: str) -> Condition:
    if field == "created_at":
        return _time_condition(name, operator, value)
    wanted = read_list(name, value) if operator in ("in", "not_in") else [value]
    if field == "type" and not set(wanted) <= set(_TYPES):
        raise wrong_value(name, f"must be one of {', '.join(_TYPES)}")
    if operator == "starts_with":
        return lambda record: record[field].startswith(value)
    if operator in ("is", "in"):
        return lambda record: record[field] in wanted
    return lambda record: record[field] not in wanted


def _time_condition(name: str, operator: str, value: str) -> Condition:
    times = read_list(name, value) if operator == "between" else [value]
    if len(times) != (2 if operator == "between" else 1) or not all(_TIMESTAMP.fullmatch(time) for time in times):
        raise wrong_value(name, "must be a time in seconds, or two as [from,to]")
    first, last = int(times[0]), int(times[-1])
    if operator == "after":
        return lambda record: record["created_at"] > first
    if operator == "before":
        return lambda record: record["created_at"] < first
    if operator == "on":  # the same day; the docs do not say of which time zone: here UTC
        return lambda record: record["created_at"] // DAY_SECONDS == first // DAY_SECONDS
    return lambda record: first <= record["created_at"] <= last
