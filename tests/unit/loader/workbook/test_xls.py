"""What only workbooks of the old format have."""

import struct
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.workbook.xls import check_xls, xls_marks
from batch_credits.settings import InputOptions
from tests.unit.loader.workbook import written

OPTIONS = InputOptions(reference="q3", description="d", currency="USD")
HEADER = ("customer_id", "amount", "description", "note")


def test_an_encrypted_old_workbook(tmp_path: Path) -> None:
    path = written.xls(tmp_path / "payout.xls", [HEADER], encrypted=True)
    with pytest.raises(InputError, match="is encrypted"):
        open_source(path, OPTIONS)


@pytest.mark.parametrize("name", ["EncryptedPackage", "encryptedpackage"])
def test_a_newer_workbook_with_a_password_under_an_old_suffix(tmp_path: Path, name: str) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(written.compound(b"\x01\x02", name))
    with pytest.raises(InputError, match="is encrypted") as caught:
        open_source(path, OPTIONS)
    assert "without a password" in caught.value.hint


def test_a_class_id_that_a_program_left_in_the_header_does_not_matter(tmp_path: Path) -> None:
    path = written.xls(tmp_path / "payout.xls", [HEADER, ("007", 5.0, "d", "")])
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(range(16)) + content[24:])
    assert [len(chunk) for chunk in open_source(path, OPTIONS).chunks()] == [1]


def test_a_chain_of_sectors_without_an_end_is_followed_no_further(tmp_path: Path) -> None:
    path = written.xls(tmp_path / "payout.xls", [HEADER, ("007", 5.0, "d", "")])
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 512 + 4 * 3, 2)  # the table: the second sector of the stream leads to the first
    entry = 1024 + 128
    for size in (2**31, 2**32 - 1):
        struct.pack_into("<I", content, entry + 120, size)
        path.write_bytes(content)
        with pytest.raises(InputError):
            open_source(path, OPTIONS)


@pytest.mark.parametrize(("cut", "is_refused"), [(4, False), (6, True), (8, False)])
def test_a_character_that_two_records_share_is_not_read_as_two_that_were_lost(
    tmp_path: Path, cut: int, is_refused: bool
) -> None:
    """LibreOffice and Excel go on in the next record wherever one is full."""
    path = tmp_path / "payout.xls"
    text = "ab\U0001f600c".encode("utf-16-le")
    head = written._old(0x809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6))
    texts = written._old(0xFC, struct.pack("<IIHB", 1, 1, len(text) // 2, 1) + text[:cut])
    more = written._old(0x3C, b"\x01" + text[cut:])
    path.write_bytes(written.compound(head + texts + more + more + written._old(0x0A)))
    if not is_refused:
        check_xls(path)
        return
    with pytest.raises(InputError, match="within a character") as caught:
        check_xls(path)
    assert ".xlsx" in caught.value.hint


def test_a_compound_file_without_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(written.compound(b"a letter", "WordDocument"))
    with pytest.raises(InputError):
        open_source(path, OPTIONS)


@pytest.mark.parametrize(
    ("content", "said", "hint"),
    [
        (b"PK\x03\x04...", "a newer workbook", "suffix .xlsx"),
        (b"\xef\xbb\xbf\r\n<html><table>", "a web page", "save it as .xlsx"),
        (b"<?xml version='1.0'?><Workbook>", "a web page or another text with tags", "save it as .xlsx"),
        (b"customer_id\tamount\n", "another kind of file", "suffix .csv"),
    ],
)
def test_what_programs_give_the_old_suffix_is_called_what_it_is(
    tmp_path: Path, content: bytes, said: str, hint: str
) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(content)
    with pytest.raises(InputError, match="no Excel workbook of the old format") as refused:
        open_source(path, OPTIONS)
    assert said in refused.value.message and hint in refused.value.hint


def _old_workbook(path: Path, *sheets: bytes) -> Path:
    """A workbook of sheets that are given as the records between their beginning and their end."""
    begin, end = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 0x10, 0x0DBB, 1996, 0, 6), struct.pack("<HH", 0x0A, 0)
    head = begin
    start = len(begin) + len(sheets) * 13 + len(end)
    for number, records in enumerate(sheets):
        head += struct.pack("<HHIBBBB", 0x85, 9, start, 0, 0, 1, 0) + str(number).encode()
        start += len(begin) + len(records) + len(end)
    path.write_bytes(written.compound(head + end + b"".join(begin + records + end for records in sheets)))
    return path


def _number(row: int, column: int) -> bytes:
    return struct.pack("<HHHHHd", 0x203, 14, row, column, 0, 1.0)


def _spans(*bounds: int) -> bytes:
    return struct.pack("<HHIIHHH", 0x200, 14, *bounds, 0)


FULL_ROWS = b"".join(_number(row, 255) for row in (0, 40_000))


@pytest.mark.parametrize(
    ("sheets", "said"),
    [
        ([_spans(62, 1, 0, 1) + _number(0, 0)], "is damaged"),
        ([_spans(0, 2**31, 0, 9) + _number(0, 0)], "cells, more than 20,000,000"),
        ([_number(0, 0) + _number(65_535, 60_000)], "cells, more than 20,000,000"),
        ([_number(65_535, 0) + struct.pack("<HHHH", 0xBD, 3_004, 0, 0) + bytes(3_000)], "cells, more than 20,000,000"),
        ([FULL_ROWS, FULL_ROWS], "cells, more than 20,000,000"),
        ([struct.pack("<HH", 0x809, 16) + bytes(16) + _number(65_535, 60_000) + struct.pack("<HH", 0x0A, 0)], "cells"),
    ],
)
def test_what_would_fill_the_memory_is_refused_before_the_reader_of_values_opens_it(
    tmp_path: Path, sheets: list[bytes], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_xls(_old_workbook(tmp_path / "payout.xls", *sheets))


@pytest.mark.parametrize(
    "sheet",
    [b"", _spans(0, 0, 0, 0), _spans(0, 65_536, 0, 256), FULL_ROWS, struct.pack("<HHHHHHH", 0x200, 10, 0, 9, 0, 9, 0)],
)
def test_a_sheet_of_any_size_that_the_format_allows_is_taken(tmp_path: Path, sheet: bytes) -> None:
    check_xls(_old_workbook(tmp_path / "payout.xls", sheet))


def test_what_comes_after_a_chart_in_a_sheet_is_not_missed_nor_what_is_in_it_taken_for_the_sheets(
    tmp_path: Path,
) -> None:
    chart = struct.pack("<HH", 0x809, 16) + bytes(16) + struct.pack("<HHHHHH", 0x205, 8, 3, 0, 0, 0x12A)
    chart += struct.pack("<HH", 0x0A, 0)
    merged = struct.pack("<HHHHHHH", 0xE5, 10, 1, 4, 5, 0, 1)
    path = _old_workbook(tmp_path / "payout.xls", _number(0, 0) + chart + merged)
    marks = xls_marks(path, "0")
    assert [each.name for each in marks.merged] == ["A5:B6"] and not marks.broken
