"""Runs and reversals that were begun here: one of a batch at a time, found again by whoever asks later.

FOLDER/<batch>/lock       held by the process that sends, for as long as it lives
FOLDER/<batch>/<number>/  one command: what was asked of it, what it said
"""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch_credits.children.events import Told, read_told
from batch_credits.children.files import make_folder, read_document, write_document, write_text
from batch_credits.children.locks import is_locked, try_lock
from batch_credits.children.start import Child
from batch_credits.web.desk.children import ANSWER

_TRIES, _BETWEEN_SECONDS = 20, 0.02  # while others only look whether it is held
_DOCUMENT = "job.json"
_NOT_KNOWN = 0  # the number of a process that has not begun, or could not be written down
Begin = Callable[[Path, int], Child]  # the folder for what is said, and the lock to inherit


@dataclass(frozen=True, slots=True)
class Job:
    """A command that was started for a batch. `file_name` is what the file was called, `upload_id` where it lies, or,
    of a reversal, `undo_id` what was chosen ("" of the other); `at` is UTC, ISO 8601. `stopped_by` is who told it to
    stop ("" nobody)."""

    folder: Path
    actor: str
    file_name: str
    upload_id: str
    at: str
    pid: int
    stopped_by: str = ""
    undo_id: str = ""

    @property
    def is_answered(self) -> bool:
        """Whether somebody has said whether the rest is sent after the pilot."""
        return (self.folder / ANSWER).exists()

    def answer(self, said: str) -> None:
        """Say it, once: what was said first goes."""
        if not self.is_answered:
            write_text(self.folder / ANSWER, said)

    def told(self) -> Told:
        """What it has said so far."""
        return read_told(self.folder / "events.jsonl")


class Jobs:
    """The folder of all that was started."""

    def __init__(self, folder: Path) -> None:
        self._folder = make_folder(folder)

    async def begin(
        self, key: str, begin: Begin, actor: str, file_name: str, upload_id: str = "", undo_id: str = ""
    ) -> Child | None:
        """Start a command for a batch; None: one is running already."""
        folder = make_folder(self._folder / key)
        lock = await _lock(folder / "lock")
        if lock is None:
            return None
        try:
            into = make_folder(folder / f"{len(_numbers(folder)) + 1:06}")
            at = datetime.now(UTC).isoformat(timespec="seconds")
            said: dict[str, Any] = {"actor": actor, "file_name": file_name, "at": at, "pid": _NOT_KNOWN}
            said |= {"upload_id": upload_id, "undo_id": undo_id}
            write_document(into / _DOCUMENT, said)  # if that cannot be kept, nothing begins
            child = begin(into, lock)
            with suppress(OSError):  # it is only to pass "stop" on, and the run goes on already
                write_document(into / _DOCUMENT, said | {"pid": child.pid})
        finally:
            os.close(lock)
        return child

    def is_running(self, key: str) -> bool:
        """Whether a command that was started here works on the batch."""
        return is_locked(self._folder / key / "lock")

    def latest(self, key: str) -> Job | None:
        """The newest that was started for a batch."""
        folder = self._folder / key
        for number in reversed(_numbers(folder)):
            if (content := read_document(folder / number / _DOCUMENT)) is not None:
                return Job(folder / number, **content)
        return None

    def running(self) -> list[tuple[str, Job]]:
        """What runs now, by batch."""
        found = []
        for folder in self._folder.iterdir():
            if self.is_running(folder.name) and (job := self.latest(folder.name)) is not None:
                found.append((folder.name, job))
        return found

    def uploads(self) -> set[str]:
        """The uploads of which anything was ever sent, by id."""
        keys = (folder.name for folder in self._folder.iterdir())
        return {job.upload_id for key in keys if (job := self.latest(key)) is not None}

    def stop(self, key: str, actor: str) -> bool:
        """Tell what runs to end in order: what is on its way is finished. Whether anything was told."""
        numbers = _numbers(self._folder / key)
        document = self._folder / key / (numbers[-1] if numbers else "") / _DOCUMENT
        content: dict[str, Any] | None = read_document(document)
        # Who holds the lock lives, so the number is still its own.
        if content is None or content["pid"] == _NOT_KNOWN or not self.is_running(key):
            return False
        if not content.get("stopped_by"):  # told twice it would not even wait for answers
            with suppress(OSError):
                write_document(document, content | {"stopped_by": actor})
            os.kill(content["pid"], signal.SIGTERM)
        return True


async def _lock(path: Path) -> int | None:
    for _ in range(_TRIES):
        if (lock := try_lock(path)) is not None:
            return lock
        await asyncio.sleep(_BETWEEN_SECONDS)
    return None


def _numbers(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.name.isdigit())
    except FileNotFoundError:
        return []
