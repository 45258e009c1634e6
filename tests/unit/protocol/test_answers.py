"""Every decision of the protocol: each verdict and each look, in every situation that a credit can be in."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.errors import AnsweredForAnother, KeyRefused, Outage
from batch_credits.model import Finding, Money, PlannedCredit, RequestState
from batch_credits.protocol import (
    AnswerStep,
    Blocked,
    Credited,
    DoubtFacts,
    ForAnother,
    FoundNothing,
    FoundOne,
    FoundOtherMoney,
    FoundSeveral,
    FoundUncertain,
    HoldInDoubt,
    KeepAndStop,
    Look,
    LookAgain,
    LookStep,
    NoAnswer,
    NotSent,
    RaiseAlarm,
    Refused,
    ReleaseAbsent,
    ResendSameKey,
    SendAgain,
    SendToReview,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
    Verdict,
    Witness,
    after_answer,
    after_look,
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


def test_the_tables_name_every_verdict_and_every_look() -> None:
    assert {type(verdict) for verdict in VERDICTS} == set(get_args(Verdict))
    assert {type(look) for look in LOOKS} == set(get_args(Look))


# -- After an answer ----------------------------------------------------------------------------------------


def expected_alone(verdict: Verdict, spoiled: bool) -> AnswerStep:
    """What follows the only open attempt: its own answer speaks for all there is."""
    match verdict:
        case Credited():
            return SettleCredited(verdict)
        case Refused():
            return SettleFailed(verdict)
        case Throttled(replayed=True) | Unavailable(replayed=True):
            return HoldInDoubt(verdict, f"replayed {verdict.error_code}", 0, key_spoiled=True)
        case Throttled() | Unavailable() | NotSent():
            return SendAgain(verdict)
        case Blocked():
            return StopRun(verdict.error, 0 if verdict.is_proof else 1, verdict.http_status)
        case NoAnswer():
            return HoldInDoubt(verdict, verdict.reason, 1, spoiled or verdict.spoils_key, verdict.credit_id)
        case ForAnother():
            return stopped_for_another()


def stopped_for_another() -> KeepAndStop:
    """Nothing is sent for this row any more, nor for any other before a person has looked."""
    step = after_answer(credit(), OTHER)
    assert isinstance(step, KeepAndStop)
    assert isinstance(step.error, AnsweredForAnother)
    assert (step.credit_id, step.reason) == ("cr-9", OTHER.reason)
    assert "'c-1'" in step.error.message and "cr-9" in step.error.message and "resolve" in step.error.hint
    return step


def expected_with_earlier(verdict: Verdict, count: int, spoiled: bool) -> AnswerStep:
    """What follows where earlier attempts are open: only a proof, or a replay, speaks for them too."""
    match verdict:
        case Credited():
            return SettleCredited(verdict)
        case Refused(replayed=True, about_state=False):
            return SettleFailed(verdict)
        case Refused():
            return HoldInDoubt(verdict, verdict.message, count - 1, spoiled)
        case Throttled(replayed=True) | Unavailable(replayed=True):
            return HoldInDoubt(verdict, f"replayed {verdict.error_code}", 0, key_spoiled=True)
        case Throttled() | Unavailable():
            return HoldInDoubt(verdict, verdict.message, count - 1, spoiled)
        case NotSent():
            return HoldInDoubt(verdict, verdict.reason, count - 1, spoiled)
        case Blocked():
            return StopRun(verdict.error, count - 1 if verdict.is_proof else count, verdict.http_status)
        case NoAnswer():
            return HoldInDoubt(verdict, verdict.reason, count, spoiled or verdict.spoils_key, verdict.credit_id)
        case ForAnother():
            return stopped_for_another()


@pytest.mark.parametrize("about", CREDITS, ids=lambda c: f"{c.open_attempts} open, spoiled {c.key_spoiled}")
@pytest.mark.parametrize("verdict", VERDICTS, ids=repr)
def test_every_answer_in_every_situation(verdict: Verdict, about: PlannedCredit) -> None:
    count, spoiled = about.open_attempts, about.key_spoiled
    wanted = expected_alone(verdict, spoiled) if count == 1 else expected_with_earlier(verdict, count, spoiled)
    step = after_answer(about, verdict)
    if isinstance(wanted, KeepAndStop) and isinstance(step, KeepAndStop):
        assert (step.credit_id, step.reason, str(step.error)) == (wanted.credit_id, wanted.reason, str(wanted.error))
    else:
        assert step == wanted


@given(credits, verdicts)
def test_no_refusal_settles_an_earlier_attempt_unless_it_is_a_replay(about: PlannedCredit, verdict: Verdict) -> None:
    step = after_answer(about, verdict)
    if isinstance(step, SettleFailed) and about.open_attempts > 1:
        assert isinstance(verdict, Refused)
        assert verdict.replayed
        assert not verdict.about_state


@given(credits, verdicts)
def test_only_proof_makes_a_credit_credited(about: PlannedCredit, verdict: Verdict) -> None:
    assert isinstance(after_answer(about, verdict), SettleCredited) == isinstance(verdict, Credited)


@given(credits, verdicts)
def test_nothing_is_sent_again_while_an_attempt_is_open(about: PlannedCredit, verdict: Verdict) -> None:
    step = after_answer(about, verdict)
    if isinstance(step, SendAgain):
        assert about.open_attempts == 1
        assert not isinstance(verdict, NoAnswer)
        assert not getattr(verdict, "replayed", False)


@given(credits, verdicts)
def test_an_answer_that_proves_nothing_closes_no_attempt(about: PlannedCredit, verdict: Verdict) -> None:
    step = after_answer(about, verdict)
    if isinstance(verdict, NoAnswer):
        assert isinstance(step, HoldInDoubt)
        assert step.open_attempts == about.open_attempts


@given(credits, verdicts)
def test_a_spoiled_key_stays_spoiled_in_doubt(about: PlannedCredit, verdict: Verdict) -> None:
    step = after_answer(about, verdict)
    if isinstance(step, HoldInDoubt) and about.key_spoiled:
        assert step.key_spoiled


@given(credits, verdicts)
def test_an_answer_leaves_the_credit_as_it_was(about: PlannedCredit, verdict: Verdict) -> None:
    before = repr(about)
    after_answer(about, verdict)
    assert repr(about) == before


# -- After a look -------------------------------------------------------------------------------------------


def expected_after_nothing(about: PlannedCredit, witness: Witness, facts: DoubtFacts) -> type[LookStep]:
    if about.open_attempts == 0:
        return ReleaseAbsent
    if not facts.quarantine_over:
        return LookAgain
    if witness is Witness.SHOWN:
        return ReleaseAbsent
    if facts.looks_left:
        return LookAgain
    by_key = witness is Witness.NONE_EXISTS and facts.key_remembered and not about.key_spoiled
    return ResendSameKey if by_key else SendToReview


@pytest.mark.parametrize("facts", EVERY_FACT, ids=repr)
@pytest.mark.parametrize("witness", Witness)
@pytest.mark.parametrize("about", [credit(n, s) for n, s in product((0, 1, 2), (False, True))])
def test_every_look_in_every_situation(about: PlannedCredit, witness: Witness, facts: DoubtFacts) -> None:
    found: dict[Look, LookStep] = {look: after_look(about, look, witness, facts) for look in LOOKS}

    assert found[LOOKS[0]] == SettleCredited(Credited("cr-1"))
    assert found[LOOKS[1]] == RaiseAlarm(("cr-1", "cr-2"))
    other, nothing, deleted, unattributed, uncertain = (found[look] for look in LOOKS[2:])
    assert isinstance(other, SendToReview)
    assert "cr-1" in other.reason
    assert "5 minor units of USD" in other.reason
    assert isinstance(deleted, SendToReview)
    assert "deleted" in deleted.reason
    assert type(nothing) is expected_after_nothing(about, witness, facts)
    if isinstance(nothing, ReleaseAbsent):
        assert nothing.next_generation is about.key_spoiled
    assert isinstance(uncertain, SendToReview)
    assert "cr-8 under this reference, for a customer 'C-1'" in uncertain.reason
    if about.open_attempts and facts.quarantine_over:
        assert isinstance(unattributed, SendToReview)
        assert "cr-7" in unattributed.reason
    else:
        assert unattributed == nothing


@pytest.mark.parametrize("facts", EVERY_FACT, ids=repr)
@pytest.mark.parametrize("witness", Witness)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_where_an_answer_named_a_credit_no_absence_is_believed(
    count: int, witness: Witness, facts: DoubtFacts
) -> None:
    named = credit(count)
    named.credit_id = "cr-9"
    step = after_look(named, FoundNothing(), witness, facts)
    if facts.looks_left:
        assert step == LookAgain()
    else:
        assert isinstance(step, SendToReview)
        assert "cr-9" in step.reason


def test_what_an_answer_named_is_kept_through_later_answers() -> None:
    named = credit()
    named.credit_id = "cr-9"
    step = after_answer(named, NoAnswer("time-out"))
    assert isinstance(step, HoldInDoubt)
    assert step.credit_id == "cr-9"


@given(st.builds(credit, st.integers(0, 5), st.booleans()), looks, st.sampled_from(Witness), facts_around)
def test_absence_is_believed_only_beside_a_witness_and_after_the_quarantine(
    about: PlannedCredit, look: Look, witness: Witness, facts: DoubtFacts
) -> None:
    if isinstance(after_look(about, look, witness, facts), ReleaseAbsent):
        assert isinstance(look, FoundNothing) and not look.customer_deleted
        assert look.unattributed is None or about.open_attempts == 0
        assert about.open_attempts == 0 or (witness is Witness.SHOWN and facts.quarantine_over)


@given(st.builds(credit, st.integers(0, 5), st.booleans()), looks, st.sampled_from(Witness), facts_around)
def test_the_key_alone_guards_only_while_it_is_remembered_and_not_spoiled(
    about: PlannedCredit, look: Look, witness: Witness, facts: DoubtFacts
) -> None:
    if isinstance(after_look(about, look, witness, facts), ResendSameKey):
        assert facts.key_remembered
        assert facts.quarantine_over
        assert not about.key_spoiled
        assert witness is Witness.NONE_EXISTS


@given(st.builds(credit, st.integers(1, 5), st.booleans()), st.sampled_from(Witness), st.booleans())
def test_looking_ends(about: PlannedCredit, witness: Witness, remembered: bool) -> None:
    last = DoubtFacts(quarantine_over=True, key_remembered=remembered, looks_left=0)
    assert not isinstance(after_look(about, FoundNothing(), witness, last), LookAgain)


# -- Stops --------------------------------------------------------------------------------------------------


def test_a_stop_is_handed_on_as_it_came() -> None:
    error = Outage("gone")
    step = after_answer(credit(), Blocked(error, is_proof=True))
    assert isinstance(step, StopRun)
    assert step.error is error


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
