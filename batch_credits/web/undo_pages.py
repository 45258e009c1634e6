"""What the pages on which a batch is undone show, as values: see `pages`."""

from dataclasses import dataclass

from batch_credits.web.parts import Alert, Figure, SendForm


@dataclass(frozen=True, slots=True)
class UndoRow:
    """A credited row that could be taken back; `is_chosen` as it was ticked."""

    row: int
    customer: str
    amount: str
    reference: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class UndoPage:
    """Which credits to take back: all, or those that are ticked, found by customer or row."""

    key: str
    file_name: str
    choose_href: str
    text: str
    rows: tuple[UndoRow, ...]
    page: int
    pages: int
    in_all: int


@dataclass(frozen=True, slots=True)
class UndoCheckPage:
    """What would be deducted: like a check, before anything is."""

    key: str
    file_name: str
    is_checking: bool
    figures: tuple[Figure, ...] = ()
    left_out: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    send: SendForm | None = None
    refusal: Alert | None = None
