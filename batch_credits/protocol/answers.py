"""Never twice, never lost: every decision of the protocol, as pure functions over closed unions.

An answer proves one of three things: *credited*, *not credited*, or *nothing*. A verdict says which; a step
says what follows. Nobody else decides: the worker pool and the reconciler carry the steps out, and the
ledger remembers them. No clock, no socket, no disk here, so a test can walk every case.

    after_answer(credit, verdict)  ->  what to do after one attempt
    after_look(credit, look, ...)  ->  what to do after asking Chargebee about a credit in doubt

Two guards stand between a row and a double credit: the look (Chargebee's own list, believed about absence
only after the quarantine and only when a witness shows that the list is up to date), and the idempotency
key. Nothing here depends on the wall clock.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, assert_never

from batch_credits.errors import AnsweredForAnother, DoubleCreditAlarm, RunStopped
from batch_credits.model import CallKind, Finding, Learned, PlannedCredit, RequestState

# ---------------------------------------------------------------------------------------------------------
# Verdicts: what one answer proves about one attempt.


@dataclass(frozen=True, slots=True)
class Credited:
    """Proven: a whole 2xx answer about our money, customer and reference, in whatever form of text; or a look that
    found it."""

    credit_id: str
    closing_balance: str | None = None
    http_status: int | None = None
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Proven not credited by this attempt, and the same request would be refused again.

    `about_state` marks HTTP 409, which another attempt of our own may have caused.
    """

    error_code: str
    message: str
    http_status: int
    error_param: str | None = None
    replayed: bool = False
    about_state: bool = False


@dataclass(frozen=True, slots=True)
class Throttled:
    """Proven not credited by this attempt: told to wait. `one_customer`: only this customer is busy."""

    error_code: str
    message: str
    retry_after_seconds: float | None = None
    one_customer: bool = False
    replayed: bool = False
    http_status: ClassVar[int] = 429


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Proven not credited by this attempt: the site is read-only or not ready. All wait, and probe."""

    error_code: str
    message: str
    retry_after_seconds: float | None = None
    replayed: bool = False
    http_status: ClassVar[int] = 503


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proven not credited by this attempt: no byte of it left this machine."""

    reason: str
    http_status: ClassVar[None] = None
    error_code: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """No other request would fare better: the run stops.

    `is_proof`: Chargebee's own words, or nothing was sent, so this attempt is proven not credited. Else somebody on the
    way answered (a proxy, a firewall, a login page), perhaps after the credit was applied.
    """

    error: RunStopped
    is_proof: bool
    http_status: int | None = None


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Proves nothing. `spoils_key`: the same key would get the same useless answer for ever.

    `credit_id` is what an answer named that is not whole: there is a credit, so nothing is sent for this row any more.
    """

    reason: str
    http_status: int | None = None
    error_code: str | None = None
    spoils_key: bool = False
    credit_id: str | None = None


@dataclass(frozen=True, slots=True)
class ForAnother:
    """A whole 2xx answer names a credit that is not ours by its money, customer or reference: something answers for
    another. There is a credit, so nothing is sent for this row any more."""

    credit_id: str
    reason: str
    http_status: int


Verdict = Credited | Refused | Throttled | Unavailable | NotSent | Blocked | NoAnswer | ForAnother

# ---------------------------------------------------------------------------------------------------------
# Steps: what follows. Each says what is found of the credit by it.


@dataclass(frozen=True, slots=True)
class SettleCredited:
    """Record the credit; final."""

    proof: Credited

    def finding(self, credit: PlannedCredit) -> Finding:
        """Proven, by an answer or by a look."""
        proof = self.proof
        by_look = "found by a look" if proof.http_status is None else None
        return Finding.about(
            credit,
            RequestState.CREDITED,
            Learned(
                "replayed" if proof.replayed else by_look,
                proof.http_status,
                credit_id=proof.credit_id,
                closing_balance=proof.closing_balance,
            ),
            open_attempts=0,
        )


@dataclass(frozen=True, slots=True)
class SettleFailed:
    """Record the refusal; no credit exists."""

    refusal: Refused

    def finding(self, credit: PlannedCredit) -> Finding:
        """Refused, with Chargebee's own words."""
        refusal = self.refusal
        return Finding.about(
            credit,
            RequestState.FAILED,
            Learned(refusal.message, refusal.http_status, refusal.error_code, refusal.error_param),
            open_attempts=0,
        )


@dataclass(frozen=True, slots=True)
class SendAgain:
    """No attempt is open, and it is worth another try with the same key, after a pause."""

    verdict: Throttled | Unavailable | NotSent

    def finding(self, credit: PlannedCredit) -> Finding:
        """Owed as before."""
        verdict = self.verdict
        return Finding.about(
            credit,
            RequestState.PENDING,
            Learned(
                verdict.reason if isinstance(verdict, NotSent) else verdict.message,
                verdict.http_status,
                verdict.error_code,
            ),
            open_attempts=0,
        )


