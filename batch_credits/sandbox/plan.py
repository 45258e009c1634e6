"""A fault plan: which of the faults occur, and how often; one seed replays it.

Whether a try is hit depends on the seed, on what is asked for and on how many times it was asked before, never on
the order in which requests arrive: so concurrency does not change the plan.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from math import isfinite
from typing import Any

from batch_credits.sandbox.faults import FAULT_NAMES, FAULTS_OF_WRITES, READ_FAULTS, REPEATS, TRAITS

_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)
_SIGNED = ("clock_offset_seconds",)
_ONE_OR_NONE = (("write", FAULTS_OF_WRITES), ("read", READ_FAULTS), ("repeat", REPEATS))


@dataclass(frozen=True)
class FaultPlan:
    """Probabilities by fault name, and the numbers that go with them.

    The probabilities of the write faults add up to 1 at most, and so do those of the read faults and of the repeats:
    a request meets one of each or none.

    Raises:
        ValueError: an unknown name, or a number outside its bounds; the message names what is allowed.
    """

    probabilities: tuple[tuple[str, float], ...] = ()
    hang_seconds: float = 300.0
    late_seconds: float = 5.0
    latency_ms: float = 0.0
    repeat_late_ms: float = 20.0
    list_lag_seconds: float = 0.0
    cut_length: float = 20
    clock_offset_seconds: float = 0.0
    faulty_tries: float = 0

    def __post_init__(self) -> None:
        for name, probability in self.probabilities:
            if name not in FAULT_NAMES:
                raise ValueError(_unknown(name))
            if not 0 <= probability <= 1:
                raise ValueError(f"The probability of {name} is {probability:g}, but must lie between 0 and 1.")
        names = [name for name, _ in self.probabilities]
        if len(set(names)) < len(names):
            raise ValueError("A fault is named more than once.")
        for kind, faults in _ONE_OR_NONE:
            total = sum(probability for name, probability in self.probabilities if name in faults)
            if total > 1 + 1e-9:
                raise ValueError(f"The probabilities of the {kind} faults add up to {total:g}, more than 1.")
        for name in PARAMETERS:
            number = getattr(self, name)
            if not isfinite(number) or (number < 0 and name not in _SIGNED):
                raise ValueError(f"{name} must be a number{'' if name in _SIGNED else ' from 0 up'}.")
        if self.cut_length != int(self.cut_length) or self.cut_length < 1:
            raise ValueError("cut_length must be a whole number from 1 up.")

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
            if name not in PARAMETERS and name not in FAULT_NAMES:
                raise ValueError(_unknown(name))
            if not equals or not _NUMBER.fullmatch(number.removeprefix("-") if name in _SIGNED else number):
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

    @cached_property
    def hits_writes(self) -> bool:
        """Whether any write can be hit."""
        return self._has_any(FAULTS_OF_WRITES)

    @cached_property
    def hits_reads(self) -> bool:
        """Whether any read can be hit."""
        return self._has_any(READ_FAULTS)

    @cached_property
    def repeats(self) -> bool:
        """Whether any answer can come twice."""
        return self._has_any(REPEATS)

    @cached_property
    def has_traits(self) -> bool:
        """Whether any fault that is drawn for itself can occur."""
        return self._has_any(TRAITS)

    def draw(self, names: Collection[str], seed: int, subject: str, attempt: int) -> str | None:
        """The one fault of these names that the try number `attempt` (from 1) of `subject` meets, or None."""
        if self.faulty_tries and attempt > self.faulty_tries:
            return None
        point = chance(f"{seed}\0{attempt}\0{subject}")
        for name, probability in self.probabilities:
            if name in names:
                if point < probability:
                    return name
                point -= probability
        return None

    def holds(self, name: str, seed: int, subject: str) -> bool:
        """Whether the fault of this name, drawn for itself, holds for the subject: at every try, or at none."""
        probability = self._probability.get(name)
        return probability is not None and chance(f"{seed}\0{name}\0{subject}") < probability

    @cached_property
    def _probability(self) -> dict[str, float]:
        return dict(self.probabilities)

    def _has_any(self, names: Collection[str]) -> bool:
        return any(name in names for name, _ in self.probabilities)


def chance(text: str) -> float:
    """A number from 0 up to, not including, 1 that depends on the text alone."""
    # 53 bits: what a float holds exactly, so that the quotient never rounds up to 1.
    number = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()) >> 11
    return number / 2**53


def _unknown(name: str) -> str:
    return f"{name!r} is no fault. Faults: {', '.join(FAULT_NAMES)}. Beside them: {', '.join(PARAMETERS)}."


PARAMETERS = tuple(field.name for field in fields(FaultPlan) if field.name != "probabilities")
NO_FAULTS = FaultPlan()
