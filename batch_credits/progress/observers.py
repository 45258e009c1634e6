"""What is told of a run while it goes on: sober lines, or events. (A terminal has a few calm lines: `bar`.)

Everything is written to a stream that is handed in. A row costs a counter and a look at the clock; the screen
is touched a few times a second. A terminal that went away stops the display, never the payout.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, TextIO

from batch_credits.model import CallKind, ControlTotal, Money, Outcome
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.progress.pace import BatchMoney, RunTally, SecondsFor, no_limit
from batch_credits.progress.waiting import Waiting
from batch_credits.progress.words import (
    batch_in_words,
    left_in_words,
    run_in_words,
    span_in_words,
    waiting_in_words,
)
from batch_credits.settings import LINE_SECONDS
from batch_credits.text.visible import visible

_NO_MONEY = BatchMoney()


class Progress(Protocol):
    """What the worker pool tells a watcher. No method raises, and none waits."""

    def start(self, total: int, done: int, in_doubt: int = 0, money: BatchMoney = _NO_MONEY) -> None:
        """The batch has so many rows, of which so many are done, and so many in doubt from before; and its money."""

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """A row reached this outcome. In doubt and pending do not count as done; a row may leave doubt later."""

    def credited(self, money: Money) -> None:
        """So much is credited: of a row, told before its outcome, or of several."""

    def throttled(self) -> None:
        """The site told us to wait."""

    def sent(self, requests: int, retries: int) -> None:
        """So many requests have left in this run so far, questions too, and so often a row was tried again."""

    def slowed_to(self, per_minute: int) -> None:
        """So many requests a minute may be sent now; the whole budget once nobody else uses the site's limit."""

    def waits(self, waiting: Waiting | None, seconds_for: SecondsFor = no_limit) -> None:
        """What the run waits for now, if for anything; and how long the site's limit alone makes so many requests take.
        """

    def tick(self) -> None:
        """Time passed, and perhaps nothing else: what is shown must not go stale while a run waits."""

    def note(self, text: str) -> None:
        """A sentence for the person: a pause, what is waited for."""

    def step_aside(self) -> None:
        """The person is about to be asked or shown something: leave the screen, until the next state is shown."""

    def close(self) -> None:
        """The run has ended. May be called twice."""


class SilentProgress:
    """Shows nothing."""

    def start(self, total: int, done: int, in_doubt: int = 0, money: BatchMoney = _NO_MONEY) -> None:
        """Nothing to show."""

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Nothing to show."""

    def credited(self, money: Money) -> None:
        """Nothing to show."""

    def throttled(self) -> None:
        """Nothing to show."""

    def sent(self, requests: int, retries: int) -> None:
        """Nothing to show."""

    def slowed_to(self, per_minute: int) -> None:
        """Nothing to show."""

    def waits(self, waiting: Waiting | None, seconds_for: SecondsFor = no_limit) -> None:
        """Nothing to show."""

    def tick(self) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""

    def step_aside(self) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Nothing to show."""


class Display:
    """Counts every call, and shows the numbers now and then. Its children say how."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        interval_seconds: float,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._interval_seconds = interval_seconds
        self._tally = RunTally(budget_per_minute, clock, kind)
        self._next_at = 0.0
        self._open = False
        self._broken = False

    def start(self, total: int, done: int, in_doubt: int = 0, money: BatchMoney = _NO_MONEY) -> None:
        """Show the first state at once."""
        self._open = True
        self._next_at = self._clock() + self._interval_seconds
        self._tally.start(total, done, in_doubt, money)
        self._attempt(self._show_start)

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count one row, and show the state if it is time."""
        self._tally.settle(outcome, was_in_doubt)
        self.tick()

    def credited(self, money: Money) -> None:
        """Count it; the next state shows it."""
        self._tally.credit(money)

    def waits(self, waiting: Waiting | None, seconds_for: SecondsFor = no_limit) -> None:
        """Remember it; the next state shows it."""
        self._tally.wait(waiting, seconds_for)

    def tick(self) -> None:
        """Show the state if it is time."""
        if self._open and (now := self._clock()) >= self._next_at:
            self._next_at = now + self._interval_seconds
            self._attempt(self._show)

    def throttled(self) -> None:
        """Count it; the next state shows it."""
        self._tally.throttled += 1

    def sent(self, requests: int, retries: int) -> None:
        """Who watches wants to know of rows."""

    def slowed_to(self, per_minute: int) -> None:
        """Remember it; the next state shows it."""
        self._tally.slowed_to = per_minute

    def note(self, text: str) -> None:
        """Show a sentence at once."""
        self._attempt(lambda: self._show_note(text))

    def step_aside(self) -> None:
        """Leave the screen, where something of us stands on it."""
        self._attempt(self._show_nothing)

    def close(self) -> None:
        """Show the last state."""
        if self._open:
            self._open = False
            self._attempt(self._show_end)

    def _attempt(self, show: Callable[[], None]) -> None:
        """Money goes on moving when nobody can watch: a broken pipe or a closed terminal ends the display only."""
        if self._broken:
            return
        try:
            show()
        except (OSError, ValueError):  # ValueError: the stream is closed
            self._broken = True

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()

    def _show_start(self) -> None:
        self._show()

    def _show(self) -> None:
        raise NotImplementedError

    def _show_note(self, text: str) -> None:
        self._line(visible(text))

    def _show_nothing(self) -> None:
        """What was written stays."""

    def _show_end(self) -> None:
        self._show()


