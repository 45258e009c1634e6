"""Questions about customers over real HTTP: ids of every kind, and what the sandbox knows of them."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.gate.limiter import RateLimiter
from batch_credits.ledger import CustomerRow
from batch_credits.model import CallKind
from batch_credits.planning.customers import Balances, Preflight, Shortfall, examine, look_up_balances
from batch_credits.sandbox import Sandbox, SandboxSettings
from batch_credits.settings import RunSettings, SiteSettings
from tests.unit.ledger.conftest import Book

ODD = ('say "hi"', "back\\slash", "a,b]", "50% & more", "\u6771\u4eac" * 25, "plus+sign", "per%20cent", "[x")
GONE = ("deleted-1", 'missing "x"', "missing-2", "yen")


def test_ids_of_every_kind_are_asked_for_as_they_are() -> None:
    settings = RunSettings(rate_per_minute=0)
    rows = [CustomerRow(name, number, "USD") for number, name in enumerate((*ODD, *GONE), 2)]
    rows += [CustomerRow(f"c-{number}", number, None) for number in range(100, 400)]

    async def ask() -> tuple[Preflight, int]:
        async with Sandbox(SandboxSettings(port=0)) as sandbox:
            sandbox.delete_customers("deleted-1")
            sandbox.prefer_currency("yen", "JPY")
            site = SiteSettings("sandbox", sandbox.base_url, "key")
            limiter = RateLimiter(0, 5)
            async with http_transport(site, settings) as transport:
                chargebee = Chargebee(transport, limiter, settings)
                seen = await examine(chargebee, rows)
            limiter.close()
            return seen, chargebee.requests

    seen, requests = asyncio.run(ask())
    assert [(finding.customer_id, finding.code) for finding in seen.findings] == [
        ("deleted-1", "deleted"),
        ('missing "x"', "missing"),
        ("missing-2", "missing"),
        ("yen", "other_currency"),
    ]
    assert seen.customers == len(rows)
    assert requests == 4


def test_balances_are_held_against_what_each_customer_is_owed(tmp_path: Path) -> None:
    book = Book(tmp_path / "ledger.sqlite3")
    rows = [
        book.row(2, "enough", amount=60),
        book.row(3, "short", amount=60),
        book.row(4, "short", "q4", amount=60),
        book.row(5, "enough", "q4", amount=40),
        book.row(6, "deleted", amount=1),
        book.row(7, "missing-1", amount=1),
        book.row(8, "decimal", amount_in_decimal="0.01"),
        book.row(9, "yen", amount=1, currency_code="JPY"),
    ]
    batch = book.plan(*rows, kind=CallKind.DEDUCT)

    async def ask() -> Balances:
        async with Sandbox(SandboxSettings(port=0)) as sandbox:
            for customer in ("enough", "short", "deleted", "decimal", "yen"):
                fields = {"customer_id": customer, "amount": 100, "currency_code": "USD", "description": "x"}
                request = Request(f"{sandbox.base_url}/api/v2/promotional_credits/add", urlencode(fields).encode())
                request.add_header("Authorization", "Basic azo=")
                await asyncio.to_thread(lambda request=request: urlopen(request).close())  # type: ignore[misc]
            sandbox.delete_customers("deleted")
            where = SiteSettings("acme-test", sandbox.base_url, "key")
            return await look_up_balances(book.ledger, batch, where, RunSettings(rate_per_minute=150))

    seen = asyncio.run(ask())
    assert seen.short == [
        Shortfall("deleted", 6, "USD", 1, None),
        Shortfall("missing-1", 7, "USD", 1, None),
        Shortfall("short", 3, "USD", 120, 100),
        Shortfall("yen", 9, "JPY", 1, 0),
    ]
    assert (seen.customers, seen.short_in_all, seen.unknown) == (6, 4, 1)
    slots: Any = book.ledger.slots
    assert slots.taken("acme-test", 80.0), "the run that follows counts these questions against the limit"
    book.close()
