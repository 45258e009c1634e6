"""What a source file is to the rest of the loader, whatever its kind: numbered rows of text, in chunks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from batch_credits.loader.columns import MatchedHeaders

CHUNK_ROWS = 5_000
SHEET_ROWS = (1_048_576, 65_536)  # of workbooks, and of those of the old format


class Flaw(NamedTuple):
    """Why a cell cannot be trusted: a stable code, and a sentence."""

    code: str
    message: str


Row = tuple[str, ...]
NumberedRow = tuple[int, Row]
# Of one row of a workbook: column -> why the cell there cannot be trusted.
Flaws = dict[int, Flaw]


@dataclass(slots=True)
class Chunk:
    """Rows that follow each other, without the blank ones. `flaws` are by index into `rows`. `beside` has the cells of
    each row in the columns that say which row it mends; nothing, of a file that has none."""

    numbers: list[int] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    flaws: dict[int, Flaws] = field(default_factory=dict)
    beside: list[Row] = field(default_factory=list)


class Table(Protocol):
    """What a source file is to the rest of the loader."""

    @property
    def matched(self) -> MatchedHeaders:
        """The header line, understood."""

    @property
    def file_sha256(self) -> str:
        """Hash of the file's bytes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about how the file was read."""

    @property
    def last_row(self) -> NumberedRow:
        """The last row that is not blank."""

    @property
    def hidden_rows(self) -> tuple[int, ...]:
        """The numbers of the rows that a spreadsheet does not show, and that are not blank."""

    def hidden_chunks(self, size: int) -> Iterator[Chunk]:
        """Those rows alone, whether they are among the others or not."""

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows, their kept columns only, at most `size` at a time."""


def full_notes(last: int) -> tuple[str, ...]:
    """What to say of a file whose last row is the last that a sheet can hold: what was below is gone."""
    if last not in SHEET_ROWS:
        return ()
    which = "a sheet" if last == SHEET_ROWS[0] else "an old sheet"
    return (
        f"the file ends with line {last:,}, the last that {which} can hold ({last - 1:,} rows below the headers), so "
        "it may be cut off there",
    )


def blank_notes(blank_rows: int) -> tuple[str, ...]:
    """What to say of blank rows between the others."""
    if not blank_rows:
        return ()
    return (f"{blank_rows} blank line{'' if blank_rows == 1 else 's'} between the rows skipped",)
