"""What goes over the wire, and what an answer proves.

Bodies are form-encoded once, at planning, and frozen. `verdict_of` is the error table of the provider
(Chargebee API docs, "Error handling" and "Idempotency"): whatever it does not list proves nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote_plus

import orjson

from batch_credits.loaded import RequestColumns
from batch_credits.model import CreditRequest, Money, PlannedCredit
from batch_credits.protocol import (
    Blocked,
    Credited,
    NoAnswer,
    Refused,
    Throttled,
    Unavailable,
    Verdict,
    stop_for_status,
)

# HTTP 400 codes that prove the request was not applied. Codes outside this list occur, and prove nothing.
_REFUSED_400 = re.compile(
    r"param_wrong_value|invalid_request|duplicate_entry|resource_limit_exhausted|resource_limit_exceeded"
    r"|configuration_incompatible|payment_[a-z_]+"
)
_ESCAPED = str.maketrans({character: quote_plus(character) for character in map(chr, range(128))})
_PLAIN = re.compile(r"[A-Za-z0-9_.~ -]+")  # what a form carries as it is, and blanks
_HAS_AMOUNT = re.compile(rb"(?:^|&)amount(?:=0*[1-9][0-9]*|_in_decimal=[0-9]*\.?[0-9]*[1-9][0-9]*\.?[0-9]*)(?:&|$)")
_REPLAYED = "chargebee-idempotency-replayed"


class Answer(NamedTuple):
    """One HTTP answer, whole. Header names are asked for in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ListedCredit(NamedTuple):
    """A promotional credit as Chargebee's list shows it."""

    credit_id: str
    customer_id: str
    reference: str | None
    money: Money
    credit_type: str | None
    kind: str
    closing_balance: str | None

    def has_money_of(self, credit: PlannedCredit) -> bool:
        """Whether amount, currency and type are those of the request, as far as the request names them."""
        return _is_same_money(credit, self.money) and self.credit_type in (None, credit.credit_type)


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A customer as the list shows it. `preferred_currency` is that of its credits which name none.

    `promotional_credits` is the balance in that currency, in minor units; `balances` are those of each currency, as
    (currency, business entity, minor units), where the site keeps several.
    """

    customer_id: str
    is_deleted: bool
    preferred_currency: str | None
    promotional_credits: int | None = None
    balances: tuple[tuple[str, str | None, int], ...] = ()

    def balance_in(self, currency: str | None, business_entity_id: str | None = None) -> int | None:
        """The balance of promotional credits in a currency (None: the customer's own); None where none is shown."""
        of_currency = [
            (entity, amount) for code, entity, amount in self.balances if code == (currency or self.preferred_currency)
        ]
        if of_currency:
            wanted = (None, business_entity_id)
            return sum(amount for entity, amount in of_currency if business_entity_id is None or entity in wanted)
        if currency in (None, self.preferred_currency) or self.preferred_currency is None:
            return self.promotional_credits
        return 0 if self.balances else None


def add_body(request: CreditRequest) -> bytes:
    """The exact bytes of `POST /promotional_credits/add` for this request."""
    return _body(request)


def add_bodies(requests: RequestColumns) -> list[str]:
    """The same for many requests at once, as text."""
    columns = (
        _all_quoted(requests.customer_id),
        requests.amount,
        requests.amount_in_decimal,
        requests.currency_code,
        _all_quoted(requests.description),
        requests.credit_type,
        _all_quoted(requests.reference),
    )
    return [*map(_form, *columns)]


def deduct_body(request: CreditRequest) -> bytes:
    """The exact bytes of `POST /promotional_credits/deduct` for this request: an add's fields, always with an amount.

    Raises:
        ValueError: it has no amount, so Chargebee would deduct the customer's whole balance.
    """
    body = _body(request)
    if not has_amount(body):
        raise ValueError("a deduction must name its amount")
    return body


def has_amount(body: bytes) -> bool:
    """Whether a body names an amount above nothing."""
    return _HAS_AMOUNT.search(body) is not None


def description_in(body: bytes) -> str | None:
    """The description that one of our bodies carries; None where it is empty (credits taken over from a list)."""
    text = body.decode("ascii").partition("&description=")[2].partition("&")[0]
    return unquote_plus(text) or None


def _body(request: CreditRequest) -> bytes:
    customer_id, description, reference = map(_quoted, (request.customer_id, request.description, request.reference))
    return _form(customer_id, *request.money, description, request.credit_type, reference).encode("ascii")


def _form(
    customer_id: str,
    amount: int | None,
    in_decimal: str | None,
    currency: str | None,
    description: str,
    credit_type: str,
    reference: str,
) -> str:
    """The body, of texts that are quoted where they need to be."""
    money = "" if amount is None else f"&amount={amount}"
    if in_decimal is not None:
        money += f"&amount_in_decimal={_quoted(in_decimal)}"
    if currency is not None:
        money += f"&currency_code={currency}"
    return f"customer_id={customer_id}{money}&description={description}&credit_type={credit_type}&reference={reference}"


def _all_quoted(texts: Sequence[str]) -> list[str]:
    """The same, looking at the whole column first."""
    if _PLAIN.fullmatch("".join(texts)):
        return [text.replace(" ", "+") for text in texts]
    return [*map(_quoted, texts)]


def _quoted(text: str) -> str:
    """The text as a form carries it. Most texts need no more than their blanks changed."""
    if _PLAIN.fullmatch(text):
        return text.replace(" ", "+")
    return text.translate(_ESCAPED) if text.isascii() else quote_plus(text)


def verdict_of(credit: PlannedCredit, answer: Answer) -> Verdict:
    """What this answer to an add or deduct call proves about the credit."""
    replayed = answer.headers.get(_REPLAYED, "").strip().lower() == "true"
    document = _document(answer.body)
    if 200 <= answer.status < 300:
        return _verdict_of_success(credit, answer.status, document, replayed)
    code, message, param = _error_of(document, answer.status)
    stop = stop_for_status(answer.status, code, message)
    if stop is not None:
        return Blocked(stop)
    retry_after = retry_after_seconds(answer.headers)
    no_proof = NoAnswer(message, answer.status, code or None, spoils_key=answer.status == 422 or replayed)
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


def listed_credits(answer: Answer) -> tuple[list[ListedCredit], str | None]:
    """The credits on one page of the list, and the offset of the next page.

    Raises:
        ValueError: the answer is not a whole page of the list.
    """
    entries, next_offset = _page_of(answer)
    return [_listed(entry) for entry in entries], next_offset


def listed_customers(answer: Answer) -> tuple[list[ListedCustomer], str | None]:
    """The customers on one page of their list, and the offset of the next page.

    Raises:
        ValueError: the answer is not a whole page of the list.
    """
    entries, next_offset = _page_of(answer)
    return [_customer(entry) for entry in entries], next_offset


def _page_of(answer: Answer) -> tuple[list[Any], str | None]:
    document = _document(answer.body)
    if answer.status != 200 or not isinstance(document, dict) or not isinstance(document.get("list"), list):
        code, message, _param = _error_of(document, answer.status)
        raise ValueError(f"{code}: {message}" if code else message)
    next_offset = document.get("next_offset")
    if next_offset is not None and not isinstance(next_offset, str):
        raise ValueError("next_offset is no text")
    return document["list"], next_offset or None


def _customer(entry: Any) -> ListedCustomer:
    item = entry.get("customer") if isinstance(entry, dict) else None
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        raise ValueError("customer.id is missing")
    currency = item.get("preferred_currency_code")
    is_deleted = item.get("deleted") is True
    credits = item.get("promotional_credits")
    return ListedCustomer(
        item["id"],
        is_deleted,
        currency if isinstance(currency, str) and currency else None,
        credits if type(credits) is int else None,
        _balances(item.get("balances")),
    )


def _balances(entries: Any) -> tuple[tuple[str, str | None, int], ...]:
    """Those balances that can be read; one that cannot is none, since nothing but a warning hangs on it."""
    return tuple(
        (entry["currency_code"], entry.get("business_entity_id"), entry["promotional_credits"])
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict)
        and isinstance(entry.get("currency_code"), str)
        and type(entry.get("promotional_credits")) is int
    )


