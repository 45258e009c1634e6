"""A person at a terminal: the command on a pseudo-terminal, and an emulator that knows what its screen shows."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from types import TracebackType
from typing import Self

import pyte

from tests.acceptance.harness import WARM, Command, Ended, Started

PATIENCE_SECONDS = 60


class Terminal:
    """One command at a terminal of so many columns and rows. It is killed at the end of the block if it still runs."""

    def __init__(self, command: Command, *arguments: object, columns: int = 80, rows: int = 60, **more: str) -> None:
        self.seen = b""
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._theirs = theirs  # kept open: the command opens it by its name, and until then there must be one
        environment = {**command.variables({}), "TERM": "xterm-256color", **more}
        name = os.ttyname(theirs)
        streams = (name, name, name)
        self._process = Started(
            WARM.start([*map(str, arguments)], command.folder, environment, streams, is_terminal=True)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        os.close(self._theirs)
        os.close(self._ours)

    @property
    def screen(self) -> str:
        """What stands on the screen now."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip() + "\n"

    def until(self, pattern: str) -> str:
        """The screen once it shows text of this pattern, however it is folded."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not re.search(pattern, " ".join(self.screen.split())):
            assert time.monotonic() < end and self._read(), f"{pattern!r} does not show:\n{self.screen}"
        return self.screen

    def types(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def end(self) -> Ended:
        """The end of the command, with all that it wrote."""
        end = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < end, f"the command does not end:\n{self.screen}"
        return Ended(self._process.wait(10), self.seen.decode(), "")

    def _read(self) -> bool:
        """Take in what was written; False once nothing more can come."""
        goes_on = self._process.poll() is None
        if not select.select([self._ours], [], [], 0.1)[0]:
            return goes_on
        try:
            new = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            return False
        self.seen += new
        self._stream.feed(new)
        return bool(new)
