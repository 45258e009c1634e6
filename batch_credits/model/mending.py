"""What a batch has to do with others: whose rows it mends, and which later files mend its own.

A payout is what a person means: a file, the files mended from it, and those mended from these. Only a failed.csv says
so, row by row, in its columns `credit_batch` and `credit_row`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from batch_credits.model.requests import Outcome


class Mended(NamedTuple):
    """Which row a row of a failed.csv says that it mends: the batch's whole id, and the number of its row."""

    batch: str
    row: int


@dataclass(frozen=True, slots=True)
class Parent:
    """A batch that rows of a mended file say to mend: how many, of how many of them it has the row, and how many mend a
    row that another one mends, too.

    `file_name` and `site` are None where the ledger does not know it. `reversed_rows` of its own rows were credited,
    and deducted again; `reversed_by` names in words by whom.
    """

    key: str
    rows: int
    rows_there: int
    rows_again: int
    file_name: str | None
    site: str | None
    reversed_rows: int = 0
    reversed_by: str = ""


@dataclass(slots=True)
class Mend:
    """A later file that mends rows of a batch, and what became of those rows there. `rows` is how many of them it
    mends: it may have two for one."""

    key: str
    file_name: str
    rows: int = 0
    counts: Counter[Outcome] = field(default_factory=Counter)
    reversed_by: Counter[str] = field(default_factory=Counter)  # rows by the key of the batch that deducted


class Ending(StrEnum):
    """How a row of a payout's first file ended, whichever of its files settled it. Rows read = the sum of the nine."""

    CREDITED = "credited"
    REVERSED = "reversed"  # credited, and deducted again
    PENDING = "pending"
    IN_DOUBT = "in_doubt"
    REVIEW = "review"
    FAILED = "failed"
    REJECTED = "rejected"
    LEFT_OUT = "left_out"  # not credited, and in none of the files that were mended since
    TOTAL = "total"  # a sum of other rows, so that nothing is owed for it

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done about such a row."""
        return self in (Ending.CREDITED, Ending.REVERSED, Ending.TOTAL)


def no_rows() -> Iterable[int]:
    """Of a batch that no file mends."""
    return ()


@dataclass(frozen=True, slots=True)
class Mending:
    """`parents` are the batches whose rows a batch mends, `mends` the files that mend its own; `mended_rows` streams
    the numbers of its rows that a later file mends, in their order."""

    parents: Sequence[Parent] = ()
    mends: Sequence[Mend] = ()
    mended_rows: Callable[[], Iterable[int]] = no_rows