@dataclass(frozen=True, slots=True)
class HoldInDoubt:
    """Look before anything else. `open_attempts` may still have been applied; `credit_id` was named by an answer.

    `verdict` is what the last answer proved of its own attempt.
    """

    verdict: Refused | Throttled | Unavailable | NotSent | NoAnswer
    reason: str
    open_attempts: int
    key_spoiled: bool
    credit_id: str | None = None

    def finding(self, credit: PlannedCredit) -> Finding:
        """In doubt."""
        return Finding.about(
            credit,
            RequestState.IN_DOUBT,
            Learned(self.reason, self.verdict.http_status, self.verdict.error_code, credit_id=self.credit_id),
            open_attempts=self.open_attempts,
            key_spoiled=self.key_spoiled,
        )


@dataclass(frozen=True, slots=True)
class StopRun:
    """Nothing else may be sent. The row stays pending, or in doubt with the attempts still open."""

    error: RunStopped
    open_attempts: int
    http_status: int | None = None

    def finding(self, credit: PlannedCredit) -> Finding:
        """Owed as before, or in doubt."""
        return Finding.about(
            credit,
            RequestState.IN_DOUBT if self.open_attempts else RequestState.PENDING,
            Learned(self.error.message, self.http_status),
            open_attempts=self.open_attempts,
        )


@dataclass(frozen=True, slots=True)
class KeepAndStop:
    """Keep the credit's id, leave the row to a person, and send nothing else."""

    credit_id: str
    reason: str
    error: RunStopped
    http_status: int | None = None

    def finding(self, credit: PlannedCredit) -> Finding:
        """For a person to look at, with the id."""
        return Finding.about(
            credit,
            RequestState.REVIEW,
            Learned(self.reason, self.http_status, credit_id=self.credit_id),
        )


AnswerStep = SettleCredited | SettleFailed | SendAgain | HoldInDoubt | StopRun | KeepAndStop


def after_answer(credit: PlannedCredit, verdict: Verdict) -> AnswerStep:
    """Decide what follows one attempt. `credit.open_attempts` counts this attempt too."""
    earlier_open = credit.open_attempts - 1
    match verdict:
        case Credited():
            return SettleCredited(verdict)
        case Refused():
            # A replayed refusal is the stored answer to the first attempt under this key, so it speaks for
            # all of them; but 409 may be the answer to a duplicate of ours, so it never outweighs an open one.
            speaks_for_all = verdict.replayed and not verdict.about_state
            if earlier_open and not speaks_for_all:
                return HoldInDoubt(verdict, verdict.message, earlier_open, credit.key_spoiled)
            return SettleFailed(verdict)
        case Throttled() | Unavailable():
            if verdict.replayed:
                # The first attempt under this key was refused, so none is open; but the key answers this for ever.
                return HoldInDoubt(verdict, f"replayed {verdict.error_code}", 0, key_spoiled=True)
            if earlier_open:
                return HoldInDoubt(verdict, verdict.message, earlier_open, credit.key_spoiled)
            return SendAgain(verdict)
        case NotSent():
            if earlier_open:
                return HoldInDoubt(verdict, verdict.reason, earlier_open, credit.key_spoiled)
            return SendAgain(verdict)
        case Blocked():
            still_open = earlier_open if verdict.is_proof else credit.open_attempts
            return StopRun(verdict.error, still_open, verdict.http_status)
        case NoAnswer():
            spoiled = credit.key_spoiled or verdict.spoils_key
            credit_id = verdict.credit_id or credit.credit_id
            return HoldInDoubt(verdict, verdict.reason, credit.open_attempts, spoiled, credit_id)
        case ForAnother():
            why = _answered_for_another(credit, verdict)
            return KeepAndStop(verdict.credit_id, verdict.reason, why, verdict.http_status)
        case _:
            assert_never(verdict)


def _answered_for_another(credit: PlannedCredit, verdict: ForAnother) -> RunStopped:
    return AnsweredForAnother(
        f"Customer {credit.customer_id!r}, reference {credit.reference!r}: {verdict.reason}.",
        hint="Nothing more was sent: something answers for another, or keeps texts in another form. Look up that credit"
        " in Chargebee, settle the row with batch-credits resolve, and find out why before the next run.",
    )


# ---------------------------------------------------------------------------------------------------------
# Looks: what Chargebee's list says of one credit in doubt.


@dataclass(frozen=True, slots=True)
class FoundOne:
    """One credit of our customer with our reference and money, not attributed to another row; or that of the id that
    an answer named."""

    proof: Credited


@dataclass(frozen=True, slots=True)
class FoundSeveral:
    """Two or more such credits: what this program exists to prevent."""

    credit_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundOtherMoney:
    """A credit with our reference but another amount, currency or type, and none with ours."""

    credit_id: str
    description: str


@dataclass(frozen=True, slots=True)
class FoundNothing:
    """No credit with our reference.

    `customer_deleted`: the customer is gone, so the list may be silent. `unattributed`: a credit of our money, made
    since our first attempt, which belongs to no row: ours, perhaps, if the site cut or changed the reference.
    """

    customer_deleted: bool = False
    unattributed: str | None = None


@dataclass(frozen=True, slots=True)
class FoundUncertain:
    """A credit that may be ours or another's; `why` ends a sentence about it."""

    credit_id: str
    why: str


