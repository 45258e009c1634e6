"""What goes over the wire, and what an answer proves: the provider's error table, and everything that is not in it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee import wire
from batch_credits.chargebee.wire import (
    Answer,
    ListedCustomer,
    add_body,
    customer_is_deleted,
    error_of,
    listed_credits,
    listed_customers,
    retry_after_seconds,
    verdict_of,
)
from batch_credits.errors import KeyRefused, RunStopped, SiteBlocked
from batch_credits.model import CREDIT_TYPES, CreditRequest, Money, PlannedCredit
from batch_credits.protocol import Blocked, Credited, NoAnswer, Refused, Throttled, Unavailable, Verdict

CREDIT = PlannedCredit(
    request_id=7,
    customer_id="c-1",
    reference="q3",
    money=Money(1250, None, "USD"),
    credit_type="general",
    body=b"",
    open_attempts=1,
)
DECIMAL = PlannedCredit(
    request_id=8,
    customer_id="c-1",
    reference="q3",
    money=Money(None, "1.5", "USD"),
    credit_type="general",
    body=b"",
    open_attempts=1,
)
SILENT = PlannedCredit(1, "c-1", "q3", Money(1250, None, None), "general", b"", open_attempts=1)
ONE = PlannedCredit(1, "c-1", "q3", Money(1, None, "USD"), "general", b"", open_attempts=1)
ITEM: dict[str, Any] = {
    "id": "cr-9",
    "customer_id": "c-1",
    "type": "increment",
    "amount": 1250,
    "currency_code": "USD",
    "description": "Loyalty",
    "credit_type": "general",
    "reference": "q3",
    "closing_balance": 2000,
    "object": "promotional_credit",
    "created_at": 1_790_000_000,
}
REPLAYED = {"chargebee-idempotency-replayed": "true"}


def added(**changes: Any) -> bytes:
    """The body of a 200; a change to None leaves the field out."""
    item = {name: value for name, value in (ITEM | changes).items() if value is not None}
    return orjson.dumps({"customer": {"id": "c-1", "promotional_credits": 2000}, "promotional_credit": item})


def error(code: str, message: str = "what Chargebee said", **more: Any) -> bytes:
    return orjson.dumps({"api_error_code": code, "message": message, "type": "invalid_request", **more})


def verdict(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, credit: PlannedCredit = CREDIT
) -> Verdict:
    return verdict_of(credit, Answer(status, headers or {}, body))


# -- The error table ----------------------------------------------------------------------------------------

REFUSED = {
    (400, "param_wrong_value"),
    (400, "invalid_request"),
    (400, "duplicate_entry"),
    (400, "resource_limit_exhausted"),
    (400, "resource_limit_exceeded"),
    (400, "configuration_incompatible"),
    (400, "payment_processing_failed"),
    (400, "payment_method_not_present"),
    (400, "payment_gateway_currency_incompatible"),
    (404, "resource_not_found"),
    (409, "invalid_state_for_request"),
}
STOPS = {
    (401, "api_authentication_failed"),
    (401, "basic_authentication_failed"),
    (403, "api_authorization_failed"),
    (403, "request_blocked"),
    (404, "site_not_found"),
    (405, "http_method_not_supported"),
}
THROTTLED = {(429, "api_request_limit_exceeded"), (429, "lock_timeout")}
UNAVAILABLE = {(503, "site_read_only_mode"), (503, "site_not_ready")}
DOUBTFUL = {
    (422, "unable_to_process_request"),
    (429, "third_party_api_request_limit_exceeded"),
    (500, "internal_error"),
    (503, "internal_temporary_error"),
    (503, "db_connection_failure"),
}
CODES = sorted({code for _status, code in REFUSED | STOPS | THROTTLED | UNAVAILABLE | DOUBTFUL})
UNKNOWN_CODES = [
    "",
    "no_such_code",
    "PARAM_WRONG_VALUE",
    " param_wrong_value",
    "param_wrong_value\n",
    "param_wrong_value_2",
    "payment_",
    "payment_1",
    "resource_not_found.",
]


def expected(status: int, code: str) -> type[Verdict]:
    if 300 <= status < 400 or status in (401, 403, 405) or (status, code) == (404, "site_not_found"):
        return Blocked
    for kind, rows in ((Refused, REFUSED), (Throttled, THROTTLED), (Unavailable, UNAVAILABLE)):
        if (status, code) in rows:
            return kind
    return NoAnswer


@pytest.mark.parametrize(("status", "code"), sorted(REFUSED))
def test_a_no_of_the_table_refuses_the_row(status: int, code: str) -> None:
    assert verdict(status, error(code, param="amount")) == Refused(
        code, "what Chargebee said", status, "amount", about_state=status == 409
    )


@pytest.mark.parametrize(("status", "code"), sorted(STOPS))
def test_a_refused_caller_stops_the_run(status: int, code: str) -> None:
    found = verdict(status, error(code))
    assert isinstance(found, Blocked)
    assert type(found.error) is (KeyRefused if status == 401 else SiteBlocked)


@pytest.mark.parametrize(("status", "code"), sorted(THROTTLED))
def test_too_many_requests_wait(status: int, code: str) -> None:
    assert verdict(status, error(code), {"retry-after": "7"}) == Throttled(
        code, "what Chargebee said", 7.0, one_customer=code == "lock_timeout"
    )


@pytest.mark.parametrize(("status", "code"), sorted(UNAVAILABLE))
def test_a_site_that_takes_nothing_waits_too(status: int, code: str) -> None:
    assert verdict(status, error(code), {"retry-after": "7"}) == Unavailable(code, "what Chargebee said", 7.0)


@pytest.mark.parametrize(("status", "code"), sorted(DOUBTFUL))
def test_what_may_have_been_applied_proves_nothing(status: int, code: str) -> None:
    assert verdict(status, error(code)) == NoAnswer(
        "what Chargebee said", status, code, spoils_key=status == 422
    )


@pytest.mark.parametrize("code", CODES + UNKNOWN_CODES)
def test_a_code_proves_something_under_its_own_status_alone(code: str) -> None:
    for status in [*range(100, 200), *range(300, 600)]:
        assert type(verdict(status, error(code))) is expected(status, code), status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b"{}",
        b'{"api_error_code": null}',
        b'{"api_error_code": ["param_wrong_value"]}',
        b'{"api_error_code": "param_wrong_value", "message": NaN}',
        b'{"api_error_code": "param_wrong_value"',
        '{"api_error_code": "param_wrong_value"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"api_error_code": "param_wrong_value"}',
        b'{"api_error_code": "param_wrong_value", "message": "\xff"}',
        b'{"api_error_code": "param_wrong_value", "message": "\\ud800"}',
    ],
    ids=repr,
)
def test_a_status_without_chargebees_code_proves_nothing(body: bytes) -> None:
    for status in range(100, 600):
        found = verdict(status, body)
        assert type(found) is (Blocked if expected(status, "") is Blocked else NoAnswer), status


@given(st.integers(100, 599), st.binary(max_size=200), st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_no_answer_whatever_breaks_the_classifier(status: int, body: bytes, headers: dict[str, str]) -> None:
    assert isinstance(verdict(status, body, headers), Verdict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ITEM, "list", "message"]), inner),
    max_leaves=12,
)


@given(st.integers(100, 599), JSON, st.sampled_from(["promotional_credit", "api_error_code", "customer", "list"]))
def test_no_json_whatever_breaks_a_reader_or_is_taken_for_our_credit(status: int, inner: Any, name: str) -> None:
    for document in (inner, {name: inner}, {"list": [{name: inner}]}):
        answer = Answer(status, {}, orjson.dumps(document))
        assert not isinstance(verdict_of(CREDIT, answer), Credited)
        error_of(answer)
        for reader in (listed_credits, customer_is_deleted):
            try:
                reader(answer)
            except ValueError as unreadable:
                assert str(unreadable)


@given(st.integers(400, 599), JSON, JSON, JSON)
def test_an_error_of_any_shape_says_something(status: int, code: Any, message: Any, param: Any) -> None:
    answer = Answer(status, {}, orjson.dumps({"api_error_code": code, "message": message, "param": param}))
    found_code, found_message = error_of(answer)
    assert found_code == (code if isinstance(code, str) else "")
    assert found_message
    assert isinstance(verdict_of(CREDIT, answer), Verdict)


# -- Proof of a credit --------------------------------------------------------------------------------------


def test_a_whole_answer_about_our_credit_is_proof() -> None:
    assert verdict(200, added()) == Credited("cr-9", "2000", 200)
    assert verdict(201, added()) == Credited("cr-9", "2000", 201)


def test_a_replayed_credit_is_proof_too() -> None:
    assert verdict(200, added(), REPLAYED) == Credited("cr-9", "2000", 200, replayed=True)


def test_only_a_2xx_is_proof() -> None:
    for status in [*range(100, 200), *range(300, 600)]:
        assert not isinstance(verdict(status, added()), Credited), status


def test_an_answer_cut_anywhere_is_no_proof() -> None:
    whole = added()
    for length in range(len(whole)):
        found = verdict(200, whole[:length])
        assert type(found) is NoAnswer, length
        assert not found.spoils_key
    assert isinstance(verdict(200, whole), Credited)


def test_an_answer_with_something_behind_it_is_no_proof() -> None:
    assert isinstance(verdict(200, added() + b"}"), NoAnswer)
    assert isinstance(verdict(200, added() + added()), NoAnswer)
    assert isinstance(verdict(200, added() + b"\r\n"), Credited)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ""},
        {"id": 9},
        {"customer_id": "c-2"},
        {"customer_id": "C-1"},
        {"customer_id": "c-1 "},
        {"customer_id": None},
        {"reference": "q4"},
        {"reference": "Q3"},
        {"reference": " q3"},
        {"reference": None},
        {"reference": 3},
        {"type": "decrement"},
        {"type": None},
        {"type": ["increment"]},
        {"amount": 1251},
        {"amount": -1250},
        {"amount": 1250.0},
        {"amount": "1250"},
        {"amount": True},
        {"amount": None},
        {"amount": None, "amount_in_decimal": "12.50"},
        {"amount": [1250]},
        {"amount_in_decimal": 12.5},
        {"currency_code": "EUR"},
        {"currency_code": "usd"},
        {"currency_code": None},
        {"currency_code": 840},
        {"credit_type": "loyalty_credits"},
    ],
    ids=repr,
)
def test_an_answer_about_anything_else_is_no_proof(change: dict[str, Any]) -> None:
    assert isinstance(verdict(200, added(**change)), NoAnswer)


@given(
    st.dictionaries(st.sampled_from([*ITEM, "amount_in_decimal"]), JSON | st.sampled_from([True, 1, 1.0, "1.5"])),
    st.sets(st.sampled_from([*ITEM])),
    st.sampled_from([CREDIT, DECIMAL, SILENT, ONE]),
)
def test_the_usual_answer_is_read_like_any_other(change: dict[str, Any], without: set[str], credit: Any) -> None:
    item = {name: value for name, value in {**ITEM, **change}.items() if name not in without}
    answer = Answer(200, {}, orjson.dumps({"promotional_credit": item}))
    read = verdict_of(credit, answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_usual_proof", lambda *_: None)
        assert verdict_of(credit, answer) == read


def test_true_is_not_one() -> None:
    assert isinstance(verdict(200, added(amount=True), credit=ONE), NoAnswer)
    assert isinstance(verdict(200, added(amount=1.0), credit=ONE), NoAnswer)
    assert isinstance(verdict(200, added(amount=1), credit=ONE), Credited)


def test_unknown_fields_and_a_missing_type_or_balance_do_no_harm() -> None:
    assert verdict(200, added(credit_type=None, closing_balance=None, new_field={"a": [1]})) == Credited(
        "cr-9", None, 200
    )


@pytest.mark.parametrize("balance", [1.5, True, [1], {}], ids=repr)
def test_a_balance_that_is_none_is_left_out(balance: object) -> None:
    assert verdict(200, added(closing_balance=balance)) == Credited("cr-9", None, 200)


def test_a_request_that_names_no_currency_takes_the_sites() -> None:
    assert isinstance(verdict(200, added(currency_code="EUR"), credit=SILENT), Credited)


@pytest.mark.parametrize("text", ["1.5", "1.50", "01.5", "1.500000000000000000000000000000"])
def test_equal_decimals_are_the_same_money(text: str) -> None:
    assert isinstance(verdict(200, added(amount=None, amount_in_decimal=text), credit=DECIMAL), Credited)


@pytest.mark.parametrize("text", ["1.51", "-1.5", "", "NaN", "sNaN", "Infinity", "1,5", "one", "1e9999999999", "15"])
def test_other_decimals_are_not(text: str) -> None:
    assert isinstance(verdict(200, added(amount=None, amount_in_decimal=text), credit=DECIMAL), NoAnswer)
    assert isinstance(verdict(200, added(amount=1, amount_in_decimal=text), credit=DECIMAL), NoAnswer)


def test_minor_units_prove_nothing_about_a_decimal_amount() -> None:
    assert isinstance(verdict(200, added(amount=150), credit=DECIMAL), NoAnswer)


@pytest.mark.parametrize(
    "body",
    [
        added().replace(b'"amount":1250', b'"amount":NaN'),
        added().replace(b'"amount":1250', b'"amount":Infinity'),
        added().replace(b'"amount":1250', b'"amount":1250.0'),
        added().replace(b'"amount":1250', b'"amount":1.25e3'),
        added().replace(b'"amount":1250', b'"amount":01250'),
        added().replace(b'"amount":1250', b'"amount":' + b"9" * 5000),
        added().replace(b'"amount":1250', b'"amount":18446744073709552866'),
        added().replace(b'"reference":"q3"', b'"reference":"q3\\u0000"'),
        added().replace(b'"reference":"q3"', b'"reference":"q3\xff"'),
        added().decode().encode("utf-16"),
        added().decode().encode("utf-16-le"),
        b"\xef\xbb\xbf" + added(),
        b"\x1f\x8b\x08\x00" + added(),
        b"[" + added() + b"]",
        b'{"promotional_credit": [' + added() + b"]}",
        b'{"list": [' + added() + b"]}",
        b'{"promotional_credit": null}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 100_000,
        b"<html>" + added() + b"</html>",
        b"",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_hostile_answers_are_no_proof(body: bytes) -> None:
    assert isinstance(verdict(200, body), NoAnswer)


def test_of_a_key_that_comes_twice_only_the_last_counts() -> None:
    """So an answer never proves one credit by the customer of one value and the amount of another."""
    ours, other = b'"customer_id":"c-1"', b'"customer_id":"c-2"'
    assert isinstance(verdict(200, added().replace(ours, ours + b"," + other)), NoAnswer)
    assert isinstance(verdict(200, added().replace(ours, other + b"," + ours)), Credited)
    whole = added()[:-1] + b',"promotional_credit":{"id":"cr-9"}}'
    assert isinstance(verdict(200, whole), NoAnswer)


# -- Replays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "True", "TRUE", " true "])
def test_the_replayed_header_in_any_spelling(value: str) -> None:
    found = verdict(400, error("param_wrong_value"), {"chargebee-idempotency-replayed": value})
    assert isinstance(found, Refused)
    assert found.replayed


@pytest.mark.parametrize("value", ["", "false", "1", "yes", "true, false"])
def test_what_does_not_say_replayed_is_not(value: str) -> None:
    found = verdict(400, error("param_wrong_value"), {"chargebee-idempotency-replayed": value})
    assert isinstance(found, Refused)
    assert not found.replayed


def test_a_replay_without_proof_spoils_the_key() -> None:
    for status, body in [(500, error("internal_error")), (502, b"<html>"), (200, b""), (200, added(amount=1))]:
        found = verdict(status, body, REPLAYED)
        assert isinstance(found, NoAnswer)
        assert found.spoils_key
        again = verdict(status, body)
        assert isinstance(again, NoAnswer)
        assert not again.spoils_key


def test_replayed_throttling_is_marked() -> None:
    for status, code in (429, "lock_timeout"), (503, "site_not_ready"):
        found = verdict(status, error(code), REPLAYED)
        assert isinstance(found, Throttled | Unavailable)
        assert found.replayed


# -- Retry-After --------------------------------------------------------------------------------------------

NOON = "Mon, 23 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
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


# -- The list, and the customer -----------------------------------------------------------------------------


def page(*items: Mapping[str, Any], **more: Any) -> Answer:
    return Answer(200, {}, orjson.dumps({"list": [{"promotional_credit": item} for item in items], **more}))


def test_a_page_of_the_list() -> None:
    credits, next_offset = listed_credits(page(ITEM, {**ITEM, "id": "cr-10", "reference": None}, next_offset="[1]"))
    assert [credit.credit_id for credit in credits] == ["cr-9", "cr-10"]
    assert credits[0].money == Money(1250, None, "USD")
    assert credits[0].has_money_of(CREDIT)
    assert credits[1].reference is None
    assert next_offset == "[1]"


def test_the_last_page() -> None:
    assert listed_credits(page()) == ([], None)
    assert listed_credits(page(next_offset="")) == ([], None)
    assert listed_credits(page(next_offset=None)) == ([], None)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(200, {}, b""), "HTTP 200"),
        (Answer(200, {}, b"[]"), "HTTP 200"),
        (Answer(200, {}, b"{}"), "HTTP 200"),
        (Answer(200, {}, b'{"list": {}}'), "HTTP 200"),
        (Answer(500, {}, page().body), "HTTP 500"),
        (Answer(503, {}, error("site_not_ready")), "site_not_ready: what Chargebee said"),
        (page(next_offset=17), "next_offset"),
        (page({"id": "cr-1"}), "customer_id is missing"),
        (page({**ITEM, "amount": True}), "amount"),
        (Answer(200, {}, b'{"list": [17]}'), "promotional_credit is missing"),
        (Answer(200, {}, page(ITEM).body[:-1]), "HTTP 200"),
    ],
)
def test_a_page_that_is_not_whole_is_none(answer: Answer, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        listed_credits(answer)


def test_a_deleted_customer() -> None:
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": true}}')) is True
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": false}}')) is False
    assert customer_is_deleted(Answer(200, {}, b'{"customer": {"id": "c-1", "deleted": "true"}}')) is False
    assert customer_is_deleted(Answer(404, {}, error("resource_not_found"))) is False


@pytest.mark.parametrize(
    "answer",
    [Answer(200, {}, b"{}"), Answer(200, {}, b"[]"), Answer(404, {}, b""), Answer(500, {}, b'{"customer": {}}')],
)
def test_an_answer_that_says_nothing_about_the_customer(answer: Answer) -> None:
    with pytest.raises(ValueError, match=f"HTTP {answer.status}"):
        customer_is_deleted(answer)


def test_code_and_message_of_an_error() -> None:
    assert error_of(Answer(400, {}, error("param_wrong_value"))) == ("param_wrong_value", "what Chargebee said")
    assert error_of(Answer(502, {}, b"<html>")) == ("", "HTTP 502 without a readable answer")
    assert error_of(Answer(400, {}, b'{"message": ""}')) == ("", "HTTP 400")


# -- The body -----------------------------------------------------------------------------------------------


def request(**changes: Any) -> CreditRequest:
    fields: dict[str, Any] = {"customer_id": "c-1", "reference": "q3", "description": "Loyalty", "amount": 1250}
    return CreditRequest(**(fields | changes))


def test_the_exact_bytes_of_a_body() -> None:
    assert add_body(request(currency_code="USD")) == (
        b"customer_id=c-1&amount=1250&currency_code=USD&description=Loyalty&credit_type=general&reference=q3"
    )


def test_an_amount_in_decimal_goes_as_it_is() -> None:
    assert b"&amount_in_decimal=1.50&" in add_body(request(amount=None, amount_in_decimal="1.50"))


def test_no_currency_is_not_an_empty_one() -> None:
    assert b"currency_code" not in add_body(request())


def test_the_largest_amount_keeps_its_digits() -> None:
    assert b"&amount=9007199254740991&" in add_body(request(amount=2**53 - 1))


def test_characters_that_mean_something_in_a_form_are_escaped() -> None:
    body = add_body(request(customer_id="a&b=c", reference="1+1 %41;#2", description="Gr\u00fc\u00dfe \U0001f381\n"))
    assert body == (
        b"customer_id=a%26b%3Dc&amount=1250&description=Gr%C3%BC%C3%9Fe+%F0%9F%8E%81%0A&credit_type=general"
        b"&reference=1%2B1+%2541%3B%232"
    )


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=50)


currencies = st.sampled_from([None, "USD", "JPY"])


@given(texts, texts, texts, st.integers(1, 2**53 - 1), currencies, st.sampled_from(CREDIT_TYPES))
def test_a_form_reader_gets_the_fields_back(
    customer: str, reference: str, description: str, amount: int, currency: str | None, kind: str
) -> None:
    built = request(
        customer_id=customer,
        reference=reference,
        description=description,
        amount=amount,
        currency_code=currency,
        credit_type=kind,
    )
    body = add_body(built)
    fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, separator="&")
    wanted = {name: str(value) for name, value in built.model_dump().items() if value is not None}
    assert dict(fields) == wanted
    assert len(fields) == len(wanted)
    assert add_body(built.model_copy()) == body


def test_a_stop_of_the_table_is_a_run_that_stopped() -> None:
    found = verdict(302, b"")
    assert isinstance(found, Blocked)
    assert isinstance(found.error, RunStopped)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"list": []}, ([], None)),
        (
            {"list": [{"customer": {"id": "c-1", "deleted": True, "preferred_currency_code": "USD", "more": 1}}]},
            ([ListedCustomer("c-1", True, "USD")], None),
        ),
        (
            {"list": [{"customer": {"id": "c-1", "preferred_currency_code": 5}}], "next_offset": "x"},
            ([ListedCustomer("c-1", False, None)], "x"),
        ),
    ],
)
def test_customers_of_a_page(document, expected):
    assert listed_customers(Answer(200, {}, orjson.dumps(document))) == expected


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"[]"),
        (200, b'{"list": [{}]}'),
        (200, b'{"list": [{"customer": {"id": ""}}]}'),
        (200, b'{"list": [{"customer": null}]}'),
        (200, b'{"list": [], "next_offset": 5}'),
        (500, b'{"list": []}'),
    ],
)
def test_what_is_no_page_of_customers(status, body):
    with pytest.raises(ValueError):
        listed_customers(Answer(status, {}, body))


@given(st.text(min_size=1, max_size=50), st.text("aZ09 _.~-+%&=\u00e9", min_size=1, max_size=250), st.text(min_size=1))
def test_a_body_is_what_the_standard_library_would_encode(customer_id, description, reference):
    request = CreditRequest(
        customer_id=customer_id, description=description, reference=reference[:500], amount=5, currency_code="USD"
    )
    fields = [("customer_id", customer_id), ("amount", "5"), ("currency_code", "USD"), ("description", description)]
    fields += [("credit_type", "general"), ("reference", reference[:500])]
    assert add_body(request) == urlencode(fields).encode()


# -- Balances -----------------------------------------------------------------------------------------------

SEVERAL = [("USD", None, 500), ("EUR", "be-1", 70), ("EUR", "be-2", 30)]


@pytest.mark.parametrize(
    ("customer", "currency", "entity", "balance"),
    [
        (ListedCustomer("c", False, None, 500), None, None, 500),
        (ListedCustomer("c", False, None, 500), "USD", None, 500),  # a site with one currency names none
        (ListedCustomer("c", False, "USD", 500), "USD", None, 500),
        (ListedCustomer("c", False, "USD", 500), "EUR", None, None),
        (ListedCustomer("c", False, "USD", None), "USD", None, None),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), None, None, 500),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "EUR", None, 100),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "EUR", "be-2", 30),
        (ListedCustomer("c", False, "USD", 500, tuple(SEVERAL)), "JPY", None, 0),
    ],
)
def test_a_balance_is_that_of_the_currency(
    customer: ListedCustomer, currency: str | None, entity: str | None, balance: int | None
) -> None:
    assert customer.balance_in(currency, entity) == balance


@pytest.mark.parametrize("odd", [None, "many", {}, [None], [{}], [{"currency_code": "USD"}],
                                 [{"currency_code": 7, "promotional_credits": 5}],
                                 [{"currency_code": "USD", "promotional_credits": "5"}]])  # fmt: skip
def test_balances_that_cannot_be_read_are_none(odd: object) -> None:
    item = {"id": "c-1", "promotional_credits": True, "balances": odd}
    [customer], _ = listed_customers(Answer(200, {}, orjson.dumps({"list": [{"customer": item}]})))
    assert (customer.promotional_credits, customer.balances) == (None, ())
