"""The operator's desk: a folder, an environment, the command, and the patience to wait for it."""

import contextlib
import gc
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pandas  # noqa: F401  # a Ctrl-C within its import would leave half of it to the next command of this process

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.ledger.engines.sqlite.lock import Lock

KEY = "key_that_nobody_may_see"
PATIENCE_SECONDS = 6.0  # between two Ctrl-C of somebody who has waited long enough
STOPPED = 4
REPOSITORY = Path(__file__).parents[2]

dict(batch_credits.commands)  # all are loaded before anybody presses Ctrl-C, or a mutant patches what they import


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    arguments: tuple[str, ...]
    code: int
    text: str


class Desk:
    """Where commands are given. `outside` is what lies about in the environment beside what each command needs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside: dict[str, str] = {}

    def say(self, settings: Mapping[str, str], *arguments: str, patience: float, apart: bool) -> Said:
        """Give one command, as a process of its own if `apart`; after `patience` seconds press Ctrl-C."""
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(("CHARGEBEE", "BATCH_", "XDG_"))},
            "HOME": str(self.folder),
            "CHARGEBEE_API_KEY": KEY,
            "BATCH_CREDITS_NO_PROGRESS": "1",
            "BATCH_CREDITS_RATE": "0",
            "BATCH_CREDITS_TIMEOUT": "0.5",
            "BATCH_CREDITS_QUARANTINE": "0.2",
            **self.outside,
            **settings,
        }
        if apart:
            return self._apart(environment, arguments)
        said = io.StringIO()
        with (
            patch.dict(os.environ, environment, clear=True),
            patch.object(sys, "stdin", io.StringIO()),
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            _interrupted_after(patience) as pressed,
        ):
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                code = run_command_line(arguments)
            except KeyboardInterrupt:  # within its last words, after it gave the signal back
                code = STOPPED
            finally:
                signal.signal(signal.SIGINT, _pass_over)  # who presses too late presses in vain
        if pressed.is_set():
            _release_ledgers()
        return Said(arguments, code, said.getvalue())

    def _apart(self, environment: Mapping[str, str], arguments: tuple[str, ...]) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "batch_credits", *arguments], cwd=self.folder, text=True, timeout=60,
            env={**environment, "PYTHONPATH": str(REPOSITORY)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        return Said(arguments, done.returncode, done.stdout)


def _release_ledgers() -> None:
    """Give free what the end of a process gives free: Ctrl-C may come between taking a ledger and minding it."""
    for held in gc.get_objects():
        if isinstance(held, Lock):
            with contextlib.suppress(AttributeError):  # Ctrl-C came as it was taken
                held.close()


def _pass_over(number: int, frame: object) -> None:
    return None


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[threading.Event]:
    """Presses Ctrl-C after so long. The event says whether it did."""
    done, pressed = threading.Event(), threading.Event()

    def press() -> None:
        wait = seconds
        while not done.wait(wait):
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)
            wait = PATIENCE_SECONDS

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield pressed
    finally:
        done.set()
        thread.join()
