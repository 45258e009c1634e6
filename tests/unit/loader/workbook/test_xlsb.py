"""What only binary workbooks have: records of varying length, in a zip archive."""

import struct
import zipfile
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook.marks import Look, Merged
from batch_credits.loader.workbook.xlsb import check_xlsb, xlsb_marks
from tests.unit.loader.workbook import written
from tests.unit.loader.workbook.written import DIV0, Sheet, Styled

ROWS: written.Rows = [("customer_id", "amount"), ("c-1", 5.0), (DIV0, Styled(7.0, "0.00", "7.00")), (None, 8.0)]


def replaced(path: Path, part: str, content: bytes) -> Path:
    """The workbook with another content of one part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, old in parts.items():
            archive.writestr(name, content if name == part else old)
    return path


def test_everything_that_the_values_do_not_tell_is_found(tmp_path: Path) -> None:
    path = written.xlsb(
        tmp_path / "a.xlsb", ROWS, hidden=frozenset({1}), flat=frozenset({3}), merged=[(1, 2, 0, 1)],
        hidden_columns=frozenset({0}), flat_columns=frozenset({4}), others=[Sheet("Other", [(DIV0,)])],
    )  # fmt: skip
    marks = xlsb_marks(path, "A & B")
    assert marks.hidden == {1, 3}
    assert [column for column in range(6) if marks.hides_column(column)] == [0, 4]
    assert marks.broken == {2: {0: "#DIV/0!"}}
    assert marks.merged == [Merged(1, 2, 0, 1)]
    assert {column: looks.at(2) for column, looks in marks.looks.items()} == {1: Look("0.00")}
    assert xlsb_marks(path, "Other").broken == {0: {0: "#DIV/0!"}}


def test_a_formula_that_gives_0_may_never_have_been_calculated(tmp_path: Path) -> None:
    path = written.xlsb(tmp_path / "a.xlsb", ROWS)
    row = written._record(0, struct.pack("<IIHBBBI", 4, 0, 300, 0, 0, 0, 0))
    zero = written._record(9, struct.pack("<IId", 1, 0, 0.0) + bytes(8))
    five = written._record(9, struct.pack("<IId", 2, 0, 5.0) + bytes(8))
    replaced(path, "xl/worksheets/sheet1.bin", row + zero + five)
    assert xlsb_marks(path, "A & B").broken == {4: {1: "0"}}


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\xff\xff\x7f",  # a record of 256 MiB
        b"\x00\x11abc",  # one that ends too soon
        b"\x80",  # half a number
        written._record(0, b"ab"),  # a row without its number
        written._record(5, b""),
    ],
)
def test_records_that_are_none_end_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = replaced(written.xlsb(tmp_path / "a.xlsb", ROWS), "xl/worksheets/sheet1.bin", content)
    with pytest.raises(InputError, match="damaged"):
        xlsb_marks(path, "A & B")


def test_one_cell_far_out_does_not_fill_the_memory(tmp_path: Path) -> None:
    row = written._record(0, struct.pack("<IIHBBBI", 1_048_575, 0, 300, 0, 0, 0, 0))
    cell = written._record(5, struct.pack("<IId", 16_383, 0, 5.0))
    path = replaced(written.xlsb(tmp_path / "a.xlsb", ROWS), "xl/worksheets/sheet1.bin", row + cell)
    with pytest.raises(InputError, match="spans 17,179,869,184 cells"):
        xlsb_marks(path, "A & B")


def test_a_sheet_that_is_not_there_and_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        xlsb_marks(written.xlsb(tmp_path / "a.xlsb", ROWS), "Other")
    with zipfile.ZipFile(tmp_path / "b.xlsb", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(InputError, match="no binary Excel workbook"):
        check_xlsb(tmp_path / "b.xlsb")
