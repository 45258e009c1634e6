"""Every outcome has words for finance, and none that only the ledger understands."""

import re

import pytest

from batch_credits.model import CallKind, Outcome
from batch_credits.web.words import called, meaning_of

OF_THE_LEDGER = r"\b(fail|failed|reject|rejected|pending|in doubt|review|revers\w*|outcome|idempot\w*|attempt)\b"


@pytest.mark.parametrize("kind", CallKind)
def test_rows_are_called_what_people_call_them(kind: CallKind) -> None:
    names = [called(kind, outcome) for outcome in Outcome]
    assert len(set(names)) == len(names)
    for outcome in Outcome:
        said = f"{called(kind, outcome)}: {meaning_of(kind, outcome)}"
        assert not re.search(OF_THE_LEDGER, said), said
        assert len(said) < 80


def test_a_reversal_never_speaks_of_adding() -> None:
    for outcome in Outcome:
        said = f"{called(CallKind.DEDUCT, outcome)}: {meaning_of(CallKind.DEDUCT, outcome)}"
        assert not re.search(r"\bcredited\b|\badded\b", said), said
