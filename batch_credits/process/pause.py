"""Waiting that a signal ends."""

import os
import select
from contextlib import suppress
from typing import Self


class Pause:
    """Waits, and is woken by whoever calls `wake`, also from a signal's handler: then, or the next time."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        for descriptor in (self._read, self._write):
            os.set_blocking(descriptor, False)

    def wake(self) -> None:
        """End the waiting."""
        with suppress(BlockingIOError):  # it is woken many times over already
            os.write(self._write, b".")

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it is woken."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        if ready:
            with suppress(BlockingIOError):
                os.read(self._read, 4096)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._read)
        os.close(self._write)
