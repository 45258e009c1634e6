"""Which transport a run gets, by its limit and by the installed aiohttp; and that a person is told so."""

import asyncio
from typing import Any

import aiohttp
import pytest

from batch_credits.chargebee.transport import choice
from batch_credits.chargebee.transport.choice import http_transport, way_in_words
from batch_credits.chargebee.transport.direct import DirectTransport
from batch_credits.chargebee.transport.session import SessionTransport
from batch_credits.settings import RunSettings, SiteSettings

SITE = SiteSettings("acme-test", "http://127.0.0.1:9", "key")
TESTED = f"{min(choice.TESTED_VERSIONS)}.7"


@pytest.mark.parametrize(
    ("rate", "version", "kind", "told"),
    [
        (150, TESTED, SessionTransport, f"by the session of aiohttp {TESTED}, each request on a connection of its own"),
        (150, "9.1.0", SessionTransport, "by the session of aiohttp 9.1.0, each request on a connection of its own"),
        (0, TESTED, DirectTransport, f"written straight onto kept connections of aiohttp {TESTED}"),
        (0, "9.1.0", SessionTransport, "slower, since the quicker way was not tested with this version"),
        (0, "3.1", SessionTransport, "slower"),
        (0, "4.0.0a1", SessionTransport, "slower"),
    ],
)
def test_what_is_undocumented_is_used_only_where_it_was_tested_and_felt(
    monkeypatch: pytest.MonkeyPatch, rate: int, version: str, kind: type[Any], told: str
) -> None:
    monkeypatch.setattr(aiohttp, "__version__", version)
    settings = RunSettings(rate_per_minute=rate)

    async def main() -> None:
        async with http_transport(SITE, settings) as transport:
            assert isinstance(transport, kind)

    asyncio.run(main())
    assert told in way_in_words(settings)
