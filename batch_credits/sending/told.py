"""What a process of a run says of its sending, in the ledger, and what its run makes of that: see processes.py.

All is counted from the beginning, so whoever reads seldom misses nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal, localcontext
from operator import itemgetter
from time import monotonic
from typing import Any, Self

import orjson

from batch_credits import errors
from batch_credits.errors import LedgerError, RunStopped
from batch_credits.model import ControlTotal, Money, Outcome
from batch_credits.model.money import DECIMAL_DIGITS
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.progress.pace import SecondsFor, no_limit
from batch_credits.progress.waiting import Waiting
from batch_credits.sending.issued import Issued
from batch_credits.worker_pool.counts import Counts

MAX_NOTES = 200  # that differ: what is said once is not said again
NOTHING: tuple[str, float | None, bool] = ("", None, True)  # is waited for


@dataclass(frozen=True, slots=True)
class Ended:
    """How the sending of one process ended: of itself, stopped, or since the ledger failed."""

    issued: Issued
    failure: LedgerError | None = None

    def as_json(self) -> dict[str, Any]:
        """For `Told`, which reads it by `read`."""
        issued, failure = self.issued, self.failure
        return {
            "requests": issued.requests,
            "counts": asdict(issued.counts),
            "stopped": None if issued.stopped is None else by_name(issued.stopped),
            "failure": None if failure is None else by_name(failure),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """What `as_json` made."""
        stopped, failure = said["stopped"] and error_of(*said["stopped"]), said["failure"]
        return cls(
            Issued(Counts(**said["counts"]), said["requests"], stopped),
            failure and error_of(*failure, otherwise=LedgerError),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What was said so far: rows by outcome, and whether they were in doubt; how often the site said to wait; sentences
    for the person; what was credited, by currency; what is waited for, until when by the clock of all processes, and
    whether that is the last wait; the seconds from the beginning to the last of the rows; how many requests left, and
    how often a row was tried again; and in the end how it ended.
    """

    settled: Mapping[tuple[Outcome, bool], int] = field(default_factory=dict)
    throttled: int = 0
    notes: tuple[str, ...] = ()
    credited: Mapping[str, ControlTotal] = field(default_factory=dict)
    waits_for: tuple[str, float | None, bool] = NOTHING
    seconds: float = 0.0
    sent: tuple[int, int] = (0, 0)
    ended: Ended | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """What a `Teller` said; "{}": nothing yet."""
        said = orjson.loads(text)
        return cls(
            {(Outcome(outcome), was_in_doubt): rows for outcome, was_in_doubt, rows in said.get("settled", ())},
            said.get("throttled", 0),
            tuple(said.get("notes", ())),
            {c: ControlTotal(0, minor, Decimal(text)) for c, (minor, text) in said.get("credited", {}).items()},
            tuple(said.get("waits", NOTHING)),
            said.get("seconds", 0.0),
            tuple(said.get("sent", (0, 0))),
            Ended.read(said["ended"]) if "ended" in said else None,
        )

    def since(self, before: "Told") -> list[tuple[Outcome, bool, int]]:
        """The rows that came since then; those that left a doubt come last, as it was told before."""
        new = [
            (outcome, was_in_doubt, rows - before.settled.get((outcome, was_in_doubt), 0))
            for (outcome, was_in_doubt), rows in self.settled.items()
        ]
        return sorted((each for each in new if each[2]), key=itemgetter(1))

    def credited_since(self, before: "Told") -> Iterator[Money]:
        """The money that was credited since then."""
        for currency, total in self.credited.items():
            earlier = before.credited.get(currency, ControlTotal())
            if minor := total.amount_minor - earlier.amount_minor:
                yield Money(minor, None, currency or None)
            with localcontext(prec=DECIMAL_DIGITS):
                decimal = total.amount_in_decimal - earlier.amount_in_decimal
            if decimal:
                yield Money(None, f"{decimal:f}", currency or None)

    def show_since(self, before: "Told", progress: Progress, shown: set[str]) -> list[tuple[Outcome, bool, int]]:
        """Show what is new since then; a note once, though several may have it to say: `shown` are those that were.
        Returns the rows that are new, as `since` does."""
        for money in self.credited_since(before):
            progress.credited(money)
        rows_since = self.since(before)
        for outcome, was_in_doubt, rows in rows_since:
            for _ in range(rows):
                progress.settled(outcome, was_in_doubt=was_in_doubt)
        for _ in range(self.throttled - before.throttled):
            progress.throttled()
        for note in self.notes[len(before.notes) :]:
            if note not in shown:
                shown.add(note)
                progress.note(note)
        return rows_since

    def waiting(self, now: float) -> Waiting | None:
        """What it waits for, at this time of the clock."""
        what, until, is_the_last = self.waits_for
        if not what or self.ended is not None:
            return None
        return Waiting(what, None if until is None else max(0.0, until - now), is_the_last)


