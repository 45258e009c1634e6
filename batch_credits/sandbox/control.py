"""The tests' own door, `/_sandbox/`: tells the truth and changes the site; neither counted, nor limited, nor locked.

GET  /_sandbox/truth       what really happened (`Api.truth`)
POST /_sandbox/customers   `change_customers`, with a JSON object as its body
POST /_sandbox/settings    `change_settings`, the same
"""

from collections.abc import Mapping
from typing import Any

import orjson

from batch_credits.sandbox.api import Api
from batch_credits.sandbox.errors import Answer
from batch_credits.sandbox.plan import FaultPlan

CONTROL_PATH = "/_sandbox/"


def control(api: Api, method: str, path: str, body: bytes) -> Answer:
    """Answer a request to a path below `CONTROL_PATH`: 200, 400 with a message, or 404."""
    try:
        match method, path.removeprefix(CONTROL_PATH):
            case "GET", "truth":
                return Answer(200, orjson.dumps(api.truth()))
            case "POST", "customers":
                change_customers(api, orjson.loads(body))
            case "POST", "settings":
                change_settings(api, orjson.loads(body))
            case _:
                return Answer(404, b'{"message":"There are GET truth, POST customers and POST settings."}')
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

    Each part is optional; `faults` replaces the whole plan.

    Raises:
        ValueError: it is something else.
    """
    parts = _parts(document, {"faults": str, "read_only": bool, "store_errors": bool, "keys_ignored": bool})
    if "faults" in parts:
        api.faults = FaultPlan.parse(parts["faults"])
    api.read_only = parts.get("read_only", api.read_only)
    api.store_errors = parts.get("store_errors", api.store_errors)
    api.keys.ignored = parts.get("keys_ignored", api.keys.ignored)


def _parts(document: Any, kinds: Mapping[str, type]) -> dict[str, Any]:
    if not isinstance(document, dict) or not all(
        name in kinds and isinstance(value, kinds[name]) for name, value in document.items()
    ):
        allowed = ", ".join(f"{name} ({kind.__name__})" for name, kind in kinds.items())
        raise ValueError(f"Expected a JSON object with some of: {allowed}.")
    return document
