"""The newest reading of a command. The command writes it; other threads read it, and see a whole one always."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from batch_credits import __version__
from batch_credits.metrics.reading import Reading, Traffic, Whose, asked_and_paid, by_currency, open_in, result_of
from batch_credits.model import CallKind, Money, Outcome, RequestState
from batch_credits.progress.observers import Progress
from batch_credits.progress.pace import BatchMoney, RunTally, SecondsFor, no_limit
from batch_credits.progress.waiting import Waiting

if TYPE_CHECKING:  # there is none before the reports are written
    from batch_credits.reporter.summary import Summary

STALLED_SECONDS = 60.0  # without a beat, while a beat is due: what sends does so twice a second
EXITS_OF_SUCCESS, EXITS_OF_FINISH = (0,), (0, 1)


class Meter:
    """Keeps the newest reading. Where nobody asked for any, it costs nothing: `watching` gives the progress back."""

    def __init__(
        self,
        whose: Whose,
        *,
        is_on: bool = True,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._clock = clock
        self._is_on = is_on
        self._beat_at: float | None = None
        self._taking = threading.Lock()
        self.reading = Reading(whose, __version__, now())

    def watching(self, progress: Progress, kind: CallKind = CallKind.ADD) -> Progress:
        """A progress that tells this one all that it is told, and counts it."""
        return Metered(progress, self, kind) if self._is_on else progress

    def take(self, **figures: object) -> None:
        """Read these figures anew."""
        with self._taking:
            self.reading = replace(self.reading, **figures)  # type: ignore[arg-type]  # by their names

    def earlier(self, succeeded_at: float | None, finished_at: float | None, site: str) -> None:
        """What an earlier run says that outlives it. A run that does not come to know its site is about that one's."""
        whose = self.reading.whose
        self.take(succeeded_at=succeeded_at, finished_at=finished_at, whose=replace(whose, site=whose.site or site))

    def summarised(self, summaries: "Collection[Summary]", ties_out: bool | None = None) -> None:
        """What the reports say of the batches that the command was about."""
        if not self._is_on or not summaries:
            return
        rows, result = result_of(summaries, ties_out)
        asked, paid = asked_and_paid(summaries)
        self.take(rows=rows, result=result, asked=asked, paid=paid)

    def sent(self, summary: "Summary") -> None:
        """What the reports say of the batch that a run was about, and what was sent for that."""
        self.summarised([summary])
        if summary.run is not None:
            self.take(traffic=Traffic(summary.run.requests, summary.run.throttled, summary.run.retries))

    def owes(self, states: Mapping[RequestState, int]) -> None:
        """What of the site is not settled in the ledger."""
        self.take(open_requests=open_in(states))

    def worked(self, outcomes: Mapping[Outcome, int], traffic: Traffic) -> None:
        """What a worker has done so far: rows that it settled, by outcome."""
        self.beat()
        self.take(rows={outcome.value: number for outcome, number in outcomes.items()}, traffic=traffic)

    def ended(self, exit_code: int) -> None:
        """The command is over."""
        now = self._now()
        self._beat_at = None
        self.take(ended_at=now, exit_code=exit_code)
        if exit_code in EXITS_OF_SUCCESS:
            self.take(succeeded_at=now)
        if exit_code in EXITS_OF_FINISH:
            self.take(finished_at=now)

    def beat(self) -> None:
        """It goes on; from now on a beat is due."""
        self._beat_at = self._clock()

    def rest(self) -> None:
        """No beat is due: a person thinks, or nothing is sent any more."""
        self._beat_at = None

    @property
    def is_stalled(self) -> bool:
        """Whether a beat is overdue."""
        beat_at = self._beat_at
        return beat_at is not None and self._clock() - beat_at > STALLED_SECONDS


class Metered:
    """A progress that passes all on to another one, and counts for the meter what it passes on."""

    def __init__(self, shown: Progress, meter: Meter, kind: CallKind) -> None:
        self._shown = shown
        self._meter = meter
        self._kind = kind
        self._tally = RunTally(0, time.monotonic, kind)
        self._sent: tuple[int, int] | None = None  # where nobody says, nobody knows

    def start(self, total: int, done: int, in_doubt: int = 0, money: BatchMoney | None = None) -> None:
        """Begin to count a batch."""
        self._tally = RunTally(0, time.monotonic, self._kind)
        money = money or BatchMoney()
        self._tally.start(total, done, in_doubt, money)
        self._read()
        self._shown.start(total, done, in_doubt, money)

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        """Count a row."""
        self._tally.settle(outcome, was_in_doubt)
        self._shown.settled(outcome, was_in_doubt=was_in_doubt)

    def credited(self, money: Money) -> None:
        """Count its money."""
        self._tally.credit(money)
        self._shown.credited(money)

    def throttled(self) -> None:
        """Count it."""
        self._tally.throttled += 1
        self._shown.throttled()

    def sent(self, requests: int, retries: int) -> None:
        """Remember it."""
        self._sent = requests, retries
        self._shown.sent(requests, retries)

    def slowed_to(self, per_minute: int) -> None:
        """Pass it on."""
        self._shown.slowed_to(per_minute)

    def waits(self, waiting: Waiting | None, seconds_for: SecondsFor = no_limit) -> None:
        """Pass it on."""
        self._shown.waits(waiting, seconds_for)

    def tick(self) -> None:
        """Read the figures."""
        self._read()
        self._shown.tick()

    def note(self, text: str) -> None:
        """Pass it on."""
        self._shown.note(text)

    def step_aside(self) -> None:
        """A person may think for long."""
        self._meter.rest()
        self._shown.step_aside()

    def close(self) -> None:
        """No beat is due any more."""
        self._meter.rest()
        self._shown.close()

    def _read(self) -> None:
        tally, name = self._tally, self._kind.name_of
        self._meter.beat()
        self._meter.take(
            rows={name(outcome): number for outcome, number in tally.outcomes.items()},
            asked=by_currency(tally.money.asked),
            paid=by_currency(tally.credited),
            traffic=None if self._sent is None else Traffic(self._sent[0], tally.throttled, self._sent[1]),
        )

