"""How soon Python's threads make way for each other."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_switches(seconds: float) -> Iterator[None]:
    """Let a thread that waits for Python's lock have it after so long: the usual 5 ms add up over SQLite's steps."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
