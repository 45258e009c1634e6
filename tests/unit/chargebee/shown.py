"""A credit, and how Chargebee words what it says of it: shared by the tests of answers, lists and verdicts."""

from typing import Any

import orjson

from batch_credits.model import Money, PlannedCredit

CREDIT = PlannedCredit(
    request_id=7,
    customer_id="c-1",
    reference="q3",
    money=Money(1250, None, "USD"),
    credit_type="general",
    body=b"",
    open_attempts=1,
)
DECIMAL = PlannedCredit(
    request_id=8,
    customer_id="c-1",
    reference="q3",
    money=Money(None, "1.5", "USD"),
    credit_type="general",
    body=b"",
    open_attempts=1,
)
SILENT = PlannedCredit(1, "c-1", "q3", Money(1250, None, None), "general", b"", open_attempts=1)
ONE = PlannedCredit(1, "c-1", "q3", Money(1, None, "USD"), "general", b"", open_attempts=1)
ITEM: dict[str, Any] = {
    "id": "cr-9",
    "customer_id": "c-1",
    "type": "increment",
    "amount": 1250,
    "currency_code": "USD",
    "description": "Loyalty",
    "credit_type": "general",
    "reference": "q3",
    "closing_balance": 2000,
    "object": "promotional_credit",
    "created_at": 1_790_000_000,
}
REPLAYED = {"chargebee-idempotency-replayed": "true"}


def added(**changes: Any) -> bytes:
    """The body of a 200; a change to None leaves the field out."""
    item = {name: value for name, value in (ITEM | changes).items() if value is not None}
    return orjson.dumps({"customer": {"id": "c-1", "promotional_credits": 2000}, "promotional_credit": item})


def error(code: str, message: str = "what Chargebee said", **more: Any) -> bytes:
    return orjson.dumps({"api_error_code": code, "message": message, "type": "invalid_request", **more})
