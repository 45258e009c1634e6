"""What the amounts of a file add up to while it is read, by currency, and where the blocks of rows begin."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple


class Sum(NamedTuple):
    """What some amounts add up to: minor units, and those in decimal."""

    minor: int = 0
    in_decimal: Decimal = Decimal()

    def plus(self, other: "Sum") -> "Sum":
        """Both together."""
        return Sum(self.minor + other.minor, self.in_decimal + other.in_decimal)

    def less(self, other: "Sum") -> "Sum":
        """What is left without the other."""
        return Sum(self.minor - other.minor, self.in_decimal - other.in_decimal)


NOTHING = Sum()


@dataclass(slots=True)
class Running:
    """The rows of one currency so far, and their sum. A block begins with the file, below a total and below a blank
    line: `starts` are the sums there, each with the rows above it, and `block` is the newest of them."""

    rows: int = 0
    sum: Sum = NOTHING
    starts: dict[Sum, int] = field(default_factory=lambda: {NOTHING: 0})
    block: Sum = NOTHING

    def add(self, rows: int, amount: Sum) -> None:
        """Count rows, or take them away again."""
        self.rows += rows
        self.sum = self.sum.plus(amount)

    def begin_block(self) -> None:
        """A block begins here."""
        self.starts.setdefault(self.sum, self.rows)
        self.block = self.sum

    def rows_of(self, total: Sum) -> int | None:
        """How many rows up to here a total is the sum of: of all blocks, or of the newest ones; None if of none."""
        before = self.starts.get(self.sum.less(total))
        return None if before is None else self.rows - before

    def is_sum(self, amount: Sum, fewest: int) -> bool:
        """Whether an amount is the sum of all rows so far, or of those of the block, and of enough of them."""
        starts = (NOTHING, self.block)
        return any(self.sum.less(start) == amount and self.rows - self.starts[start] >= fewest for start in starts)
