"""Questions about customers: a hundred a call at most, asked again when they fail, and what the answers say."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_plus

import pytest

from batch_credits.chargebee.client import LookFailed
from batch_credits.chargebee.lists import ListedCustomer
from batch_credits.errors import Outage
from batch_credits.ledger import CustomerRow
from batch_credits.planning.customers import ATTEMPTS, MAX_REMEMBERED, Preflight, examine
from tests.each import each


class Site:
    """Knows these customers, and fails to answer the first calls."""

    def __init__(self, *customers: ListedCustomer, failures: int = 0) -> None:
        self._customers = customers
        self._failures = failures
        self.calls: list[list[str]] = []
        self.slept: list[float] = []

    async def customers(self, customer_ids: Sequence[str]) -> list[ListedCustomer]:
        self.calls.append(list(customer_ids))
        if self._failures:
            self._failures -= 1
            raise LookFailed("HTTP 429")
        return [customer for customer in self._customers if customer.customer_id in customer_ids]

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def examine(self, *rows: CustomerRow) -> Preflight:
        chargebee: Any = self
        return asyncio.run(examine(chargebee, rows, self.sleep))


@each(
    "customer, currency, code",
    [
        (None, "USD", "missing"),
        (ListedCustomer("c-1", True, "USD"), "USD", "deleted"),
        (ListedCustomer("c-1", False, "EUR"), "USD", "other_currency"),
        (ListedCustomer("c-1", False, "USD"), "USD", None),
        (ListedCustomer("c-1", False, None), "USD", None),
        (ListedCustomer("c-1", False, "EUR"), None, None),
    ],
)
def test_what_is_said_of_a_row(customer: ListedCustomer | None, currency: str | None, code: str | None) -> None:
    seen = Site(*([customer] if customer else [])).examine(CustomerRow("c-1", 7, currency))
    assert [(finding.row_number, finding.code) for finding in seen.findings] == ([(7, code)] if code else [])
    assert (seen.customers, sum(seen.counts.values())) == (1, len(seen.findings))
    assert all("'c-1'" in finding.message for finding in seen.findings)


def test_a_hundred_customers_a_call_however_many_rows_they_have() -> None:
    site = Site()
    rows = [CustomerRow(f"c-{n:03d}", row, None) for n in range(250) for row in (n, n + 1_000)]
    seen = site.examine(*rows)
    assert [len(call) for call in site.calls] == [100, 100, 50]
    assert (seen.customers, seen.counts["missing"]) == (250, 500)
    assert [finding.row_number for finding in seen.findings] == sorted(row.row_number for row in rows)


def test_an_address_never_grows_too_long() -> None:
    site = Site()
    site.examine(*(CustomerRow(f"{n:03d}" + "\u6771" * 47, n, None) for n in range(60)))
    assert all(len(quote_plus(json.dumps(call, ensure_ascii=False))) < 8_000 for call in site.calls)
    assert sum(map(len, site.calls)) == 60


def test_ids_as_long_as_they_may_be_still_go_a_hundred_a_call() -> None:
    site = Site()
    site.examine(*(CustomerRow(f"{n:03d}".rjust(50, "x"), n, None) for n in range(200)))
    assert [len(call) for call in site.calls] == [100, 100]


def test_findings_are_counted_beyond_those_that_are_kept() -> None:
    seen = Site().examine(*(CustomerRow(f"c-{n}", n, None) for n in range(MAX_REMEMBERED + 7)))
    assert (len(seen.findings), seen.counts["missing"]) == (MAX_REMEMBERED, MAX_REMEMBERED + 7)


def test_a_question_is_asked_again_and_not_for_ever() -> None:
    row = CustomerRow("c-1", 2, "USD")
    site = Site(ListedCustomer("c-1", False, "USD"), failures=3)
    assert site.examine(row).findings == []
    assert site.slept == [1.0, 2.0, 4.0]
    site = Site(failures=ATTEMPTS)
    with pytest.raises(Outage, match="HTTP 429"):
        site.examine(row)
    assert len(site.calls) == ATTEMPTS
    assert sum(site.slept) > 60
