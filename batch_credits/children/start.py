"""A command as a process of its own, which ends neither with a terminal nor with whoever started it.

A hostile file ends only the process that reads it, and a run goes on whoever goes away. What others chose, such as the
name of a file, comes to a command as the value of an option or after `--`, never as a word that could be an option.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 0.05  # between two looks whether a child has ended
# A child looks for modules where this process does: `-m` would look in the working directory first.
_BEGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from batch_credits.__main__ import main
main()
"""


@dataclass(frozen=True, slots=True)
class Words:
    """The options that this process's own command line had, as its children are given them: the profile, the site and
    its key file, the ledger, and where reports go."""

    profile: tuple[str, ...] = ()
    site: tuple[str, ...] = ()
    ledger: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was started."""

    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def code(self) -> int | None:
        """Its exit code; None while it lives."""
        return self.process.poll()

    async def ended(self) -> int:
        """Its exit code, once it has one. Nothing ends it if this is given up."""
        while (code := self.code()) is None:  # noqa: ASYNC110  # the system says it to nobody but who asks
            await asyncio.sleep(_LOOK_SECONDS)
        return code


def start(
    command: str,
    options: Sequence[str],
    what: Sequence[str],
    out: Path,
    err: Path,
    *,
    told: str | None = None,
    lock: int | None = None,
) -> Child:
    """Begin a command. What it says goes to `out` and `err`, behind what is there. `told` is what its starter says to
    it alone; `lock` an open file that it inherits and so holds for as long as it lives.

    Raises:
        OSError: it cannot be started, or these files cannot be written.
    """
    inherited = [] if lock is None else [lock]
    telling = None if told is None else _private_file(told)
    if telling is not None:
        inherited.append(telling)
        options = [*options, f"--handed-over={telling}"]
    arguments = [sys.executable, "-P", "-c", _BEGIN, json.dumps(sys.path)]
    arguments += [command, *options, "--", *what]
    try:
        with _to_write(out) as stdout, _to_write(err) as stderr:
            process = subprocess.Popen(  # noqa: S603  # our own program
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=inherited,
                start_new_session=True,
            )
    finally:
        if telling is not None:
            os.close(telling)
    return Child(process)


def _private_file(text: str) -> int:
    """An open file that has no name, and holds this."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        descriptor = os.dup(file.fileno())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _to_write(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")
