"""Which batches there are, and what is known of each."""

from decimal import Decimal
from typing import Any

import pytest

from batch_credits.errors import UnknownBatch
from batch_credits.model import ControlTotal


def test_a_batch_by_the_beginning_of_its_id(book: Any) -> None:
    for key in ("abc1" * 16, "abd2" * 16):
        book.ledger.admission.admit(book.begin(key=key))
    assert book.ledger.batches.one("abc").key == "abc1" * 16
    assert book.ledger.batches.one(" ABD2 ").key == "abd2" * 16
    assert [batch.key[:4] for batch in book.ledger.batches.all()] == ["abc1", "abd2"]
    with pytest.raises(UnknownBatch, match="2 batches begin with 'ab'"):
        book.ledger.batches.one("ab")
    for name in ("zz", "%", "_bc1", "abc1" * 17):
        with pytest.raises(UnknownBatch, match="holds no batch"):
            book.ledger.batches.one(name)


def test_a_batch_tells_what_the_loader_counted(book: Any) -> None:
    book.plan(book.row(2), book.row(3, "c-2", amount_in_decimal="0.10", currency_code=None), book.bad_row(4))
    [batch] = book.ledger.batches.all()
    assert batch.rows_read == 3
    assert batch.totals == {"USD": ControlTotal(1, 100), "": ControlTotal(1, 0, Decimal("0.10"))}
    assert (batch.site, batch.file_name, batch.headers[0]) == ("acme-test", "payout.csv", "customer_id")
    assert batch.columns["amount"] == 1
    assert batch.options_json == "{}"
    assert batch.created_at.endswith("Z")
