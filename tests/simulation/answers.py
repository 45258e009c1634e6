"""The simulated site's credits, and how it words its answers."""

from dataclasses import dataclass
from typing import Any

import orjson

from batch_credits.chargebee import Answer


@dataclass(slots=True)
class SiteCredit:
    """A credit, as it is in truth."""

    credit_id: str
    customer_id: str
    reference: str
    amount: int
    currency: str
    kind: str
    created: float
    is_foreign: bool = False


def error(status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
    """One of Chargebee's error answers."""
    body = {"message": f"sim: {code}", "api_error_code": code, "type": "sim"}
    return Answer(status, headers or {}, orjson.dumps(body))


def success(credit: SiteCredit) -> Answer:
    """What adding it is answered with."""
    document = {"customer": {"id": credit.customer_id}, "promotional_credit": as_json(credit)}
    return Answer(200, {}, orjson.dumps(document))


def as_json(credit: SiteCredit) -> dict[str, Any]:
    """The credit as Chargebee shows it."""
    return {
        "id": credit.credit_id,
        "customer_id": credit.customer_id,
        "type": credit.kind,
        "amount": credit.amount,
        "currency_code": credit.currency,
        "credit_type": "general",
        "reference": credit.reference,
        "closing_balance": 0,
    }


def matches(credit: SiteCredit, filters: dict[str, str]) -> bool:
    """Whether the filters of a list let it through."""
    wanted = (("customer_id[is]", credit.customer_id), ("type[is]", credit.kind), ("id[is]", credit.credit_id))
    return all(name not in filters or filters[name] == value for name, value in wanted)
