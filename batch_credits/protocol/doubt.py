"""How doubt is settled: what Chargebee's list says of one credit, and what follows."""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from batch_credits.errors import DoubleCreditAlarm
from batch_credits.model import CallKind, Finding, Learned, PlannedCredit, RequestState
from batch_credits.protocol.answers import Credited, SettleCredited
from batch_credits.text.quoted import quoted

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

    `customer_deleted`: the customer is gone, so the list may be silent. `unattributed`: a credit of our money, not
    known to be older than our first attempt, which belongs to no row for certain: ours, perhaps, if the site cut or
    changed the reference.
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
    TOO_OLD = "too old"  # none was sent since the worker was lost that sent this one, and older ones prove nothing yet
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
            f"ALARM: Chargebee lists {self._how_many(credit)} of customer {quoted(credit.customer_id)} under "
            f"reference {quoted(credit.reference)}: {', '.join(self.credit_ids)}.",
            hint="Nothing more was sent. A person must look before the next run.",
        )

    def _how_many(self, credit: PlannedCredit) -> str:
        return f"{len(self.credit_ids)} {'credits' if credit.kind is CallKind.ADD else 'deductions'}"


Decision = SettleCredited | ReleaseAbsent | ResendSameKey | SendToReview | RaiseAlarm
LookStep = Decision | LookAgain


@dataclass(frozen=True, slots=True)
class DoubtFacts:
    """What this process knows around a look.

    `quarantine_over`: long enough since our last send, our start, or our taking over, on the monotonic clock.
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
    if credit.look_first and credit.attempts and not facts.quarantine_over:
        return LookAgain()  # whoever said that it is not credited may have said so while it was still on its way
    if credit.open_attempts == 0:
        return ReleaseAbsent(next_generation=credit.key_spoiled)
    if not facts.quarantine_over:
        return LookAgain()
    if look.unattributed is not None:
        return SendToReview(
            f"Chargebee lists {look.unattributed} with this money, not known to be older than the first try,"
            " which belongs to no row for certain."
        )
    match witness:
        case Witness.SHOWN:
            return ReleaseAbsent(next_generation=credit.key_spoiled)
        case Witness.TOO_OLD:
            if facts.looks_left > 0:
                return LookAgain()
            return SendToReview("The worker that sent it was lost, and nothing sent since shows a complete list.")
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
