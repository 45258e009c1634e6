from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook import compound
from batch_credits.loader.workbook.compound import workbook_stream
from tests.unit.loader.workbook import written


@pytest.mark.parametrize("name", ["Workbook", "Book"])
def test_the_stream_of_the_workbook_under_its_newer_and_its_older_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(written.compound(b"records", name))
    assert workbook_stream(path).rstrip(b"\0") == b"records"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (written.compound(b"x", "EncryptedPackage"), "is encrypted"),
        (written.compound(b"x", "WordDocument"), "is damaged, or no workbook"),
        (written.compound(b"x" * 9000)[:3000], "is damaged"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "is damaged"),
        (b"customer_id,amount\n", "is damaged"),
    ],
)
def test_what_holds_no_workbook_that_can_be_read(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "payout.xls"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as refused:
        workbook_stream(path)
    assert refused.value.hint


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compound, "MAX_COMPOUND_BYTES", 1000)
    path = tmp_path / "payout.xls"
    path.write_bytes(written.compound(b"records"))
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        workbook_stream(path)


@pytest.mark.parametrize("place", [44, 64])
def test_tables_that_are_said_to_be_longer_than_the_file_are_not_made_room_for(tmp_path: Path, place: int) -> None:
    content = bytearray(written.compound(b"records"))
    content[place : place + 4] = b"\xf0\xff\xff\x7f"
    path = tmp_path / "payout.xls"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        workbook_stream(path)
