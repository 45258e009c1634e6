"""One process of a run in several, started by processes.py. Not for people."""

import asyncio
import os
import pickle
import signal
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import orjson

from batch_credits.chargebee import http_transport
from batch_credits.errors import Interrupted, LedgerError
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import SIGNALS, Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.processes import SIZE_BYTES, STOP, ShardOrders
from batch_credits.sending.session import issue


class Teller(SilentProgress):
    """Passes on what there is to show, a few times a second. If nobody listens any more, sending goes on to its end."""

    def __init__(self) -> None:
        self._settled: Counter[tuple[str, bool]] = Counter()
        self._throttled = 0
        self._notes: list[str] = []

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count it; the next tick tells."""
        self._settled[outcome.value, was_in_doubt] += 1

    def throttled(self) -> None:
        """Count it; the next tick tells."""
        self._throttled += 1

    def tick(self) -> None:
        """Tell what came up since the last time."""
        if self._settled or self._throttled or self._notes:
            settled = [[outcome, was, rows] for (outcome, was), rows in self._settled.items()]
            self.tell({"settled": settled, "throttled": self._throttled, "notes": self._notes})
            self._settled.clear()
            self._throttled, self._notes = 0, []

    def note(self, text: str) -> None:
        """Tell it at once."""
        self._notes.append(text)
        self.tick()

    def close(self) -> None:
        """Tell the last of it."""
        self.tick()

    def tell(self, said: dict[str, Any]) -> None:
        """Write one line."""
        with suppress(BrokenPipeError):
            sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
            sys.stdout.buffer.flush()


async def send() -> None:
    """Do what the orders say, and tell how it went."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        size = int.from_bytes(await reader.readexactly(SIZE_BYTES), "big")
        orders: ShardOrders = pickle.loads(await reader.readexactly(size))  # noqa: S301 - from our own process
    except asyncio.IncompleteReadError:
        return  # the run never came to its sending
    teller, signals = Teller(), Signals()
    signals.sending_begins()
    listening = asyncio.create_task(_pass_on(reader, signals))
    ended: dict[str, Any]
    try:
        with Ledger.open_shard(orders.ledger, orders.shard, orders.settings.processes) as ledger:
            async with http_transport(orders.site, orders.settings) as transport:
                issued = await issue(
                    ledger,
                    ledger.batches.one(orders.batch_key),
                    orders.run_id,
                    orders.site.site,
                    orders.settings,
                    teller,
                    transport,
                    signals,
                )
    except LedgerError as error:
        ended = {"error": [error.message, error.hint]}
    else:
        why = issued.stopped
        ended = {"error": None, "requests": issued.requests, **asdict(issued.counts)}
        ended["stopped"] = None if why is None else [type(why).__name__, why.message, why.hint]
    listening.cancel()
    teller.close()
    teller.tell({"ended": ended})


async def _pass_on(reader: asyncio.StreamReader, signals: Signals) -> None:
    """Each byte stands for a signal, and so does the end: the run's own process is gone."""
    while True:
        byte = await reader.read(1)
        with suppress(Interrupted):  # before there is anything to interrupt
            signals.arrive()
        if byte != STOP:
            return


def main() -> None:
    """Be a shard, to the end of this process.

    Signals are for the run's own process, which passes them on: a service manager sends them to every process, and
    what this one has journaled and not sent would be left in doubt.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    run_in_loop(send())
    sys.stdout.flush()
    os._exit(0)  # nothing is left to do, and the interpreter would take a while to fold up
