"""The numbers and words behind every display of a run: counts, the pace of the past minute, the time left."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from batch_credits.model import CallKind, Outcome
from batch_credits.settings import WINDOW_SECONDS


@dataclass(slots=True)
class RunTally:
    """The numbers behind every display: counts, and the pace over the past minute."""

    budget_per_minute: int
    clock: Callable[[], float]
    kind: CallKind = CallKind.ADD
    total: int = 0
    done: int = 0
    in_doubt: int = 0
    throttled: int = 0
    slowed_to: int = 0  # requests a minute that others leave us; 0: never slowed
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def start(self, total: int, done: int, in_doubt: int) -> None:
        """Begin to count."""
        self.total, self.done, self.in_doubt = total, done, in_doubt
        self._samples.append((self.clock(), done))

    def settle(self, outcome: Outcome, was_in_doubt: bool) -> None:
        """Count one row."""
        self.counts[outcome] += 1
        if was_in_doubt and self.in_doubt:
            self.in_doubt -= 1
        if outcome is Outcome.IN_DOUBT:
            self.in_doubt += 1
        elif outcome is not Outcome.PENDING:
            self.done += 1

    @property
    def is_slowed(self) -> bool:
        """Whether others use the site's limit too, so that less than our budget is ours."""
        return 0 < self.slowed_to < self.budget_per_minute

    def pace(self) -> float:
        """Rows a minute, over the past minute; under a limit never more than it, as no minute can hold more."""
        now = self.clock()
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= WINDOW_SECONDS:
            self._samples.popleft()
        then, done_then = self._samples[0]
        if now <= then:
            return 0.0
        pace = (self.done - done_then) * WINDOW_SECONDS / (now - then)
        return min(pace, self.budget_per_minute) if self.budget_per_minute else pace

    def minutes_left(self, pace: float) -> float | None:
        """Minutes to the end at this pace, at the limit while there is no pace yet; None where nobody knows, as where
        only doubt is left, which waits for the site and not for us."""
        if 0 < self.in_doubt >= self.total - self.done:
            return None
        speed = pace or self.budget_per_minute
        return max(0, self.total - self.done) / speed if speed else None


def left_in_words(minutes: float | None) -> str:
    """`2 h 5 min left`; empty where nobody knows, and at the end."""
    if not minutes:
        return ""
    if minutes < 1:
        return "under 1 min left"
    hours, rest = divmod(math.ceil(minutes), 60)
    return f"{hours} h {rest} min left" if hours else f"{rest} min left"


def took_in_words(seconds: float) -> str:
    """`took 2 min 31 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"took {hours} h {minutes} min"
    return f"took {minutes} min {rest} s" if minutes else f"took {rest} s"


def state_in_words(tally: RunTally) -> list[str]:
    """`120/300 rows`, `118 credited`, ...; what is rare is named only if there is some."""
    credited = tally.counts[Outcome.CREDITED]
    already = tally.counts[Outcome.ALREADY_CREDITED]
    review = tally.counts[Outcome.REVIEW]
    failed = tally.counts[Outcome.FAILED] + tally.counts[Outcome.REJECTED]
    words = [
        f"{tally.done:,}/{tally.total:,} rows",
        f"{credited:,} {tally.kind.name_of(Outcome.CREDITED)}",
        f"{failed:,} failed",
        f"{tally.in_doubt:,} in doubt",
    ]
    before = tally.kind.name_of(Outcome.ALREADY_CREDITED).replace("_", " ")
    rare = ((already, before), (review, "to review"), (tally.throttled, "throttled"))
    words += [f"{number:,} {word}" for number, word in rare if number]
    return words + ([f"slowed to {tally.slowed_to:,} a minute"] if tally.is_slowed else [])


def state_that_fits(tally: RunTally, time_words: str, width: int, *, is_over: bool = False) -> str:
    """As much of the state as a narrow terminal holds, without the rows done; what matters most is left out last.

    Once the run is over, its pace is what the time it took says.
    """
    _, credited, *others = state_in_words(tally)
    limit = f" of {tally.budget_per_minute:,}" if tally.budget_per_minute else ""
    pace = "" if is_over else f"{tally.pace():,.0f}{limit} a minute"
    some = [words for words in others if not words.startswith("0 ")]
    none = [words for words in others if words.startswith("0 ")]
    chosen: set[str] = set()
    for words in filter(None, (credited, time_words, *some[:2], pace, *some[2:], *none)):
        if len(", ".join([*chosen, words])) <= width:
            chosen.add(words)
    return ", ".join(words for words in (pace, time_words, credited, *others) if words in chosen)
