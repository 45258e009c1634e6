"""Questions about customers over real HTTP: ids of every kind, and what the sandbox knows of them."""

import asyncio

from batch_credits.chargebee import Chargebee, http_transport
from batch_credits.ledger import CustomerRow
from batch_credits.preflight import Preflight, examine
from batch_credits.sandbox import Sandbox, SandboxSettings
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.worker_pool import RateLimiter

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
