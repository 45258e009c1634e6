"""A clock that interrupts the main thread with a signal, wherever it is: at a question, or in a long statement.

A thread of its own waits, and is told over a pipe: a handler of signals may write to one at any moment, where a lock
could be held by what it interrupted. (The process's own timer belongs to the dead man where the system has no other.)
"""

import math
import os
import select
import signal
import struct
import threading
from time import monotonic

ALARM = signal.SIGVTALRM  # which nobody else sends
_SECONDS = struct.Struct("d")


class Alarm:
    """Sends `ALARM` to the main thread once the time is over that was set last."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        self._thread = threading.Thread(target=self._wait, name="batch-credits alarm", daemon=True)
        self._thread.start()

    def set(self, seconds: float) -> None:
        """From now on so long, in the place of what was set before. Handlers of signals may call it."""
        os.write(self._writing, _SECONDS.pack(max(0.0, seconds)))

    def close(self) -> None:
        """No alarm comes after this."""
        os.write(self._writing, _SECONDS.pack(math.nan))
        self._thread.join()
        os.close(self._reading)
        os.close(self._writing)

    def _wait(self) -> None:
        due: float | None = None
        while True:
            left = None if due is None else max(0.0, due - monotonic())
            if select.select([self._reading], [], [], left)[0]:
                [seconds] = _SECONDS.unpack(os.read(self._reading, _SECONDS.size))
                if math.isnan(seconds):
                    return
                due = monotonic() + seconds
            else:
                due = None
                main = threading.main_thread().ident
                assert main is not None
                signal.pthread_kill(main, ALARM)
