"""The copy that a workbook is read from: private, gone afterwards, and named where it cannot be made."""

import errno
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.loader.private_copy import private_copy


@pytest.fixture
def original(tmp_path: Path) -> Path:
    path = tmp_path / "pay out.xlsx"
    path.write_bytes(b"content")
    return path


def test_it_has_the_name_and_the_content_and_is_its_owners_alone(original: Path) -> None:
    with private_copy(original) as copy:
        original.write_bytes(b"other")
        assert (copy.name, copy.read_bytes()) == ("pay out.xlsx", b"content")
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert not copy.parent.exists()


def test_it_is_gone_after_an_error(original: Path) -> None:
    with pytest.raises(ZeroDivisionError), private_copy(original) as copy:
        raise ZeroDivisionError
    assert not copy.parent.exists()


def test_no_temporary_directory(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(original.parent / "missing"))
    with pytest.raises(UsageError, match=r"temporary directory.*No such file") as refused, private_copy(original):
        pass
    assert "TMPDIR" in refused.value.hint


def test_a_temporary_directory_that_is_full(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(UsageError, match=r"temporary directory.*No space left"), private_copy(original):
        pass


def test_a_file_that_cannot_be_read_is_no_fault_of_the_temporary_directory(original: Path) -> None:
    with pytest.raises(FileNotFoundError), private_copy(original.with_name("missing.xlsx")):
        pass
