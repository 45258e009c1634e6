"""Each verdict, each look, and each situation that a credit can be in."""

from collections.abc import Iterator
from itertools import product

from hypothesis import strategies as st

from batch_credits.errors import KeyRefused
from batch_credits.model import Money, PlannedCredit
from batch_credits.protocol import (
    Blocked,
    Credited,
    DoubtFacts,
    ForAnother,
    FoundNothing,
    FoundOne,
    FoundOtherMoney,
    FoundSeveral,
    FoundUncertain,
    Look,
    NoAnswer,
    NotSent,
    Refused,
    Throttled,
    Unavailable,
    Verdict,
)

BLOCK = Blocked(KeyRefused("no such key"), is_proof=True)
PROXY = Blocked(KeyRefused("somebody's login page"), is_proof=False)
OTHER = ForAnother("cr-9", "it was answered with another credit, cr-9", 200)


def credit(open_attempts: int = 1, key_spoiled: bool = False) -> PlannedCredit:
    return PlannedCredit(
        request_id=1,
        customer_id="c-1",
        reference="q3",
        money=Money(100, None, "USD"),
        credit_type="general",
        body=b"customer_id=c-1",
        key_spoiled=key_spoiled,
        open_attempts=open_attempts,
    )


def refused(*, replayed: bool = False, about_state: bool = False) -> Refused:
    return Refused("param_wrong_value", "wrong", 400, replayed=replayed, about_state=about_state)


def throttled(*, replayed: bool = False, one_customer: bool = False) -> Throttled:
    return Throttled("api_request_limit_exceeded", "wait", one_customer=one_customer, replayed=replayed)


def unavailable(*, replayed: bool = False) -> Unavailable:
    return Unavailable("site_not_ready", "not yet", replayed=replayed)


def every_verdict() -> Iterator[Verdict]:
    for replayed in (False, True):
        yield Credited("cr-1", replayed=replayed)
        yield unavailable(replayed=replayed)
        for flag in (False, True):
            yield refused(replayed=replayed, about_state=flag)
            yield throttled(replayed=replayed, one_customer=flag)
    yield NotSent("no route")
    yield BLOCK
    yield PROXY
    yield OTHER
    yield NoAnswer("cut off", credit_id="cr-9")
    yield NoAnswer("time-out")
    yield NoAnswer("422", spoils_key=True)


def every_look() -> Iterator[Look]:
    yield FoundOne(Credited("cr-1"))
    yield FoundSeveral(("cr-1", "cr-2"))
    yield FoundOtherMoney("cr-1", "5 minor units of USD")
    yield FoundNothing()
    yield FoundNothing(customer_deleted=True)
    yield FoundNothing(unattributed="cr-7")
    yield FoundUncertain("cr-8", "for a customer 'C-1'")


VERDICTS = tuple(every_verdict())
LOOKS = tuple(every_look())
CREDITS = tuple(credit(count, spoiled) for count, spoiled in product((1, 2, 3), (False, True)))
EVERY_FACT = tuple(DoubtFacts(*facts) for facts in product((False, True), (False, True), (0, 1, 5)))

credits = st.builds(credit, st.integers(1, 20), st.booleans())
verdicts = st.sampled_from(VERDICTS)
looks = st.sampled_from(LOOKS)
facts_around = st.builds(DoubtFacts, st.booleans(), st.booleans(), st.integers(0, 10))
