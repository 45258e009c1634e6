"""What is made for small documents is its owner's alone."""

import os
from pathlib import Path

import pytest

from batch_credits.children.files import make_folder


def test_a_folder_is_private_and_so_are_those_made_above_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = make_folder(tmp_path / "a" / "b" / "c")
    finally:
        os.umask(before)
    for folder in (made, made.parent, made.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    mode = tmp_path.stat().st_mode
    assert make_folder(made) == made and tmp_path.stat().st_mode == mode


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(OSError, match=r"exists|directory"):
            make_folder(path)