def customer_is_deleted(answer: Answer) -> bool:
    """Whether Chargebee says that the customer existed and is deleted. An unknown customer is not.

    Raises:
        ValueError: the answer says neither.
    """
    document = _document(answer.body)
    if answer.status == 200 and isinstance(document, dict) and isinstance(document.get("customer"), dict):
        return document["customer"].get("deleted") is True
    code, message, _param = _error_of(document, answer.status)
    if answer.status == 404 and code == "resource_not_found":
        return False
    raise ValueError(message)


def error_of(answer: Answer) -> tuple[str, str]:
    """Code and message of an error answer; the code is empty where the body is none of Chargebee's."""
    code, message, _param = _error_of(_document(answer.body), answer.status)
    return code, message


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds from the answer: a number, or a date beside the answer's own. None if unreadable."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    try:
        # Both dates are the server's, so our own clock has no part in it.
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError, IndexError):  # what the standard library makes of odd dates
        return None
    return max(0.0, wait.total_seconds())


def _verdict_of_success(credit: PlannedCredit, status: int, document: Any, replayed: bool) -> Verdict:
    if (proof := _usual_proof(credit, status, document, replayed)) is not None:
        return proof
    try:
        listed = _listed(document)
    except ValueError as error:
        return NoAnswer(f"the answer was not whole: {error}", status, spoils_key=replayed)
    ours = (
        listed.customer_id == credit.customer_id
        and listed.reference == credit.reference
        and listed.kind == credit.kind.listed_type
        and listed.has_money_of(credit)
    )
    if not ours:
        return NoAnswer(f"the answer is about another credit ({listed.credit_id})", status, spoils_key=replayed)
    return Credited(listed.credit_id, listed.closing_balance, status, replayed)


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


