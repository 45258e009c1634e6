"""Whatever the scan lets pass, of any bytes, both readers read alike: the csv module small files, pandas large ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.csv.few import FEW_ROWS
from batch_credits.loader.csv.scan import CsvShape, scan_csv
from batch_credits.loader.csv.table import CsvTable
from batch_credits.settings import InputOptions

Read = list[tuple[int, tuple[str, ...], tuple[str, ...]]]

PROFILE = settings(derandomize=True, deadline=None, max_examples=400)
OPTIONS = InputOptions(reference="r", description="d")
LINE_ENDS = st.sampled_from(["\n"] * 6 + ["\r\n", "\r", "\r\r\n", "\n\n", ""])
ODD = (
    '""', " ", "\t", "\u00a0", "\ufeff", "\x1a", "\x0b", "\x1c", "\x85", "\u2028", "\\", "'", "NA", "1e3",
    "x" * 131_071,
)  # fmt: skip
BARE = st.sampled_from(["c-1", "100", "", *ODD, 'a"b'])
TEXTS = st.lists(st.sampled_from([*ODD, "\n", "\r", "\r\n", ",", ";", "a"]), max_size=3)
QUOTED = TEXTS.map(lambda texts: f'"{"".join(texts)}"')
CELLS = st.one_of(st.just("c-1"), BARE, QUOTED)
WHOLE = st.lists(CELLS, min_size=3, max_size=3)
ROWS = st.one_of(
    WHOLE, WHOLE.map(lambda cells: [*cells, "", ""]),
    st.sampled_from([[""], [" "], ["", "", ""], ["", ""]]),
)  # fmt: skip


@contextmanager
def reader(few_rows: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batch_credits.loader.csv.table.FEW_ROWS", few_rows)
        yield


def read(shape: CsvShape, size: int) -> Read:
    return [
        row
        for chunk in CsvTable(shape).chunks(size)
        for row in zip(chunk.numbers, chunk.rows, chunk.beside or [()] * len(chunk.rows), strict=True)
    ]


@PROFILE
@given(
    rows=st.lists(st.tuples(ROWS, LINE_ENDS), min_size=1, max_size=8),
    headers=st.sampled_from([["customer_id", "amount", "note"], ["note", "amount", "customer_id"],
                             ["customer_id", '"a\nmount"', "note"]]),
    start=st.sampled_from(["", "", "", "\n", "sep=,\n", "\ufeff"]),
    delimiter=st.sampled_from([",", ",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    size=st.sampled_from([1, 2, 1000]),
)  # fmt: skip
def test_both_readers_read_alike_whatever_passes(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[list[str], str]],
    headers: list[str],
    start: str,
    delimiter: str,
    encoding: str,
    size: int,
) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "any.csv"
    lines = [(headers, "\n"), *rows]
    path.write_bytes((start + "".join(delimiter.join(cells) + end for cells, end in lines)).encode(encoding))
    try:
        shape = scan_csv(path, OPTIONS)
    except InputError:
        return
    with reader(FEW_ROWS):
        by_csv = read(shape, size)
    with reader(0):
        assert read(shape, size) == by_csv
