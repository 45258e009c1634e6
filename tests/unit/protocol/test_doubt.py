"""What follows a look: each in every situation that a credit can be in."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.model import PlannedCredit
from batch_credits.protocol import (
    Credited,
    DoubtFacts,
    FoundNothing,
    Look,
    LookAgain,
    LookStep,
    RaiseAlarm,
    ReleaseAbsent,
    ResendSameKey,
    SendToReview,
    SettleCredited,
    Witness,
    after_look,
)
from tests.each import each
from tests.unit.protocol.cases import (
    EVERY_FACT,
    LOOKS,
    credit,
    facts_around,
    looks,
)

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


@each("facts", EVERY_FACT)
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


@each("facts", EVERY_FACT)
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


@given(st.builds(credit, st.integers(0, 5), st.booleans()), looks, st.sampled_from(Witness), facts_around)
def test_absence_is_believed_only_beside_a_witness_and_after_the_quarantine(
    about: PlannedCredit, look: Look, witness: Witness, facts: DoubtFacts
) -> None:
    if isinstance(after_look(about, look, witness, facts), ReleaseAbsent):
        assert isinstance(look, FoundNothing) and not look.customer_deleted
        assert look.unattributed is None or about.open_attempts == 0
        assert about.open_attempts == 0 or (witness is Witness.SHOWN and facts.quarantine_over)


@each("facts", EVERY_FACT)
@pytest.mark.parametrize("attempts", [0, 1])
def test_a_persons_word_that_it_is_not_credited_counts_after_the_quarantine(attempts: int, facts: DoubtFacts) -> None:
    """It may have been said while a request was still on its way; what was never sent is on no way."""
    said = credit(0)
    said.look_first, said.attempts = True, attempts
    step = after_look(said, FoundNothing(), Witness.NOT_SHOWN, facts)
    assert isinstance(step, ReleaseAbsent if facts.quarantine_over or not attempts else LookAgain)


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
