"""What every answer is read for: its own words, and how long it says to wait."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee.answers import (
    Answer,
    ErrorBody,
    document_of,
    error_of,
    readable_document_of,
    retry_after_seconds,
)
from tests.each import each

# -- Retry-After --------------------------------------------------------------------------------------------

NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


@each(
    "value, date, seconds",
    [
        ("0", "", 0.0),
        ("7", "", 7.0),
        (" 7 ", "", 7.0),
        ("1.5", "", 1.5),
        ("999999999", "", 999999999.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", NOON, 30.0),
        ("Mon, 23 Nov 2026 14:00:30 +0200", NOON, 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", NOON, 0.0),
        ("Mon, 23 Nov 2026 12:00:30 GMT", "", None),
        ("Mon, 23 Nov 2026 12:00:30", NOON, None),
        ("Mon, 23 Nov 2026 12:00:30 GMT", "yesterday", None),
        ("Mon, 23 Nov 2026 12:00:30 +99999999999999999999", NOON, None),
        ("Mon, 23 Nov 99999999999 12:00:30 GMT", NOON, None),
        ("", NOON, None),
        ("-1", NOON, None),
        ("+7", NOON, None),
        ("1e3", NOON, None),
        ("0x10", NOON, None),
        ("1_0", NOON, None),
        ("\u0667", NOON, None),
        ("9999999999", NOON, None),
        ("inf", NOON, None),
        ("NaN", NOON, None),
        ("soon", NOON, None),
        (",", NOON, None),
    ],
)
def test_retry_after(value: str, date: str, seconds: float | None) -> None:
    headers = {"retry-after": value, "date": date} if date else {"retry-after": value}
    assert retry_after_seconds(headers) == seconds


def test_no_retry_after_says_nothing() -> None:
    assert retry_after_seconds({}) is None


DATE_PARTS = ["Mon", ",", " ", "23", "Nov", "2026", "12:00:30", ":", "+", "-", "GMT", "99999", "(", "0", ".", "\t"]
DATE_LIKE = st.lists(st.sampled_from(DATE_PARTS), max_size=12).map("".join)


@given(st.text(max_size=30) | DATE_LIKE, st.text(max_size=30) | DATE_LIKE | st.just(NOON))
def test_no_header_whatever_breaks_the_wait(value: str, date: str) -> None:
    seconds = retry_after_seconds({"retry-after": value, "date": date})
    assert seconds is None or seconds >= 0


# -- Errors -------------------------------------------------------------------------------------------------

WHOLE = {"api_error_code": "param_wrong_value", "message": "no", "type": "invalid_request"}


def body(**changes: Any) -> Answer:
    document = {name: value for name, value in (WHOLE | changes).items() if value is not ...}
    return Answer(400, {}, orjson.dumps(document))


def test_chargebees_own_words() -> None:
    assert error_of(body(param="amount")) == ErrorBody("param_wrong_value", "no", "amount", is_chargebees=True)
    assert error_of(body(param=7, error_code="x")) == ErrorBody("param_wrong_value", "no", None, is_chargebees=True)


@pytest.mark.parametrize("name", ["api_error_code", "message", "type"])
@pytest.mark.parametrize("value", [..., None, "", 7, ["x"], {}, True], ids=repr)
def test_words_that_are_not_whole_are_not_chargebees(name: str, value: Any) -> None:
    assert not error_of(body(**{name: value})).is_chargebees


@each("content", [b"", b"<html>", b"[]", b"null", b'"x"', b'{"error":"forbidden"}', b"{"])
def test_a_strangers_body_is_not_chargebees(content: bytes) -> None:
    found = error_of(Answer(403, {}, content))
    assert not found.is_chargebees
    assert (found.code, found.param) == ("", None)
    assert found.message.startswith("HTTP 403")


NULS = ("\0", "a\0b\0\0", "\\\0", "\\u0000", "\\\\u0000\0", "\\\\\0\\u0000", '"\0\\')


@pytest.mark.parametrize("text", NULS, ids=repr)
def test_a_nul_is_read_as_a_lost_character_and_what_only_looks_like_one_is_kept(text: str) -> None:
    body = orjson.dumps({"message": text, text: [text]})
    read = text.replace("\0", "\ufffd")
    assert document_of(body) == {"message": read, read: [read]}


@each(
    "spoilt, read",
    [
        (rb"gift \ud83c", "gift \ufffd"),
        (rb"\uDF81\uD83C", "\ufffd\ufffd"),
        (rb"\ud83c\ud83c\udf81\udf81", "\ufffd\U0001f381\ufffd"),
        (rb"\\\ud83c\n\\ud83c", "\\\ufffd\n\\ud83c"),
        (b"gift \xf0\x9f\x8e", "gift \ufffd"),
        (b"gift \xed\xa0\xbc\\u0000", "gift \ufffd\ufffd\ufffd\ufffd"),
        (b"caf\xe9\\\\", "caf\ufffd\\"),
    ],
)
def test_letters_that_are_spoilt_hide_nothing_of_a_list_and_prove_nothing_elsewhere(spoilt: bytes, read: str) -> None:
    body = b'{"list":["' + spoilt + b'","q3"]}'
    assert document_of(body) is None
    assert readable_document_of(body) == {"list": [read, "q3"]}


@each(
    "body",
    [b"", b"{", b'{"list":[\xff]}', b'\xef\xbb\xbf{"list":[]}', rb'{"list":[\ud83c]}', '{"list":[]}'.encode("utf-16")],
)
def test_what_is_no_document_is_none_however_it_is_read(body: bytes) -> None:
    assert readable_document_of(body) is None


@pytest.mark.parametrize("text", [*NULS, "\U0001f381\ud7ff\ue000"], ids=repr)
def test_a_sound_page_is_read_as_any_answer(text: str) -> None:
    body = orjson.dumps({"list": [text]})
    assert readable_document_of(body) == document_of(body)
