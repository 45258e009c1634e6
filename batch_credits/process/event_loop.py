"""The event loop that everything runs in."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from batch_credits.errors import BatchCreditsError

T = TypeVar("T")


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run in uvloop where it exists: it makes a run about a third faster.

    A signal may end the run, by an error of ours that is raised wherever it comes; also where the loop itself is at
    work, which would log it and go on.
    """
    try:
        import uvloop
    except ImportError:
        new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    else:
        new_loop = uvloop.new_event_loop
    ended: list[BatchCreditsError] = []
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(_ended_by_signals(main, runner.get_loop(), ended))
    except asyncio.CancelledError:
        if ended:
            raise ended[0] from None
        raise
    except RuntimeError as error:
        # A signal ended the loop within its own code, and uvloop refuses to close what it takes to be running.
        reason: BaseException | None = error
        while isinstance(reason, RuntimeError) and "running" in str(reason):
            reason = reason.__context__
        if isinstance(reason, BatchCreditsError):
            raise reason from None
        raise


def _ended_by_signals(
    main: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, ended: list[BatchCreditsError]
) -> Coroutine[Any, Any, T]:
    """Cancel `main` at an error of ours that nobody else would hear of, from before its first step on, and keep it."""
    running: list[asyncio.Task[Any]] = []

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BatchCreditsError) and context.get("future") is None:
            ended.append(error)
            for task in running:
                task.cancel()
        else:
            loop.default_exception_handler(context)

    async def run() -> T:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        if ended:
            main.close()
            raise ended[0]
        return await main

    loop.set_exception_handler(handle)
    return run()
