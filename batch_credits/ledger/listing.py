"""What Chargebee lists, held beside what the ledger says, so that both can be tied out without being in memory.

The listing lies in a temporary table of the connection: it is evidence for one comparison, not memory.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.requests import ForeignCredit
from batch_credits.ledger.sites import site_id_of
from batch_credits.model import CallKind, ControlTotal, Money
from batch_credits.model.identity import folded, folded_id

_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Difference:
    """An identity of the batch about which the ledger and Chargebee do not say the same."""

    row_number: int
    customer_id: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A request that the ledger does not call credited, and what is listed for it: ids that settle it, and others.

    `is_in_review`: a person is to look already.
    """

    request_id: int
    is_in_review: bool
    same: tuple[str, ...]
    other: tuple[str, ...]


class Listing:
    """The desk for holding a batch against Chargebee's list."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, batch_id: int) -> None:
        """Start a fresh listing of what Chargebee says about a batch."""
        with self._db.transaction():
            for name in ("forget_listed", "begin_listed", "index_listed", "forget_customers", "begin_customers"):
                self._db.change(name)
            customers = self._db.stream("customers", itemgetter(0), batch=batch_id)
            while page := list(islice(customers, _PAGE)):
                self._db.insert_columns("customer", {"form": [*map(folded, page)], "customer_id": page})
            self._db.change("index_customers")

    def add(self, site: str, credits: Sequence[ForeignCredit], asked_for: str | None = None) -> None:
        """Add listed credits, as far as the ledger knows their identities. What comes twice changes nothing.

        A credit belongs to the request of its very texts; and to the one of its customer that is credited by its id, if
        it has no such texts, or has them in another form (a list may have told of it in the site's spelling); else to
        those whose customer and reference agree in another form. There a customer's id in other capitals may be another
        customer's, unless it is the list of this very one (`asked_for`; None: of all) that shows it; and of several
        such requests nobody knows whose it is.
        """
        listed = {credit.credit_id: credit for credit in credits}
        credits = [*listed.values()]  # where pages shift while they are read, one comes twice
        with self._db.transaction():
            site_id = site_id_of(self._db, site)
            by_texts = self._db.all("listed_by_texts", tuple, **_about(site_id, credits))
            added = [_listed(listed[credit_id], request_id) for credit_id, request_id in by_texts]
            owned = {credit_id for credit_id, _ in by_texts}
            for credit_id, request_id, customer_id, reference in self._found("listed_by_id", site_id, credits):
                credit = listed[credit_id]
                if folded(customer_id) == folded(credit.customer_id) and (
                    credit_id not in owned or folded(reference) == folded(credit.reference)
                ):
                    added.append(_listed(credit, request_id))
            owned = {each["credit_id"] for each in added}
            others = [credit for credit in credits if credit.credit_id not in owned]
            alike = [
                (listed[credit_id], request_id, customer_id)
                for credit_id, request_id, customer_id, reference in self._found("listed_by_form", site_id, others)
                if folded(reference) == folded(listed[credit_id].reference)
            ]
            times = Counter(credit.credit_id for credit, *_ in alike)
            for credit, request_id, customer_id in alike:
                is_theirs = customer_id == asked_for or folded_id(customer_id) == folded_id(credit.customer_id)
                is_certain = is_theirs and times[credit.credit_id] == 1
                added.append(_listed(credit, request_id, is_certain=is_certain))
            self._db.change_each("add_listed", added)

    def conclude(self) -> None:
        """All is listed: what a site keeps under another spelling of a customer's id shows by a row's own credit."""
        with self._db.transaction():
            self._db.change("listed_beside_own")

    def _found(self, name: str, site_id: int, credits: Sequence[ForeignCredit]) -> list[tuple[str, int, str, str]]:
        """Requests that these may belong to: the credit, the request and its texts."""
        return self._db.all(name, tuple, **_about(site_id, credits)) if credits else []

    def customers(self, batch_id: int, *, only_unlisted: bool) -> list[str]:
        """The batch's customers; or only those with a credited request that the listing does not show."""
        name = "unlisted_customers" if only_unlisted else "customers"
        return self._db.all(name, itemgetter(0), batch=batch_id)

    def entities(self, batch_id: int) -> list[str | None]:
        """The business entities for which the batch's rows were sent, each once; None: for no certain one."""
        return self._db.all("listed_entities", itemgetter(0), batch=batch_id)

    def first_attempt_ms(self, batch_id: int) -> int | None:
        """When the first attempt of the batch's requests was journaled: milliseconds since 1970 UTC."""
        found: int | None = self._db.value("first_attempt", batch=batch_id)
        return found

    def sent_since(self, batch_id: int, unix_seconds: int, most: int) -> int:
        """How many credits (or deductions) of the batch's site the ledger knows, up to so many, that it sent since a
        moment: the site's list from then on is no shorter."""
        found: int = self._db.value("sent_since_moment", batch=batch_id, since=unix_seconds * 1000, most=most)
        return found

    def pages_by_customer(self, batch_id: int, page: int) -> int:
        """How many pages the lists of the batch's customers have at least, one for each who has nothing."""
        found: int = self._db.value("pages_by_customer", batch=batch_id, page=page)
        return found

    def unrecorded(self, batch_id: int) -> list[Unrecorded]:
        """Requests of the batch that the ledger does not call credited, and for which Chargebee lists anything."""
        return self._db.all("unrecorded", _unrecorded, batch=batch_id)

    def totals(self, batch_id: int) -> dict[str, ControlTotal]:
        """Count and sum per currency of what Chargebee lists under the batch's identities, whatever the ledger says."""
        totals: dict[str, ControlTotal] = {}
        for money in self._db.stream("listed_money", _money, batch=batch_id):
            totals.setdefault(money.currency_code or "", ControlTotal()).add(money)
        return totals

    def differences(self, batch_id: int) -> Iterator[Difference]:
        """Every identity about which the ledger and the listing differ, in the order of the file."""
        return filter(None, self._db.stream("compared", _difference, batch=batch_id))


def _about(site_id: int, credits: Sequence[ForeignCredit]) -> dict[str, str | int]:
    """In the order in which the statements take it: id, texts, and the form of the customer's."""
    listed = [[each.credit_id, each.customer_id, each.reference, folded(each.customer_id)] for each in credits]
    return {"site": site_id, "chunk": orjson.dumps(listed).decode()}


def _listed(credit: ForeignCredit, request_id: int, *, is_certain: bool = True) -> dict[str, str | int | None]:
    return {
        "credit_id": credit.credit_id,
        "customer": credit.customer_id,
        "request": request_id,
        "amount_minor": credit.money.amount_minor,
        "amount_in_decimal": credit.money.amount_in_decimal,
        "currency_code": credit.money.currency_code,
        "credit_type": credit.credit_type,
        "is_certain": is_certain,
    }


def _unrecorded(row: Row) -> Unrecorded:
    request_id, is_in_review, same, other = row
    return Unrecorded(request_id, bool(is_in_review), tuple(orjson.loads(same)), tuple(orjson.loads(other)))


def _money(row: Row) -> Money:
    currency, minor, in_decimal = row
    return Money(minor, in_decimal, currency)


def _difference(row: Row) -> Difference | None:
    row_number, customer_id, reference, kind, state, credit_id, is_listed, same, other, ids = row
    reason = _reason(CallKind(kind), state, credit_id, bool(is_listed), same, other, ids)
    return None if reason is None else Difference(row_number, customer_id, reference, reason)


def _reason(
    kind: CallKind, state: str, credit_id: str | None, is_listed: bool, same: int, other: int, ids: str | None
) -> str | None:
    things, done = ("credits", "credited") if kind is CallKind.ADD else ("deductions", "deducted")
    if same + other > 1:
        return f"Chargebee lists {same + other} {things} under this reference: {ids}"
    if other:
        return f"Chargebee lists {ids} under this reference, with other money"
    if state == "credited":
        if is_listed:
            return None
        if same:
            return f"the ledger says {credit_id}, Chargebee lists {ids}"
        return f"the ledger says {done} as {credit_id}, Chargebee does not list it"
    if same:
        return f"the ledger says {state.replace('_', ' ')}, Chargebee lists {ids}"
    if state in ("in_doubt", "in_flight", "review"):
        return f"the ledger says {state.replace('_', ' ')}, and Chargebee lists nothing"
    return None
