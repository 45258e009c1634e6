"""Totals as numbers and in words, and what of them was deducted again."""

from decimal import Decimal

from batch_credits.model import ControlTotal
from batch_credits.model.undone import Undone
from batch_credits.views.amounts import Total, totals_of, undone_view

ONE, OTHER = "57718102" * 8, "d0fcc168" * 8


def test_a_total_has_its_numbers_and_its_words() -> None:
    totals = {"USD": ControlTotal(3, 1250, Decimal("0.5")), "CLP": ControlTotal(1, 700), "": ControlTotal(1, 5)}
    assert totals_of(totals, {"CLP": 0}) == (
        Total("site currency", 1, 5, Decimal(0), ("5 minor units (site currency)",)),
        Total("CLP", 1, 700, Decimal(0), ("700 CLP",)),
        Total("USD", 3, 1250, Decimal("0.5"), ("12.50 USD", "0.5 USD")),
    )


def test_what_was_deducted_again_is_told_batch_by_batch() -> None:
    undone = Undone({ONE: {"USD": ControlTotal(2, 500)}, OTHER: {"USD": ControlTotal(1, 7), "EUR": ControlTotal(1, 9)}})
    view = undone_view(undone, {})
    assert (view.rows, view.batches) == (4, "batches 57718102 and d0fcc168")
    sums = [(total.currency, total.rows, total.amount_minor) for total in view.totals]
    assert sums == [("EUR", 1, 9), ("USD", 3, 507)]
    assert [(by.key, by.rows, [total.currency for total in by.totals]) for by in view.by] == [
        (ONE, 2, ["USD"]),
        (OTHER, 2, ["EUR", "USD"]),
    ]


def test_where_nothing_was_nobody_is_named() -> None:
    view = undone_view(Undone(), {})
    assert (view.rows, view.totals, view.by, view.batches) == (0, (), (), "")
