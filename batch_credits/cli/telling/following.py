"""Batches as they are sent, by whoever sends them: drawn anew on a terminal; elsewhere a line for every change.

It looks into the ledger now and then, and only reads. What is followed ends with its run; what nobody sends any more,
a little later, since a worker may have died and another may take over.
"""

import json
import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from batch_credits.cli.telling.standing import (
    batch_json,
    batch_lines,
    change_line,
    open_rows,
    restored_line,
    worker_lines,
)
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord
from batch_credits.progress.block import NARROWEST, ROOM_FOR_AN_ECHO, Block, size_of
from batch_credits.progress.words import left_in_words
from batch_credits.text.counted import rows
from batch_credits.views.batches import BatchView, Wanted, on_now, records_of, views_of
from batch_credits.views.workers import WorkerView, workers_view

GRACE_SECONDS = 5.0  # that a batch may have no sender, before it is no longer followed
COST_FACTOR = 4  # so many times as long as a look took is at least between two: a large ledger must not be kept busy
_MINUTE = 60.0


class Shower(Protocol):
    """Who shows what is seen."""

    def show(self, seen: list[BatchView], others: list[WorkerView], restored: tuple[str, str] | None) -> None:
        """Show it, or what is new in it."""

    def end(self) -> None:
        """Nothing more comes."""


