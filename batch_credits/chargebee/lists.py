"""What the lists of promotional credits and of customers show, page by page."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from batch_credits.chargebee.answers import Answer, document_of, error_of, readable_document_of
from batch_credits.model import Money, PlannedCredit
from batch_credits.model.identity import same_text
from batch_credits.text.quoted import quoted

_MOST_MINOR = 2**53 - 1  # of what Chargebee documents, and far below what a ledger can hold
_DECIMAL = re.compile(r"-?(?:[0-9]{1,50}(?:\.[0-9]{0,50})?|\.[0-9]{1,50})", re.ASCII)  # it documents 33 characters


class ListedCredit(NamedTuple):
    """A promotional credit as Chargebee's list shows it."""

    credit_id: str
    customer_id: str
    reference: str | None
    money: Money
    credit_type: str | None
    kind: str
    closing_balance: str | None
    created_at: int | None = None  # unix seconds, by the site's clock
    description: str | None = None
    business_entity_id: str | None = None

    def is_named_as(self, credit: PlannedCredit) -> bool:
        """Whether customer and reference are those of the request, in whatever form the site keeps texts."""
        return same_text(self.customer_id, credit.customer_id) and same_text(self.reference or "", credit.reference)

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


def listed_credits(answer: Answer) -> tuple[list[ListedCredit], str | None]:
    """The credits on one page of the list, and the offset of the next page.

    Raises:
        ValueError: the answer is not a whole page of the list.
    """
    entries, next_offset = _page_of(answer)
    credits = [listed_credit(entry) for entry in entries]
    for credit in credits:
        if not _is_amount(credit.money):
            raise ValueError(f"{quoted(credit.credit_id)} has an amount that is none")
    return credits, next_offset


def listed_customers(answer: Answer) -> tuple[list[ListedCustomer], str | None]:
    """The customers on one page of their list, and the offset of the next page.

    Raises:
        ValueError: the answer is not a whole page of the list.
    """
    entries, next_offset = _page_of(answer)
    return [_customer(entry) for entry in entries], next_offset


def _page_of(answer: Answer) -> tuple[list[Any], str | None]:
    document = readable_document_of(answer.body)
    if answer.status != 200 or not isinstance(document, dict) or not isinstance(document.get("list"), list):
        error = error_of(answer)
        raise ValueError(f"{error.code}: {error.message}" if error.code else error.message)
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
    document = document_of(answer.body)
    if answer.status == 200 and isinstance(document, dict) and isinstance(document.get("customer"), dict):
        return document["customer"].get("deleted") is True
    error = error_of(answer)
    if answer.status == 404 and error.code == "resource_not_found":
        return False
    raise ValueError(error.message)


def listed_credit(entry: Any) -> ListedCredit:
    """Read one `{"promotional_credit": {...}}`, whose other fields may be anything.

    Raises:
        ValueError: it is not whole.
    """
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
    created_at, description, entity = item.get("created_at"), item.get("description"), item.get("business_entity_id")
    return ListedCredit(
        credit_id=item["id"],
        customer_id=item["customer_id"],
        reference=reference if isinstance(reference, str) else None,
        money=Money(amount, decimal, currency if isinstance(currency, str) else None),
        credit_type=credit_type if isinstance(credit_type, str) else None,
        kind=item["type"],
        closing_balance=str(balance) if type(balance) in (int, str) else None,
        created_at=created_at if type(created_at) is int else None,
        description=description if isinstance(description, str) else None,
        business_entity_id=entity if isinstance(entity, str) and entity else None,
    )


def _is_amount(money: Money) -> bool:
    """Whether a ledger can hold it, and count with it."""
    amount, decimal = money.amount_minor, money.amount_in_decimal
    return abs(amount or 0) <= _MOST_MINOR and (decimal is None or _DECIMAL.fullmatch(decimal) is not None)


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
