"""A timer that kills this process at a moment, whatever it is doing then: also while it is stopped, and before it does
anything else when it goes on.

A fence in the ledger cannot hold back a request: Chargebee checks no token. A process that is stopped between its look
at the clock and its write would send, once it goes on, what another has taken over meanwhile. So nobody who shares a
ledger with other hosts outlives its lease.

On Linux the kernel sends SIGKILL by a clock that goes on while the machine sleeps. Elsewhere SIGALRM, which nobody
handles, ends the process; its clock may stand still while the machine sleeps.
"""

import ctypes
import os
import signal
from contextlib import suppress
from typing import Protocol

from batch_credits.process import clock

_CLOCK_BOOTTIME = 7
_TIMER_ABSTIME = 1
_SIGEV_SIGNAL = 0
_LEAST_SECONDS = 1e-6  # zero would disarm


class DeadMan(Protocol):
    """Whoever ends this process, if nobody says again and again that it may go on."""

    def arm(self, at: float) -> None:
        """Kill this process at this moment by `clock.boottime`, and not at the one named before; at once, where it is
        over.

        Raises:
            OSError: the system has no such timer to give.
        """

    def disarm(self) -> None:
        """Let it live."""


def dead_man() -> DeadMan:
    """The best that this system has."""
    with suppress(OSError, AttributeError):
        return _KernelTimer()
    return _Alarm()


class _TimeSpec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _TimerSpec(ctypes.Structure):
    _fields_ = (("interval", _TimeSpec), ("value", _TimeSpec))


class _Event(ctypes.Structure):
    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),  # 64 bytes in all, as the kernel reads them
    )


class _KernelTimer:
    """A timer of Linux, of this process alone: a child has none."""

    _made_by: int | None = None

    def __init__(self) -> None:
        """Raises OSError or AttributeError where there is none."""
        self._library = ctypes.CDLL(None, use_errno=True)
        for name in ("timer_create", "timer_settime", "timer_delete"):
            getattr(self._library, name)  # an older C library has them elsewhere, and so has no timer for us
        self._timer = ctypes.c_void_p()
        event = _Event(signal=signal.SIGKILL, notify=_SIGEV_SIGNAL)
        self._check(
            self._library.timer_create(_CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(self._timer))
        )
        self._made_by = os.getpid()

    def __del__(self) -> None:
        """A user has only so many, and a page for finance opens a ledger for each view. (A child has none of these, and
        may have one of its own by this number.)"""
        if self._made_by == os.getpid():
            self._library.timer_delete(self._timer)

    def arm(self, at: float) -> None:
        """As `DeadMan`."""
        whole, part = divmod(max(at, _LEAST_SECONDS), 1.0)
        self._set(_TimeSpec(int(whole), max(1, int(part * 1e9))))

    def disarm(self) -> None:
        """As `DeadMan`."""
        self._set(_TimeSpec(0, 0))

    def _set(self, moment: _TimeSpec) -> None:
        spec = _TimerSpec(_TimeSpec(0, 0), moment)
        self._check(self._library.timer_settime(self._timer, _TIMER_ABSTIME, ctypes.byref(spec), None))

    def _check(self, result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))


class _Alarm:
    """What every Unix has."""

    def arm(self, at: float) -> None:
        """As `DeadMan`."""
        signal.setitimer(signal.ITIMER_REAL, max(at - clock.boottime(), _LEAST_SECONDS))

    def disarm(self) -> None:
        """As `DeadMan`."""
        signal.setitimer(signal.ITIMER_REAL, 0.0)
