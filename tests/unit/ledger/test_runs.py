import json
import platform
from collections.abc import Callable

import pytest

from batch_credits.ledger import Ledger, runs
from batch_credits.ledger.runs import Course, Slice
from batch_credits.model import RequestState
from tests.each import each
from tests.unit.ledger.conftest import Book

START = 1_790_000_000_000


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the wall clock that the journal writes down: seconds after the start of time."""

    def set_clock(seconds: float) -> None:
        monkeypatch.setattr("batch_credits.ledger.times.now_ms", lambda: START + int(seconds * 1000))

    set_clock(0)
    return set_clock


def test_a_batch_that_was_only_admitted(book: Book) -> None:
    found = book.ledger.runs.history(book.plan(book.row(2)))
    assert (found.runs, found.courses, found.decisions, found.last_run) == ([], [], [], None)


def test_how_a_run_was_set_can_be_asked(book: Book) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch, settings_json='{"processes": 2}')
    assert book.ledger.runs.settings_of(run) == (batch, '{"processes": 2}')
    book.ledger.runs.start(batch, settings_json="{}")
    assert sorted(book.ledger.runs.settings_of_all(batch)) == ['{"processes": 2}', "{}"]


@pytest.mark.parametrize(
    ("entities", "found"), [([], []), (["emea"], ["emea"]), (["emea", "emea"], ["emea"]), (["emea", None], [])]
)
def test_for_whom_a_batch_was_looked_for(book: Book, entities: list[str | None], found: list[str]) -> None:
    batch = book.plan(book.row(2))
    for entity in entities:
        record = {"settings": {"business_entity_id": entity} if entity else {}}
        book.ledger.runs.start(batch, settings_json=json.dumps(record))
    assert book.ledger.runs.looked_for(batch) == found


def test_runs_are_told_newest_first_with_what_they_recorded(book: Book) -> None:
    batch, other = book.plan(book.row(2)), book.plan(book.row(2, reference="q4"))
    first = book.ledger.runs.start(batch, settings_json=json.dumps({"confirmation": "--yes"}))
    book.ledger.runs.start(other)
    second = book.ledger.runs.start(batch)
    found = book.ledger.runs.history(batch)
    assert [run.run_id for run in found.runs] == [second, first]
    assert [run.settings_json for run in found.runs] == ["{}", '{"confirmation": "--yes"}']
    assert found.last_run == found.runs[0]


def test_a_run_knows_the_hosts_from_which_it_sent(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch, lease_seconds=None)
    book.ledger.workers.end()
    for host in ("pay-2", "pay-1", "pay-3"):
        monkeypatch.setattr(platform, "node", lambda host=host: host)
        book.ledger.claims.claim(batch, run)
        book.send(run, *book.owed(batch)[:1])  # the last finds nothing to send
        book.ledger.workers.end()
    last = book.ledger.runs.last(batch)
    assert last is not None
    assert last.hosts == ("pay-1", "pay-2")


def test_the_runs_named_are_bounded_and_all_are_counted(book: Book) -> None:
    batch = book.plan(book.row(2))
    for _ in range(runs.MAX_RUNS + 3):
        book.ledger.runs.start(batch)
    found = book.ledger.runs.history(batch)
    assert (len(found.runs), found.runs_in_all) == (runs.MAX_RUNS, runs.MAX_RUNS + 3)


def test_a_course_counts_what_was_sent_and_what_came_back(book: Book, at: Callable[[float], None]) -> None:
    batch = book.plan(*[book.row(n, f"c-{n}") for n in range(2, 7)])
    run = book.ledger.runs.start(batch)
    one, two, three, four, five = book.owed(batch)
    at(1)
    book.send(run, one, two)
    book.learn(run, one, RequestState.CREDITED)
    book.learn(run, two, RequestState.PENDING, http_status=429)
    at(30)
    book.send(run, two, three, four, five)
    book.learn(run, two, RequestState.CREDITED)
    book.learn(run, three, RequestState.FAILED)
    book.learn(run, four, RequestState.REVIEW)
    book.learn(run, five, RequestState.IN_DOUBT, http_status=500)
    found = book.ledger.runs.history(batch)
    assert found.slice_milliseconds == 1000
    assert found.courses == [
        Course(run, "2026-09-21T14:13:20.000Z", 31, [Slice(1, 2, 1, 0, 0, 1), Slice(30, 4, 1, 2, 1, 0)])
    ]


def test_what_comes_first_and_last_is_of_the_first_and_the_last_slice(
    book: Book, at: Callable[[float], None]
) -> None:
    batch = book.plan(*[book.row(n, f"c-{n}") for n in range(2, 5)])
    run = book.ledger.runs.start(batch)
    for seconds, credit in zip((0, 0.5, 9), book.owed(batch), strict=True):
        at(seconds)
        book.send(run, credit)
        book.learn(run, credit, RequestState.CREDITED)
    found = book.ledger.runs.history(batch)
    width = found.slice_milliseconds
    assert [(part.number, part.sent, part.credited) for part in found.courses[0].slices] == [
        (0, 1, 1), (500 // width, 1, 1), (9_000 // width, 1, 1)
    ]  # fmt: skip


def test_runs_of_other_batches_between_ours_are_not_ours(book: Book, at: Callable[[float], None]) -> None:
    ours = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    other = book.plan(*[book.row(n, f"o-{n}") for n in range(2, 12)])
    for n in range(3):
        at(100 * n)
        run = book.ledger.runs.start(ours)
        credit = book.owed(ours)[0]
        book.send(run, credit)
        book.learn(run, credit, RequestState.CREDITED)
        alien = book.ledger.runs.start(other)
        for credit in book.owed(other)[:3]:
            book.send(alien, credit)
            book.learn(alien, credit, RequestState.CREDITED)
            book.learn(None, credit, RequestState.CREDITED, reason="found by a reconcile")
    courses = book.ledger.runs.history(ours).courses
    assert [course.slices for course in courses] == [[Slice(0, 1, 1, 0, 0, 0)]] * 3
    assert sum(s.credited for c in book.ledger.runs.history(other).courses for s in c.slices) == 9


def test_runs_that_recorded_nothing_have_no_course(book: Book) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.CREDITED)
    book.ledger.runs.start(batch)
    found = book.ledger.runs.history(batch)
    assert (len(found.courses), found.runs_in_all, found.has_earlier_courses) == (1, 2, False)


def test_only_the_newest_courses_are_given(book: Book) -> None:
    batch = book.plan(book.row(2))
    for _ in range(runs.MAX_ACTIVE_RUNS + 2):
        run = book.ledger.runs.start(batch)
        [credit] = book.owed(batch)
        book.send(run, credit)
        book.learn(run, credit, RequestState.PENDING, http_status=429)
    found = book.ledger.runs.history(batch)
    assert [course.run_id for course in found.courses] == list(range(3, runs.MAX_ACTIVE_RUNS + 3))
    assert found.has_earlier_courses


@pytest.mark.parametrize("moved", [-3600, 10 * 365 * 86_400])
def test_a_clock_that_was_moved_makes_an_odd_picture_but_a_small_one(
    book: Book, at: Callable[[float], None], moved: float
) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    for credit in book.owed(batch):
        book.send(run, credit)
        book.learn(run, credit, RequestState.CREDITED)
        at(moved)
    [course] = book.ledger.runs.history(batch).courses
    assert sum(part.credited for part in course.slices) == 2
    assert 1 <= course.slices_in_all <= runs.MAX_SLICES + 1
    assert all(0 <= part.number < course.slices_in_all for part in course.slices)


def test_two_runs_that_write_by_turns_have_each_its_own(book: Book, at: Callable[[float], None]) -> None:
    """Neither ids nor times tell them apart: by the order of ids one would have what the other wrote, or nothing."""
    ours, other = book.plan(*[book.row(n, f"c-{n}") for n in range(2, 6)]), book.plan(book.row(2), site="acme")
    mine = book.ledger.runs.start(ours)
    beside = Ledger.open_beside(book.path)
    theirs = beside.runs.start(other)
    [their] = book.owed(other)
    for seconds, credit in zip((7, 3, 5, 1), book.owed(ours), strict=True):  # as hosts that disagree on the time
        at(seconds)
        book.send(mine, credit)
        if seconds == 3:
            beside.claims.commit(theirs, [], [their])
        book.learn(mine, credit, RequestState.CREDITED)
    beside.close()
    found = book.ledger.runs.history(ours)
    assert found.slice_milliseconds == 200
    assert [course.slices for course in found.courses] == [[Slice(5 * n, 1, 1, 0, 0, 0) for n in (1, 3, 5, 7)]]
    assert [course.slices for course in book.ledger.runs.history(other).courses] == [[Slice(30, 1, 0, 0, 0, 0)]]


@each(
    "spans, width",
    [
        ([], 100),
        ([0], 100),
        ([4_899], 100),
        ([4_900], 200),
        ([48_000_000], 1_800_000),
        ([3_000_000] * 12, 900_000),
        ([48 * 86_400_000], 86_400_000),
        ([49 * 86_400_000], 2 * 86_400_000),
    ],
)
def test_slices_are_as_narrow_as_their_number_allows(spans: list[int], width: int) -> None:
    assert runs._width_ms(spans) == width
    assert sum(span // width for span in spans) <= runs.MAX_SLICES


def test_a_person_s_word_is_told_and_a_reconcile_s_is_not(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.requests.user_name", lambda: "maria")
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    book.settle(batch, RequestState.REVIEW)
    book.learn(None, book.owed(batch, RequestState.REVIEW)[2], RequestState.CREDITED, reason="found in the list")
    book.say(batch, 3, "cr-9")
    book.say(batch, 2, None)
    found = book.ledger.runs.history(batch)
    where = f" on {platform.node()}"  # said of a ledger that hosts share
    assert [(word.row_number, word.reason.replace(where, "")) for word in found.decisions] == [
        (3, "maria says: credited as cr-9"),
        (2, "maria says: not credited"),
    ]
    assert found.decisions_in_all == 2


def test_a_run_says_who_started_it(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.runs.user_name", lambda: "maria")
    batch = book.plan(book.row(2))
    book.ledger.runs.start(batch)
    last = book.ledger.runs.last(batch)
    assert last is not None
    assert last.user == "maria"
