"""Totals that a file itself holds, and what its rows say."""

from dataclasses import dataclass
from typing import NamedTuple

from batch_credits.model.money import ControlTotal


class FileTotal(NamedTuple):
    """A total that stands in a row of the file: of how many rows it is one, and of how much. Amounts in decimal are
    text; `currency` is "" where neither it nor the rows name one."""

    row: int
    currency: str
    amount_minor: int
    amount_in_decimal: str
    rows: int


@dataclass(frozen=True, slots=True)
class UnequalTotal:
    """A total that no rows make. `pairs` are what it says and what the rows above say, for each currency that it may
    be in; `unread` are the rows of the file whose amounts could not be read, which are in no sum."""

    row: int
    pairs: tuple[tuple[FileTotal, ControlTotal], ...]
    unread: int
