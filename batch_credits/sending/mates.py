"""More workers of a run's own, each a process: `--processes N` on a ledger that hosts share. The run is one of the N.

A mate is what `batch-credits work` is on another host, for one batch: it takes its jobs from the queue, and says in the
ledger how it goes. It ends when the run is over, when told to, and when the run's own process is gone.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from types import FrameType
from typing import Self

from batch_credits.ledger import Ledger
from batch_credits.model.address import Place, place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import SIGNALS
from batch_credits.sending.context import RunContext
from batch_credits.sending.member import Member
from batch_credits.sending.processes import (
    API_KEY,
    LEDGER_FAILED,
    STOP,
    STOP_AT_ONCE,
    be_told,
    begin,
    share_of,
    tell,
)
from batch_credits.settings import SiteSettings, recorded

LOOK_SECONDS = 0.5  # how late a mate knows that the run's own process is gone


class Mates:
    """The mates of one run."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    @classmethod
    @asynccontextmanager
    async def started(cls, where: Place, run: RunContext, api_key: str) -> AsyncIterator[Self]:
        """As many as the run's settings say, until the end of the block. `where` is the ledger, without a password."""
        processes: list[asyncio.subprocess.Process] = []
        mates = cls(processes)
        try:
            for number in range(1, run.settings.processes):
                try:
                    processes.append(await begin("mates", api_key))
                    tell(processes[-1], (where, run.run_id, number))
                except OSError as error:  # the others do its work
                    run.progress.note(f"A process of this run could not be started: {error.strerror}.")
                    break
            yield mates
        finally:
            mates.stop(1)
            await mates.wait()

    @property
    def pids(self) -> list[int]:
        """The numbers of their processes."""
        return [process.pid for process in self._processes]

    def stop(self, times: int) -> None:
        """Let their answers come in; told twice, they end at once."""
        for process in self._processes:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.send_signal(STOP if times == 1 else STOP_AT_ONCE)

    async def wait(self) -> None:
        """Until all of them have ended."""
        await asyncio.gather(*(process.wait() for process in self._processes))


async def help_run(where: Place, run_id: int, number: int, parent: int) -> int:
    """Be the mate of this number. Returns the exit code."""
    try:
        with Ledger.open_beside(where) as ledger:
            batch_id, record = ledger.runs.settings_of(run_id)
            address, settings = recorded(record)
            site = SiteSettings(ledger.batches.staged(batch_id).site, address, os.environ[API_KEY])
            site_id = ledger.teams.site_of(batch_id)
            own = share_of(settings, number)
            # The run's own process has seen to the address.
            async with Member.opened(where, site, site_id, own, is_same_site=True) as member:
                watching = asyncio.create_task(_stop_when_alone(member, parent))
                _listen(member)
                try:
                    await member.work_for(batch_id)
                finally:
                    watching.cancel()
    except Exception:  # also a bug: the run's own worker meets it, too, and says so in a sentence
        return LEDGER_FAILED
    return 0


async def _stop_when_alone(member: Member, parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(LOOK_SECONDS)
    member.stop()


def _listen(member: Member) -> None:
    """From here on signals of the run's own process are heard. All others are for it, which passes them on."""
    loop = asyncio.get_running_loop()

    def heard(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(member.stop, 1 if number == STOP else 2)

    for number in (STOP, STOP_AT_ONCE):
        signal.signal(number, heard)


def main() -> None:
    """Be a mate, to the end of the run."""
    for ignored in (*SIGNALS, STOP, STOP_AT_ONCE):
        signal.signal(ignored, signal.SIG_IGN)
    where, run_id, number, parent = be_told()
    code = run_in_loop(help_run(place(where), run_id, number, parent))
    os._exit(code)  # nothing is left to do, and the interpreter would take a while to fold up
