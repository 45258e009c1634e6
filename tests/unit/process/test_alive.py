"""A process is there until it has ended."""

import os
import subprocess
import sys

import pytest

from batch_credits.process.alive import is_there


def test_a_process_is_there_until_it_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert is_there(process.pid) and is_there(os.getpid())
    process.communicate(b"\n")
    assert not is_there(process.pid)


def test_one_of_another_user_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert is_there(os.getpid())
