"""How Python runs us: the event loop that everything runs in, and how soon its threads make way for each other."""

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from batch_credits.errors import BatchCreditsError

T = TypeVar("T")


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run in uvloop where it exists: it makes a run about a third faster."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)
    except RuntimeError as error:
        # A signal ended the loop within its own code, and uvloop refuses to close what it takes to be running.
        reason: BaseException | None = error
        while isinstance(reason, RuntimeError) and "running" in str(reason):
            reason = reason.__context__
        if isinstance(reason, BatchCreditsError):
            raise reason from None
        raise


@contextmanager
def quick_switches(seconds: float) -> Iterator[None]:
    """Let a thread that waits for Python's lock have it after so long: the usual 5 ms add up over SQLite's steps."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
