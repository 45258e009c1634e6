import asyncio
import sys
from typing import Any

import pytest

from batch_credits.errors import NotConfirmed
from batch_credits.process.event_loop import run_in_loop


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


@pytest.mark.parametrize("uvloop", [True, False])
def test_a_signal_that_comes_while_the_loop_is_at_work_ends_the_run(
    uvloop: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Raised within a callback, where it would be logged, and the run would go on."""
    if not uvloop:
        monkeypatch.setitem(sys.modules, "uvloop", None)

    def refuse() -> None:
        raise NotConfirmed("Interrupted: nothing was sent.")

    async def main() -> None:
        asyncio.get_running_loop().call_soon(refuse)
        await asyncio.sleep(30)

    with pytest.raises(NotConfirmed, match="nothing was sent"):
        run_in_loop(main())
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_any_other_error_of_a_callback_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> str:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)
        await asyncio.sleep(0.01)
        return "went on"

    assert run_in_loop(main()) == "went on"
    assert "division by zero" in caplog.text


def test_a_signal_that_comes_before_the_first_step_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = asyncio.Runner.run

    def refuse() -> None:
        raise NotConfirmed("Interrupted: nothing was sent.")

    def with_a_signal(self: Any, main: Any) -> Any:
        self.get_loop().call_soon(refuse)
        return run(self, main)

    async def never() -> None:
        raise AssertionError("it must not begin")

    monkeypatch.setattr(asyncio.Runner, "run", with_a_signal)
    with pytest.raises(NotConfirmed, match="nothing was sent"):
        run_in_loop(never())
    assert capfd.readouterr() == ("", "")
