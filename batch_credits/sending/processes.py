"""One run in several processes, for sites without a limit: each holds its part of the customers, and sends to them.

    this process    reads the file, admits the batch, shows how it goes, writes the reports
    each of them    claims its shards, journals and sends the rows of its customers, in the same ledger; see worker.py

A customer is in one shard, and a shard has one owner, so there are never two calls on one customer. Every process of a
run holds the ledger's lock until it ends, so no other run begins while one of a dead run still waits for answers.

They meet in the ledger alone: a process finds in the run's record what to do, and says there how it goes, for this one
to read. Only which run it is of comes by its standard input, the API key with the environment, and what a signal means
by a signal: SIGUSR1 to let answers come in, SIGUSR2 to end at once. (SIGTERM would do, but a service manager sends it
to every process of a run, and this one passes it on: twice is at once.)
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import reduce
from time import monotonic
from typing import Protocol, Self

from batch_credits.errors import Interrupted, LedgerError, RunStopped, ShardDied, TooManyFailures, weightier
from batch_credits.ledger import Worker
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import Progress
from batch_credits.sending.issued import Issued
from batch_credits.sending.session import ticking
from batch_credits.sending.told import Told, sent_by
from batch_credits.settings import RunSettings

LOOK_SECONDS = 0.2  # how old what is known of the others may be
STOP, STOP_AT_ONCE = signal.SIGUSR1, signal.SIGUSR2
LEDGER_FAILED = 3  # the exit code of a process that could not even say that in the ledger
API_KEY = "CHARGEBEE_API_KEY"  # in the environment
# A process looks for modules where this one does: `-m` would look in the working directory first. What it loads holds
# no garbage to look for.
_BEGIN = (
    "import gc, sys; sys.path[:] = sys.argv[1:]; gc.disable()\n"
    "from batch_credits.sending.%s import main; gc.freeze(); gc.enable(); main()"
)


class Tells(Protocol):
    """What this needs of a ledger."""

    def of_run(self, run_id: int) -> list[Worker]:
        """Who sends for the run, and what they say."""


class Process(Protocol):
    """What this needs of a process."""

    @property
    def pid(self) -> int:
        """Its number."""

    @property
    def returncode(self) -> int | None:
        """How it ended, once it has."""

    def send_signal(self, signal: int) -> None:
        """Send it this signal."""

    def kill(self) -> None:
        """End it."""

    async def wait(self) -> int:
        """How it ended, when it has."""


class Processes:
    """The processes of one run. `max_failures` is for all of them together."""

    def __init__(
        self,
        workers: Tells,
        run_id: int,
        processes: Sequence[Process],
        progress: Progress,
        max_failures: int | None = None,
    ) -> None:
        self._workers = workers
        self._run_id = run_id
        self._processes = processes
        self._progress = progress
        self._max_failures = max_failures
        self._told: dict[int, Told] = {}  # by process: each listens to signals from when it is there
        self._failures = 0
        self._failure: LedgerError | None = None
        self._stopped: list[RunStopped] = []
        self._said: set[str] = set()
        self._stops = 0  # how often they shall stop: once, or at once
        self._stops_of: dict[int, int] = {}

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        workers: Tells,
        run_id: int,
        settings: RunSettings,
        progress: Progress,
        spawn: Callable[[int], "asyncio.Future[Process]"],
    ) -> AsyncIterator[Self]:
        """As many processes as the settings say, until the end of the block; `spawn` begins the one of this number."""
        found: list[Process] = []
        processes = cls(workers, run_id, found, progress, settings.max_failures)
        try:
            for number in range(settings.processes):
                try:
                    found.append(await spawn(number))
                except OSError as error:  # too many processes or files: those that are there let their answers come in
                    why = f"A process of this run could not be started: {error.strerror}."
                    processes._stop(ShardDied(why, hint="Run again, with fewer --processes."))
                    break
            yield processes
        finally:
            await processes._end()

    async def issue(self, signals: Signals) -> Issued:
        """Watch until every process has ended. Returns how it went.

        Raises:
            LedgerError: one of them could not write the ledger; nothing of it was sent after that.
        """
        loop = asyncio.get_running_loop()

        def stop() -> None:
            self._stop(signals.why, signals.arrived)

        def in_the_loop() -> None:
            loop.call_soon_threadsafe(stop)

        with signals.doing(in_the_loop), ticking(self._progress):
            if signals.arrived:
                stop()
            await self._watch()
        return self._joined()

    async def _watch(self) -> None:
        ends = {asyncio.ensure_future(process.wait()): process for process in self._processes}
        waiting = set(ends)
        while waiting:
            ended, waiting = await asyncio.wait(
                waiting, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            self._look()
            for each in ended:
                self._follow(ends[each], each.result())

    def _look(self) -> None:
        """Show what each has said since the last time, and pass on what it has not been told."""
        for worker in self._workers.of_run(self._run_id):
            told, before = Told.read(worker.told), self._told.get(worker.pid, Told())
            self._told[worker.pid] = told
            for outcome, _, rows in told.show_since(before, self._progress, self._said):
                if outcome is Outcome.FAILED:
                    self._count_failures(rows)
        now = monotonic()
        self._progress.waits(next((w for told in self._told.values() if (w := told.waiting(now))), None))
        self._progress.sent(*sent_by(self._told.values()))
        self._pass_on()

    def _follow(self, process: Process, code: int) -> None:
        """A process has ended: as it said, or by itself."""
        ended = self._told.get(process.pid, Told()).ended
        if ended is not None:
            if ended.failure is not None:
                self._fail(ended.failure)
            elif ended.issued.stopped is not None:
                self._stop(ended.issued.stopped)
        elif code == LEDGER_FAILED:
            self._fail(
                LedgerError(
                    "A process of this run could not use the ledger.",
                    hint="Nothing more was sent. Mend the disk or the file, then run again;"
                    " never delete the ledger: it knows what was paid.",
                )
            )
        else:
            self._stop(ShardDied(f"A process of this run ended by itself (code {code})."))

    def _count_failures(self, rows: int) -> None:
        self._failures += rows
        if self._max_failures is not None and self._failures > self._max_failures:
            self._stop(TooManyFailures.beyond(self._max_failures))

    def _fail(self, failure: LedgerError) -> None:
        self._failure = self._failure or failure
        self._stop(None)

    def _stop(self, why: RunStopped | None, times: int = 1) -> None:
        """Let the answers of all come in; told so twice, they end at once."""
        self._stops = max(self._stops, min(times, 2))
        if why is not None:
            self._stopped.append(why)
        self._pass_on()

    def _pass_on(self) -> None:
        """Tell those that are there what they have not been told."""
        for process in self._processes:
            if process.pid in self._told and self._stops_of.get(process.pid, 0) < self._stops:
                self._stops_of[process.pid] = self._stops
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.send_signal(STOP if self._stops == 1 else STOP_AT_ONCE)

    async def _end(self) -> None:
        """Where the run came to no end of its own: let the answers come in. Who has not begun need not begin."""
        living = [process for process in self._processes if process.returncode is None]
        if living:
            self._look()  # who has begun since
            self._stop(None)
            for process in living:
                if process.pid not in self._told:
                    process.kill()
        await asyncio.gather(*(process.wait() for process in self._processes))

    def _joined(self) -> Issued:
        if self._failure is not None:
            raise self._failure
        ended = [told.ended.issued for told in self._told.values() if told.ended is not None]
        # One process stops the others, so what is told is what stopped it, and not that they were interrupted.
        reasons = sorted(self._stopped, key=lambda why: isinstance(why, Interrupted))
        return Issued.together(ended, reduce(weightier, reasons, None))


def share_of(settings: RunSettings, number: int) -> RunSettings:
    """How the process of this number sends, of a run that is set so."""
    calls, more = divmod(settings.concurrency, settings.processes)
    return replace(settings, concurrency=calls + (number < more), max_failures=None)


class Spares:
    """Processes of a run to be, which have imported what they use by the time that its file is read."""

    def __init__(self, processes: list[asyncio.subprocess.Process], api_key: str, locks: Sequence[int]) -> None:
        self._processes = processes
        self._api_key = api_key
        self._locks = locks

    @classmethod
    @asynccontextmanager
    async def waiting(cls, number: int, api_key: str, locks: Sequence[int]) -> AsyncIterator[Self]:
        """So many of them, each with the ledger's locks, which are file descriptors. Who was told nothing ends with the
        block.
        """
        processes: list[asyncio.subprocess.Process] = []
        try:
            with suppress(OSError):  # which `told` says, if it is so still
                for _ in range(number):
                    processes.append(await begin("worker", api_key, locks))
            yield cls(processes, api_key, locks)
        finally:
            for process in processes:  # whose input is at its end
                tell(process)
            await asyncio.gather(*(process.wait() for process in processes))

    async def told(self, orders: tuple[Place, int, int]) -> asyncio.subprocess.Process:
        """One of them, or one more, which sends now: for the run of the ledger, and with a number of its own.

        Raises:
            OSError: the system has no room for it.
        """
        living = [process for process in self._processes if process.returncode is None]
        if living:
            self._processes.remove(living[0])
        process = living[0] if living else await begin("worker", self._api_key, self._locks)
        tell(process, orders)
        return process


async def begin(module: str, api_key: str, locks: Iterable[int] = ()) -> asyncio.subprocess.Process:
    """Begin a process of a run, which is what that module of this package does once it has been told its orders.

    Raises:
        OSError: the system has no room for it.
    """
    # A session of its own: a terminal's Ctrl-C is for this process, which passes it on.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", _BEGIN % module, *sys.path),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        pass_fds=tuple(locks),
        start_new_session=True,
        env={**os.environ, API_KEY: api_key},
    )


def tell(process: asyncio.subprocess.Process, orders: tuple[Place, int, int] | None = None) -> None:
    """Tell a process its orders: the ledger, the run, and the process's own number. None: there is nothing to do."""
    assert process.stdin is not None
    with suppress(OSError):  # it has ended by itself, which is seen where one waits for it
        if orders is not None:
            process.stdin.write(json.dumps([*map(str, (*orders, os.getpid()))]).encode())
        process.stdin.close()


def be_told() -> tuple[str, int, int, int]:
    """What this process was begun for, once it is told so: the ledger, the run, its own number, and the run's own
    process. Where it never is, the process ends: the run came to nothing, or its own process is gone.
    """
    told = sys.stdin.buffer.read()
    if not told:
        os._exit(0)  # as `main` does
    where, *numbers = json.loads(told)
    run_id, number, parent = map(int, numbers)
    return where, run_id, number, parent
