"""A child from nothing, as a page and a watched folder start it; the tests of the whole command start theirs warm."""

import os
import time
from pathlib import Path

import pytest

from batch_credits.children.start import start

SECONDS = 60


def test_a_child_is_the_program_whatever_lies_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("json.py", "batch_credits.py", "click.py"):
        (tmp_path / name).write_text("raise SystemExit('taken for our own')\n")
    monkeypatch.chdir(tmp_path)
    out, err = tmp_path / "out", tmp_path / "err"
    out.write_text("what was said before\n")
    child = start("explain", [], ["duplicate"], out, err)
    assert os.getsid(child.pid) == child.pid, "no terminal's Ctrl-C ends it"
    end = time.monotonic() + SECONDS
    while child.code() is None and time.monotonic() < end:
        time.sleep(0.02)
    assert (child.code(), err.read_text()) == (0, "")
    before, *said = out.read_text().splitlines()
    assert before == "what was said before" and "duplicate" in said[0]
    assert err.stat().st_mode & 0o777 == 0o600
