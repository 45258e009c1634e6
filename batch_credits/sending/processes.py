"""One run in several processes, for sites without a limit: each shard sends for its part of the customers.

    this process    reads the file, admits the batch, shows how it goes, writes the reports
    a shard         claims, journals and sends the rows of its customers, in the same ledger; see worker.py

A customer belongs to one shard, so there are never two calls on one customer. Every process of a run holds the
ledger's lock until it ends, so no other run begins while a shard of a dead one still waits for answers.

A shard gets its orders, then one byte for each signal; the end of its input means that this process died. It answers
in JSON lines: what to show, and at the end how it went.
"""

import asyncio
import pickle
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Self

import orjson

from batch_credits import errors
from batch_credits.errors import Interrupted, LedgerError, RunStopped, ShardDied, TooManyFailures, weightier
from batch_credits.model import Outcome
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import Progress
from batch_credits.sending.session import Issued, ticking
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.worker_pool import Counts

STOP = b"s"
SIZE_BYTES = 8  # how long the orders are, before them
_ANSWER_BYTES = 1_048_576  # the longest line of a shard
# A shard looks for modules where this process does: `-m` would look in the working directory first.
_BEGIN = "import sys; sys.path[:] = sys.argv[1:]; from batch_credits.sending.worker import main; main()"


@dataclass(frozen=True)
class ShardOrders:
    """What a shard needs to know. They are handed over through a pipe, as the API key is in them."""

    ledger: Path
    batch_key: str
    run_id: int
    site: SiteSettings
    settings: RunSettings
    shard: int  # of settings.processes

    def packed(self) -> bytes:
        """The orders as a shard reads them."""
        content = pickle.dumps(self)
        return len(content).to_bytes(SIZE_BYTES, "big") + content


class Shards:
    """The processes of one run."""

    def __init__(self, processes: list[asyncio.subprocess.Process], progress: Progress) -> None:
        self._processes = processes
        self._progress = progress
        self._failures = 0
        self._max_failures: int | None = None
        self._stopped: list[RunStopped] = []
        self._said: set[str] = set()
        self._told = 0  # how often the shards were told to stop

    @classmethod
    @asynccontextmanager
    async def started(cls, count: int, locks: tuple[int, ...], progress: Progress) -> AsyncIterator[Self]:
        """So many processes, which hold the ledger's locks (file descriptors), until the end of the block."""
        command = (sys.executable, "-P", "-c", _BEGIN, *sys.path)
        pipe = asyncio.subprocess.PIPE
        processes: list[asyncio.subprocess.Process] = []
        try:
            for _ in range(count):
                # A session of its own: a terminal's Ctrl-C is for this process, which passes it on.
                processes.append(
                    await asyncio.create_subprocess_exec(
                        *command, stdin=pipe, stdout=pipe, pass_fds=locks, start_new_session=True, limit=_ANSWER_BYTES
                    )
                )
            yield cls(processes, progress)
        finally:
            for process in processes:
                assert process.stdin is not None
                process.stdin.close()
            await asyncio.gather(*(process.wait() for process in processes))

    async def issue(self, orders: ShardOrders, signals: Signals) -> Issued:
        """Send what the batch owes, each shard its part. Returns when every shard has ended.

        Raises:
            LedgerError: a shard could not write the ledger; nothing of it was sent after that.
        """
        loop = asyncio.get_running_loop()
        settings = orders.settings
        self._max_failures = settings.max_failures

        def stop() -> None:
            self._stop(Interrupted("interrupted"), signals.arrived)

        def in_the_loop() -> None:
            loop.call_soon_threadsafe(stop)

        with signals.doing(in_the_loop), ticking(self._progress):
            for number, process in enumerate(self._processes):
                assert process.stdin is not None
                calls, more = divmod(settings.concurrency, settings.processes)
                own = replace(settings, concurrency=calls + (number < more), max_failures=None)
                process.stdin.write(replace(orders, settings=own, shard=number).packed())
            if signals.arrived:
                stop()
            endings = await asyncio.gather(*(self._follow(process) for process in self._processes))
        return self._joined(endings)

    async def _follow(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        """Show what the shard says, until it has ended. Returns how it went."""
        ending: dict[str, Any] = {}
        assert process.stdout is not None
        async for line in process.stdout:
            if not line.endswith(b"\n"):
                break  # it died in the middle of a word
            said = orjson.loads(line)
            for outcome, was_in_doubt, rows in said.get("settled", ()):
                self._settled(Outcome(outcome), was_in_doubt=was_in_doubt, rows=rows)
            for _ in range(said.get("throttled", 0)):
                self._progress.throttled()
            for note in said.get("notes", ()):
                self._note(note)
            ending = said.get("ended", ending)
        if not ending:
            self._stop(ShardDied(f"A process of this run ended by itself (code {await process.wait()})."))
        elif ending["error"] is not None:
            self._stop(None)
        elif ending["stopped"] is not None:
            self._stop(_stopped(ending["stopped"]))
        return ending

    def _settled(self, outcome: Outcome, *, was_in_doubt: bool, rows: int) -> None:
        for _ in range(rows):
            self._progress.settled(outcome, was_in_doubt=was_in_doubt)
        if outcome is Outcome.FAILED:
            self._failures += rows
            if self._max_failures is not None and self._failures > self._max_failures:
                self._stop(TooManyFailures.beyond(self._max_failures))

    def _note(self, text: str) -> None:
        """Say it once, though every shard may have it to say."""
        if text not in self._said:
            self._said.add(text)
            self._progress.note(text)

    def _stop(self, why: RunStopped | None, times: int = 1) -> None:
        """Let every shard's answers come in; told so twice, it ends at once."""
        for process in self._processes:
            if process.returncode is None and process.stdin is not None and not process.stdin.is_closing():
                process.stdin.write(STOP * (times - self._told))
        self._told = max(self._told, times)
        if why is not None:
            self._stopped.append(why)

    def _joined(self, endings: Iterable[dict[str, Any]]) -> Issued:
        ended = [ending for ending in endings if ending]
        for ending in ended:
            if ending["error"] is not None:
                message, hint = ending["error"]
                raise LedgerError(message, hint=hint)
        counts = Counts(*(sum(ending[name] for ending in ended) for name in ("throttled", "retries", "failures")))
        # One process stops the others, so what is told is what stopped it, and not that they were interrupted.
        reasons = sorted(self._stopped, key=lambda why: isinstance(why, Interrupted))
        return Issued(counts, sum(ending["requests"] for ending in ended), reduce(weightier, reasons, None))


def _stopped(told: list[str]) -> RunStopped:
    name, message, hint = told
    kind: type[RunStopped] = getattr(errors, name)
    return kind(message, hint=hint)
