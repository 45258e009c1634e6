"""What a run counts: apart from the pool, for who reads what a run counted and sends nothing."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """What a run counts beside outcomes."""

    throttled: int = 0
    retries: int = 0
    failures: int = 0