class LineProgress(Display):
    """Sober lines for logs and schedulers, `line_seconds` apart at least."""

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=line_seconds
        )

    def _show(self) -> None:
        left, waits = left_in_words(self._tally.seconds_left(self._tally.pace())), waiting_in_words(self._tally)
        passed = f"{span_in_words(self._tally.seconds_passed)} passed"
        self._say(", ".join([passed, *([left] if left else [])]), *([f"waits: {waits}"] if waits else []))

    def _show_end(self) -> None:
        self._say(f"took {span_in_words(self._tally.seconds_passed)}")

    def _say(self, *times: str) -> None:
        batch, run = ", ".join(batch_in_words(self._tally)), ", ".join(run_in_words(self._tally))
        self._line("; ".join([batch, f"this run: {run}", *times]))


class JsonProgress(Display):
    """One JSON object a line, for `--log-format json`.

    `event` is progress_started, progress, note or progress_ended; `at` is UTC, ISO 8601.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        budget_per_minute: int = 0,
        kind: CallKind = CallKind.ADD,
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        line_seconds: float = LINE_SECONDS,
    ) -> None:
        super().__init__(
            stream, budget_per_minute=budget_per_minute, kind=kind, clock=clock, interval_seconds=line_seconds
        )
        self._utc_now = utc_now

    def _show_start(self) -> None:
        self._event("progress_started", self._state())

    def _show(self) -> None:
        self._event("progress", self._state())

    def _show_note(self, text: str) -> None:
        self._event("note", {"text": text})

    def _show_nothing(self) -> None:
        """Nothing can be shown while a person thinks, so that they see how it stands now."""
        self._show()

    def _show_end(self) -> None:
        self._event("progress_ended", self._state() | {"seconds": round(self._tally.seconds_passed, 3)})

    def _state(self) -> dict[str, Any]:
        tally = self._tally
        pace, waiting, credited = tally.pace(), tally.waiting, tally.kind.name_of(Outcome.CREDITED)
        left = tally.seconds_left(pace)
        return {
            "total": tally.total,
            "done": tally.done,
            "done_before": tally.done_before,
            "percent": tally.percent,
            **{tally.kind.name_of(each): rows for each, rows in tally.outcomes.items()},
            "throttled": tally.throttled,
            "asked_totals": _totals(tally.money.asked),
            f"{credited}_totals": _totals(tally.credited),
            "rows_per_minute": round(pace, 1),
            "budget_per_minute": tally.budget_per_minute,
            **({"slowed_to_per_minute": tally.slowed_to} if tally.is_slowed else {}),
            "seconds_passed": round(tally.seconds_passed, 3),
            "seconds_left": None if left is None else round(left),
            "waits_for": None if waiting is None else waiting.what,
            "waits_seconds": None if waiting is None or waiting.seconds is None else round(waiting.seconds),
        }

    def _event(self, name: str, fields: dict[str, Any]) -> None:
        at = self._utc_now().isoformat(timespec="milliseconds")
        self._line(visible(json.dumps({"event": name, "at": at, **fields}, ensure_ascii=False)))


def _totals(totals: Mapping[str, ControlTotal]) -> dict[str, dict[str, Any]]:
    """Totals as the other events have them: minor units, and beside them what came in decimal, if any did."""
    return {
        currency or SITE_CURRENCY: {
            "amount": total.amount_minor,
            **({"amount_in_decimal": f"{total.amount_in_decimal:f}"} if total.amount_in_decimal else {}),
        }
        for currency, total in sorted(totals.items())
    }