class Teller(SilentProgress):
    """Counts what there is to show."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._credited: dict[str, ControlTotal] = defaultdict(ControlTotal)
        self._waits = NOTHING
        self._settled: Counter[tuple[str, bool]] = Counter()
        self._began = self._settled_last = clock()
        self._throttled = 0
        self._sent = (0, 0)
        self._notes: dict[str, None] = {}

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count it."""
        self._settled[outcome.value, was_in_doubt] += 1
        self._settled_last = self._clock()

    def credited(self, money: Money) -> None:
        """Count it."""
        self._credited[money.currency_code or ""].add(money)

    def waits(self, waiting: Waiting | None, seconds_for: SecondsFor = no_limit) -> None:
        """Keep it, to a second: what is said anew is written anew."""
        if waiting is None:
            self._waits = NOTHING
        else:
            until = None if waiting.seconds is None else float(round(self._clock() + waiting.seconds))
            self._waits = (waiting.what, until, waiting.is_the_last)

    def throttled(self) -> None:
        """Count it."""
        self._throttled += 1

    def sent(self, requests: int, retries: int) -> None:
        """Keep it."""
        self._sent = (requests, retries)

    def note(self, text: str) -> None:
        """Keep it, once."""
        if len(self._notes) < MAX_NOTES:
            self._notes[text] = None

    def said(self, ended: Ended | None = None) -> str:
        """All of it."""
        said: dict[str, Any] = {
            "settled": [[outcome, was_in_doubt, rows] for (outcome, was_in_doubt), rows in self._settled.items()],
            "throttled": self._throttled,
            "notes": [*self._notes],
            "credited": {c: [t.amount_minor, str(t.amount_in_decimal)] for c, t in self._credited.items()},
            "waits": self._waits,
            "seconds": round(self._settled_last - self._began, 3),
            "sent": self._sent,
        }
        if ended is not None:
            said["ended"] = ended.as_json()
        return orjson.dumps(said).decode()


def sent_by(workers: Iterable[Told]) -> tuple[int, int]:
    """How many requests left in all, and how often a row was tried again."""
    requests, retries = map(sum, zip((0, 0), *(told.sent for told in workers), strict=True))
    return requests, retries


class AllTold:
    """What one worker says in all its jobs, one after the other."""

    def __init__(self) -> None:
        self._before: Counter[Outcome] = Counter()
        self._throttled = self._requests = self._retries = 0
        self._now: Teller | None = None

    def begin(self, teller: Teller) -> Teller:
        """The one of the next job."""
        outcomes, throttled, (requests, retries) = self.so_far()
        self._before, self._throttled, self._requests, self._retries = outcomes, throttled, requests, retries
        self._now = teller
        return teller

    def so_far(self) -> tuple[Counter[Outcome], int, tuple[int, int]]:
        """Rows by outcome; how often the site said to wait; requests that left, and tries of rows after their first."""
        outcomes = Counter(self._before)
        now = Told() if self._now is None else Told.read(self._now.said())
        for (outcome, _), rows in now.settled.items():
            outcomes[outcome] += rows
        requests, retries = now.sent
        return outcomes, self._throttled + now.throttled, (self._requests + requests, self._retries + retries)


def by_name(error: errors.BatchCreditsError) -> list[str]:
    """Its name, message and hint, of which `error_of` makes it again. An engine's own kind is told as that which all
    know."""
    name = next(kind.__name__ for kind in type(error).__mro__ if getattr(errors, kind.__name__, None) is kind)
    return [name, error.message, error.hint]


def error_of(
    name: str, message: str, hint: str, *, otherwise: type[RunStopped] | type[LedgerError] = RunStopped
) -> Any:
    """The error of this name: of a run that was stopped, or of the ledger. One that is not known here, as another
    version of the program may have told it, is of the kind `otherwise`."""
    kind: type[RunStopped] | type[LedgerError] = getattr(errors, name, otherwise)
    return kind(message, hint=hint)
