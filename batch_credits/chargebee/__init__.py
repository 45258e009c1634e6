"""All that is known of the provider; the only importer of aiohttp's client."""

from batch_credits.chargebee.client import (
    Chargebee,
    Gate,
    GateClosed,
    HttpTransport,
    LookFailed,
    Transport,
    http_transport,
)
from batch_credits.chargebee.wire import Answer, ListedCredit, add_body

__all__ = [
    "Answer",
    "Chargebee",
    "Gate",
    "GateClosed",
    "HttpTransport",
    "ListedCredit",
    "LookFailed",
    "Transport",
    "add_body",
    "http_transport",
]
