"""The unions are closed, and what is found by a step is what the credit follows."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from batch_credits.model import Finding, RequestState
from batch_credits.protocol import (
    Credited,
    DoubtFacts,
    FoundNothing,
    HoldInDoubt,
    KeepAndStop,
    Look,
    NoAnswer,
    NotSent,
    RaiseAlarm,
    Refused,
    ReleaseAbsent,
    SendAgain,
    SendToReview,
    SettleCredited,
    SettleFailed,
    StopRun,
    Verdict,
    Witness,
    after_answer,
    after_look,
)
from tests.unit.protocol.cases import (
    BLOCK,
    LOOKS,
    VERDICTS,
    credit,
    refused,
    throttled,
    unavailable,
)


def test_the_tables_name_every_verdict_and_every_look() -> None:
    assert {type(verdict) for verdict in VERDICTS} == set(get_args(Verdict))
    assert {type(look) for look in LOOKS} == set(get_args(Look))


# -- The unions are closed ----------------------------------------------------------------------------------


def test_what_is_no_verdict_look_or_witness_decides_nothing() -> None:
    over = DoubtFacts(quarantine_over=True, key_remembered=True, looks_left=1)
    with pytest.raises(AssertionError):
        after_answer(credit(), "credited")  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        after_look(credit(), "nothing", Witness.SHOWN, over)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        after_look(credit(), FoundNothing(), "shown", over)  # type: ignore[arg-type]


# -- What is found by a step ----------------------------------------------------------------------------------

PENDING, IN_DOUBT, REVIEW = RequestState.PENDING, RequestState.IN_DOUBT, RequestState.REVIEW


def about(state: RequestState, **learned: Any) -> Finding:
    """A finding about a credit with two open attempts, whose key is spoiled, in generation 4."""
    usual: dict[str, Any] = {"generation": 4, "key_spoiled": True, "open_attempts": 2}
    return Finding(1, state, **{**usual, **learned})


@pytest.mark.parametrize(
    ("step", "finding"),
    [
        (SettleCredited(Credited("cr-1", "300", 200)),
         about(RequestState.CREDITED, open_attempts=0, credit_id="cr-1", http_status=200, closing_balance="300")),
        (SettleCredited(Credited("cr-1", None, 200, replayed=True)),
         about(RequestState.CREDITED, open_attempts=0, credit_id="cr-1", http_status=200, reason="replayed")),
        (SettleCredited(Credited("cr-1", "300")),
         about(RequestState.CREDITED, open_attempts=0, credit_id="cr-1", closing_balance="300",
               reason="found by a look")),
        (SettleFailed(Refused("param_wrong_value", "wrong", 400, "amount")),
         about(RequestState.FAILED, open_attempts=0, reason="wrong", http_status=400, error_code="param_wrong_value",
               error_param="amount")),
        (SendAgain(throttled()),
         about(PENDING, open_attempts=0, reason="wait", http_status=429, error_code="api_request_limit_exceeded")),
        (SendAgain(unavailable()),
         about(PENDING, open_attempts=0, reason="not yet", http_status=503, error_code="site_not_ready")),
        (SendAgain(NotSent("no route")), about(PENDING, open_attempts=0, reason="no route")),
        (HoldInDoubt(NoAnswer("cut off", 200, None), "cut off", 1, key_spoiled=False, credit_id="cr-9"),
         about(IN_DOUBT, open_attempts=1, key_spoiled=False, credit_id="cr-9", reason="cut off", http_status=200)),
        (HoldInDoubt(refused(), "wrong", 1, key_spoiled=True),
         about(IN_DOUBT, open_attempts=1, reason="wrong", http_status=400, error_code="param_wrong_value")),
        (StopRun(BLOCK.error, 0, 401), about(PENDING, open_attempts=0, reason=BLOCK.error.message, http_status=401)),
        (StopRun(BLOCK.error, 2, 403), about(IN_DOUBT, reason=BLOCK.error.message, http_status=403)),
        (KeepAndStop("cr-9", "another's", BLOCK.error, 200),
         about(REVIEW, credit_id="cr-9", reason="another's", http_status=200)),
        (ReleaseAbsent(next_generation=False),
         about(PENDING, open_attempts=0, key_spoiled=False, reason="witnessed absent")),
        (ReleaseAbsent(next_generation=True),
         about(PENDING, open_attempts=0, key_spoiled=False, generation=5, reason="witnessed absent")),
        (SendToReview("who knows"), about(REVIEW, reason="who knows")),
        (RaiseAlarm(("cr-1", "cr-2")), about(REVIEW, reason="Chargebee lists 2 credits for it: cr-1, cr-2.")),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_found_by_a_step_and_how_the_credit_follows(step: Any, finding: Finding) -> None:
    one = replace(credit(2, key_spoiled=True), generation=4, call='{"of":"it"}', first_sent=7.0)
    assert step.finding(one) == finding
    assert one == replace(credit(2, key_spoiled=True), generation=4, call='{"of":"it"}', first_sent=7.0)
    one.follow(finding)
    assert (one.state, one.credit_id, one.key_spoiled, one.open_attempts, one.generation) == (
        finding.state, finding.credit_id, finding.key_spoiled, finding.open_attempts, finding.generation
    )  # fmt: skip
    assert one.call == ('{"of":"it"}' if finding.generation == 4 else None), "another key may stand for another call"
    assert one.first_sent == (7.0 if finding.open_attempts else None)


def test_an_id_that_was_named_stays_known() -> None:
    named = replace(credit(), credit_id="cr-7")
    assert SendToReview("who knows").finding(named).credit_id == "cr-7"
