"""What the looks ask the ledger: whose is what Chargebee lists, and what can witness. Nothing here writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.sites import known_site_id
from batch_credits.model import CallKind

_CLOCK_MARGIN_MS = 60_000  # that the clocks of a site's servers may differ


@dataclass(frozen=True, slots=True)
class KnownCredit:
    """A credit that Chargebee proved to us: a witness for others."""

    credit_id: str
    customer_id: str


class Attribution(NamedTuple):
    """A request that has one of Chargebee's ids, and whose it is. Not credited: an answer named it, without proof.
    Not sent by this ledger: only a list said so, in the spelling of the site.
    """

    credit_id: str
    request_id: int
    customer_id: str
    reference: str
    is_credited: bool
    was_sent: bool


class OtherRequest(NamedTuple):
    """A request that stands for an identity, and whether its credit is proven: then it has that id. `is_open`: an
    attempt of it may have been applied."""

    request_id: int
    customer_id: str
    reference: str
    is_credited: bool
    credit_id: str | None = None
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the history: entries with higher numbers were committed later. No clock can move it."""

    entry_id: int


class Looks:
    """The desk for who looks at what Chargebee lists."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def moment(self) -> Moment:
        """Now, as a place in the history."""
        return self._db.one("moment", lambda row: Moment(*row))

    def witnesses(self, site: str, kind: CallKind, since: Moment, limit: int, call: str) -> list[KnownCredit]:
        """Credits (or deductions) proved to us, whose showing in Chargebee's list says most about another's absence.

        They are of the same kind and of the business entity of `call`, since a list of decrements never shows an
        increment, and that of one entity perhaps none of another, however complete it is.

        A credit sent and answered after a moment is younger than anything sent before it, so the oldest of those says
        all; being the oldest it also shows first. Where there is none yet, the one whose own answer came last; a
        credit that was found by a look, or that a replay told of, may be much older than its proof.
        """
        about = self._about(site, kind, limit, call)
        if about is None:
            return []
        found = self._db.all("sent_since", _known_credit, entry=since.entry_id, **about)
        for name in ("answered_last", "proven_last", "taken_over_last"):
            if not found:
                found = self._db.all(name, _known_credit, **about)
        return found

    def sent_since(self, site: str, kind: CallKind, since: Moment, limit: int, call: str) -> list[KnownCredit]:
        """Those of them alone that were sent and answered after the moment, the oldest first."""
        about = self._about(site, kind, limit, call)
        return [] if about is None else self._db.all("sent_since", _known_credit, entry=since.entry_id, **about)

    def _about(self, site: str, kind: CallKind, limit: int, call: str) -> dict[str, object] | None:
        """Among what a witness is looked for; None: there is none."""
        site_id = known_site_id(self._db, site)
        if site_id is None or (kind is CallKind.DEDUCT and self._db.value("has_no_deduction", site=site_id)):
            return None
        return {"site": site_id, "kind": kind, "limit": limit, "call": call}

    def attributed(self, site: str, credit_ids: Sequence[str]) -> list[Attribution]:
        """Which requests of this site have these Chargebee ids."""
        site_id, credits = known_site_id(self._db, site), orjson.dumps([*credit_ids]).decode()
        return [] if site_id is None else self._db.all("attributed", _attribution, site=site_id, credits=credits)

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        """The requests that stand for identities of these customers of the site."""
        site_id, customers = known_site_id(self._db, site), orjson.dumps([*customer_ids]).decode()
        return [] if site_id is None else self._db.all("requests_of", _other, site=site_id, customers=customers)

    def first_sent_ms(self, request_id: int) -> int | None:
        """When the request was first sent, by the site's clock in milliseconds since 1970, or earlier.

        None where its run never learned what time it was at the site.
        """
        began_ms = self._db.first("first_sent", itemgetter(0), request=request_id)
        return None if began_ms is None else began_ms - _CLOCK_MARGIN_MS


def _known_credit(row: Row) -> KnownCredit:
    return KnownCredit(*row)


def _attribution(row: Row) -> Attribution:
    credit_id, request_id, customer_id, reference, is_credited, was_sent = row
    return Attribution(credit_id, request_id, customer_id, reference, bool(is_credited), bool(was_sent))


def _other(row: Row) -> OtherRequest:
    request_id, customer_id, reference, is_credited, credit_id, is_open = row
    return OtherRequest(request_id, customer_id, reference, bool(is_credited), credit_id, bool(is_open))
