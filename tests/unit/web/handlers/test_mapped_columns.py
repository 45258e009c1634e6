from typing import Any

import pytest

from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.columns import _mapped

SEEN: list[dict[str, Any]] = [
    {"header": "customer_id", "field": "customer_id", "suggested": "customer_id"},
    {"header": "Betrag", "field": None, "suggested": "amount"},
    {"header": "credit typ", "field": None, "suggested": "credit_type"},
    {"header": "note", "field": None, "suggested": None},
]


@pytest.mark.parametrize(
    ("chosen", "mapped"),
    [
        (["customer_id", "amount", "credit_type", ""], ("amount=Betrag", "credit_type=credit typ")),
        (["customer_id", "amount", "", ""], ("amount=Betrag", "credit_type=")),
        (["customer_id", "amount", "", "credit_type"], ("amount=Betrag", "credit_type=note")),
    ],
)
def test_a_column_that_is_not_what_it_seemed_is_said_to_be_none(chosen: list[str], mapped: tuple[str, ...]) -> None:
    """Else the same question comes again: a header near a field is refused until somebody says that it is none."""
    assert _mapped({f"map:{at}": field for at, field in enumerate(chosen)}, SEEN) == mapped


def test_a_column_that_there_is_not_is_refused() -> None:
    with pytest.raises(Refused):
        _mapped({"map:4": "amount"}, SEEN)
