"""The nouns: what flows from the loader through the ledger to the reports.

Values only, no effects. Those of which a run makes a million are tuples: a frozen dataclass takes three times as long
to make. Money is integers of minor units (or the exact decimal text of a site with
multi-decimal pricing); a float never touches it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, StringConstraints

CreditType = Literal["general", "loyalty_credits", "referral_rewards"]
CREDIT_TYPES: tuple[CreditType, ...] = ("general", "loyalty_credits", "referral_rewards")

DECIMAL_DIGITS = 100  # an amount in decimal has 33 characters; the usual 28 digits would round a sum of them

# The body fields of "add promotional credits" (Chargebee API v2), which are also the columns we read.
FIELDS = (
    "customer_id",
    "amount",
    "amount_in_decimal",
    "currency_code",
    "description",
    "credit_type",
    "reference",
)

# Columns that the reports add to every source row; a contract, in this order.
RESULT_COLUMNS = (
    "credit_row",
    "credit_outcome",
    "credit_id",
    "credit_reference",
    "credit_error_code",
    "credit_error_param",
    "credit_error",
    "credit_http_status",
    "credit_attempts",
    "credit_closing_balance",
    "credit_finished_at",
)
BATCH_COLUMN = "credit_batch"  # which failed.csv has besides, and no other table: it can be run

AMOUNT_UNIT = "amount_unit"  # a row's own unit; failed.csv has it, to mean the same under any options
RECOGNISED = (*FIELDS, AMOUNT_UNIT)


def bare(header: str) -> str:
    """A header as it is compared: no case, blanks, underscores or hyphens."""
    return re.sub(r"[\s_\-]+", "", header).casefold()


class CallKind(StrEnum):
    """What a batch asks Chargebee for. It is part of what a request is: an add is never settled by a deduct."""

    ADD = "add"  # a credit; Chargebee keeps it as an increment
    DEDUCT = "deduct"  # the reversal of one; Chargebee keeps it as a decrement

    @property
    def listed_type(self) -> str:
        """The `type` under which Chargebee lists what such a call made."""
        return "increment" if self is CallKind.ADD else "decrement"

    def name_of(self, outcome: "Outcome") -> str:
        """The outcome's name in the reports of such a batch: nobody may take a reversal for a payout."""
        return _DEDUCTED.get(outcome, outcome.value) if self is CallKind.DEDUCT else outcome.value


class Outcome(StrEnum):
    """What the report says of a row. Rows read = the sum of the seven, always."""

    CREDITED = "credited"  # this batch added the credit, and Chargebee proved it
    ALREADY_CREDITED = "already_credited"  # the same credit was added by another batch, or before us
    FAILED = "failed"  # Chargebee said no, and it is proven that there is no credit
    REJECTED = "rejected"  # we said no; nothing was sent
    IN_DOUBT = "in_doubt"  # sent, and not proven either way
    REVIEW = "review"  # a person must look
    PENDING = "pending"  # not tried, or worth another try: run again


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


class Money(NamedTuple):
    """An amount as Chargebee takes it: exactly one of the two amounts, and the currency if known.

    `amount_minor` counts minor units; `amount_in_decimal` is the exact decimal text in major units.
    """

    amount_minor: int | None
    amount_in_decimal: str | None
    currency_code: str | None

    def same_as(self, other: "Money") -> bool:
        """Whether both are the same money; 1.5 and 1.50 are."""
        return self._comparable() == other._comparable()

    def _comparable(self) -> tuple[int | None, Decimal | None, str | None]:
        decimal = None if self.amount_in_decimal is None else Decimal(self.amount_in_decimal)
        return self.amount_minor, decimal, self.currency_code

    def __str__(self) -> str:
        currency = self.currency_code or "the site's currency"
        if self.amount_in_decimal is not None:
            return f"{self.amount_in_decimal} {currency}"
        return f"{self.amount_minor} minor units of {currency}"


MAX_REFERENCE, MAX_DESCRIPTION = 500, 250  # characters that Chargebee takes

CustomerId = Annotated[str, StringConstraints(min_length=1, max_length=50)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=MAX_REFERENCE)]
Description = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class CreditRequest(BaseModel):
    """A valid row as an instruction: add this credit to this customer.

    Field names, lengths and choices are those of Chargebee's `POST /promotional_credits/add`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    customer_id: CustomerId
    reference: Reference
    description: Description
    amount: int | None = None
    amount_in_decimal: str | None = None
    currency_code: CurrencyCode | None = None
    credit_type: CreditType = "general"

    @property
    def money(self) -> Money:
        """The money of this request."""
        return Money(self.amount, self.amount_in_decimal, self.currency_code)


def reversal_reference(reference: str) -> str:
    """The reference under which the credit of this reference is deducted again."""
    return _REVERSAL + reference


def is_of_reversal(reference: str) -> bool:
    """Whether a deduction with this reference is one of ours."""
    return reference.startswith(_REVERSAL)


_REVERSAL = "reversal of "
REVERSED = "reversed"  # credit_error_code of a row whose credit was deducted again


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a row is rejected: the field, a stable code, and a sentence naming value and remedy."""

    field: str
    code: str
    message: str


