"""What every answer is read for: its document, what it says of an error, and how long it says to wait."""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import orjson


class Answer(NamedTuple):
    """One HTTP answer, whole. Header names are asked for in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ErrorBody(NamedTuple):
    """What an error answer says. `code` is empty where it has none.

    `is_chargebees`: it is whole and Chargebee's own, with `message`, `type` and `api_error_code` (Chargebee API docs,
    "Error handling"). A proxy, a firewall or a login page may use any status, and proves nothing by it.
    """

    code: str
    message: str
    param: str | None
    is_chargebees: bool


# What stands for a NUL in JSON, but for what is a backslash and five letters.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
# Escapes in JSON, as they follow each other. Half of a letter beyond the first plane is none alone.
_SURROGATE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<alone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def document_of(body: bytes) -> Any:
    """The JSON document of a body; None where it is none.

    A NUL in a text is read as U+FFFD. No text of Chargebee's has one, and no ledger keeps it: SQLite would end the text
    there, so that it might agree with another's, and PostgreSQL would take nothing of what was found.
    """
    if body.find(b"\\u0000") >= 0:  # `in` first makes, and drops, an error about a number that is none
        body = _NUL.sub(rb"\1\\ufffd", body)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def readable_document_of(body: bytes) -> Any:
    """The same of a page of a list, where letters that are spoilt are read as U+FFFD, as in a text that was cut within
    an emoji. Else one credit of somebody else's would hide all that are listed beside it, for ever. No text of ours has
    that letter, so none agrees with it. What answers a credit must be whole to the letter, so it is not for that.
    """
    document = document_of(body)
    if document is not None:
        return document
    return document_of(_SURROGATE.sub(_lost, body.decode("utf-8", "replace")).encode())


def _lost(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["alone"] else escape[0]


def error_of(answer: Answer) -> ErrorBody:
    """What an error answer says."""
    document = document_of(answer.body)
    if not isinstance(document, dict):
        return ErrorBody("", f"HTTP {answer.status} without a readable answer", None, is_chargebees=False)
    code, message, param = document.get("api_error_code"), document.get("message"), document.get("param")
    return ErrorBody(
        code if isinstance(code, str) else "",
        message if isinstance(message, str) and message else f"HTTP {answer.status}",
        param if isinstance(param, str) else None,
        all(isinstance(word, str) and word for word in (code, message, document.get("type"))),
    )


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds from the answer: a number, or a date beside the answer's own. None if unreadable."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        # Both dates are the server's, so our own clock has no part in it.
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError, IndexError):  # what the standard library makes of odd dates
        return None
    return max(0.0, wait.total_seconds())


def dated_at(headers: Mapping[str, str]) -> float | None:
    """When an answer was dated by who sent it, in seconds since 1970; None where it bears no date.

    One without a zone is UTC, as RFC 9110 (5.6.7) has it; it would be read as of the zone that this machine is in.
    """
    if not (date := headers.get("date")):  # a site that dates nothing is asked with every answer
        return None
    try:
        dated = parsedate_to_datetime(date)
        return (dated if dated.tzinfo else dated.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):  # what the standard library makes of odd dates
        return None