Look = FoundOne | FoundSeveral | FoundOtherMoney | FoundUncertain | FoundNothing


class Witness(Enum):
    """Whether a credit that is known to exist showed beside the look, so that absence can be believed."""

    SHOWN = "shown"
    NOT_SHOWN = "not shown"  # one exists, but the list does not show it: the list lags
    NONE_EXISTS = "none exists"  # we have none yet, and the site lists none


@dataclass(frozen=True, slots=True)
class LookAgain:
    """This look decided nothing; ask again later."""


@dataclass(frozen=True, slots=True)
class ReleaseAbsent:
    """Witnessed absent: no attempt is open any more. Send again; under the next generation if the key is spoiled."""

    next_generation: bool

    def finding(self, credit: PlannedCredit) -> Finding:
        """Owed again, and no key is spoiled."""
        return Finding.about(
            credit,
            RequestState.PENDING,
            Learned("witnessed absent"),
            open_attempts=0,
            key_spoiled=False,
            next_generation=self.next_generation,
        )


@dataclass(frozen=True, slots=True)
class ResendSameKey:
    """Nothing can witness: the key is the only guard left, and still remembered. The attempts stay open."""


@dataclass(frozen=True, slots=True)
class SendToReview:
    """Only a person can settle it."""

    reason: str

    def finding(self, credit: PlannedCredit) -> Finding:
        """For a person to look at."""
        return Finding.about(credit, RequestState.REVIEW, Learned(self.reason))


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Two credits for one reference: stop everything."""

    credit_ids: tuple[str, ...]

    def finding(self, credit: PlannedCredit) -> Finding:
        """For a person to look at."""
        reason = f"Chargebee lists {self._how_many(credit)} for it: {', '.join(self.credit_ids)}."
        return Finding.about(credit, RequestState.REVIEW, Learned(reason))

    def alarm(self, credit: PlannedCredit) -> DoubleCreditAlarm:
        """The error that ends the run."""
        return DoubleCreditAlarm(
            f"ALARM: Chargebee lists {self._how_many(credit)} of customer {credit.customer_id!r} under "
            f"reference {credit.reference!r}: {', '.join(self.credit_ids)}.",
            hint="Nothing more was sent. A person must look before the next run.",
        )

    def _how_many(self, credit: PlannedCredit) -> str:
        return f"{len(self.credit_ids)} {'credits' if credit.kind is CallKind.ADD else 'deductions'}"


Decision = SettleCredited | ReleaseAbsent | ResendSameKey | SendToReview | RaiseAlarm
LookStep = Decision | LookAgain


@dataclass(frozen=True, slots=True)
class DoubtFacts:
    """What this process knows around a look.

    `quarantine_over`: long enough since our last send, or our start, on the monotonic clock.
    `key_remembered`: this process made the first open attempt, less than the key window ago.
    `looks_left`: inconclusive looks that remain before a person must look.
    """

    quarantine_over: bool
    key_remembered: bool
    looks_left: int


def after_look(credit: PlannedCredit, look: Look, witness: Witness, facts: DoubtFacts) -> LookStep:
    """Decide what follows a look at a credit in doubt."""
    match look:
        case FoundOne(proof):
            return SettleCredited(proof)
        case FoundSeveral(credit_ids):
            return RaiseAlarm(credit_ids)
        case FoundOtherMoney():
            return SendToReview(f"Chargebee holds {look.credit_id} under this reference with {look.description}.")
        case FoundUncertain(credit_id, why):
            return SendToReview(f"Chargebee lists {credit_id} under this reference, {why}.")
        case FoundNothing():
            if look.customer_deleted:
                return SendToReview("The customer is deleted, so Chargebee's list proves nothing.")
            return _after_nothing(credit, look, witness, facts)
        case _:
            assert_never(look)


def _after_nothing(credit: PlannedCredit, look: FoundNothing, witness: Witness, facts: DoubtFacts) -> LookStep:
    if credit.credit_id is not None:
        if facts.looks_left > 0:
            return LookAgain()
        return SendToReview(f"Chargebee answered that it is credited as {credit.credit_id}, and does not list it.")
    if credit.open_attempts == 0:
        return ReleaseAbsent(next_generation=credit.key_spoiled)
    if not facts.quarantine_over:
        return LookAgain()
    if look.unattributed is not None:
        return SendToReview(
            f"Chargebee lists {look.unattributed} with this money, made since it was sent, which belongs to no row."
        )
    match witness:
        case Witness.SHOWN:
            return ReleaseAbsent(next_generation=credit.key_spoiled)
        case Witness.NOT_SHOWN:
            if facts.looks_left > 0:
                return LookAgain()
            return SendToReview("Chargebee's list does not show a credit that is known to exist, so it proves nothing.")
        case Witness.NONE_EXISTS:
            if facts.looks_left > 0:
                return LookAgain()  # credits that this run adds meanwhile can witness, and two guards beat one
            if facts.key_remembered and not credit.key_spoiled:
                return ResendSameKey()
            return SendToReview("Sent, not listed, and no other credit exists that could show the list is complete.")
        case _:
            assert_never(witness)
