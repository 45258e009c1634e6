"""What a run waits for, while it sends nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for, and how many seconds more at least; None: nobody knows. `is_the_last`: then the run goes on;
    else it may have to wait again, and nobody knows how often."""

    what: str
    seconds: float | None = None
    is_the_last: bool = True
