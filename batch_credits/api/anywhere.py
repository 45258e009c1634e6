"""Running to the end wherever a program called us: in its main thread, in another, or in a notebook's loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from typing import Any, TypeVar

from batch_credits.errors import BatchCreditsError
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import Signals

T = TypeVar("T")


def run_anywhere(main: Callable[[], Coroutine[Any, Any, T]], signals: Signals) -> T:
    """Run to the end. Signals are taken where they can be; where not, an interrupt of the caller means the same."""
    if not _in_a_loop():
        is_main = threading.current_thread() is threading.main_thread()
        with signals.taken() if is_main else nullcontext():
            return run_in_loop(main())
    with ThreadPoolExecutor(1, thread_name_prefix="batch-credits") as thread:
        running = thread.submit(lambda: run_in_loop(main()))
        while True:
            try:
                return running.result()
            except KeyboardInterrupt:
                with suppress(BatchCreditsError):  # said to us, and meant for the thread, which looks for it
                    signals.arrive()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