class LoadedRow(NamedTuple):
    """One data line of a source file: a credit request, or the reasons why it is not one.

    `row_number` is the line a spreadsheet shows. `cells` are the source's own texts, untouched.
    `customer_id` and `reference` are set whenever they could be read, also in a rejected row, since the
    numbering of duplicates counts it too; `money` likewise, for the totals. `restated` are fields of a rejected row,
    and what failed.csv must say in their cells instead: what stands there would be read in it as something else.
    """

    row_number: int
    cells: tuple[str, ...]
    request: CreditRequest | None
    problems: tuple[Problem, ...] = ()
    customer_id: str | None = None
    reference: str | None = None
    money: Money | None = None
    restated: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class ControlTotal:
    """Count and sum of one currency. `amount_in_decimal` sums major units of rows that used that field."""

    count: int = 0
    amount_minor: int = 0
    amount_in_decimal: Decimal = field(default_factory=Decimal)

    def add(self, money: Money) -> None:
        """Count one more amount, exactly."""
        self.count += 1
        if money.amount_minor is not None:
            self.amount_minor += money.amount_minor
        if money.amount_in_decimal is not None:
            self.add_decimal(money.amount_in_decimal)

    def add_decimal(self, text: str) -> None:
        """Add an amount of a row that is counted."""
        with localcontext(prec=DECIMAL_DIGITS):
            self.amount_in_decimal += Decimal(text)


def sum_totals(parts: Iterable[Mapping[str, ControlTotal]]) -> dict[str, ControlTotal]:
    """Several totals by currency as one, exactly."""
    summed: dict[str, ControlTotal] = {}
    with localcontext(prec=DECIMAL_DIGITS):
        for part in parts:
            for currency, total in part.items():
                into = summed.setdefault(currency, ControlTotal())
                into.count += total.count
                into.amount_minor += total.amount_minor
                into.amount_in_decimal += total.amount_in_decimal
    return summed


@dataclass(slots=True)
class PlannedCredit:
    """A credit request, or the reversal of one, as the ledger remembers it: frozen bytes, and how far it got.

    `generation` is part of the idempotency key. `open_attempts` counts the attempts that may have been
    applied: proof either way closes them. `call` are the headers that change what the call does, frozen at the first
    attempt of a generation (`chargebee.call_of`; None: not sent yet). `credit_id` was named by an answer, so a credit
    exists and nothing is sent any more. `look_first`: a person said that it is not credited.

    The last three are this process's own, never stored: when the first open attempt was sent, by `clock.boottime`
    (None if another process sent it), when the last was answered, by the event loop's clock, and sends so far.
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

    def follow(self, finding: "Finding") -> None:
        """Be as a finding about it says."""
        self.state, self.credit_id = finding.state, finding.credit_id
        self.key_spoiled, self.open_attempts = finding.key_spoiled, finding.open_attempts
        if finding.generation != self.generation:
            self.generation = finding.generation
            self.call = None  # another key may stand for another call
        if not finding.open_attempts:
            self.first_sent = None


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
        *,
        open_attempts: int | None = None,
        key_spoiled: bool | None = None,
        next_generation: bool = False,
        credit_id: str | None = None,
        reason: str | None = None,
        http_status: int | None = None,
        error_code: str | None = None,
        error_param: str | None = None,
        closing_balance: str | None = None,
    ) -> Self:
        """The finding that `credit` is now in `state`, and what else is learned; what is not named stays as it is."""
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


class ReportRow(NamedTuple):
    """What became of one source row, as the ledger knows it now. Times are UTC, ISO 8601.

    `reversed_by` is the key of the batch that deducted its credit again, if one did. `restated` is as in `LoadedRow`;
    None of a row that the loader did not reject, or did in version 0.1.
    """

    row_number: int
    cells: tuple[str, ...]
    outcome: Outcome
    reference: str | None = None
    money: Money | None = None
    credit_type: str | None = None
    credit_id: str | None = None
    error_code: str | None = None
    error_param: str | None = None
    error: str | None = None
    http_status: int | None = None
    attempts: int = 0
    closing_balance: str | None = None
    finished_at: str | None = None
    reversed_by: str | None = None
    restated: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as the ledger remembers it.

    `columns` maps a field to the index of its column in `headers`. `rows_read` and `totals` were counted by
    the loader as it read, independently of the outcomes, so that a report can be tied out against them.
    `options_json` is `InputOptions.as_json()`. `reverses` is the key of the batch whose credits a reversal deducts.
    """

    batch_id: int
    key: str
    site: str
    file_name: str
    file_sha256: str
    headers: tuple[str, ...]
    columns: dict[str, int]
    options_json: str
    created_at: str
    rows_read: int
    totals: dict[str, ControlTotal]
    kind: CallKind = CallKind.ADD
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution over a batch. `stopped` is the sentence saying why it ended early, if it did.

    `settings_json` is what `settings.for_the_record` made; "{}" of a run by a version that did not record it.
    `needs_person`: it stopped since a person must look before anything else is sent.
    """

    run_id: int
    started_at: str
    ended_at: str | None
    version: str
    user: str
    requests: int
    throttled: int
    retries: int
    stopped: str | None
    settings_json: str = "{}"
    needs_person: bool = False


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
