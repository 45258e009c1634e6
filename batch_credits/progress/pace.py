"""The numbers behind every display of a run: counts, money, the pace of the past minute, the time passed and left."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from batch_credits.model import CallKind, ControlTotal, Money, Outcome, sum_totals
from batch_credits.model.amounts import Exponents
from batch_credits.progress.waiting import Waiting

_MINUTE = 60.0

SecondsFor = Callable[[int], float]  # how long so many requests take at least


def no_limit(requests: int) -> float:
    """Any number of requests may leave at once."""
    return 0.0


@dataclass(frozen=True, slots=True)
class BatchMoney:
    """What a batch asks for in its rows that hold, and what of it was credited before this run, by currency; and how
    many of its rows were settled before, by outcome. `stated` are the decimals that the operator gave for currencies
    that have none documented."""

    asked: Mapping[str, ControlTotal] = field(default_factory=dict)
    credited: Mapping[str, ControlTotal] = field(default_factory=dict)
    stated: Exponents = field(default_factory=dict)
    settled: Mapping[Outcome, int] = field(default_factory=dict)


@dataclass(slots=True)
class RunTally:
    """Counts of the batch (`total`, `done`, `in_doubt`) and of this run (`counts`, `throttled`), and their money."""

    budget_per_minute: int
    clock: Callable[[], float]
    kind: CallKind = CallKind.ADD
    total: int = 0
    done: int = 0
    done_before: int = 0
    in_doubt: int = 0
    throttled: int = 0
    slowed_to: int = 0  # requests a minute that others leave us; 0: never slowed
    counts: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    money: BatchMoney = field(default_factory=BatchMoney)
    _started_at: float = 0.0
    _credited: dict[str, ControlTotal] = field(default_factory=lambda: defaultdict(ControlTotal))
    _samples: deque[tuple[float, int]] = field(default_factory=deque)
    _waiting: Waiting | None = None
    _waiting_since: float = 0.0
    _seconds_for: SecondsFor = no_limit

    def start(self, total: int, done: int, in_doubt: int, money: BatchMoney) -> None:
        """Begin to count."""
        self.total, self.done, self.done_before, self.in_doubt = total, done, done, in_doubt
        self.money = money
        self._started_at = self.clock()
        self._samples.append((self._started_at, done))

    def settle(self, outcome: Outcome, was_in_doubt: bool) -> None:
        """Count one row."""
        self.counts[outcome] += 1
        if was_in_doubt and self.in_doubt:
            self.in_doubt -= 1
        if outcome is Outcome.IN_DOUBT:
            self.in_doubt += 1
        elif outcome is not Outcome.PENDING:
            self.done += 1

    def credit(self, money: Money) -> None:
        """Count the money of a row that is credited."""
        self._credited[money.currency_code or ""].add(money)

    def wait(self, waiting: Waiting | None, seconds_for: SecondsFor) -> None:
        """Remember what is waited for, and how long the limit alone makes requests take."""
        self._waiting, self._waiting_since = waiting, self.clock()
        self._seconds_for = seconds_for

    @property
    def credited(self) -> dict[str, ControlTotal]:
        """What is credited of the batch, before this run and in it, by currency."""
        return sum_totals([self.money.credited, self._credited])

    @property
    def outcomes(self) -> dict[Outcome, int]:
        """How the rows of the batch stand, before this run and in it, as the summary counts them: what is on its way is
        pending."""
        before = self.money.settled
        found = {each: before.get(each, 0) + self.counts[each] for each in Outcome}
        found[Outcome.IN_DOUBT], found[Outcome.PENDING] = self.in_doubt, 0
        found[Outcome.PENDING] = max(0, self.total - sum(found.values()))
        return found

    @property
    def percent(self) -> int:
        """Of the batch's rows, how many are done: 100 only once all are."""
        return 100 * self.done // self.total if self.total else 100

    @property
    def is_slowed(self) -> bool:
        """Whether others use the site's limit too, so that less than our budget is ours."""
        return 0 < self.slowed_to < self.budget_per_minute

    @property
    def seconds_passed(self) -> float:
        """Since this run began to send."""
        return self.clock() - self._started_at

    @property
    def waiting(self) -> Waiting | None:
        """What is waited for now, with the seconds that are left of it."""
        if self._waiting is None or self._waiting.seconds is None:
            return self._waiting
        passed = self.clock() - self._waiting_since
        return replace(self._waiting, seconds=max(0.0, self._waiting.seconds - passed))

    def pace(self) -> float:
        """Rows a minute, over the past minute; under a limit never more than it, as no minute can hold more."""
        now = self.clock()
        self._samples.append((now, self.done))
        while len(self._samples) > 2 and now - self._samples[1][0] >= _MINUTE:
            self._samples.popleft()
        then, done_then = self._samples[0]
        if now <= then:
            return 0.0
        pace = (self.done - done_then) * _MINUTE / (now - then)
        return min(pace, self.budget_per_minute) if self.budget_per_minute else pace

    def seconds_left(self, pace: float) -> float | None:
        """To the end at this pace, at the limit while there is no pace yet, and never sooner than the limit and what is
        waited for allow. None where nobody knows: while the end of a wait is not known, or where only doubt is left,
        which waits for the site and not for us."""
        left = max(0, self.total - self.done)
        if not left:
            return 0.0
        waiting = self.waiting
        if self.in_doubt >= left or (waiting and (waiting.seconds is None or not waiting.is_the_last)):
            return None
        speed = pace or self.budget_per_minute
        if not speed:
            return None
        waits = waiting.seconds or 0.0 if waiting else 0.0
        return max(left * _MINUTE / speed, waits, self._seconds_for(left - self.in_doubt))
