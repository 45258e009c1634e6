"""What of a run's options is part of a call, and so of what a key stands for."""

from batch_credits.call import ENTITY_HEADER, call_for, call_of, headers_of
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


def test_the_order_of_options_makes_no_other_call() -> None:
    one, other = (RunSettings(silence=order) for order in (("email", "actions"), ("actions", "email")))
    assert call_of(one) == call_of(other)


def test_what_only_changes_the_pace_is_not_in_it() -> None:
    assert call_of(RunSettings(rate_per_minute=7, concurrency=2, verify_first=True, timeout_seconds=3)) == "{}"


def test_the_call_of_an_entity_alone() -> None:
    assert headers_of(call_for("emea")) == {ENTITY_HEADER: "emea"}
    assert call_for(None) == "{}"
