"""What each page shows, as values: a template renders them, and decides nothing.

Counts and totals bear the names of check --json and of summary.json. Amounts are minor units, and beside them the words
that people read.
"""

from dataclasses import dataclass

from batch_credits.web.approval_pages import ApprovePage, EnrolPage, SubmitForm
from batch_credits.web.parts import (
    Alert,
    Amount,
    Choice,
    Download,
    Figure,
    Filter,
    Frame,
    PilotQuestion,
    PilotRow,
    SendForm,
    State,
)
from batch_credits.web.undo_pages import UndoCheckPage, UndoPage, UndoRow

__all__ = [
    "Alert",
    "Amount",
    "ApprovePage",
    "BatchEntry",
    "BatchesPage",
    "CheckPage",
    "Choice",
    "Column",
    "ColumnsPage",
    "Download",
    "EnrolPage",
    "Explained",
    "Figure",
    "Filter",
    "Frame",
    "LeftOutPage",
    "MendRow",
    "Mending",
    "NewPage",
    "Page",
    "PilotQuestion",
    "PilotRow",
    "ProblemGroup",
    "ProblemRow",
    "Question",
    "RefusedPage",
    "ResultPage",
    "ReviewRow",
    "RunPage",
    "SendForm",
    "State",
    "SubmitForm",
    "UndoCheckPage",
    "UndoPage",
    "UndoRow",
]


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A batch in the list. `key` is its full id ("" of an upload that has none yet), `payout` whose rows it mends, in
    words; `needs_person`: it waits for whoever looks; `at_least`: some rows are not summed, since they were rejected,
    or nobody could read the amount."""

    key: str
    href: str
    file_name: str
    state: State
    rows: int
    totals: tuple[Amount, ...]
    credited_words: str
    actor: str
    at: str
    payout: str
    is_reversal: bool
    needs_person: bool
    at_least: bool = False


@dataclass(frozen=True, slots=True)
class BatchesPage:
    """All batches, newest first, a page of them. `waiting_href` is where those are that wait for a person."""

    entries: tuple[BatchEntry, ...]
    narrowed: Filter
    states: tuple[str, ...]
    pages: int
    in_all: int
    waiting_href: str = ""


@dataclass(frozen=True, slots=True)
class NewPage:
    """A file to upload. `reference`, `unit` and `profile` are as they were typed, where the file was refused."""

    profiles: tuple[str, ...]
    max_megabytes: int
    templates: tuple[Download, ...]
    reference: str = ""
    unit: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its header, the first values under it, and the field that it goes to ("": to none)."""

    index: int
    header: str
    values: tuple[str, ...]
    field: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something else that the file does not say: the field's name in the form, what to ask, why, and the answer that is
    suggested. `choices` are all that can be answered; none: any text. `is_required`: only a person knows."""

    name: str
    label: str
    why: str
    value: str
    choices: tuple[Choice, ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class ColumnsPage:
    """A file of which not all is certain. `still` says what would be wrong with it even then ("" nothing)."""

    upload: str
    file_name: str
    columns: tuple[Column, ...]
    fields: tuple[Choice, ...]
    questions: tuple[Question, ...]
    still: str = ""


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """A row that is left out: its number in the spreadsheet, what stands in the cell, and what to do about it."""

    row: int
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Rows that are left out for one reason, the first of them, and where all of them are listed."""

    reason: str
    field: str
    rows: int
    first: tuple[ProblemRow, ...]
    href: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    """A file as a run would see it. `is_checking`: it is being read, and nothing else is known. `refusal` says why it
    is refused as a whole. `before` are sentences about what is known of its rows already. `batch_href` is the batch
    that it is already, `columns_href` where to say otherwise how it is read."""

    upload: str
    file_name: str
    is_checking: bool
    figures: tuple[Figure, ...] = ()
    problems: tuple[ProblemGroup, ...] = ()
    before: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    largest: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    send: SendForm | None = None
    submit: SubmitForm | None = None
    refusal: Alert | None = None
    batch_href: str = ""
    columns_href: str = ""


@dataclass(frozen=True, slots=True)
class LeftOutPage:
    """Rows that are left out for one reason, a page of them. `more` are those that are not listed, but in `table`."""

    upload: str
    file_name: str
    reason: str
    field: str
    rows: tuple[ProblemRow, ...]
    page: int
    pages: int
    more: int
    table: Download


@dataclass(frozen=True, slots=True)
class RunPage:
    """A batch that is being sent. `percent` of its rows are done; `pace`, `left` and `waits` are sentences, "" where
    there is nothing to say. `can_stop` is false once somebody stopped it. `pilot` is asked after the first rows."""

    key: str
    file_name: str
    figures: tuple[Figure, ...]
    percent: int
    pace: str
    left: str
    waits: str
    notes: tuple[str, ...]
    can_stop: bool
    is_deduction: bool
    events_href: str
    stop_href: str
    pilot: PilotQuestion | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """Rows of one outcome with one reason: the code, how many, what it means and what to do."""

    code: str
    rows: int
    meaning: str
    to_do: str


@dataclass(frozen=True, slots=True)
class MendRow:
    """A row that can be mended here: its number in the source, why, and its cells. `wrong` are the places of the cells
    that the reason is about."""

    row: int
    why: str
    cells: tuple[str, ...]
    wrong: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mending:
    """The rows to mend, a page of them: `columns` are their headers."""

    href: str
    columns: tuple[str, ...]
    rows: tuple[MendRow, ...]
    page: int
    pages: int
    in_all: int


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A row that a person must settle: what was asked for, why nobody knows, and the credit that it may be, if any."""

    row: int
    customer: str
    amount: str
    reference: str
    why: str
    credit_id: str


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A batch once nobody sends it. `tone` is good, warn or bad; `next_steps` are sentences; `more` sends what is
    owed, or `submit` has it approved, or its order waits at `order_href`. `batches` are others of the same payout, and
    what undid it: words and where. `why_no_undo` and `why_no_resolving` are sentences: whoever looks may not, and
    another person may."""

    key: str
    file_name: str
    headline: str
    tone: str
    figures: tuple[Figure, ...]
    balance: tuple[str, ...]
    is_in_balance: bool
    stopped: str
    next_steps: tuple[str, ...]
    explained: tuple[Explained, ...]
    downloads: tuple[Download, ...]
    mending: Mending | None
    review: tuple[ReviewRow, ...]
    more: SendForm | None
    undo_href: str
    batches: tuple[Choice, ...]
    facts: tuple[tuple[str, str], ...]
    resolve_href: str = ""
    is_deduction: bool = False
    why_no_undo: str = ""
    why_no_resolving: str = ""
    submit: SubmitForm | None = None
    order_href: str = ""


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """A request that is refused, in words."""
    status: int
    alert: Alert


Page = (
    BatchesPage
    | NewPage
    | ColumnsPage
    | CheckPage
    | LeftOutPage
    | RunPage
    | ResultPage
    | UndoPage
    | UndoCheckPage
    | EnrolPage
    | ApprovePage
    | RefusedPage
)
