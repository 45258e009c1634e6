"""What the site knows: customers, credits and balances. Pure state: no sockets, no waiting, the clock is handed in.

A customer exists because it was listed, or, in a site without a list, because its id does not begin with `missing`.
Credits are only ever appended, so a credit's number (its place in that order) makes a stable offset.
"""

import base64
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal, localcontext
from hashlib import blake2b
from itertools import islice

from batch_credits.sandbox.errors import not_found, wrong_value
from batch_credits.sandbox.fields import MAX_AMOUNT, MAX_LENGTHS, Change
from batch_credits.sandbox.queries import CreditQuery, CustomerQuery, Record, write_offset

DEFAULT_CURRENCY = "USD"
ZERO_DECIMAL_CURRENCIES = frozenset({"JPY", "KRW", "XAF", "XOF"})  # Chargebee API docs; all others count hundredths
MISSING_PREFIX = "missing"


class Site:
    """The memory of one Chargebee account. `clock` tells unix seconds and never runs backwards."""

    def __init__(self, clock: Callable[[], float], *, customers: frozenset[str] | None = None, seed: int = 0) -> None:
        self.clock_offset_seconds = 0.0  # how far ahead the times are that the site shows
        self._clock = clock
        self._opened_at = int(clock())
        self._customers = customers
        self._seed = seed
        self._seen: set[str] = set()
        self._deleted: set[str] = set()
        self._preferred_currencies: dict[str, str] = {}
        self._credits: list[Record] = []
        self._added_at: list[float] = []
        self._number_by_id: dict[str, int] = {}
        self._numbers_by_customer: defaultdict[str, list[int]] = defaultdict(list)
        self._balances: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._as_sent: dict[str, Record] = {}

    def require_customer(self, customer_id: str) -> None:
        """Return if the customer can get credits.

        Raises:
            ApiError: 404 with `customer_id` as its param, there is none or it is deleted.
        """
        if not self._exists(customer_id) or customer_id in self._deleted:
            raise not_found(f"customer_id : {customer_id}", "customer_id")

    def change(
        self,
        change: Change,
        business_entity_id: str | None = None,
        *,
        stored: Change | None = None,
        created_at: int | None = None,
    ) -> Record:
        """Apply an add or a deduct; the answer's body: the customer as it is now, and the new credit.

        `stored` is the change as its texts are kept, if otherwise than they came. `created_at`, unix seconds as the
        site shows them, makes it a credit that has been there since then; lists show it if they lag less.

        Raises:
            ApiError: 404, no such customer; 400, more than the balance is asked for, or than a balance can hold.
        """
        customer_id = change.customer_id
        self.require_customer(customer_id)
        currency = change.currency_code or self._preferred_currency(customer_id)
        balance = self._balances[customer_id].get(currency, 0)
        amount = _amount_minor(change, currency, balance)
        closing = balance + amount if change.type == "increment" else balance - amount
        if not 0 <= closing <= MAX_AMOUNT:
            raise wrong_value("amount", f"would take the balance of {balance} {currency} to {closing}")
        now = self._clock()
        if created_at is None:
            created_at = int(now + self.clock_offset_seconds)
        else:
            now = min(now, created_at - self.clock_offset_seconds)
        credit = self._credit_record(stored or change, currency, amount, closing)
        credit["created_at"] = created_at
        if business_entity_id is not None:
            credit["business_entity_id"] = business_entity_id
        self._balances[customer_id][currency] = closing
        self._append(credit, customer_id, now)
        customer = self._customer_record(customer_id)
        if stored is not None:
            self._note_as_sent(credit, change)
            customer["id"] = credit["customer_id"]
        return {"customer": customer, "promotional_credit": credit}

    def credit(self, credit_id: str) -> Record:
        """One credit by its id. Raises ApiError 404."""
        number = self._number_by_id.get(credit_id)
        if number is None:
            raise not_found(f"promotional credit {credit_id}")
        return {"promotional_credit": self._credits[number]}

    def list_credits(self, query: CreditQuery, lag_seconds: float = 0.0, *, strict: bool = False) -> Record:
        """A page of credits, newest first (the docs leave the order open), without those younger than the lag.

        A credit kept under another customer id than it was sent for is found by both; if `strict`, by the kept one.
        """
        newest = self._clock() - lag_seconds
        as_sent = {} if strict else self._as_sent

        def matches(number: int) -> bool:
            credit = self._credits[number]
            sent = as_sent.get(credit["id"])
            if sent is None:
                return all(condition(credit) for condition in query.conditions)
            told = {**credit, **sent}
            return all(condition(credit) or condition(told) for condition in query.conditions)

        found = (number for number in self._numbers(query) if self._added_at[number] <= newest and matches(number))
        page = list(islice(found, query.limit + 1))
        document: Record = {"list": [{"promotional_credit": self._credits[number]} for number in page[: query.limit]]}
        if len(page) > query.limit:
            document["next_offset"] = write_offset(str(page[query.limit - 1]))
        return document

    def customer(self, customer_id: str) -> Record:
        """One customer by its id, deleted or not. Raises ApiError 404."""
        if not self._exists(customer_id):
            raise not_found(f"customer {customer_id}")
        return {"customer": self._customer_record(customer_id)}

    def list_customers(self, query: CustomerQuery) -> Record:
        """A page of customers by id. Where everyone exists, only those asked for or credited before are listed."""
        ids = query.ids
        if ids is None:
            ids = tuple(sorted(self._seen if self._customers is None else self._customers))
        found = (
            customer_id
            for customer_id in ids
            if (query.after is None or customer_id > query.after)
            and self._exists(customer_id)
            and (query.include_deleted or customer_id not in self._deleted)
        )
        page = list(islice(found, query.limit + 1))
        document: Record = {"list": [{"customer": self._customer_record(each)} for each in page[: query.limit]]}
        if len(page) > query.limit:
            document["next_offset"] = write_offset(page[query.limit - 1])
        return document

    def delete_customers(self, customer_ids: Iterable[str]) -> None:
        """Mark customers as deleted: they keep their credits and get no more."""
        self._deleted.update(customer_ids)

    def restore_customers(self, customer_ids: Iterable[str]) -> None:
        """Undo `delete_customers`."""
        self._deleted.difference_update(customer_ids)

    def prefer_currency(self, customer_id: str, currency_code: str) -> None:
        """Set the currency of the customer's credits that name none."""
        self._preferred_currencies[customer_id] = currency_code

    def as_sent(self) -> dict[str, Record]:
        """The texts of credits that are kept otherwise, as they were sent, by the credit's id."""
        return {credit_id: dict(texts) for credit_id, texts in self._as_sent.items()}

    def credits(self) -> list[Record]:
        """Every credit, oldest first."""
        return [dict(credit) for credit in self._credits]

    def balances(self) -> dict[str, dict[str, int]]:
        """Every balance in minor units, by customer and currency."""
        return {customer_id: dict(by_currency) for customer_id, by_currency in self._balances.items() if by_currency}

    def _exists(self, customer_id: str) -> bool:
        if self._customers is not None:
            return customer_id in self._customers
        return len(customer_id) <= MAX_LENGTHS["customer_id"] and not customer_id.startswith(MISSING_PREFIX)

    def _preferred_currency(self, customer_id: str) -> str:
        return self._preferred_currencies.get(customer_id, DEFAULT_CURRENCY)

    def _append(self, credit: Record, customer_id: str, now: float) -> None:
        number = len(self._credits)
        self._credits.append(credit)
        self._added_at.append(now)
        self._number_by_id[credit["id"]] = number
        self._numbers_by_customer[customer_id].append(number)
        if credit["customer_id"] != customer_id:
            self._numbers_by_customer[credit["customer_id"]].append(number)
        self._seen.add(customer_id)

    def _note_as_sent(self, credit: Record, change: Change) -> None:
        texts: Record = {"customer_id": change.customer_id, "description": change.description}
        if change.reference is not None:
            texts["reference"] = change.reference
        self._as_sent[credit["id"]] = texts

    def _numbers(self, query: CreditQuery) -> Iterator[int]:
        """Numbers of the credits that can match, newest first, those already shown left out."""
        if query.customer_id is None:
            end = len(self._credits) if query.before is None else min(query.before, len(self._credits))
            return iter(range(end - 1, -1, -1))
        numbers = self._numbers_by_customer.get(query.customer_id, [])
        end = len(numbers) if query.before is None else bisect_left(numbers, query.before)
        return (numbers[place] for place in range(end - 1, -1, -1))

    def _credit_id(self, number: int) -> str:
        """An opaque id of 16 characters, the same for the same seed and number."""
        digest = blake2b(f"{self._seed}\0{number}".encode(), digest_size=10).digest()
        return base64.b32encode(digest).decode()

    def _credit_record(self, change: Change, currency: str, amount: int, closing_balance: int) -> Record:
        credit: Record = {
            "id": self._credit_id(len(self._credits)),
            "customer_id": change.customer_id,
            "type": change.type,
            "amount": amount,
            "currency_code": currency,
            "description": change.description,
            "credit_type": change.credit_type,
            "closing_balance": closing_balance,
            "done_by": "sandbox",
            "object": "promotional_credit",
        }
        if change.amount_in_decimal is not None:
            credit["amount_in_decimal"] = change.amount_in_decimal
        if change.reference is not None:
            credit["reference"] = change.reference
        return credit

    def _customer_record(self, customer_id: str) -> Record:
        currency = self._preferred_currency(customer_id)
        balances = self._balances.get(customer_id, {})
        return {
            "id": customer_id,
            "auto_collection": "on",
            "net_term_days": 0,
            "allow_direct_debit": False,
            "created_at": self._opened_at,
            "deleted": customer_id in self._deleted,
            "preferred_currency_code": currency,
            "promotional_credits": balances.get(currency, 0),
            "refundable_credits": 0,
            "excess_payments": 0,
            "unbilled_charges": 0,
            "balances": [
                {
                    "promotional_credits": balance,
                    "excess_payments": 0,
                    "refundable_credits": 0,
                    "unbilled_charges": 0,
                    "currency_code": code,
                    "object": "customer_balance",
                }
                for code, balance in balances.items()
            ],
            "object": "customer",
        }


def _amount_minor(change: Change, currency: str, balance: int) -> int:
    if change.amount is not None:
        return change.amount
    if change.amount_in_decimal is None:  # a deduct without an amount drains the balance (Chargebee API docs)
        if not balance:
            raise wrong_value("amount", f"the customer has no {currency} balance")
        return balance
    factor = 1 if currency in ZERO_DECIMAL_CURRENCIES else 100
    with localcontext(prec=2 * MAX_LENGTHS["amount_in_decimal"]):
        return int((Decimal(change.amount_in_decimal) * factor).quantize(Decimal(1), ROUND_HALF_UP))
