"""How a sending went: apart from the session, for who reads what a sending said of itself and sends nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from batch_credits.errors import RunStopped
from batch_credits.worker_pool.counts import Counts


@dataclass(frozen=True, slots=True)
class Issued:
    """How the sending went. `stopped` is why it ended early, if it did."""

    counts: Counts
    requests: int
    stopped: RunStopped | None

    @classmethod
    def together(cls, parts: Iterable["Issued"], stopped: RunStopped | None) -> Self:
        """How it went in all, where several sent; `stopped` is why all of it ended early."""
        each = [(part.requests, part.counts.throttled, part.counts.retries, part.counts.failures) for part in parts]
        requests, *counted = map(sum, zip((0, 0, 0, 0), *each, strict=True))
        return cls(Counts(*counted), requests, stopped)
