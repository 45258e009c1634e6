"""No more slots are given than a limit has, and a slot is given anew once the site no longer counts its last use."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import LeaseLost, LedgerError
from batch_credits.ledger import Budget, Grant, Ledger, Part, Terms, Workers
from batch_credits.ledger.budget import fair
from batch_credits.ledger.database import Database
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase
from batch_credits.ledger.sites import site_id_of
from batch_credits.process import clock
from tests.each import each
from tests.unit.ledger.conftest import SITE

pytestmark = pytest.mark.of_sqlite  # its time is made here

SENDS = Terms(100, 140.0, only_asks=False)
ASKS = replace(SENDS, only_asks=True)
LEASE, LINGER = 60.0, 140.0


class Life:
    """A worker on the same ledger."""

    def __init__(self, database: Database, terms: Terms = SENDS) -> None:
        self.workers = Workers(database)
        self.budget = Budget(database, self.workers)
        self.terms = terms

    def turn(self, keeps: int) -> Grant:
        return self.budget.turn(SITE, self.terms, keeps)

    def end(self, *waits: tuple[float, int]) -> None:
        self.budget.end(SITE, self.terms, waits)
        self.workers.end()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"now": 5000.0}
    monkeypatch.setattr(clock, "boottime", lambda: now["now"])
    return now


@pytest.fixture
def begin(time: dict[str, float], book: Any) -> Iterator[Callable[..., Life]]:
    yield lambda terms=SENDS: Life(book.ledger._db, terms)


SHARES = [
    (100, [7], [], {7: 99}),
    (20, [7], [], {7: 19}),
    (19, [7], [], {7: 19}),
    (1, [7], [], {7: 1}),
    (100, [], [7], {7: 100}),
    (100, [], [7, 8, 9], {7: 34, 8: 33, 9: 33}),
    (100, [1, 2], [], {1: 50, 2: 49}),
    (100, [1], [2], {1: 95, 2: 5}),
    (100, [1], [2, 3], {1: 95, 2: 3, 3: 2}),
    (10, [1], [2], {1: 9, 2: 1}),
    (10, [1], [2, 3, 4], {1: 7, 2: 1, 3: 1, 4: 1}),
    (4, [1], [2, 3, 4], {1: 2, 2: 1, 3: 1, 4: 0}),
    (2, [1], [2], {1: 1, 2: 1}),
    (1, [1], [2], {1: 1, 2: 0}),
    (2, [1, 2, 3], [], {1: 1, 2: 1, 3: 0}),
]


@each("budget, senders, askers, shares", SHARES)
def test_what_is_fair(budget: int, senders: list[int], askers: list[int], shares: dict[int, int]) -> None:
    assert {me: fair(budget, senders, askers, me) for me in (*senders, *askers)} == shares


def test_one_sender_has_all_but_one_and_who_asks_has_that_at_once(begin: Callable[..., Life]) -> None:
    sender, asker = begin(), begin(ASKS)
    assert sender.turn(0) == Grant(99, 99)
    assert asker.turn(0) == Grant(1, 5)
    assert sender.turn(99) == Grant(99, 95), "it gives back what is beyond it, once that is free"
    assert sender.turn(97) == Grant(97, 95)
    assert asker.turn(1) == Grant(3, 5)
    assert sender.turn(95) == Grant(95, 95)
    assert asker.turn(3) == Grant(5, 5)
    asker.end((30.0, 2))
    assert sender.turn(95) == Grant(98, 99), "without those that the site counts still"


def test_two_senders_share_and_none_takes_what_the_other_has(begin: Callable[..., Life]) -> None:
    first, second = begin(), begin()
    first.turn(0)
    assert second.turn(0) == Grant(1, 49)
    assert first.turn(60) == Grant(60, 50)
    assert second.turn(1) == Grant(40, 49)


def test_an_answer_that_got_lost_does_no_harm(begin: Callable[..., Life]) -> None:
    first, second = begin(), begin(ASKS)
    first.turn(0)  # it does not hear of what it was given
    assert first.turn(0) == Grant(99, 99)
    first.turn(20)
    assert second.turn(0).slots == 1
    assert first.turn(20).slots == 95, "it keeps what it says"


def test_the_lowest_that_anybody_was_told_counts(begin: Callable[..., Life], time: dict[str, float]) -> None:
    high, low = begin(), begin(Terms(40, LINGER, only_asks=True))
    assert high.turn(0) == Grant(99, 99)
    assert low.turn(0) == Grant(0, 2)
    assert high.turn(99) == Grant(99, 38)
    assert high.turn(38) == Grant(38, 38)
    assert low.turn(0) == Grant(2, 2)
    low.end((60.0, 2))
    assert high.turn(38) == Grant(38, 39), "also while what it used is counted"
    time["now"] += 59.0
    assert high.turn(38) == Grant(38, 39)
    time["now"] += 1.1
    assert high.turn(38) == Grant(99, 99)


def test_slots_of_a_dead_worker_are_back_after_its_lease_and_all_that_it_may_have_sent(
    begin: Callable[..., Life], time: dict[str, float]
) -> None:
    dead, other = begin(), begin()
    dead.turn(0)
    other.turn(0)
    for _second in range(19):
        time["now"] += 10.0
        slots, should = other.turn(1)
        assert slots == 1
        assert should == (49 if time["now"] < 5000 + LEASE else 99), "the dead share nothing any more"
    time["now"] = 5000 + LEASE + LINGER - 0.01
    assert other.turn(1).slots == 1
    time["now"] = 5000 + LEASE + LINGER + 0.01
    assert other.turn(1) == Grant(99, 99)


def test_a_life_that_ends_without_giving_back_is_taken_for_dead(begin: Callable[..., Life], time: Any) -> None:
    rash, other = begin(), begin()
    rash.turn(0)
    rash.workers.end()
    assert other.turn(0) == Grant(1, 99)
    time["now"] += LEASE + LINGER + 0.01
    other = begin()
    assert other.turn(0) == Grant(99, 99)


def test_what_one_used_that_ends_in_order_is_back_piece_by_piece(begin: Callable[..., Life], time: Any) -> None:
    first, second = begin(), begin(ASKS)
    first.turn(0)
    first.end((10.0, 30), (20.0, 40), (20.0, 5))
    assert second.turn(0) == Grant(25, 100)
    time["now"] += 10.0
    assert second.turn(25).slots == 25, "the clock shows whole milliseconds"
    time["now"] += 0.01
    assert second.turn(25).slots == 55
    time["now"] += 10.0
    assert second.turn(55).slots == 100


def test_who_is_late_has_lost_all(begin: Callable[..., Life], time: Any) -> None:
    late, other = begin(), begin()
    late.turn(0)
    time["now"] += LEASE
    with pytest.raises(LeaseLost, match="its lease is over"):
        late.turn(99)
    time["now"] += LINGER + 0.01
    assert other.turn(0) == Grant(99, 99), "nor did it go on"


def test_nobody_keeps_what_it_was_not_given(begin: Callable[..., Life]) -> None:
    life = begin()
    with pytest.raises(LeaseLost, match="is another's"):
        life.turn(1)
    life.turn(0)
    with pytest.raises(LeaseLost, match="is another's"):
        life.turn(100)


def test_a_turn_is_a_sign_of_life(begin: Callable[..., Life], time: Any) -> None:
    life, other = begin(), begin()
    life.turn(0)
    for _turn in range(10):
        time["now"] += LEASE - 1
        assert life.turn(99).slots == 99
    assert other.turn(0).slots == 1


def test_a_life_may_share_again_after_it_ended(begin: Callable[..., Life]) -> None:
    life = begin(ASKS)
    assert life.turn(0) == Grant(100, 100)
    life.budget.end(SITE, ASKS, [(60.0, 7)])
    life.terms = SENDS
    assert life.turn(0) == Grant(93, 99)
    life.budget.end(SITE, SENDS, [(60.0, 9)])
    assert begin(ASKS).turn(0) == Grant(84, 100)


def test_what_a_life_could_not_give_back_is_not_free_when_it_begins_again(
    begin: Callable[..., Life], time: Any
) -> None:
    life, other = begin(ASKS), begin(ASKS)
    life.budget.begin(SITE, ASKS)
    assert life.turn(0) == Grant(100, 100)
    time["now"] += 10.0
    life.budget.begin(SITE, ASKS)
    assert life.turn(0) == Grant(0, 100)
    for _second in range(139):
        time["now"] += 1.0
        life.turn(0)
        assert other.turn(0).slots == 0
    time["now"] += 1.01
    assert other.turn(0) == Grant(50, 50)
    life.budget.begin(SITE, ASKS)
    assert life.turn(0) == Grant(50, 50), "it had none"


def test_a_life_that_has_nothing_may_be_silent_for_long(begin: Callable[..., Life], time: Any, book: Any) -> None:
    life = begin(ASKS)
    life.workers.me()
    time["now"] += 10 * LEASE
    life.budget.begin(SITE, ASKS)
    assert life.turn(0) == Grant(100, 100)
    life.budget.end(SITE, ASKS, [])
    with book.ledger._db.transaction():
        life.workers.hold(site_id_of(book.ledger._db, SITE), None, Part(), LEASE, 80.0)
    life.budget.begin(SITE, ASKS)
    time["now"] += LEASE
    with pytest.raises(LeaseLost, match="its lease is over"):
        life.budget.begin(SITE, ASKS)


def test_every_site_has_its_own(begin: Callable[..., Life]) -> None:
    life = begin()
    life.turn(0)
    assert life.budget.turn("other-test", SENDS, 0) == Grant(99, 99)


def test_a_ledger_that_hosts_share_has_this_desk(book: Any, tmp_path: Path) -> None:
    class Shared(SqliteDatabase):
        is_shared = True

    assert isinstance(Ledger(Shared(book.ledger._db._connection, tmp_path)).slots, Budget)
    assert not isinstance(book.ledger.slots, Budget)


class Timer:
    """A dead man who only remembers until when he waits."""

    at: float | None = None

    def arm(self, at: float) -> None:
        self.at = at

    def disarm(self) -> None:
        self.at = None


def test_the_dead_man_waits_from_turn_to_turn_and_no_longer_than_slots_are_had(
    begin: Callable[..., Life], time: Any
) -> None:
    life, timer = begin(), Timer()
    life.workers = Workers(life.budget._db, timer)
    life.budget = Budget(life.budget._db, life.workers)
    for _turn in range(3):
        time["now"] += 10.0
        life.turn(0)
        assert timer.at == time["now"] + LEASE
    life.budget.end(SITE, SENDS, [])
    assert timer.at is None, "a person may think for long before anything is sent"
    life.turn(0)
    broken: Any = Failing()
    life.budget._db = broken
    with pytest.raises(LedgerError):
        life.budget.end(SITE, SENDS, [])
    assert timer.at is None, "nothing is sent any more"


class Failing:
    def transaction(self) -> Any:
        raise LedgerError("gone")


def test_a_turn_that_failed_leaves_the_dead_man_as_he_was(begin: Callable[..., Life], time: Any) -> None:
    life, timer = begin(), Timer()
    life.workers = Workers(life.budget._db, timer)
    life.budget = Budget(life.budget._db, life.workers)
    life.turn(0)
    first = timer.at
    time["now"] += 10.0
    with pytest.raises(LeaseLost):
        life.turn(1000)
    assert timer.at == first


def test_nor_does_the_next_commit_take_its_renewal_for_kept(book: Any, time: Any) -> None:
    timer = Timer()
    workers = Workers(book.ledger._db, timer)
    budget = Budget(book.ledger._db, workers)
    workers.me()
    with book.ledger._db.transaction():
        site = site_id_of(book.ledger._db, SITE)
        workers.hold(site, None, Part(), LEASE, 80.0)
    workers.kept()
    first = timer.at
    time["now"] += 10.0
    with pytest.raises(LeaseLost):
        budget.turn(SITE, SENDS, 1000)
    with book.ledger._db.transaction():
        workers.fence()
    workers.kept()
    assert timer.at == first
    budget.end(SITE, SENDS, [])
    assert timer.at == first, "it holds shards still"
