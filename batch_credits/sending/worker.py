"""One process of a run in several, started by processes.py. Not for people.

It is told the ledger, the run's number, which part of the customers is its own, and the run's own process.
Whatever else it must know is in the ledger, but for the API key, which is in the environment.
"""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.errors import LedgerError
from batch_credits.ledger import Ledger, Part
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import SIGNALS, Signals
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.processes import API_KEY, LEDGER_FAILED, STOP, STOP_AT_ONCE, be_told, share_of
from batch_credits.sending.session import issue
from batch_credits.sending.told import Ended, Teller
from batch_credits.settings import SiteSettings, recorded
from batch_credits.worker_pool.counts import Counts

TELL_SECONDS = 0.25  # how old may be what this process says, and what it knows of the run's own


async def send(path: Path, run_id: int, number: int, parent: int) -> int:
    """Send the rows of this part of the customers, and say how it goes and went. Returns the exit code."""
    signals = Signals()
    signals.sending_begins()
    _listen(signals)
    try:
        with Ledger.open_beside(path) as ledger, Ledger.open_beside(path) as line:
            batch_id, record = ledger.runs.settings_of(run_id)
            address, settings = recorded(record)
            part = Part(number, settings.processes)
            ledger.claims.claim(
                batch_id,
                run_id,
                part=part,
                lease_seconds=settings.lease_seconds,
                timeout_seconds=settings.timeout_seconds,
            )
            batch, teller = ledger.batches.staged(batch_id), Teller()
            site, own = SiteSettings(batch.site, address, os.environ[API_KEY]), share_of(settings, number)
            over = asyncio.Event()
            telling = asyncio.create_task(_tell(ledger.workers.me(), line, teller, signals, parent, over))
            try:
                async with http_transport(site, own) as transport:
                    issued = await issue(RunContext(ledger, batch, run_id, own, teller), transport, signals)
                ended = Ended(issued)
            except LedgerError as error:
                ended = Ended(Issued(Counts(), 0, None), error)
            finally:
                over.set()
                await telling  # to its end: what it writes in a thread of its own would outlive it, and the line
            ledger.workers.end(teller.said(ended))
    except LedgerError:
        return LEDGER_FAILED
    return 0


async def _tell(
    me: int, line: Ledger, teller: Teller, signals: Signals, parent: int, over: asyncio.Event
) -> None:
    """Say how it goes, some times a second until it is over, and drain when the run's own process is gone: nobody could
    stop this one.

    `line` is another way to the same ledger, since that of the journal is busy. Where it cannot be said, sending goes
    on: the journal finds out whether anything can be written.
    """
    said, is_alone = teller.said(), False
    while not over.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), TELL_SECONDS)
        if not is_alone and os.getppid() != parent:
            is_alone = True
            signals.have_arrived(1)
        if (now := teller.said()) != said:
            said = now
            with suppress(LedgerError):
                await asyncio.to_thread(line.workers.tell, me, said)


def _listen(signals: Signals) -> None:
    """From here on signals of the run's own process are heard. It sends none before this one is in the ledger.

    All others are for it, which passes them on: a service manager sends them to every process, and what this one has
    journaled and not sent would be left in doubt.
    """
    for ignored in SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)

    def heard(number: int, frame: FrameType | None) -> None:
        signals.have_arrived(1 if number == STOP else 2)

    for number in (STOP, STOP_AT_ONCE):
        signal.signal(number, heard)


def main() -> None:
    """Be a process of a run, to the end of it."""
    for ignored in SIGNALS:
        signal.signal(ignored, signal.SIG_IGN)
    path, run_id, number, parent = be_told()
    code = run_in_loop(send(Path(path), run_id, number, parent))
    os._exit(code)  # nothing is left to do, and the interpreter would take a while to fold up
