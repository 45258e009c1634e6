"""A cut of results.csv: which rows it names, and what is no such file."""

import os
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.cut import CutRow, read_cut


def cut(path: Path, content: str | bytes) -> list[CutRow]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_cut(path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_rows_are_named_by_their_numbers(tmp_path: Path, delimiter: str, start: str) -> None:
    lines = ["customer_id,credit_row,credit_id", "c-1,2,cr-1", '"Zoë",17,', ",,", ""]
    found = cut(tmp_path / "cut.csv", start + "\r\n".join(lines).replace(",", delimiter))
    assert [(row.line, row.row_number) for row in found] == [(2, 2), (3, 17)]
    assert found[1].cells == {"customer_id": "Zoë", "credit_row": "17", "credit_id": ""}


def test_the_column_alone_is_enough(tmp_path: Path) -> None:
    assert [row.row_number for row in cut(tmp_path / "cut.csv", "credit_row\n5\n 7 \n")] == [5, 7]


def test_the_guard_against_formulas_is_taken_off(tmp_path: Path) -> None:
    [row] = cut(tmp_path / "cut.csv", "customer_id,credit_row\n'=A1,2\n")
    assert row.cells["customer_id"] == "=A1"


def test_a_header_that_comes_twice_says_nothing(tmp_path: Path) -> None:
    [row] = cut(tmp_path / "cut.csv", "note,note,credit_row\na,b,2\n")
    assert row.cells == {"credit_row": "2"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("customer_id,amount\nc-1,5\n", "no column credit_row"),
        ("credit_row,credit_row\n2,3\n", "or more than one"),
        ("credit_row\nx\n", "record 2: 'x' is no row number"),
        ("credit_row,a\n,1\n", "record 2: '' is no row number"),
        ("credit_row\n-2\n", "no row number"),
        ("credit_row\n\u0662\n", "no row number"),
        ("credit_row\n2.0\n", "no row number"),
        ("credit_row\n" + "9" * 20 + "\n", "no row number"),
        ("credit_row,note\n2\n", "record 2: it has more or fewer cells"),
        ('credit_row\n"2\n', "no CSV file"),
        (b"credit_row\n\xff\xfe\n", "no CSV file in UTF-8"),
        (b"", "is empty"),
        (b"PK\x03\x04rest", "Excel workbook"),
    ],
)
def test_what_names_no_rows_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cut(tmp_path / "cut.csv", content)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(read_cut(tmp_path / "none.csv"))
    os.mkfifo(tmp_path / "pipe")
    for path in tmp_path, tmp_path / "pipe":
        with pytest.raises(InputError, match="cannot be read"):
            list(read_cut(path))
