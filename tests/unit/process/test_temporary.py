"""A folder for a moment, and what is said where there is none."""

import errno
import stat
import tempfile
from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.process.temporary import temporary_folder


def test_it_is_its_owners_alone_and_gone_afterwards() -> None:
    with temporary_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").touch()
    assert not folder.exists()


def test_no_place_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(UsageError, match="temporary directory") as refused, temporary_folder():
        pass
    assert "TMPDIR" in refused.value.hint


def test_no_place_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python says it where no candidate can be written, for one because the disk is full."""

    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(UsageError, match="No usable temporary directory"), temporary_folder():
        pass
