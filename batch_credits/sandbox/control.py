"""The tests' own door, `/_sandbox/`: tells the truth and changes the site; neither counted, nor limited, nor locked.

GET  /_sandbox/truth       what really happened (`Api.truth`)
POST /_sandbox/customers   `change_customers`, with a JSON object as its body
POST /_sandbox/credits     `seed_credits`, the same
POST /_sandbox/settings    `change_settings`, the same
"""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from batch_credits.sandbox.api import Api
from batch_credits.sandbox.errors import Answer, ApiError
from batch_credits.sandbox.fields import read_change
from batch_credits.sandbox.plan import FaultPlan

CONTROL_PATH = "/_sandbox/"
_OPERATIONS = {"increment": "add", "decrement": "deduct"}
_CREDIT_KINDS = {
    "customer_id": str,
    "amount": int,
    "currency_code": str,
    "reference": str,
    "description": str,
    "credit_type": str,
    "type": str,
    "created_at": int,
    "business_entity_id": str,
}


def control(api: Api, method: str, path: str, body: bytes) -> Answer:
    """Answer a request to a path below `CONTROL_PATH`: 200, 400 with a message, or 404."""
    try:
        match method, path.removeprefix(CONTROL_PATH):
            case "GET", "truth":
                return Answer(200, orjson.dumps(api.truth()))
            case "POST", "customers":
                change_customers(api, orjson.loads(body))
            case "POST", "credits":
                ids = seed_credits(api, _parts(orjson.loads(body), {"credits": list}).get("credits", []))
                return Answer(200, orjson.dumps({"done": True, "ids": ids}))
            case "POST", "settings":
                change_settings(api, orjson.loads(body))
            case _:
                return Answer(404, b'{"message":"There are GET truth, and POST customers, credits and settings."}')
    except ValueError as error:
        return Answer(400, orjson.dumps({"message": str(error)}))
    return Answer(200, b'{"done":true}')


def change_customers(api: Api, document: Any) -> None:
    """Apply `{"deleted": [id], "restored": [id], "preferred_currency": {id: code}}`, each part optional.

    Raises:
        ValueError: it is something else.
    """
    parts = _parts(document, {"deleted": list, "restored": list, "preferred_currency": dict})
    currencies = parts.get("preferred_currency", {})
    for text in [*parts.get("deleted", []), *parts.get("restored", []), *currencies.values()]:
        if not isinstance(text, str):
            raise ValueError("Customer ids and currency codes must be texts.")
    api.site.delete_customers(parts.get("deleted", []))
    api.site.restore_customers(parts.get("restored", []))
    for customer_id, currency_code in currencies.items():
        api.site.prefer_currency(customer_id, currency_code)


def change_settings(api: Api, document: Any) -> None:
    """Apply `{"faults": "NAME=NUMBER,...", "read_only": bool, "store_errors": bool, "keys_ignored": bool}`.

    Each part is optional; `faults` replaces the whole plan. Two more are done once: `"forget_keys": true` forgets
    all idempotency keys, `"advance_seconds": number` moves the site's clock on, and all that it measures with it.

    Raises:
        ValueError: it is something else.
    """
    kinds = {"faults": str, "read_only": bool, "store_errors": bool, "keys_ignored": bool, "forget_keys": bool}
    parts = _parts(document, {**kinds, "advance_seconds": float})
    if "faults" in parts:
        api.faults = FaultPlan.parse(parts["faults"])
    api.read_only = parts.get("read_only", api.read_only)
    api.store_errors = parts.get("store_errors", api.store_errors)
    api.keys.ignored = parts.get("keys_ignored", api.keys.ignored)
    if parts.get("forget_keys"):
        api.keys.forget_all()
    api.clock.advance(parts.get("advance_seconds", 0))


def seed_credits(api: Api, credits: Iterable[Any]) -> list[str]:
    """Put credits there as if they had been there before, by whoever made them; their ids.

    Each is an object of the API's names: `customer_id` and `amount` (minor units), and `currency_code`,
    `reference`, `description`, `credit_type`, `type` (increment or decrement), `created_at` (unix seconds) and
    `business_entity_id` if wanted. Texts are kept letter for letter.

    Raises:
        ValueError: one of them cannot be; those before it are there.
    """
    ids: list[str] = []
    for number, credit in enumerate(credits, 1):
        try:
            ids.append(_seed(api, credit))
        except (ApiError, ValueError) as error:
            raise ValueError(f"Credit {number}: {error}") from None
    return ids


def _seed(api: Api, credit: Any) -> str:
    parts = _parts(credit, _CREDIT_KINDS)
    operation = _OPERATIONS.get(parts.pop("type", "increment"))
    if operation is None:
        raise ValueError(f"The type must be one of: {', '.join(_OPERATIONS)}.")
    created_at, entity = parts.pop("created_at", None), parts.pop("business_entity_id", None)
    fields = {"description": "seeded", **{name: str(value) for name, value in parts.items()}}
    body = api.site.change(read_change(operation, fields), entity, created_at=created_at)
    return str(body["promotional_credit"]["id"])


def _parts(document: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(document, dict) or not all(
        name in kinds and _is(value, kinds[name]) for name, value in document.items()
    ):
        allowed = ", ".join(f"{name} ({kind.__name__})" for name, kind in kinds.items())
        raise ValueError(f"Expected a JSON object with some of: {allowed}.")
    return document


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # which Python takes for a number
        return kind is bool
    return isinstance(value, (int, float) if kind is float else kind)
