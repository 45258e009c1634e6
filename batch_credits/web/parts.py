"""What several pages show, as values: the frame around them, figures, and the form that sends."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How far a batch is, for whoever looks through the list."""

    CHECKING = "checking"
    UNCLEAR = "needs your answers"
    REFUSED = "refused"
    CHECKED = "checked, nothing sent"
    SUBMITTED = "waits for approval"
    APPROVED = "approved, nothing sent"
    REJECTED = "rejected"
    WAITING = "waits its turn"
    RUNNING = "being sent"
    FOR_A_WORKER = "waits for a worker"
    STOPPED = "stopped"
    ATTENTION = "needs a person"
    PARTLY = "finished, some not credited"
    DONE = "finished"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that did not work, in words: what happened, and what to do now. `field` is the name of the input that
    it is about, "" where it is about none."""

    message: str
    hint: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page. `token` is the form token; `waiting` how many batches wait for a person.

    `alert` is shown above the page. Without JavaScript it loads again after `refresh_seconds` (0: it does not).
    """

    site: str
    is_live: bool
    actor: str
    token: str
    waiting: int = 0
    alert: Alert | None = None
    refresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of one currency; `words` are as people read it."""

    currency: str
    minor: int
    words: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of rows by its name, as people call it. `total` are amounts of them, by currency; `at_least` says that
    some of its rows have amounts that nobody could read."""

    name: str
    label: str
    rows: int
    total: tuple[Amount, ...] = ()
    meaning: str = ""
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file to take away: its name, where it is, and what it is for."""

    name: str
    href: str
    what: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values to choose from."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class PilotRow:
    """A row of the pilot, and its amount as Chargebee lists it, which is what the file asks for."""

    row: int
    customer: str
    amount: str


@dataclass(frozen=True, slots=True)
class PilotQuestion:
    """The first rows were credited and read back, and all agree: whether the rest is sent."""

    href: str
    rows: tuple[PilotRow, ...]
    left: int


@dataclass(frozen=True, slots=True)
class SendForm:
    """What would be sent if somebody typed the number: `number` are credits, or deductions where credits are taken
    back. `totals_to_type` are those that must be typed, too: a name of a field, and what to type."""

    action: str
    href: str
    number: int
    amounts: tuple[Amount, ...]
    site: str
    is_live: bool
    how_long: str = ""
    totals_to_type: tuple[Choice, ...] = ()
    is_deduction: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to: a part of the file's name, of a person's or of the id; a state; a page of it."""

    text: str = ""
    state: str = ""
    page: int = 1
