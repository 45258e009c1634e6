"""Running to the end wherever a program called us: in its main thread, in another, or in a notebook's loop."""

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from batch_credits.errors import BatchCreditsError
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import ALWAYS_TAKEN, Signals

T = TypeVar("T")


def run_anywhere(main: Callable[[], Coroutine[Any, Any, T]], signals: Signals) -> T:
    """Run to the end. Signals are taken where they can be; where not, an interrupt of the caller means the same.

    So does what the caller's own handlers of signals raise, such as the time limit of a scheduler: the run ends in
    order, and that is raised then.
    """
    with _raised_at_the_end() as struck:
        if _in_a_loop():
            return _in_a_thread(main, signals, struck)
        if threading.current_thread() is not threading.main_thread():
            return run_in_loop(main())
        with _handlers_heard(signals, struck), signals.taken():
            return run_in_loop(main())


@contextmanager
def _raised_at_the_end() -> Iterator[list[BaseException]]:
    struck: list[BaseException] = []
    try:
        yield struck
    finally:
        if struck:
            raise struck[0]


@contextmanager
def _handlers_heard(signals: Signals, struck: list[BaseException]) -> Iterator[None]:
    """Keep what the caller's handlers raise. In the midst of a loop it would be swallowed, or a step be left out for
    which all the others wait."""

    def heard(handler: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except BaseException as error:
                struck.append(error)
                signals.arrive()

        return handle

    theirs: dict[int, Any] = {number: signal.getsignal(number) for number in signal.valid_signals()}
    theirs = {number: each for number, each in theirs.items() if number not in ALWAYS_TAKEN and callable(each)}
    for number, handler in theirs.items():
        signal.signal(number, heard(handler))
    try:
        yield
    finally:
        for number, handler in theirs.items():
            signal.signal(number, handler)


def _in_a_thread(main: Callable[[], Coroutine[Any, Any, T]], signals: Signals, struck: list[BaseException]) -> T:
    with ThreadPoolExecutor(1, thread_name_prefix="batch-credits") as thread:
        running = thread.submit(lambda: run_in_loop(main()))
        while True:
            try:
                return running.result()
            except BaseException as error:
                if running.done() and running.exception() is error:  # what the run itself came to
                    raise
                if not isinstance(error, KeyboardInterrupt):
                    struck.append(error)
                with suppress(BatchCreditsError):  # said to us, and meant for the thread, which looks for it
                    signals.arrive()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