def _listed(entry: Any) -> ListedCredit:
    """Read one `{"promotional_credit": {...}}`, whose other fields may be anything."""
    item = entry.get("promotional_credit") if isinstance(entry, dict) else None
    if not isinstance(item, dict):
        raise ValueError("promotional_credit is missing")
    for name in ("id", "customer_id", "type"):
        if not isinstance(item.get(name), str) or not item[name]:
            raise ValueError(f"promotional_credit.{name} is missing")
    amount, decimal, currency = item.get("amount"), item.get("amount_in_decimal"), item.get("currency_code")
    if (amount is not None and type(amount) is not int) or (decimal is not None and not isinstance(decimal, str)):
        raise ValueError("promotional_credit.amount is no amount")
    reference, credit_type, balance = item.get("reference"), item.get("credit_type"), item.get("closing_balance")
    return ListedCredit(
        credit_id=item["id"],
        customer_id=item["customer_id"],
        reference=reference if isinstance(reference, str) else None,
        money=Money(amount, decimal, currency if isinstance(currency, str) else None),
        credit_type=credit_type if isinstance(credit_type, str) else None,
        kind=item["type"],
        closing_balance=str(balance) if type(balance) in (int, str) else None,
    )


def _is_same_money(credit: PlannedCredit, listed: Money) -> bool:
    wanted = credit.money
    if wanted.currency_code is not None and wanted.currency_code != listed.currency_code:
        return False
    if wanted.amount_in_decimal is None:
        return wanted.amount_minor == listed.amount_minor
    try:
        return Decimal(wanted.amount_in_decimal) == Decimal(listed.amount_in_decimal or "NaN")
    except InvalidOperation:
        return False


def _document(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _error_of(document: Any, status: int) -> tuple[str, str, str | None]:
    """Code, message and param of an error body; code is empty where the body is none of Chargebee's."""
    if not isinstance(document, dict):
        return "", f"HTTP {status} without a readable answer", None
    code, message, param = document.get("api_error_code"), document.get("message"), document.get("param")
    return (
        code if isinstance(code, str) else "",
        message if isinstance(message, str) and message else f"HTTP {status}",
        param if isinstance(param, str) else None,
    )
