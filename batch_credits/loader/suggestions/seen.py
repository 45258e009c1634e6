"""The columns of a file that is not clear, as a person is shown them to say which is which."""

from dataclasses import dataclass
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.suggestions.headers import Found
from batch_credits.loader.suggestions.reading import tables_of
from batch_credits.model import bare
from batch_credits.settings import InputOptions

MAX_COLUMNS_SEEN = 500
VALUES_SEEN = 3
MAX_VALUE_LETTERS = 200


@dataclass(frozen=True, slots=True)
class SeenColumn:
    """A column: its place from 0, its header, the first values below it that are not blank. `field` is what it is by
    its own name, or as the options say; `suggested` what it seems to be."""

    index: int
    header: str
    field: str | None
    suggested: str | None
    values: tuple[str, ...]


def columns_seen(path: Path, options: InputOptions) -> tuple[SeenColumn, ...]:
    """The columns of the table that seems to be meant; none where nothing can be seen of it."""
    try:
        tables = tables_of(path, options)[1]
    except (InputError, OSError, UnicodeError):
        return ()
    complete = [found for _, found in tables if found.is_complete] or [found for _, found in tables]
    return _columns(complete[0], {name for name, _ in options.header_map}) if complete else ()


def _columns(found: Found, stated: set[str]) -> tuple[SeenColumn, ...]:
    field_of = {place: name for name, place in found.columns.items()}
    columns = []
    for place, header in enumerate(found.headers[:MAX_COLUMNS_SEEN]):
        name = field_of.get(place)
        is_certain = name is not None and (name in stated or bare(header) == bare(name))
        values = [cells[place].strip() for _, cells in found.below if place < len(cells) and cells[place].strip()]
        columns.append(
            SeenColumn(
                index=place,
                header=header.strip()[:MAX_VALUE_LETTERS],
                field=name if is_certain else None,
                suggested=None if is_certain else name,
                values=tuple(value[:MAX_VALUE_LETTERS] for value in values[:VALUES_SEEN]),
            )
        )
    return tuple(columns)
