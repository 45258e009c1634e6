"""A Chargebee that may do everything its documentation leaves open, on the schedule's clock.

It processes requests when they are due, whether their client still lives or not. What it may NOT do are the
assumptions of the protocol; everything else is drawn. They are exactly these:

1. A request is applied at the latest `max_late` seconds after it was sent, or never; that is less than the
   quarantine (docs/guarantees.md).
2. The list is first in, first out: a list that shows a credit shows every older one, and what it once showed
   it goes on showing.
3. A list may be as far behind as it likes while it hides all of the youngest credits, and all of the youngest
   deductions, that their own answers proved (those of the last `slack` seconds before the youngest of its kind). If
   it shows one it is at most `prompt_lag` behind, and `max_late + prompt_lag` is less than the quarantine. (By rule 2
   alone a witness speaks of older credits only. Where no credit was added after a doubt's quarantine, nothing but
   time speaks for the list: then it must show what it was given within the quarantine.)
4. With no witness at all of a kind that was sent, neither known nor listed, the key is the only guard: then either
   keys are kept for 30 minutes after a request, also after an error, or the list is at most `prompt_lag` behind.
5. Texts may be kept, and echoed, in any form; lists may be those of one business entity; a key may stand for a call
   with its headers or without. What two readers would call the same text is one identity's alone.
6. An error that promises "not applied" (400, 401, 404, 409 to a first request, 429 limit or lock, 503 read-only)
   keeps the promise, and a 2xx answer that names our customer, reference and money tells of a credit that exists.

Keys may be kept, released by errors, forgotten at any time or ignored; errors stored and replayed or not.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import parse_qsl

import orjson

from batch_credits.chargebee.answers import Answer
from batch_credits.model import reversal_reference
from tests.simulation.answers import FORMS, SiteCredit, as_json, echo, error, matches, success
from tests.simulation.schedule import RowPlan, SitePlan

KEY_WINDOW = 30 * 60.0
LONG_AGO = -30 * 86_400.0
EPOCH = 1_780_000_000
_REPLAYED = {"chargebee-idempotency-replayed": "true"}
Trace = Callable[[str], None]


@dataclass(slots=True)
class _KeyEntry:
    request: tuple[str, bytes, str]
    arrived: float
    answer: Answer | None = None


@dataclass(slots=True)
class Ticket:
    """A request on its way: `answer` is there once it was processed. `stumble` is what goes wrong inside."""

    key: str
    body: bytes
    stumble: str | None = None
    operation: str = "add"
    headers: str = ""  # those that change what it does
    entity: str | None = None
    holds_key: bool = False
    answer: Answer | None = None
    applied: bool = False

    @property
    def kind(self) -> str:
        """The type under which it is listed once it is applied."""
        return "increment" if self.operation == "add" else "decrement"


_STUMBLES_BEFORE = {
    "throttled": (429, "api_request_limit_exceeded"),
    "lock_timeout": (429, "lock_timeout"),
    "read_only": (503, "site_read_only_mode"),
    "third_party": (429, "third_party_api_request_limit_exceeded"),
    "odd_422": (422, "unable_to_process_request"),
    "refused_once": (400, "resource_limit_exceeded"),
    "blocked": (401, "api_authentication_failed"),
    "error_before": (500, "internal_error"),
}


class Site:
    """The truth. `known` tells which credits the ledger has by their own answers (assumption 3)."""

    def __init__(
        self, plan: SitePlan, rows: list[RowPlan], chance: Random, known: Callable[[], set[str]], trace: Trace
    ) -> None:
        self.plan = plan
        self.is_healed = False
        self.credits: list[SiteCredit] = []
        self.by_id: dict[str, SiteCredit] = {}
        self.refused: set[tuple[str, str]] = set()
        self.list_lagged = False
        self._chance = chance
        self._known = known
        self._trace = trace
        self._keys: dict[str, _KeyEntry] = {}
        self._queue: list[tuple[float, int, Callable[[float, Ticket], None], Ticket]] = []
        self._submitted = 0
        self._scopes_sent: set[tuple[str, str | None]] = {("increment", None)}
        self._horizon = LONG_AGO
        self._fields: dict[bytes, dict[str, str]] = {}
        self.taken_by_others: set[str] = set()  # customers of whom somebody else took as much as a row gives
        for number in range(plan.foreign):
            self._add("stranger", f"theirs {number}", 100, "USD", "increment", LONG_AGO, is_foreign=True)
        for customer_id, amount, created in plan.neighbours:
            self._add(customer_id, f"by hand at {created:.0f}", amount, "USD", "increment", created, is_foreign=True)
        for customer_id, reference in sorted(plan.other_money):
            self._add(customer_id, reference, 99_900, "USD", "increment", LONG_AGO, is_foreign=True)
        for customer_id, reference in sorted(plan.other_deductions):
            self._add(customer_id, reversal_reference(reference), 7, "USD", "decrement", LONG_AGO, is_foreign=True)
        for customer_id, reference, amount in plan.lost:
            self._add(customer_id, reference, amount, "USD", "increment", LONG_AGO)
        for row in rows[: plan.foreign // 3]:  # the same again, but taken away
            self._add(row.customer_id, row.reference, row.amount, row.currency, "decrement", LONG_AGO, is_foreign=True)
            self.taken_by_others.add(row.customer_id)

    # -- Adding ------------------------------------------------------------------------------------------

    def submit(self, due: float, arrival: float, ticket: Ticket) -> None:
        """Take a request that will be processed when it is due. With `holds_key` its key is taken on arrival."""
        self._scopes_sent.add((ticket.kind, ticket.entity))
        if ticket.holds_key:
            self._push(arrival, self._arrive, ticket)
            self._push(due, self._finish, ticket)
        else:
            self._push(due, self._process, ticket)

    def _push(self, due: float, handle: Callable[[float, Ticket], None], ticket: Ticket) -> None:
        self._submitted += 1
        heapq.heappush(self._queue, (due, self._submitted, handle, ticket))

    def advance(self, now: float) -> None:
        """Process what is due."""
        while self._queue and self._queue[0][0] <= now:
            due, _number, handle, ticket = heapq.heappop(self._queue)
            handle(due, ticket)

    def _process(self, due: float, ticket: Ticket) -> None:
        self._arrive(due, ticket)
        self._finish(due, ticket)

    def _arrive(self, due: float, ticket: Ticket) -> None:
        found = self._remembered(due, ticket.key)
        if found is not None:
            ticket.answer = self._duplicate(found, ticket)
            self._trace(f"site: a duplicate by its key, answered {ticket.answer.status}")
        elif self.plan.keys != "ignored":
            self._keys[ticket.key] = _KeyEntry(self._call(ticket), due)

    def _finish(self, due: float, ticket: Ticket) -> None:
        if ticket.answer is None:
            ticket.answer = self._decide(due, ticket)
            self._remember(due, ticket, ticket.answer)

    def _decide(self, due: float, ticket: Ticket) -> Answer:
        stumble = ticket.stumble
        if stumble in _STUMBLES_BEFORE:
            if stumble == "refused_once":
                fields = self.parse(ticket.body)
                self.refused.add((fields["customer_id"], fields["reference"]))
            return self._stumbled(*_STUMBLES_BEFORE[stumble])
        fields = self.parse(ticket.body)
        customer_id = fields["customer_id"]
        if customer_id in self.plan.unknown or self.is_deleted(customer_id, due):
            self.refused.add((customer_id, fields["reference"]))
            return error(404, "resource_not_found")
        if ticket.kind == "decrement" and due >= self.plan.spent_at.get(customer_id, due + 1):
            self.refused.add((customer_id, fields["reference"]))
            return error(400, "param_wrong_value")
        ticket.applied = True
        # Without an amount a deduction takes the whole balance, which is more than any row of the schedule has.
        amount = int(fields.get("amount", "999999999"))
        credit = self._add(
            customer_id, fields["reference"], amount, fields["currency_code"], ticket.kind, due, entity=ticket.entity
        )
        what = f"{ticket.operation} {customer_id} {credit.reference!r} as {credit.credit_id}"
        self._trace(f"site: APPLIED {what}, due at {due:.3f}")
        if stumble == "error_after":
            return error(*self._chance.choice(((500, "internal_error"), (503, "internal_temporary_error"))))
        if stumble == "third_party_after":
            return error(429, "third_party_api_request_limit_exceeded")
        return success(credit) if self.is_healed or self.plan.echo is None else echo(credit, self.plan.echo)

    def _call(self, ticket: Ticket) -> tuple[str, bytes, str]:
        """What a key stands for; whether headers belong to it is the site's own affair."""
        return ticket.operation, ticket.body, ticket.headers if self.plan.keys_know_headers else ""

    def _stumbled(self, status: int, code: str) -> Answer:
        headers = {}
        if status in (429, 503) and self._chance.random() < 0.5:
            headers["retry-after"] = str(self._chance.choice((0, 1, 7, 30, 400)))
        return error(status, code, headers)

    def _add(
        self,
        customer: str,
        reference: str,
        amount: int,
        currency: str,
        kind: str,
        at: float,
        *,
        is_foreign: bool = False,
        entity: str | None = None,
    ) -> SiteCredit:
        credit_id = f"pc{len(self.credits)}"
        credit = SiteCredit(credit_id, customer, reference, amount, currency, kind, at, is_foreign, entity)
        keep = FORMS["exact" if self.is_healed else self.plan.form]
        credit.kept_customer, credit.kept_reference = customer, keep(reference)
        if self.plan.form not in ("cut", "ascii"):  # a site that does this to ids has other customers
            credit.kept_customer = keep(customer)
        credit.dated = self.clock(at)
        self.credits.append(credit)
        self.by_id[credit_id] = credit
        return credit

    def clock(self, at: float) -> int:
        """A moment by the site's own clock, in seconds since 1970."""
        return int(EPOCH + self.plan.skew + at)

    def parse(self, body: bytes) -> dict[str, str]:
        """The fields of a body."""
        fields = self._fields.get(body)
        if fields is None:
            fields = self._fields[body] = dict(parse_qsl(body.decode("ascii"), strict_parsing=True))
        return fields

    # -- Keys --------------------------------------------------------------------------------------------

    def _remembered(self, now: float, key: str) -> _KeyEntry | None:
        plan = self.plan
        entry = self._keys.get(key)
        if entry is None or plan.keys == "ignored":
            return None
        if now - entry.arrived >= KEY_WINDOW or (plan.keys == "forgetful" and self._chance.random() < 0.5):
            del self._keys[key]
            return None
        return entry

    def _duplicate(self, found: _KeyEntry, ticket: Ticket) -> Answer:
        if found.request != self._call(ticket):
            return error(422, "unable_to_process_request")
        if found.answer is None:
            if self.plan.duplicate_status == 409:
                return error(409, "invalid_state_for_request")
            return error(422, "unable_to_process_request")
        return Answer(found.answer.status, {**found.answer.headers, **_REPLAYED}, found.answer.body)

    def _remember(self, due: float, ticket: Ticket, answer: Answer) -> None:
        plan = self.plan
        if plan.keys == "ignored":
            return
        entry = self._keys.setdefault(ticket.key, _KeyEntry(self._call(ticket), due))
        if answer.status == 200:
            entry.answer = answer
        elif not ticket.applied:
            if plan.stores_errors and answer.status != 401:  # who is refused at the door reaches no key store
                entry.answer = answer
            else:
                self._keys.pop(ticket.key)
        elif plan.keys != "kept":
            self._keys.pop(ticket.key)  # applied, answered 5xx, and the key is free again
        elif plan.after_error == "stored":
            entry.answer = answer
        elif plan.after_error == "success":
            entry.answer = success(self.credits[-1])
        # else conflict: the key stays taken, and no answer is stored

    # -- Reading -----------------------------------------------------------------------------------------

    def is_deleted(self, customer_id: str, now: float) -> bool:
        at = self.plan.deleted_at.get(customer_id)
        return at is not None and now >= at

    def customer(self, customer_id: str, now: float) -> Answer:
        """GET /customers/{id}."""
        if customer_id in self.plan.unknown:
            return error(404, "resource_not_found")
        customer = {"id": customer_id, "deleted": self.is_deleted(customer_id, now)}
        return Answer(200, {}, orjson.dumps({"customer": customer}))

    def list_credits(self, filters: dict[str, str], entity: str | None, now: float) -> Answer:
        """GET /promotional_credits, in pages by position."""
        visible = {credit.credit_id for credit in self.visible(filters, entity, now)}
        shown = [n for n, credit in enumerate(self.credits) if credit.credit_id in visible]
        offset = filters.get("offset")
        if self.plan.newest_first:
            shown.reverse()
            rest = [n for n in shown if offset is None or n <= int(offset)]
        else:
            rest = [n for n in shown if offset is None or n >= int(offset)]
        size = min(self.plan.page_size, int(filters.get("limit", "10")))
        document: dict[str, Any] = {"list": [{"promotional_credit": as_json(self.credits[n])} for n in rest[:size]]}
        if len(rest) > size:
            document["next_offset"] = str(rest[size])
        self._trace(f"site: list {filters} -> {[self.credits[n].credit_id for n in rest[:size]]}")
        return Answer(200, {}, orjson.dumps(document))

    def visible(self, filters: dict[str, str], entity: str | None, now: float) -> list[SiteCredit]:
        """What a list holds now, before it is cut into pages."""
        horizon = self._see_until(now)
        return [
            credit
            for credit in self.credits
            if self._shows(credit, horizon, now)
            and self._is_in_scope(credit, entity)
            and matches(credit, filters, strict=self.plan.strict_filter)
        ]

    def _is_in_scope(self, credit: SiteCredit, entity: str | None) -> bool:
        """Whether a list asked for under this entity may hold it."""
        if not self.plan.is_scoped or (entity is None and self.plan.no_entity_sees_all):
            return True
        return credit.entity == entity

    def _shows(self, credit: SiteCredit, horizon: float, now: float) -> bool:
        if credit.created > horizon:
            return False
        return not (self.plan.hides_deleted and self.is_deleted(credit.customer_id, now))

    def _see_until(self, now: float) -> float:
        """Credits created up to this moment are listed (assumptions 2 to 4)."""
        plan = self.plan
        raw = now - (plan.prompt_lag if self.is_healed else plan.lag)
        if not self.is_healed:
            for start, end in plan.freezes:
                if start <= now < end:
                    raw = min(raw, start)
        raw = max(raw, self._horizon)
        prompt = now - plan.prompt_lag
        if raw < prompt and self._must_be_prompt(raw, now):
            raw = prompt
        if raw < prompt and any(raw < c.created <= prompt for c in self.credits):
            self.list_lagged = True
        self._horizon = raw
        return raw

    def _must_be_prompt(self, horizon: float, now: float) -> bool:
        known = self._known()
        scopes = sorted(self._scopes_sent, key=str)
        return any(self._must_be_prompt_with(kind, entity, known, horizon, now) for kind, entity in scopes)

    def _must_be_prompt_with(
        self, kind: str, entity: str | None, known: set[str], horizon: float, now: float
    ) -> bool:
        """Witnesses are those of the same kind and entity, whatever the scope of the list."""
        of_kind = [credit for credit in self.credits if credit.kind == kind]
        created = [credit.created for credit in of_kind if credit.credit_id in known and credit.entity == entity]
        if created:
            return horizon >= max(created) - self.plan.slack
        if any(self._shows(credit, horizon, now) for credit in of_kind if self._is_in_scope(credit, entity)):
            return True
        return not self.plan.keeps_keys
