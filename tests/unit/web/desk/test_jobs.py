"""What is written down of a command that the page begins, where nothing can be."""

import asyncio
import errno
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.children.files import write_document
from batch_credits.web.desk.jobs import Jobs

KEY = "ab" * 32


class Office:
    """A desk whose disk has room for so many documents, and the children that were begun there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.jobs, self.begun, self.room = Jobs(folder), list[int](), room
        monkeypatch.setattr("batch_credits.web.desk.jobs.write_document", self.write)

    def write(self, path: Path, content: dict[str, Any]) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_document(path, content)

    def child(self, _into: Path, lock: int) -> Any:
        self.begun.append(os.dup(lock))  # held for as long as it lives
        return SimpleNamespace(pid=4_000_000)

    def begin(self) -> Any:
        return asyncio.run(self.jobs.begin(KEY, self.child, "ada", "a.csv", "upload"))


def test_nothing_begins_of_which_nothing_can_be_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, monkeypatch, room=0)
    with pytest.raises(OSError, match="No space left"):
        office.begin()
    assert office.begun == [] and not office.jobs.is_running(KEY) and office.jobs.latest(KEY) is None


@pytest.mark.parametrize(("room", "told"), [(1, []), (2, [(4_000_000, signal.SIGTERM)])])
def test_who_is_told_to_stop_is_who_was_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int, told: list[tuple[int, int]]
) -> None:
    """Nobody is told by a number that is not known: 0 would be all that the server began, and the server itself."""
    office = Office(tmp_path, monkeypatch, room)
    said: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: said.append((pid, number)))
    assert office.begin() is not None and office.begin() is None
    job = office.jobs.latest(KEY)
    assert job is not None and (job.upload_id, office.jobs.is_running(KEY)) == ("upload", True)
    assert office.jobs.stop(KEY, "bob") is bool(told) and said == told, "it is told where the disk is full, too"
    os.close(office.begun[0])
    assert not office.jobs.stop(KEY, "bob")
