"""A CSV file as chunks of rows. The only module that knows pandas.

pandas is imported inside the function: it takes a quarter of a second, which `status` must not pay, and no small file.
"""

import io
from collections.abc import Iterator
from operator import itemgetter

from batch_credits.errors import InputError
from batch_credits.loader.csv.few import FEW_ROWS, chosen, few_rows
from batch_credits.loader.csv.scan import CsvShape
from batch_credits.loader.csv.text import HashingReader, as_text, buffered
from batch_credits.loader.table import Chunk, Row, blank_notes
from batch_credits.loader.wording import is_blank


class CsvTable:
    """A CSV file that the scan found whole."""

    def __init__(self, shape: CsvShape) -> None:
        self.matched = shape.matched
        self.file_sha256 = shape.file_sha256
        self.last_row = shape.last_row
        self.notes = blank_notes(shape.blank_rows)
        self.hidden_rows: tuple[int, ...] = ()
        self._shape = shape

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows as pandas reads them. After the last one it is certain that these bytes are those of the hash.

        Raises:
            InputError: they are not.
        """
        path, number, seen = self._shape.path, self._shape.header_row + 1, 0
        with HashingReader(path.open("rb", buffering=0)) as raw:
            text = as_text(buffered(path, raw), self._shape.encoding)
            try:
                for rows, beside in self._frames(text, size):
                    chunk = _without_blanks(number, rows, beside)
                    number += len(rows)
                    seen += len(chunk.rows)
                    if seen > self._shape.rows:
                        break
                    if chunk.rows:
                        yield chunk
            except ValueError:  # what a reader says of rows that the scan did not see
                self._refuse_change(raw)
                raise
            self._refuse_change(raw)
        assert seen == self._shape.rows, "both readers agree"

    def hidden_chunks(self, size: int) -> Iterator[Chunk]:
        """None: a text file hides nothing."""
        return iter(())

    def _refuse_change(self, raw: HashingReader) -> None:
        if raw.all_hexdigest() != self.file_sha256:
            raise InputError(f"{self._shape.path.name} changed while it was read.", hint="Run again.")

    def _frames(self, text: io.TextIOBase, size: int) -> Iterator[tuple[list[Row], list[Row]]]:
        """The kept columns of the rows, and those beside them."""
        shape, matched = self._shape, self._shape.matched
        for _ in range(shape.header_lines):
            text.readline()
        if shape.rows + shape.blank_rows > FEW_ROWS:
            yield from self._by_pandas(text, size)
            return
        for rows in few_rows(text, shape.delimiter, shape.width, size):
            yield chosen(rows, matched.kept), chosen(rows, matched.beside) if matched.beside else []

    def _by_pandas(self, text: io.TextIOBase, size: int) -> Iterator[tuple[list[Row], list[Row]]]:
        import pandas

        shape, matched = self._shape, self._shape.matched
        places = sorted((*matched.kept, *matched.beside))  # they come in this order, whichever they are asked for in
        kept, beside = ([places.index(place) for place in those] for those in (matched.kept, matched.beside))
        frames = pandas.read_csv(
            _Numbered(text, shape.width, shape.delimiter),
            sep=shape.delimiter,
            header=0,
            usecols=places,  # it also keeps pandas from judging trailing empty cells
            index_col=False,
            dtype=object,  # texts, as `str` would be, without a second copy in an array of their own
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,  # they count as lines of the spreadsheet
            engine="c",
            low_memory=False,
            chunksize=size,
        )
        with frames:
            for frame in frames:
                columns = [frame.iloc[:, index].tolist() for index in range(frame.shape[1])]
                yield _rows_of(columns, kept), _rows_of(columns, beside)


def _rows_of(columns: list[list[str]], places: list[int]) -> list[Row]:
    return list(zip(*(columns[place] for place in places), strict=True))


class _Numbered(io.TextIOBase):
    """The rows of a file under a header of plain numbers, so that pandas judges no header of the source."""

    def __init__(self, text: io.TextIOBase, width: int, delimiter: str) -> None:
        self._text = text
        self._header = delimiter.join(f'"{index}"' for index in range(width)) + "\n"

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        if self._header:
            header, self._header = self._header, ""
            return header
        return self._text.read(size)


def _without_blanks(first_number: int, rows: list[Row], beside: list[Row]) -> Chunk:
    numbers = list(range(first_number, first_number + len(rows)))
    firsts = [*map(itemgetter(0), rows)]
    if all(firsts) and not any(map(str.isspace, firsts)):  # nearly always, and quickest asked
        return Chunk(numbers, rows, beside=beside)
    gone = {index for index, cells in enumerate(rows) if is_blank(cells)}
    if gone:
        numbers = [number for index, number in enumerate(numbers) if index not in gone]
        rows = [cells for index, cells in enumerate(rows) if index not in gone]
        beside = [cells for index, cells in enumerate(beside) if index not in gone]
    return Chunk(numbers, rows, beside=beside)
