"""What an answer to an add or deduct call proves: the error table of the provider, and nothing else.

Sources: Chargebee API docs, "Error handling" and "Idempotency". A status proves something only together with
Chargebee's own words; whatever the table does not list proves nothing.
"""

import re
from collections import deque
from typing import Any

from batch_credits.chargebee.answers import Answer, ErrorBody, document_of, error_of, retry_after_seconds
from batch_credits.chargebee.lists import ListedCredit, listed_credit
from batch_credits.errors import KeyRefused, RunStopped, SiteBlocked
from batch_credits.model import PlannedCredit
from batch_credits.protocol import (
    Blocked,
    Credited,
    ForAnother,
    NoAnswer,
    Refused,
    Throttled,
    Unavailable,
    Verdict,
)
from batch_credits.text.quoted import quoted

# HTTP 400 codes that prove the request was not applied. Codes outside this list occur, and prove nothing.
_REFUSED_400 = re.compile(
    r"param_wrong_value|invalid_request|duplicate_entry|resource_limit_exhausted|resource_limit_exceeded"
    r"|configuration_incompatible|payment_[a-z_]+"
)
# Codes with which Chargebee itself turns everything away. It documents none for a redirect.
_BLOCKING_CODES = {
    401: ("api_authentication_failed", "basic_authentication_failed"),
    403: ("api_authorization_failed", "request_blocked"),
    404: ("site_not_found",),
    405: ("http_method_not_supported",),
}
_REPLAYED = "chargebee-idempotency-replayed"
# The id of the credit in a body that is cut off or spoiled further on, or which stands in a text of another document.
_NAMED_ID = re.compile(rb'"promotional_credit\\*"\s*:\s*\{[^{}]*?"id\\*"\s*:\s*\\*"([A-Za-z0-9_.:-]{1,150})\\*"')


def verdict_of(credit: PlannedCredit, answer: Answer) -> Verdict:
    """What this answer to an add or deduct call proves about the credit."""
    if 200 <= answer.status < 300:
        return _verdict_of_success(credit, answer, is_replayed(answer))
    return verdict_of_error(answer)


def is_replayed(answer: Answer) -> bool:
    """Whether the answer was stored under its idempotency key, and says so."""
    return answer.headers.get(_REPLAYED, "").strip().lower() == "true"


def verdict_of_error(answer: Answer) -> Verdict:
    """The same of an answer that is no success, whichever credit it is about."""
    replayed, error = is_replayed(answer), error_of(answer)
    stop = stop_for(answer.status, error)
    if stop is not None:
        is_proof = error.is_chargebees and error.code in _BLOCKING_CODES.get(answer.status, ())
        return Blocked(stop, is_proof, answer.status)
    code, message, param = error.code, error.message, error.param
    retry_after = retry_after_seconds(answer.headers)
    no_proof = NoAnswer(message, answer.status, code or None, spoils_key=answer.status == 422 or replayed)
    if not error.is_chargebees:
        return no_proof
    match answer.status, code:
        case 400, _ if _REFUSED_400.fullmatch(code):
            return Refused(code, message, 400, param, replayed)
        case 404, "resource_not_found":
            return Refused(code, message, 404, param, replayed)
        case 409, "invalid_state_for_request":
            return Refused(code, message, 409, param, replayed, about_state=True)
        case 429, "api_request_limit_exceeded" | "lock_timeout":
            return Throttled(code, message, retry_after, one_customer=code == "lock_timeout", replayed=replayed)
        case 503, "site_read_only_mode" | "site_not_ready":
            return Unavailable(code, message, retry_after, replayed)
        case _:
            return no_proof


