import zipfile

import openpyxl
import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook import archive
from batch_credits.loader.workbook.xlsx import check_xlsx
from tests.unit.loader.workbook import written


def a_workbook(path):
    openpyxl.Workbook().save(path)
    return path


def test_a_workbook_passes(tmp_path):
    check_xlsx(a_workbook(tmp_path / "a.xlsx"))


def cut(path):
    content = a_workbook(path).read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path):
    content = bytearray(a_workbook(path).read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)


def other_archive(path):
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("a.txt", "a")


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: path.touch(), "is empty"),
        (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600), "damaged"),
        (lambda path: path.write_bytes(written.compound(b"x", "EncryptedPackage")), "is encrypted"),
        (lambda path: path.write_bytes(written.compound(b"x", "Workbook")), "in the old format"),
        (lambda path: path.write_text("customer_id,amount\n"), "damaged, or no workbook"),
        (lambda path: path.write_bytes(b"PK\x03\x04"), "damaged"),
        (cut, "damaged"),
        (flip, "damaged"),
        (other_archive, "no Excel workbook"),
    ],
)
def test_what_is_no_sound_workbook_is_refused(tmp_path, make, expected):
    make(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=expected):
        check_xlsx(tmp_path / "a.xlsx")


def test_an_archive_that_would_unpack_beyond_the_bound_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_INFLATED_BYTES", 1000)
    with pytest.raises(InputError, match="unpack to"):
        check_xlsx(a_workbook(tmp_path / "a.xlsx"))
