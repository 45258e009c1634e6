"""Metrics for one command: the file is written and the port is open from before anything is sent until it has ended."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from batch_credits.errors import BatchCreditsError, UsageError
from batch_credits.metrics.meter import Meter
from batch_credits.metrics.server import serving
from batch_credits.metrics.textfile import TextFile
from batch_credits.model import RequestState

EVERY_SECONDS = 15.0  # the file is written anew, and a team's ledger is asked
PATIENCE_SECONDS = 5.0  # with what the thread has in hand at the end: a ledger that is gone must not keep the command

Looks = Callable[[], Mapping[RequestState, int]]


@contextmanager
def kept(meter: Meter, file: Path | None, at: tuple[str, int] | None, looks: Looks | None) -> Iterator[None]:
    """Keep the metrics until the end of the block, and write the file once more then. `at`: host and port. `looks` asks
    a ledger that others can ask meanwhile, from a thread of its own.

    Raises:
        UsageError: the file cannot be written, or the port cannot be had. After that nothing is raised: what moves
            money must not end for what counts it.
    """
    target = None if file is None else TextFile(file)
    with ExitStack() as stack:
        if target is not None:
            meter.earlier(*target.earlier(meter.reading.whose))
        if at is not None:
            stack.enter_context(serving(meter, *at))
        if target is not None:
            try:
                target.write(meter.reading)
            except OSError as error:
                raise UsageError(
                    f"The metrics file (--metrics-file) {file} cannot be written: {error.strerror or error}.",
                    hint="Nothing was sent. Its folder must be there, and yours to write.",
                    remedies=[(("--metrics-file", "FILE"),)],
                ) from None
        try:
            with _every(EVERY_SECONDS, lambda: _renew(meter, target, looks)):
                yield
        finally:
            _renew(meter, target, None)


@contextmanager
def _every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def keep_on() -> None:
        while not over.wait(seconds):
            act()

    thread = threading.Thread(target=keep_on, name="metrics-file", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(PATIENCE_SECONDS)


def _renew(meter: Meter, target: TextFile | None, looks: Looks | None) -> None:
    if looks is not None:
        with suppress(BatchCreditsError):  # it is lost for a moment, or for good: whoever works with it says so
            meter.owes(looks())
    if target is not None:
        with suppress(OSError):  # the disk is full, or the folder went away: the file grows old, which can be seen
            target.write(meter.reading)
