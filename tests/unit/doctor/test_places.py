"""Folders: can they be written, how much is free, and on what do they lie."""

import os
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from batch_credits.doctor import places
from batch_credits.doctor.places import folder_signs, network_system, space_signs, temporary_signs
from batch_credits.doctor.signs import Mark
from batch_credits.process.writable import write_trouble
from tests.each import each

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /mnt/share rw - nfs4 server:/x rw,vers=4.2
31 30 8:2 / /mnt/share/local rw - ext4 /dev/sdb1 rw
32 22 0:26 / /mnt/with\\040blank rw shared:2 - fuse.sshfs me@host:/x rw
odd line
33 22 0:27 / /mnt/sh rw - tmpfs tmpfs rw
"""


@each(
    "path, kind",
    [
        ("/home/l.sqlite3", None),
        ("/mnt/share/l.sqlite3", "nfs4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/shared/l.sqlite3", None),
        ("/mnt/share/local/l.sqlite3", None),
        ("/mnt/with blank/l.sqlite3", "fuse.sshfs"),
    ],
)
def test_on_what_a_path_lies_is_what_is_mounted_nearest(path: str, kind: str | None) -> None:
    assert network_system(Path(path), MOUNTS) == kind


def test_this_machine_says_something_or_nothing(tmp_path: Path) -> None:
    assert network_system(tmp_path) in {None, *places.NETWORK_SYSTEMS}


def free(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=count))


@pytest.mark.parametrize(
    ("count", "mark"),
    [(places.MIN_FREE_BYTES - 1, Mark.BAD), (places.MIN_FREE_BYTES, Mark.WARNING), (10**12, Mark.GOOD)],
)
def test_little_room_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, mark: Mark) -> None:
    free(monkeypatch, count)
    [sign] = space_signs("x", tmp_path, "there", "--ledger")
    assert sign.mark is mark
    assert ("--ledger" in sign.do) is (mark is not Mark.GOOD)


def test_a_folder_that_is_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 10**12)
    [sign] = folder_signs("reports", tmp_path / "a" / "b", "--reports")
    assert sign.mark is Mark.GOOD
    assert "made when it is needed" in sign.found
    assert not (tmp_path / "a").exists()


def test_a_file_where_a_folder_must_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    [sign] = folder_signs("reports", tmp_path / "a" / "b", "--reports")
    assert sign.mark is Mark.BAD
    assert "--reports" in sign.do


def test_what_cannot_be_written_is_tried_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert write_trouble(tmp_path) is None
    assert list(tmp_path.iterdir()) == []

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert write_trouble(tmp_path) == "No space left on device"
    [sign] = folder_signs("reports", tmp_path, "--reports")
    assert sign.mark is Mark.BAD
    assert list(tmp_path.iterdir()) == []


def test_the_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 10**12)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert [sign.mark for sign in temporary_signs()] == [Mark.GOOD]
    monkeypatch.setenv("TMPDIR", "/no/such")
    assert [sign.mark for sign in temporary_signs()] == [Mark.WARNING, Mark.GOOD]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    [sign] = temporary_signs()
    assert (sign.mark, sign.programs) == (Mark.BAD, ("export TMPDIR=DIRECTORY",))

    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    [sign] = temporary_signs()
    assert sign.mark is Mark.BAD
