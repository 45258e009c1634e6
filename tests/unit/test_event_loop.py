import asyncio
from typing import Any

import pytest

from batch_credits.errors import NotConfirmed
from batch_credits.event_loop import run_in_loop


async def _refused() -> None:
    raise NotConfirmed("the limits do not hold")


def test_ctrl_c_within_the_loops_own_code_is_told_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    close = asyncio.Runner.close

    def interrupted(self: Any) -> None:
        # As uvloop does when a signal's handler raises between two of its own steps: it takes itself for running still.
        close(self)
        try:
            raise NotConfirmed("Interrupted: nothing was sent.")
        finally:
            try:
                raise RuntimeError("this event loop is already running.")
            finally:
                raise RuntimeError("Cannot close a running event loop")

    monkeypatch.setattr(asyncio.Runner, "close", interrupted)
    with pytest.raises(NotConfirmed, match="Interrupted"):
        run_in_loop(_refused())


def test_another_failure_to_close_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    close = asyncio.Runner.close

    def broken(self: Any) -> None:
        close(self)
        raise RuntimeError("something else")

    async def done() -> None: ...

    monkeypatch.setattr(asyncio.Runner, "close", broken)
    with pytest.raises(RuntimeError, match="something else"):
        run_in_loop(done())
