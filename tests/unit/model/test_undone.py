from batch_credits.model import ControlTotal, Money
from batch_credits.model.undone import Undone

ONE, OTHER, THIRD = "57718102" * 8, "d0fcc168" * 8, "3f9a2b1c" * 8


def test_credits_are_counted_by_the_batch_that_deducted_them() -> None:
    undone = Undone()
    undone.add(ONE, "USD", Money(100, None, "USD"))
    undone.add(ONE, "EUR", Money(5, None, "EUR"))
    undone.add(OTHER, "USD", Money(20, None, "USD"))
    assert (undone.rows, undone.rows_by(ONE), undone.rows_by(OTHER)) == (3, 2, 1)
    assert undone.totals == {"USD": ControlTotal(2, 120), "EUR": ControlTotal(1, 5)}
    assert undone.batches == "batches 57718102 and d0fcc168"


def test_nothing_was_undone() -> None:
    assert (Undone().rows, Undone().totals) == (0, {})


def test_the_batches_in_words() -> None:
    assert Undone({ONE: {}}).batches == "batch 57718102"
    assert Undone({ONE: {}, OTHER: {}, THIRD: {}}).batches == "batches 57718102, d0fcc168 and 3f9a2b1c"
