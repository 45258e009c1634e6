"""What follows an answer: each verdict in every situation that a credit can be in."""

import pytest
from hypothesis import given

from batch_credits.errors import AnsweredForAnother, Outage
from batch_credits.model import PlannedCredit
from batch_credits.protocol import (
    AnswerStep,
    Blocked,
    Credited,
    ForAnother,
    HoldInDoubt,
    KeepAndStop,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
    Verdict,
    after_answer,
)
from tests.each import each
from tests.unit.protocol.cases import (
    CREDITS,
    OTHER,
    VERDICTS,
    credit,
    credits,
    verdicts,
)

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
    """What follows where earlier attempts are open: only a proof, or a replay, speaks for them too. Of several of them
    a replay may speak for any."""
    if count > 2 and isinstance(verdict, Refused | Throttled | Unavailable) and verdict.replayed:
        reason = verdict.message if isinstance(verdict, Refused) else f"replayed {verdict.error_code}"
        return HoldInDoubt(verdict, reason, count - 1, key_spoiled=True)
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


@each("about", CREDITS)
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
        assert about.open_attempts == 2


@pytest.mark.parametrize("verdict", [v for v in VERDICTS if getattr(v, "replayed", False)], ids=repr)
def test_a_replay_that_may_be_of_a_later_attempt_speaks_for_no_earlier_one(verdict: Verdict) -> None:
    """A site that applied, said 500 and kept no answer stores the refusal of the next attempt."""
    about = credit(2)
    about.is_refused_anew = True
    step = after_answer(about, verdict)
    if not isinstance(verdict, Credited | NoAnswer):
        assert isinstance(step, HoldInDoubt)
        assert (step.open_attempts, step.key_spoiled) == (1, True)


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


def test_what_an_answer_named_is_kept_through_later_answers() -> None:
    named = credit()
    named.credit_id = "cr-9"
    step = after_answer(named, NoAnswer("time-out"))
    assert isinstance(step, HoldInDoubt)
    assert step.credit_id == "cr-9"


# -- Stops --------------------------------------------------------------------------------------------------


def test_a_stop_is_handed_on_as_it_came() -> None:
    error = Outage("gone")
    step = after_answer(credit(), Blocked(error, is_proof=True))
    assert isinstance(step, StopRun)
    assert step.error is error
