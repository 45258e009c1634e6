"""What a probe sends: named so that it is found again, whatever a site makes of texts."""

from urllib.parse import parse_qs

import orjson

from batch_credits.call import call_for
from batch_credits.chargebee.bodies import has_amount
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import CallState
from batch_credits.model import CallKind, Money
from batch_credits.probe.calls import Calls
from tests.each import each

NAME = "probe-abcdef"


def listed(reference: str | None, description: str | None = None) -> ListedCredit:
    return ListedCredit("x", "c", reference, Money(1, None, "USD"), "general", "increment", "1", 0, description)


def test_each_has_a_number_a_key_and_one_minor_unit() -> None:
    calls = Calls(NAME, "c & 1", "USD")
    one, other = calls.add(" x"), calls.add()
    assert (one.number, other.number) == (1, 2)
    assert one.key != other.key
    assert parse_qs(one.body.decode(), keep_blank_values=True) == {
        "customer_id": ["c & 1"], "amount": ["1"], "currency_code": ["USD"],
        "reference": [f"{NAME}-01 x"], "description": [f"{NAME}-01 x"],
    }  # fmt: skip
    assert b"currency_code" not in Calls(NAME, "c", None).add().body


def test_the_same_is_the_same_but_for_its_number() -> None:
    calls = Calls(NAME, "c", "USD")
    one = calls.add()
    again = calls.same(one)
    assert again._replace(number=one.number) == one
    assert again.number == 2
    headed = calls.with_header(one, "chargebee-event-webhook", "all-disabled")
    assert (headed.key, headed.body) == (one.key, one.body)
    assert orjson.loads(headed.call) == {"chargebee-event-webhook": "all-disabled"}
    dearer = calls.with_amount(one, 2)
    assert (dearer.key, dearer.amount_minor) == (one.key, 2)
    assert parse_qs(dearer.body.decode())["amount"] == ["2"]


def test_texts_are_within_what_is_documented_but_for_the_one_that_is_to_be_refused() -> None:
    calls = Calls(NAME, "c", "USD")
    longest, too_long = calls.longest(), calls.too_long()
    said = parse_qs(longest.body.decode())
    assert (len(said["reference"][0]), len(said["description"][0])) == (500, 250)
    assert len(parse_qs(too_long.body.decode())["description"][0]) > 250


def test_what_takes_a_credit_back_names_its_amount_and_entity() -> None:
    calls = Calls(NAME, "c", "USD")
    credit = calls.add(entity="emea")._replace(state=CallState.APPLIED, credit_id="cr")
    back = calls.back(credit)
    assert (back.kind, back.takes_back, back.amount_minor) == (CallKind.DEDUCT, "cr", 1)
    assert has_amount(back.body)
    assert back.call == credit.call == call_for("emea")
    assert back.key != credit.key


@each(
    "reference, description, number",
    [
        (f"{NAME}-07 AbC", None, 7),
        (f"{NAME.upper()}-07", None, 7),
        (f"{NAME}-12-back", None, 12),
        ("cut", f"x {NAME}-03", 3),
        (None, f"{NAME}-03", 3),
        ("probe-fedcba-07", "somebody's", None),
        (None, None, None),
    ],
)
def test_what_is_listed_is_known_by_its_name(
    reference: str | None, description: str | None, number: int | None
) -> None:
    assert Calls(NAME, "c", None).number_in(listed(reference, description)) == number