def stop_for(status: int, error: ErrorBody) -> RunStopped | None:
    """The error that ends the run for this answer, if one does: 401, 403, 405, `site_not_found` and 3xx."""
    message = error.message
    if status == 401:
        return KeyRefused(
            f"Chargebee refused the API key: {message}",
            hint="Copy the key of this very site from Chargebee's settings, under API keys, to CHARGEBEE_API_KEY or the"
            " file of --api-key-file; then run again.",
        )
    if status == 403:
        return SiteBlocked(
            f"Chargebee refused the request ({error.code or 'HTTP 403'}): {message}",
            hint="Give the key write access to promotional credits, in Chargebee's settings under API keys; if the site"
            " is blocked, talk to Chargebee.",
        )
    if status == 405:
        return SiteBlocked(f"The address does not take this call: {message}", hint="Check CHARGEBEE_BASE_URL.")
    if status == 404 and error.code == "site_not_found":
        return SiteBlocked(f"There is no such site: {message}", hint="Check CHARGEBEE_SITE.")
    if 300 <= status < 400:
        return SiteBlocked(
            f"The address answered with a redirect (HTTP {status}), which Chargebee never does.",
            hint="Check CHARGEBEE_SITE and CHARGEBEE_BASE_URL; a proxy or a captive portal may be in between.",
        )
    return None


def _verdict_of_success(credit: PlannedCredit, answer: Answer, replayed: bool) -> Verdict:
    """Whatever names a credit id says that there is a credit; only one that agrees is ours."""
    document, status = document_of(answer.body), answer.status
    if (proof := _usual_proof(credit, status, document, replayed)) is not None:
        return proof
    try:
        listed = listed_credit(document)
        if listed.money.amount_minor is None and listed.money.amount_in_decimal is None:
            raise ValueError("promotional_credit.amount is missing")
    except ValueError as error:
        named = _named_id(document, answer.body)
        return NoAnswer(f"the answer was not whole: {error}", status, spoils_key=replayed, credit_id=named)
    if listed.is_named_as(credit) and listed.kind == credit.kind.listed_type and listed.has_money_of(credit):
        return Credited(listed.credit_id, listed.closing_balance, status, replayed)
    return ForAnother(listed.credit_id, f"it was answered with another credit, {_in_words(listed)}", status)


def _named_id(document: Any, body: bytes) -> str | None:
    """The credit that a body names although it is not whole, or not where it should be: the first, outermost first."""
    waiting = deque([(document, False)])
    while waiting:
        item, is_credit = waiting.popleft()
        if isinstance(item, dict):
            credit_id = item.get("id")
            if isinstance(credit_id, str) and credit_id and (is_credit or _is_credit(item)):
                return credit_id
            waiting.extend((inner, name == "promotional_credit") for name, inner in item.items())
        elif isinstance(item, list):
            waiting.extend((inner, is_credit) for inner in item)
    found = _NAMED_ID.search(body)
    return found[1].decode() if found else None


def _is_credit(item: dict[str, Any]) -> bool:
    """Whether an object says by itself that it is a credit, or has a credit's fields and says nothing else."""
    kind = item.get("object")
    return kind == "promotional_credit" or (kind is None and "customer_id" in item)


def _in_words(listed: ListedCredit) -> str:
    return (
        f"{listed.credit_id} ({listed.kind} of {listed.money}, customer {quoted(listed.customer_id)},"
        f" reference {quoted(listed.reference or '')})"
    )


def _usual_proof(credit: PlannedCredit, status: int, document: Any, replayed: bool) -> Credited | None:
    """The proof in an answer that repeats what was asked for, word by word; None sends it the long way.

    It says nothing that the long way would not. It is how nearly every answer is read, at a third of the cost.
    """
    try:
        item = document["promotional_credit"]
        credit_id, balance, amount = item["id"], item["closing_balance"], item["amount"]
        is_usual = (
            item["customer_id"] == credit.customer_id
            and item["reference"] == credit.reference
            and item["type"] == credit.kind.listed_type
            and item["credit_type"] == credit.credit_type
            and (amount, item.get("amount_in_decimal"), item["currency_code"]) == credit.money
        )
    except (TypeError, LookupError):
        return None
    if is_usual and credit_id and type(credit_id) is str and type(balance) is int and type(amount) is int:
        return Credited(credit_id, str(balance), status, replayed)
    return None
