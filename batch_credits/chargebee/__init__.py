"""All that is known of the provider; the only importer of aiohttp's client."""

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.bodies import add_bodies, add_body, customer_in, deduct_body, description_in, fields_in
from batch_credits.chargebee.client import (
    CUSTOMERS_A_CALL,
    Chargebee,
    Gate,
    GateClosed,
    LookFailed,
)
from batch_credits.chargebee.lists import ListedCredit, ListedCustomer
from batch_credits.chargebee.transport import Transport, http_transport, way_in_words

__all__ = [
    "CUSTOMERS_A_CALL",
    "Answer",
    "Chargebee",
    "Gate",
    "GateClosed",
    "ListedCredit",
    "ListedCustomer",
    "LookFailed",
    "Transport",
    "add_bodies",
    "add_body",
    "customer_in",
    "deduct_body",
    "description_in",
    "fields_in",
    "http_transport",
    "way_in_words",
]
