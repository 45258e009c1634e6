"""Which transport a run gets: what is documented, but where only a run without a limit would feel it."""

from contextlib import AbstractAsyncContextManager

import aiohttp

from batch_credits.chargebee.transport.direct import direct_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.chargebee.transport.session import session_transport
from batch_credits.settings import RunSettings, SiteSettings

# The versions of aiohttp with which every test of the direct transport was run.
TESTED_VERSIONS = frozenset({"3.14"})


def http_transport(site: SiteSettings, settings: RunSettings) -> AbstractAsyncContextManager[Transport]:
    """The one way to the site of a run, closed at the end of the block. Enter it in a running event loop."""
    return direct_transport(site, settings) if is_direct(settings) else session_transport(site, settings)


def is_direct(settings: RunSettings) -> bool:
    """Whether bytes are written straight onto connections that are kept."""
    return settings.rate_per_minute == 0 and _version() in TESTED_VERSIONS


def way_in_words(settings: RunSettings) -> str:
    """How requests travel, and why so, for `-v`."""
    if is_direct(settings):
        return f"written straight onto kept connections of aiohttp {aiohttp.__version__}, which was tested so"
    way = f"by the session of aiohttp {aiohttp.__version__}, each request on a connection of its own"
    if settings.rate_per_minute == 0:
        return f"{way}: slower, since the quicker way was not tested with this version"
    return way


def _version() -> str:
    return ".".join(aiohttp.__version__.split(".")[:2])
