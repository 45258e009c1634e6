"""What only workbooks of the old format have."""

import struct
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader import open_source
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
