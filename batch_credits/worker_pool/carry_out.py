"""What an answer's step does: to the row on disk, to the picture on the screen, and to all who share the site.

What it does to the credit itself is returned, and is the pool's to do: whose turn it is, is nobody else's to know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from batch_credits.errors import RunStopped, TooManyFailures
from batch_credits.gate.limiter import RateLimiter
from batch_credits.ledger.group_commit import Journal
from batch_credits.model import Outcome, PlannedCredit
from batch_credits.progress.observers import Progress
from batch_credits.protocol import (
    AnswerStep,
    HoldInDoubt,
    KeepAndStop,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
    Verdict,
)
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.breaker import Breaker
from batch_credits.worker_pool.counts import Counts
from batch_credits.worker_pool.retry import backoff_seconds, throttle_seconds


@dataclass(frozen=True, slots=True)
class LetGo:
    """It is out of our hands, and its customer's next may go. `stop`: why nothing else may be sent, if so."""

    stop: RunStopped | None = None


@dataclass(frozen=True, slots=True)
class TryLater:
    """It is owed as before, and worth another try in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HaveItLookedAt:
    """It is in doubt: only a look says more."""


Next = LetGo | TryLater | HaveItLookedAt
_LET_GO = LetGo()  # of nearly every row


class Consequences:
    """Carries out what answers mean, and counts. `chance` gives random numbers in [0, 1)."""

    def __init__(
        self,
        journal: Journal,
        limiter: RateLimiter,
        breaker: Breaker,
        settings: RunSettings,
        progress: Progress,
        chance: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._limiter = limiter
        self._breaker = breaker
        self._settings = settings
        self._progress = progress
        self._chance = chance
        self.counts = Counts()

    def carry_out(self, credit: PlannedCredit, step: AnswerStep) -> Next:
        """Record the step, and tell everybody whom it concerns. Returns what is to be done with the credit."""
        self._journal.record(credit, step.finding(credit))
        match step:
            case SettleCredited():
                self._breaker.proof()
                self._progress.credited(credit.money)
                self._progress.settled(Outcome.CREDITED)
                return _LET_GO
            case SettleFailed():
                self._breaker.proof()
                self._progress.settled(Outcome.FAILED)
                return LetGo(self._too_many_failures())
            case SendAgain(verdict):
                return TryLater(self._pause_for(verdict, max(1, credit.sends)))
            case HoldInDoubt(verdict, reason):
                if isinstance(verdict, Refused | Throttled | Unavailable) and not verdict.replayed:
                    credit.is_refused_anew = True
                self._have_others_wait(verdict, reason, max(1, credit.sends))
                self._progress.settled(Outcome.IN_DOUBT)
                return HaveItLookedAt()
            case StopRun(error, open_attempts):
                if open_attempts:
                    self._progress.settled(Outcome.IN_DOUBT)
                return LetGo(error)
            case KeepAndStop(error=error):
                self._progress.settled(Outcome.REVIEW)
                return LetGo(error)
            case _:
                assert_never(step)

    def unanswered(self) -> None:
        """It ends before an answer is in: the attempt stays open, so the reports have the row in doubt."""
        self._progress.settled(Outcome.IN_DOUBT)

    def _too_many_failures(self) -> RunStopped | None:
        self.counts.failures += 1
        bound = self._settings.max_failures
        return TooManyFailures.beyond(bound) if bound is not None and self.counts.failures > bound else None

    def _have_others_wait(self, verdict: Verdict, reason: str, tries: int) -> None:
        """Where what the last answer of a credit in doubt says concerns them too."""
        match verdict:
            case NoAnswer():
                self._breaker.trouble(reason)
            case Throttled(replayed=False) | Unavailable(replayed=False) | NotSent():
                self._pause_for(verdict, tries)
            case _:
                pass  # a refusal, or an old answer replayed: they say nothing about the site as it is now

    def _pause_for(self, verdict: Throttled | Unavailable | NotSent, tries: int) -> float:
        """Make others wait too, where it concerns them. Returns how long this row waits."""
        match verdict:
            case Throttled(retry_after_seconds=after, one_customer=one_customer):
                self.counts.throttled += 1
                self._progress.throttled()
                wait = throttle_seconds(self._settings, after, tries, self._chance())
                if not one_customer:
                    self._limiter.throttled(wait)
                    self._breaker.waited()
                return wait
            case Unavailable(message=message, retry_after_seconds=after):
                self._breaker.open(message, after)
                return backoff_seconds(self._settings, tries, self._chance())
            case NotSent(reason):
                self._breaker.trouble(reason)  # if it was not sent because the run stops, the breaker's time is over
                return backoff_seconds(self._settings, tries, self._chance())
            case _:
                assert_never(verdict)
