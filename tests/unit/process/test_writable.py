"""Whether something can be written into a folder, there or to be made."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from batch_credits.process.writable import folder_trouble


def test_a_folder_that_is_there_or_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    for folder in (tmp_path, tmp_path / "a" / "b", Path("reports"), Path(), tmp_path / "link" / "a"):
        assert folder_trouble(folder) is None
    assert {each.name for each in tmp_path.iterdir()} == {"link"}


def test_what_no_folder_can_be_below(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "gone").symlink_to("away")
    for name in ("file", "loop", "gone"):
        for folder in (tmp_path / name, tmp_path / name / "a" / "b"):
            assert folder_trouble(folder) is not None
    assert "too long" in (folder_trouble(tmp_path / ("a" * 300) / "b") or "")
    assert "null" in (folder_trouble(tmp_path / "a\0b") or "")


def test_what_the_system_refuses_is_said_in_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    assert folder_trouble(tmp_path / "a") == "No space left on device"


def test_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert folder_trouble(Path("reports")) == "No such file or directory"
