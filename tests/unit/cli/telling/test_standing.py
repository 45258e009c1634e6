"""How batches stand, in words."""

from pathlib import Path

from batch_credits.cli.telling.standing import batch_lines
from batch_credits.model import RequestState
from batch_credits.views.batches import batches_view
from tests.unit.ledger.conftest import Book


def test_rows_of_which_amounts_came_in_both_kinds_are_counted_once(tmp_path: Path) -> None:
    book = Book(tmp_path / "ledger.sqlite3")
    batch = book.plan(book.row(2), book.row(3, "c-2", amount=None, amount_in_decimal="12.345678"))
    book.settle(batch, RequestState.CREDITED)
    [view] = batches_view(book.ledger)
    assert batch_lines(view)[2:4] == [f"  credited {2:>18}  1.00 USD", f"{'':>31}12.345678 USD"]
    book.close()
