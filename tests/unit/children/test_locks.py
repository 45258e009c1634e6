"""One process at a time, for as long as it lives."""

import os
import subprocess
import sys
from pathlib import Path

from batch_credits.children.locks import is_locked, try_lock


def test_one_holds_it_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_locked(path)
    held = try_lock(path)
    assert held is not None
    assert is_locked(path)
    assert try_lock(path) is None
    os.close(held)
    assert not is_locked(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_child_that_inherits_it_holds_it_whoever_ends_before(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    held = try_lock(path)
    assert held is not None
    waits = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, pass_fds=(held,)) as child:
        os.close(held)
        assert is_locked(path)
        child.kill()
        child.wait()
        assert not is_locked(path)
