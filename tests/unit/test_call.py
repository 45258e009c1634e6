"""What of a run's options is part of a call, and so of what a key stands for."""

from batch_credits.call import ENTITY_HEADER, call_for, call_of, headers_of
from batch_credits.model import FIELDS
from batch_credits.settings import RunSettings


def test_a_call_without_options_has_no_headers_of_its_own() -> None:
    assert call_of(RunSettings()) == "{}"
    assert headers_of("{}") == {}


def test_every_option_that_changes_what_a_call_does_is_in_it() -> None:
    call = call_of(RunSettings(silence=("webhook", "email"), business_entity_id="emea"))
    assert headers_of(call) == {
        "chargebee-event-webhook": "all-disabled",
        "chargebee-event-email": "all-disabled",
        "chargebee-business-entity-id": "emea",
    }


# The request headers of "add promotional credits" in Chargebee's API docs, but for the content type.
DOCUMENTED = {
    "chargebee-request-origin-device",
    "chargebee-event-webhook",
    "chargebee-business-entity-id",
    "chargebee-event-actions",
    "chargebee-request-origin-user",
    "chargebee-request-origin-ip",
    "chargebee-request-origin-user-encoded",
    "chargebee-event-email",
}


def test_every_documented_header_can_be_sent() -> None:
    everything = RunSettings(
        silence=("email", "webhook", "actions"),
        business_entity_id="emea",
        origin_user="ann@example.com",
        origin_device="payroll server",
        origin_ip="192.0.2.7",
    )
    sent = headers_of(call_of(everything))
    encoded = headers_of(call_of(RunSettings(origin_user="j\u00f6rg@example.com")))
    assert sent["chargebee-request-origin-user"] == "ann@example.com"
    assert sent["chargebee-request-origin-device"] == "payroll server"
    assert sent["chargebee-request-origin-ip"] == "192.0.2.7"
    assert encoded == {"chargebee-request-origin-user-encoded": "asO2cmdAZXhhbXBsZS5jb20="}
    assert sent.keys() | encoded.keys() == DOCUMENTED


def test_every_documented_field_can_be_sent() -> None:
    money = {"amount", "amount_in_decimal", "currency_code"}
    assert set(FIELDS) == {"customer_id", "description", "credit_type", "reference"} | money


def test_the_order_of_options_makes_no_other_call() -> None:
    one, other = (RunSettings(silence=order) for order in (("email", "actions"), ("actions", "email")))
    assert call_of(one) == call_of(other)


def test_what_only_changes_the_pace_is_not_in_it() -> None:
    assert call_of(RunSettings(rate_per_minute=7, concurrency=2, verify_first=True, timeout_seconds=3)) == "{}"


def test_the_call_of_an_entity_alone() -> None:
    assert headers_of(call_for("emea")) == {ENTITY_HEADER: "emea"}
    assert call_for(None) == "{}"
