"""What a process of a run says of its sending, in the ledger, and what its run makes of that: see processes.py.

All is counted from the beginning, so whoever reads seldom misses nothing.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from operator import itemgetter
from typing import Any, Self

import orjson

from batch_credits import errors
from batch_credits.errors import LedgerError, RunStopped
from batch_credits.model import Outcome
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.session import Issued
from batch_credits.worker_pool import Counts

MAX_NOTES = 200  # that differ: what is said once is not said again


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
            "stopped": None if issued.stopped is None else _by_name(issued.stopped),
            "failure": None if failure is None else _by_name(failure),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """What `as_json` made."""
        stopped, failure = (said[name] and _error(*said[name]) for name in ("stopped", "failure"))
        return cls(Issued(Counts(**said["counts"]), said["requests"], stopped), failure)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said so far: rows by outcome, and whether they were in doubt; how often the site said to wait; sentences
    for the person; and at last how it ended.
    """

    settled: Mapping[tuple[Outcome, bool], int] = field(default_factory=dict)
    throttled: int = 0
    notes: tuple[str, ...] = ()
    ended: Ended | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """What a `Teller` said; "{}": nothing yet."""
        said = orjson.loads(text)
        return cls(
            {(Outcome(outcome), was_in_doubt): rows for outcome, was_in_doubt, rows in said.get("settled", ())},
            said.get("throttled", 0),
            tuple(said.get("notes", ())),
            Ended.read(said["ended"]) if "ended" in said else None,
        )

    def since(self, before: "Told") -> list[tuple[Outcome, bool, int]]:
        """The rows that came since then; those that left a doubt come last, as it was told before."""
        new = [
            (outcome, was_in_doubt, rows - before.settled.get((outcome, was_in_doubt), 0))
            for (outcome, was_in_doubt), rows in self.settled.items()
        ]
        return sorted((each for each in new if each[2]), key=itemgetter(1))


class Teller(SilentProgress):
    """Counts what there is to show."""

    def __init__(self) -> None:
        self._settled: Counter[tuple[str, bool]] = Counter()
        self._throttled = 0
        self._notes: dict[str, None] = {}

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count it."""
        self._settled[outcome.value, was_in_doubt] += 1

    def throttled(self) -> None:
        """Count it."""
        self._throttled += 1

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
        }
        if ended is not None:
            said["ended"] = ended.as_json()
        return orjson.dumps(said).decode()


def _by_name(error: errors.BatchCreditsError) -> list[str]:
    return [type(error).__name__, error.message, error.hint]


def _error(name: str, message: str, hint: str) -> Any:
    """The error of this name: of a run that was stopped, or of the ledger."""
    kind: type[RunStopped] | type[LedgerError] = getattr(errors, name)
    return kind(message, hint=hint)
