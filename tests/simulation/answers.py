"""The simulated site's credits, in the forms in which it keeps and shows them, and how it words its answers."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

import orjson

from batch_credits.chargebee.answers import Answer


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
    entity: str | None = None
    kept_customer: str = ""  # as the site keeps them; what was asked for stands above
    kept_reference: str = ""
    dated: int = 0  # by the site's clock


CUT = 12  # characters that a site keeps which cuts texts

FORMS = {
    "exact": lambda text: text,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfd": lambda text: unicodedata.normalize("NFD", text),
    "blanks": lambda text: re.sub(r"[ \t\u00a0\u2000-\u200a\u202f\u3000]+", " ", text).strip(),
    "lower": lambda text: text.lower(),
    "upper": lambda text: text.upper(),
    "cut": lambda text: text[:CUT],
    "ascii": lambda text: re.sub(r"[^ -~]", "?", text),
}
HARMLESS = ("exact", "nfc", "nfd", "blanks", "lower", "upper")  # the same text to any reader


def error(status: int, code: str, headers: dict[str, str] | None = None) -> Answer:
    """One of Chargebee's error answers."""
    body = {"message": f"sim: {code}", "api_error_code": code, "type": "sim"}
    return Answer(status, headers or {}, orjson.dumps(body))


def success(credit: SiteCredit) -> Answer:
    """What adding it is answered with."""
    document = {"customer": {"id": credit.kept_customer}, "promotional_credit": as_json(credit)}
    return Answer(200, {}, orjson.dumps(document))


def echo(credit: SiteCredit, form: str) -> Answer:
    """The same with its texts in a form of the answer alone."""
    texts = {"customer_id": FORMS[form](credit.customer_id), "reference": FORMS[form](credit.reference)}
    shown = as_json(credit) | texts
    return Answer(200, {}, orjson.dumps({"customer": {}, "promotional_credit": shown}))


def as_json(credit: SiteCredit) -> dict[str, Any]:
    """The credit as Chargebee shows it."""
    return {
        "id": credit.credit_id,
        "customer_id": credit.kept_customer,
        "type": credit.kind,
        "amount": credit.amount,
        "currency_code": credit.currency,
        "credit_type": "general",
        "reference": credit.kept_reference,
        "closing_balance": 0,
        "created_at": credit.dated,
    }


def matches(credit: SiteCredit, filters: dict[str, str], *, strict: bool) -> bool:
    """Whether the filters of a list let it through. `strict`: a customer's id is found in the kept form alone."""
    customer = filters.get("customer_id[is]")
    if customer is not None and customer != credit.kept_customer and (strict or customer != credit.customer_id):
        return False
    since = filters.get("created_at[after]")
    if since is not None and credit.dated <= int(since):
        return False
    wanted = (("type[is]", credit.kind), ("id[is]", credit.credit_id))
    return all(name not in filters or filters[name] == value for name, value in wanted)
