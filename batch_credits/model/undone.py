"""What of a batch's credits was deducted again, and by which batches.

It is no outcome: such a row stays what it became in its own batch, so that the outcomes still add up to the rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_credits.model import ControlTotal, Money, sum_totals


@dataclass(slots=True)
class Undone:
    """Count and sums of credits that were deducted again: by the key of the batch that did, and by currency."""

    by_batch: dict[str, dict[str, ControlTotal]] = field(default_factory=dict)

    def add(self, key: str, currency: str, money: Money) -> None:
        """Count one more credit, undone by the batch of this key."""
        self.by_batch.setdefault(key, {}).setdefault(currency, ControlTotal()).add(money)

    @property
    def rows(self) -> int:
        """How many rows are reversed."""
        return sum(self.rows_by(key) for key in self.by_batch)

    def rows_by(self, key: str) -> int:
        """How many of them that batch reversed."""
        return sum(total.count for total in self.by_batch[key].values())

    @property
    def totals(self) -> Mapping[str, ControlTotal]:
        """Of all batches together, by currency."""
        return sum_totals(self.by_batch.values())

    @property
    def batches(self) -> str:
        """Who reversed them, in words: `batch d0fcc168`, `batches d0fcc168 and 3f9a2b1c`."""
        *others, last = (key[:8] for key in self.by_batch)
        return f"batches {', '.join(others)} and {last}" if others else f"batch {last}"
