"""Runs the command in a process that kills itself at a named point; its arguments are POINT NTH ARGUMENTS...

The points are put in from outside, by wrapping the product's own functions, so the product has no switch for it.
SIGKILL leaves no handler, no flush and no goodbye: what the next process finds is what was on disk.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

POINTS = (
    "in_staging",
    "before_admit",
    "before_journal",
    "in_commit",
    "after_journal",
    "before_send",
    "mid_request",
    "before_record",
    "before_report",
    "in_report",
)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _at(nth: int) -> Callable[[], None]:
    """Dies at the nth call."""
    left = nth

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            _die()

    return count


def _nothing() -> None:
    pass


def _wrap(
    owner: Any, name: str, *, before: Callable[[], None] = _nothing, after: Callable[[], None] = _nothing
) -> None:
    original = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        before()
        result = original(*args, **kwargs)
        after()
        return result

    setattr(owner, name, wrapped)


def arm(point: str, nth: int) -> None:
    """Put the point in."""
    from batch_credits.chargebee.client import Chargebee
    from batch_credits.chargebee.transport.direct import DirectTransport
    from batch_credits.chargebee.transport.session import SessionTransport
    from batch_credits.jobs import report
    from batch_credits.ledger import Admission, Claims, claims
    from batch_credits.reporter import tables

    die = _at(nth)
    match point:
        case "in_staging":
            _wrap(Admission, "stage_columns", after=die)
        case "before_admit":
            _wrap(Admission, "admit", before=die)
        case "before_journal":
            _wrap(Claims, "commit", before=die)
        case "in_commit":  # the statements are done, the commit is not
            _wrap(claims, "record", after=die)
            _wrap(Claims, "_open_attempts", after=die)
        case "after_journal":
            _wrap(Claims, "commit", after=die)
        case "before_send":
            for transport in (DirectTransport, SessionTransport):
                _wrap(transport, "send", before=die)
        case "mid_request":
            for transport in (DirectTransport, SessionTransport):
                _kill_during(transport, "send", die)
        case "before_record":
            _kill_after(Chargebee, "send_credit", die)
        case "before_report":
            _wrap(report, "write_reports", before=die)
        case "in_report":
            _wrap(tables, "result_cells", before=die)
        case _:
            raise SystemExit(f"no such point: {point}")


def _kill_during(owner: Any, name: str, die: Callable[[], None]) -> None:
    """A moment after the bytes were handed over, most often before the answer came."""
    original = getattr(owner, name)

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        task = asyncio.ensure_future(original(*args, **kwargs))
        await asyncio.sleep(0.001)
        die()
        return await task

    setattr(owner, name, wrapped)


def _kill_after(owner: Any, name: str, die: Callable[[], None]) -> None:
    original = getattr(owner, name)

    async def wrapped(*args: Any, **kwargs: Any) -> Any:
        verdict = await original(*args, **kwargs)
        die()
        return verdict

    setattr(owner, name, wrapped)


def main() -> None:
    """Arm the point, and become the command."""
    from batch_credits.cli import run_command_line

    arm(sys.argv[1], int(sys.argv[2]))
    sys.exit(run_command_line(sys.argv[3:]))
