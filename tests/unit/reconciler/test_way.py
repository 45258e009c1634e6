"""Which way a batch is asked about: the list of all, or that of each of its customers."""

from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.reconciler.way import FEW_CUSTOMERS, PAGE, Way, way_for


@pytest.mark.parametrize(
    ("customers", "known", "way"),
    [
        (FEW_CUSTOMERS, 5, Way(reads_list=False, questions=7)),
        (FEW_CUSTOMERS + 1, 0, Way(reads_list=True, questions=1)),
        (FEW_CUSTOMERS + 1, 201, Way(reads_list=True, questions=3)),
        ((FEW_CUSTOMERS + 1), (FEW_CUSTOMERS + 1) * PAGE, Way(reads_list=False, questions=7)),
    ],
)
def test_the_list_is_begun_where_it_is_not_known_to_be_longer_than_asking_for_each(
    customers: int, known: int, way: Way
) -> None:
    listing: Any = SimpleNamespace(
        sent_since=lambda batch_id, start, most: min(known, most), pages_by_customer=lambda batch_id, page: 7
    )
    batch: Any = SimpleNamespace(batch_id=1)
    assert way_for(listing, batch, 0, customers) == way
