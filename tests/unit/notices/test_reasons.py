"""Every error has a reason that is known beforehand, and none says what the error said."""

import batch_credits.errors as errors
from batch_credits.errors import BatchCreditsError
from batch_credits.model import Outcome
from batch_credits.notices.reasons import BUG, OF_ERRORS, reason_of, reasons_of_rows


def every(kind: type[BatchCreditsError]) -> list[type[BatchCreditsError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every(child))]


def test_every_error_has_one_of_its_own_or_its_parents() -> None:
    for kind in every(BatchCreditsError):
        if kind.__module__ == errors.__name__ and kind is not BatchCreditsError:
            reason = reason_of(kind("customer c-1"))
            assert reason is not OF_ERRORS[BatchCreditsError], f"say in reasons.py what {kind.__name__} means"
            assert "c-1" not in f"{reason}" and reason.sentence and reason.to_do


def test_codes_are_each_of_one_reason() -> None:
    codes = [reason.code for reason in (*OF_ERRORS.values(), BUG)]
    assert len(codes) == len(set(codes))


def test_a_new_kind_of_error_has_its_parents() -> None:
    class Deadline(errors.RunStopped):
        pass

    assert reason_of(Deadline("x")).code == "stopped"
    assert reason_of(ValueError("customer c-1")) is BUG
    assert reason_of(KeyboardInterrupt()).code == "interrupted"


def test_rows_that_need_a_person() -> None:
    assert reasons_of_rows({Outcome.CREDITED: 3, Outcome.FAILED: 1}) == []
    said = [reason.sentence for reason in reasons_of_rows({Outcome.REVIEW: 1, Outcome.IN_DOUBT: 2000})]
    assert said == ["1 row needs review", "2,000 rows are in doubt: sent, and not proven either way"]
    assert "3f9a2b1c" in reasons_of_rows({Outcome.REVIEW: 1})[0].about("3f9a2b1c00").to_do
