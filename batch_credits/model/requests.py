"""Credit requests: how far each got, what was learned of it, and the key under which it is sent."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import NamedTuple, Self

from batch_credits.model.money import Money


class CallKind(StrEnum):
    """What a batch asks Chargebee for. It is part of what a request is: an add is never settled by a deduct."""

    ADD = "add"  # a credit; Chargebee keeps it as an increment
    DEDUCT = "deduct"  # the reversal of one; Chargebee keeps it as a decrement

    @cached_property  # asked for with each answer
    def listed_type(self) -> str:
        """The `type` under which Chargebee lists what such a call made."""
        return "increment" if self is CallKind.ADD else "decrement"

    @cache  # of each row of a report
    def name_of(self, outcome: "Outcome") -> str:
        """The outcome's name in the reports of such a batch: nobody may take a reversal for a payout."""
        return _DEDUCTED.get(outcome, str(outcome)) if self is CallKind.DEDUCT else str(outcome)


class Outcome(StrEnum):
    """What the report says of a row; `explanations` has the sentences. Rows read = the sum of the seven, always."""

    CREDITED = "credited"
    ALREADY_CREDITED = "already_credited"
    FAILED = "failed"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    REVIEW = "review"
    PENDING = "pending"


STILL_OWED = (Outcome.PENDING, Outcome.IN_DOUBT)  # what a run goes on with
_DEDUCTED = {Outcome.CREDITED: "deducted", Outcome.ALREADY_CREDITED: "already_deducted"}


class RequestState(StrEnum):
    """Where a credit request stands in the ledger.

    pending -> in_flight -> credited | failed | in_doubt; in_doubt -> credited | pending | review.
    """

    PENDING = "pending"  # no attempt is open: it may be sent
    IN_FLIGHT = "in_flight"  # journaled; its bytes may have left
    IN_DOUBT = "in_doubt"  # an attempt ended without proof
    CREDITED = "credited"  # proven, final
    FAILED = "failed"  # refused and proven not credited
    REVIEW = "review"  # only a person settles it


def reversal_reference(reference: str) -> str:
    """The reference under which the credit of this reference is deducted again."""
    return _REVERSAL + reference


def is_of_reversal(reference: str) -> bool:
    """Whether a deduction with this reference is one of ours."""
    return reference.startswith(_REVERSAL)


_REVERSAL = "reversal of "
REVERSED = "reversed"  # credit_error_code of a row whose credit was deducted again


@dataclass(slots=True)
class PlannedCredit:
    """A credit request, or the reversal of one, as the ledger remembers it: frozen bytes, and how far it got.

    `generation` is part of the idempotency key. `open_attempts` counts the attempts that may have been
    applied: proof either way closes them. `call` are the headers that change what the call does, frozen at the first
    attempt of a generation (`call.call_of`; None: not sent yet; before the first of all they say only for whom a list
    showed what may be it). `credit_id` was named by an answer, so a credit exists and nothing is sent any more.
    `look_first`: a person said that it is not credited, or a list showed what may be it.

    The last five are this process's own, never stored: when the first open attempt was sent, by `clock.boottime`
    (None if another process sent it), when the last was answered, by the event loop's clock, and sends so far;
    where a worker may have sent it that was lost, the seconds of its lease and timeout: so late it may still arrive;
    and whether an attempt was refused, anew, while an earlier one was open: its key may stand for that refusal.
    """

    request_id: int
    customer_id: str
    reference: str
    money: Money
    credit_type: str
    body: bytes
    generation: int = 0
    key_spoiled: bool = False
    open_attempts: int = 0
    attempts: int = 0
    state: RequestState = RequestState.PENDING
    kind: CallKind = CallKind.ADD
    call: str | None = None
    credit_id: str | None = None
    look_first: bool = False
    first_sent: float | None = None
    last_sent: float | None = None
    sends: int = 0
    lost_seconds: float = 0.0
    is_refused_anew: bool = False

    def follow(self, finding: "Finding") -> None:
        """Be as a finding about it says."""
        self.state, self.credit_id = finding.state, finding.credit_id
        self.key_spoiled, self.open_attempts = finding.key_spoiled, finding.open_attempts
        if finding.generation != self.generation:
            self.generation = finding.generation
            self.call = None  # another key may stand for another call
        if not finding.open_attempts:
            self.first_sent, self.is_refused_anew = None, False


class Learned(NamedTuple):
    """What an answer, a look or a person said of a request; in Chargebee's own words where it spoke.

    `credit_id` is that of the credit, `closing_balance` the customer's after it, as text.
    """

    reason: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_param: str | None = None
    credit_id: str | None = None
    closing_balance: str | None = None


_NOTHING_ELSE = Learned()


class Finding(NamedTuple):
    """What was learned about one request, and how it stands from then on: absolute values, as of that moment."""

    request_id: int
    state: RequestState
    generation: int
    key_spoiled: bool
    open_attempts: int
    reason: str | None = None
    http_status: int | None = None
    error_code: str | None = None
    error_param: str | None = None
    credit_id: str | None = None
    closing_balance: str | None = None

    @classmethod
    def about(
        cls,
        credit: PlannedCredit,
        state: RequestState,
        learned: Learned = _NOTHING_ELSE,
        *,
        open_attempts: int | None = None,
        key_spoiled: bool | None = None,
        next_generation: bool = False,
    ) -> Self:
        """The finding that `credit` is now in `state`, and what else is learned; what is not named stays as it is."""
        reason, http_status, error_code, error_param, credit_id, closing_balance = learned
        return cls(
            credit.request_id,
            state,
            credit.generation + next_generation,
            credit.key_spoiled if key_spoiled is None else key_spoiled,
            credit.open_attempts if open_attempts is None else open_attempts,
            reason,
            http_status,
            error_code,
            error_param,
            credit_id or credit.credit_id,
            closing_balance,
        )


class OpenAttempt(NamedTuple):
    """Permission to send: it exists only once the ledger has made the attempt durable."""

    credit: PlannedCredit
    idempotency_key: str


def idempotency_key(site: str, credit: PlannedCredit) -> str:
    """The deterministic key of a credit's present generation: at most 74 characters, where Chargebee allows 100.

    A deduct may have the very body of an add, and must never be answered with what is stored for it.
    """
    at, who, what = site.encode(), credit.customer_id.encode(), credit.reference.encode()
    generation = b"%d" % credit.generation
    told_apart = b"%d:%b%d:%b%d:%b%d:%b" % (
        len(at), at, len(who), who, len(what), what, len(generation), generation,
    )  # fmt: skip
    digest = hashlib.sha256(told_apart + credit.body).hexdigest()
    return ("bc-" if credit.kind is CallKind.ADD else "bc-deduct-") + digest
