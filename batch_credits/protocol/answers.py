"""What an answer means: a verdict says what it proves about its attempt, a step what follows."""

from dataclasses import dataclass
from typing import ClassVar, assert_never

from batch_credits.errors import AnsweredForAnother, RunStopped
from batch_credits.model import Finding, Learned, PlannedCredit, RequestState
from batch_credits.text.quoted import quoted

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
        """Proven, by an answer or by a look. Of nearly every row, so it is made at once."""
        proof = self.proof
        by_look = "found by a look" if proof.http_status is None else None
        return Finding(
            credit.request_id,
            RequestState.CREDITED,
            credit.generation,
            credit.key_spoiled,
            0,
            "replayed" if proof.replayed else by_look,
            proof.http_status,
            None,
            None,
            proof.credit_id,
            proof.closing_balance,
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
    # What is replayed may be the answer to a later attempt than the first: a site may store a refusal, and no error
    # that it gave after applying.
    may_be_later = credit.is_refused_anew or earlier_open > 1
    match verdict:
        case Credited():
            return SettleCredited(verdict)
        case Refused():
            # A replayed refusal is the stored answer to the first attempt under this key, so it speaks for
            # all of them; but 409 may be the answer to a duplicate of ours, so it never outweighs an open one.
            speaks_for_all = verdict.replayed and not verdict.about_state and not may_be_later
            if earlier_open and not speaks_for_all:
                spoiled = credit.key_spoiled or (verdict.replayed and may_be_later)
                return HoldInDoubt(verdict, verdict.message, earlier_open, spoiled)
            return SettleFailed(verdict)
        case Throttled() | Unavailable():
            if verdict.replayed:
                # The first attempt under this key was refused, so none is open, unless it was a later one; but the key
                # answers this for ever.
                still_open = earlier_open if may_be_later else 0
                return HoldInDoubt(verdict, f"replayed {verdict.error_code}", still_open, key_spoiled=True)
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
        f"Customer {quoted(credit.customer_id)}, reference {quoted(credit.reference)}: {verdict.reason}.",
        hint="Nothing more was sent: something answers for another, or keeps texts in another form. Look up that credit"
        " in Chargebee, settle the row with batch-credits resolve, and find out why before the next run.",
    )
