"""A fault plan: which of the faults occur, and how often; one seed replays it.

Whether a try is hit depends on the seed, on what is asked for and on how many times it was asked before, never on
the order in which requests arrive: so concurrency does not change the plan.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Any

from batch_credits.sandbox.faults import READ_FAULTS, WRITE_FAULTS, Fault

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)


@dataclass(frozen=True)
class FaultPlan:
    """Probabilities by fault name, and the numbers that go with them.

    The probabilities of the write faults add up to 1 at most, and so do those of the read faults: a request meets
    one fault or none.

    Raises:
        ValueError: an unknown name, or a number outside its bounds; the message names what is allowed.
    """

    probabilities: tuple[tuple[str, float], ...] = ()
    hang_seconds: float = 300.0
    late_seconds: float = 5.0
    latency_ms: float = 0.0  # how long the site thinks about each request, holding the customer's lock
    list_lag_seconds: float = 0.0  # how long a new credit stays out of lists (not out of retrieve)
    faulty_tries: float = 0  # only the first so many tries of one thing can be hit; 0: all of them

    def __post_init__(self) -> None:
        for name, probability in self.probabilities:
            if name not in WRITE_FAULTS and name not in READ_FAULTS:
                raise ValueError(_unknown(name))
            if not 0 <= probability <= 1:
                raise ValueError(f"The probability of {name} is {probability:g}, but must lie between 0 and 1.")
        names = [name for name, _ in self.probabilities]
        if len(set(names)) < len(names):
            raise ValueError("A fault is named more than once.")
        for kind, faults in (("write", WRITE_FAULTS), ("read", READ_FAULTS)):
            total = sum(probability for name, probability in self.probabilities if name in faults)
            if total > 1 + 1e-9:
                raise ValueError(f"The probabilities of the {kind} faults add up to {total:g}, more than 1.")
        for name in PARAMETERS:
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a number from 0 up.")

    @classmethod
    def parse(cls, text: str) -> "FaultPlan":
        """Read `NAME=NUMBER,...`: fault names with probabilities, and the plan's other numbers by theirs.

        Raises:
            ValueError: the text is no such list; the message says what is allowed.
        """
        probabilities: list[tuple[str, float]] = []
        numbers: dict[str, Any] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            name, equals, number = (part.strip() for part in item.partition("="))
            if name not in PARAMETERS and name not in WRITE_FAULTS and name not in READ_FAULTS:
                raise ValueError(_unknown(name))
            if not equals or not _NUMBER.fullmatch(number):
                raise ValueError(f"{item!r} must be {name}=NUMBER, for example {name}=0.05.")
            if name not in PARAMETERS:
                probabilities.append((name, float(number)))
            elif name in numbers:
                raise ValueError(f"{name} is named more than once.")
            else:
                numbers[name] = float(number)
        return cls(tuple(probabilities), **numbers)

    def __str__(self) -> str:
        """The plan as the text that `parse` reads: what a failing test prints to be replayed."""
        numbers = [(name, getattr(self, name)) for name in PARAMETERS]
        chosen = [(name, number) for name, number in numbers if number != getattr(NO_FAULTS, name)]
        return ",".join(f"{name}={number!r}" for name, number in [*self.probabilities, *chosen])

    @property
    def hits_writes(self) -> bool:
        """Whether any write can be hit."""
        return any(name in WRITE_FAULTS for name, _ in self.probabilities)

    @property
    def hits_reads(self) -> bool:
        """Whether any read can be hit."""
        return any(name in READ_FAULTS for name, _ in self.probabilities)

    def draw(self, faults: Mapping[str, Fault], seed: int, subject: str, attempt: int) -> Fault | None:
        """The fault, of those in `faults`, that the try number `attempt` (from 1) of `subject` meets, or None."""
        if self.faulty_tries and attempt > self.faulty_tries:
            return None
        point = _chance(f"{seed}\0{attempt}\0{subject}")
        for name, probability in self.probabilities:
            if name in faults:
                if point < probability:
                    return faults[name]
                point -= probability
        return None


def _chance(text: str) -> float:
    """A number from 0 up to, not including, 1 that depends on the text alone."""
    # 53 bits: what a float holds exactly, so that the quotient never rounds up to 1.
    number = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 11
    return number / 2**53


def _unknown(name: str) -> str:
    allowed = ", ".join([*WRITE_FAULTS, *READ_FAULTS])
    return f"{name!r} is no fault. Faults: {allowed}. Beside them: {', '.join(PARAMETERS)}."


PARAMETERS = tuple(field.name for field in fields(FaultPlan) if field.name != "probabilities")
NO_FAULTS = FaultPlan()