class Followed:
    """Which batches are followed, and how each look finds them. `chosen` are followed to their end; None: all that are
    sent, also those that come meanwhile."""

    def __init__(
        self,
        ledger: Ledger,
        wanted: Wanted,
        chosen: list[BatchRecord] | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._wanted = wanted
        self._is_all = chosen is None
        self._records = {record.batch_id: record for record in chosen or ()}
        self._clock = clock
        self._last_on = dict.fromkeys(self._records, clock())
        self.is_over = False

    def look(self) -> list[BatchView]:
        """How they stand now."""
        now = self._clock()
        if self._is_all:
            on = on_now(self._ledger)
            for record in records_of(self._ledger, self._wanted) if on - self._records.keys() else ():
                if record.batch_id in on:
                    self._records.setdefault(record.batch_id, record)
                    self._last_on.setdefault(record.batch_id, now)
        views = list(views_of(self._ledger, self._records.values()))
        goes_on = [self._goes_on(batch_id, view, now) for batch_id, view in zip(self._records, views, strict=True)]
        self.is_over = not any(goes_on) and not (self._is_all and self._is_prepared())
        return views

    def _goes_on(self, batch_id: int, view: BatchView, now: float) -> bool:
        if view.is_on:
            self._last_on[batch_id] = now
            return True
        is_open = view.run is not None and view.run.ended_at is None and not view.stopped
        return is_open and now - self._last_on[batch_id] < GRACE_SECONDS

    def _is_prepared(self) -> bool:
        """Whether a process has a file in hand that it may send. A ledger that a team shares always has somebody."""
        lives = () if self._ledger.is_shared else self._ledger.teams.lives()
        return any(life.lease_left_ms > 0 and not life.batch for life in lives)


def follow(
    ledger: Ledger,
    followed: Followed,
    shower: Shower,
    every_seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Look and show, until what is followed has ended."""
    while True:
        began = clock()
        seen = followed.look()
        keys = {view.key for view in seen}
        others = [worker for worker in workers_view(ledger) if worker.batch not in keys]
        shower.show(seen, others, ledger.keeping.restored())
        if followed.is_over:
            shower.end()
            return
        sleep(max(every_seconds, COST_FACTOR * (clock() - began)))


class Drawn:
    """On a terminal: how each batch stands, in place."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._block = Block(stream)
        self._stream = stream
        self._clock = clock
        self._samples: dict[str, deque[tuple[float, int]]] = {}
        self._lines: list[str] = []

    def show(self, seen: list[BatchView], others: list[WorkerView], restored: tuple[str, str] | None) -> None:
        """Draw it anew, as much of it as the terminal has rows for."""
        lines = [line for view in seen for line in self._of_batch(view)]
        lines += [line for worker in others for line in worker_lines(worker)]
        if restored is not None:
            lines.append(restored_line(restored))
        if not seen:
            lines.insert(0, "Nothing is being sent yet.")
        self._lines = lines
        self._draw([f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC. Ctrl-C ends this view, and touches nothing."])

    def end(self) -> None:
        """Let it stand."""
        self._draw([])
        self._block.leave()

    def _draw(self, last: list[str]) -> None:
        """The lines, folded, as many of them as there is room for, and the last ones."""
        columns, height = size_of(self._stream)
        width = max(NARROWEST, columns - 1 - ROOM_FOR_AN_ECHO)
        folded, below = ([part for line in each for part in _folded(line, width)] for each in (self._lines, last))
        room = height - len(below) - 1
        if len(folded) > room > 0:
            folded = [*folded[: room - 1], f"... {len(folded) - room + 1} lines more"]
        lines = [*folded, *below]
        self._block.draw(lines, [len(line) for line in lines], columns)

    def _of_batch(self, view: BatchView) -> list[str]:
        first, *rest = batch_lines(view)
        workers = [f"  {line}" for worker in view.workers for line in worker_lines(worker)]
        return [first, self._progress(view), *rest, *workers]

    def _progress(self, view: BatchView) -> str:
        """`12 of 30 rows done, 40 %, 118 a minute, about 2 min left`: over the past minute of looks."""
        left = open_rows(view)
        done, now = view.rows - left, self._clock()
        samples = self._samples.setdefault(view.key, deque())
        samples.append((now, done))
        while len(samples) > 2 and now - samples[1][0] >= _MINUTE:
            samples.popleft()
        then, before = samples[0]
        pace = (done - before) * _MINUTE / (now - then) if now > then else 0.0
        percent = 100 * done // view.rows if view.rows else 100
        said = [f"{done:,} of {rows(view.rows)} done", f"{percent} %"]
        if view.is_on and pace:
            said += [f"{pace:,.0f} a minute", left_in_words(left * _MINUTE / pace)]
        return "  " + ", ".join(text for text in said if text)


def _folded(line: str, width: int) -> list[str]:
    """The line between words, its further parts indented: an amount that is cut would be another one."""
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]


class Lines:
    """Elsewhere: a line for each batch whenever it stands otherwise than before."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: dict[str, str] = {}

    def show(self, seen: list[BatchView], others: list[WorkerView], restored: tuple[str, str] | None) -> None:
        """Say what changed."""
        now = _now()
        for view in seen:
            line = change_line(view, now)
            self._say_new(view.key, line, line[len(now) :])
        if restored is not None:
            line = restored_line(restored)
            self._say_new("", line, line)

    def end(self) -> None:
        """Where nothing was seen, say that."""
        if not self._said:
            self._say("No batch is being sent.")

    def _say_new(self, about: str, line: str, essence: str) -> None:
        if self._said.get(about) != essence:
            self._said[about] = essence
            self._say(line)


class JsonLines(Lines):
    """The same as JSON, one object a line: what `status --json` says of a batch, and `at`, when it was looked at."""

    def show(self, seen: list[BatchView], others: list[WorkerView], restored: tuple[str, str] | None) -> None:
        """Say what changed; leases, which do so all the time, are no change."""
        now = _now()
        for view in seen:
            content = batch_json(view, restored, [each for each in others if each.batch is None])
            line = json.dumps({"at": now, **content}, ensure_ascii=False)
            self._say_new(view.key, line, json.dumps(_lasting(content)))

    def end(self) -> None:
        """Nothing was said, nothing was seen."""


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _lasting(content: dict[str, Any]) -> dict[str, Any]:
    workers: Iterable[dict[str, Any]] = [*content["workers"], *content["other_workers"]]
    stable = [[worker["host"], worker["pid"], worker["shards"] > 0, worker["waits_for"]] for worker in workers]
    return {**content, "workers": stable, "other_workers": []}
