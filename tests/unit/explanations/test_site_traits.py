"""A site that is as it is assumed is said nothing of; one that is otherwise, a sentence for each trait."""


from batch_credits.explanations.site_traits import (
    ANOTHERS,
    APPLIED,
    AS_SENT,
    AT_ONCE,
    BOTH_APPLIED,
    BY_STORED_ID,
    LEFT_OUT,
    NOT_SCOPED,
    REPEATED,
    REPLAYED,
    SCOPED,
    TRAITS,
    differences,
)
from batch_credits.model.site_facts import SiteFacts
from tests.each import each

ASSUMED = {
    "reference": [AS_SENT],
    "description": [AS_SENT],
    "customer_id": [AS_SENT],
    "answer": [AS_SENT],
    "customer_filter": [AS_SENT],
    "list": [AT_ONCE, "after 1.5 to 2.9 s"],
    "same_call": [REPLAYED],
    "refused_call": [REPLAYED, "refused anew"],
    "other_header": [REPLAYED, "refused (422 unable_to_process_request)"],
    "other_body": ["refused (422 unable_to_process_request)", "refused (400 invalid_request)"],
    "at_once": [REPLAYED, REPEATED, "one refused (409 invalid_state_for_request)"],
    "entity": [NOT_SCOPED, "not measured: no --business-entity was named"],
}
OTHERWISE = {
    "reference": {"in lower case": "known again", "cut to 20 characters": "stops", "in lower case, otherwise": "stops"},
    "description": {"in lower case": "nothing is known by it"},
    "customer_id": {"in lower case": "known again", "with ? beyond ASCII": "stops"},
    "answer": {LEFT_OUT: "in doubt", ANOTHERS: "stops", "in upper case": "known again"},
    "customer_filter": {BY_STORED_ID: "as it is stored"},
    "list": {"after 3.8 to 4.2 s": "late", "not within 60 s": "late"},
    "same_call": {APPLIED: "does not heed idempotency keys", REPEATED: "not marked"},
    "refused_call": {APPLIED: "credits a refused call"},
    "other_header": {APPLIED: "another header"},
    "other_body": {APPLIED: "do not stand for one call", REPLAYED: "does not refuse another amount"},
    "at_once": {BOTH_APPLIED: "two calls at once"},
    "entity": {SCOPED: "--business-entity"},
}


def facts(**values: str) -> SiteFacts:
    return SiteFacts("acme-test", "2026-11-28", values)


def test_each_trait_is_here() -> None:
    assert set(TRAITS) == set(ASSUMED) == set(OTHERWISE)


@each("name, value", [(name, value) for name, values in ASSUMED.items() for value in values])
def test_nothing_is_said_of_what_is_assumed(name: str, value: str) -> None:
    assert differences(facts(**{name: value})) == ()


@each(
    "name, value, said",
    [(name, value, said) for name, values in OTHERWISE.items() for value, said in values.items()],
)
def test_one_sentence_is_said_of_what_is_not(name: str, value: str, said: str) -> None:
    [sentence] = differences(facts(**{name: value}))
    assert sentence.startswith("acme-test ")
    assert said in sentence
    assert sentence.endswith("(measured 2026-11-28)")


def test_of_what_was_not_measured_nothing_is_said() -> None:
    assert differences(facts()) == ()
    assert differences(facts(**dict.fromkeys(TRAITS, "not measured: no answer"))) == ()


def test_facts_are_kept_as_they_are() -> None:
    kept = facts(reference=AS_SENT)
    assert SiteFacts.of_document(kept.as_document()) == kept
