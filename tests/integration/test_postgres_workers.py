"""Workers on a ledger of PostgreSQL: what they learn of the site while they wait, and how long a person may think."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.errors import Interrupted, JournalFailed, UsageError
from batch_credits.jobs.work import WorkOrders, work
from batch_credits.ledger.database import failure
from batch_credits.ledger.teams import Life, Teams
from batch_credits.model import RequestState
from batch_credits.model.address import Address
from batch_credits.planning.reversal import select
from batch_credits.process import clock
from batch_credits.process.signals import Signals
from batch_credits.progress.pace import BatchMoney
from batch_credits.sending import member, team
from batch_credits.sending.context import RunContext
from batch_credits.sending.queue.jobs import Jobs
from batch_credits.sending.session import start_progress
from batch_credits.settings import ControlLimits, RunSettings, SiteSettings, for_the_record
from tests.integration.test_pilot import FAST, Notes
from tests.integration.test_pilot import Site as SiteOfPilots
from tests.unit.ledger.conftest import SITE, Book

HERE, THERE = "https://here.example", "https://there.example"
QUICK = replace(FAST, pilot=0, lease_seconds=1.2, first_answer_seconds=5.0)
RECORD = for_the_record(QUICK, ControlLimits(), SiteSettings(SITE, HERE, ""), "")


class NoSite:
    """A site that nobody may call."""

    def __init__(self) -> None:
        self.calls = 0

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.calls += 1
        return Answer(500, {}, b"")


class Watch:
    """A dead man's timer that ends nobody, and knows whether it had to."""

    def __init__(self) -> None:
        self.at: float | None = None
        self.was_late = False

    def arm(self, at: float) -> None:
        self.disarm()
        self.at = at

    def disarm(self) -> None:
        self.was_late |= self.at is not None and clock.boottime() >= self.at
        self.at = None


def called(monkeypatch: pytest.MonkeyPatch, site: Any) -> None:
    """Whoever calls a site calls this one."""

    @asynccontextmanager
    async def transport(at: SiteSettings, settings: RunSettings) -> Any:
        yield site

    for module in (member, team):
        monkeypatch.setattr(module, "http_transport", transport)


@pytest.fixture
def book(new_database: Address) -> Iterator[Book]:
    made = Book(new_database)
    yield made
    made.close()


def test_a_worker_sends_nothing_to_an_address_that_turns_out_to_be_another(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began before anybody had said where the site is called; or the site has moved meanwhile."""
    batch, site = book.plan(book.row(2)), NoSite()
    called(monkeypatch, site)
    book.ledger.runs.start(batch, settings_json=RECORD, lease_seconds=None)
    orders = WorkOrders(SiteSettings(SITE, THERE, "key"), QUICK, until_idle=True)

    async def main() -> None:
        async with Jobs.opened(str(book.path), book.ledger.teams.site_of(batch), QUICK.lease_seconds) as jobs:
            await jobs.enqueue(batch, member.ALL)
        await work(book.ledger, orders, Signals(), lambda: book.ledger.sites.note_address(SITE, HERE))

    with pytest.raises(UsageError, match=HERE):
        asyncio.run(asyncio.wait_for(main(), 30))
    assert site.calls == 0
    assert [credit.attempts for credit in book.owed(batch)] == [0]


def bug(text: str) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize("is_newer", [True, False])
def test_a_worker_that_does_not_understand_a_run_says_so_and_ends(
    book: Book, monkeypatch: pytest.MonkeyPatch, is_newer: bool
) -> None:
    """The queue keeps what a job raises to itself, and takes it for done."""
    batch, record = book.plan(book.row(2)), orjson.loads(RECORD)
    called(monkeypatch, NoSite())
    monkeypatch.setattr(member, "PATIENCE_SECONDS", 0.0)
    if is_newer:
        record["settings"]["of_next_year"] = 1
    else:
        monkeypatch.setattr(member, "recorded", bug)
    book.ledger.runs.start(batch, settings_json=orjson.dumps(record).decode(), lease_seconds=None)
    orders = WorkOrders(SiteSettings(SITE, HERE, "key"), QUICK, until_idle=True)

    async def main() -> None:
        async with Jobs.opened(str(book.path), book.ledger.teams.site_of(batch), QUICK.lease_seconds) as jobs:
            await jobs.enqueue(batch, member.ALL)
        await work(book.ledger, orders, Signals(), lambda: None)

    with pytest.raises(JournalFailed if is_newer else ZeroDivisionError, match="of_next_year" if is_newer else None):
        asyncio.run(asyncio.wait_for(main(), 30))


def test_a_person_may_think_about_a_pilot_for_longer_than_a_lease(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else takes over what the run holds meanwhile, nor does the dead man's timer end it."""
    batch_id, site = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 6))), SiteOfPilots()
    called(monkeypatch, site)
    watch = Watch()
    monkeypatch.setattr(book.ledger.workers, "_dead_man", watch)
    batch = book.ledger.batches.staged(batch_id)
    run_id = book.ledger.runs.start(batch_id, settings_json=RECORD, lease_seconds=None)
    settings = replace(QUICK, pilot=2)
    run = RunContext(book.ledger, batch, run_id, settings, Notes())

    def think(report: Any) -> bool:
        time.sleep(2 * settings.lease_seconds)
        return False

    async def main() -> Any:
        return await team.issue_in_team(
            team.Team(run, book.path, SiteSettings(SITE, HERE, "key")), Signals(), think
        )

    issued = asyncio.run(asyncio.wait_for(main(), 30))
    assert "nobody said yes" in str(issued.stopped)
    assert not watch.was_late
    assert len(site.credits) == 2


@pytest.mark.parametrize("is_agreed", [True, False])
def test_nobody_else_sends_for_a_run_before_its_pilot_is_agreed_to(
    book: Book, monkeypatch: pytest.MonkeyPatch, is_agreed: bool
) -> None:
    """Its own process may have been killed at the question, as on a laptop that was closed."""
    batch_id, site = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 6))), SiteOfPilots()
    called(monkeypatch, site)
    run_id = book.ledger.runs.start(batch_id, settings_json=RECORD, lease_seconds=None, has_pilot=True)
    if is_agreed:
        book.ledger.teams.agree_to_pilot(run_id)
    orders = WorkOrders(SiteSettings(SITE, HERE, "key"), QUICK, until_idle=True)

    async def main() -> None:
        async with Jobs.opened(str(book.path), book.ledger.teams.site_of(batch_id), QUICK.lease_seconds) as jobs:
            await jobs.enqueue(batch_id, member.ALL)
        await work(book.ledger, orders, Signals(), lambda: None)

    asyncio.run(asyncio.wait_for(main(), 30))
    assert len(site.credits) == (4 if is_agreed else 0)


def test_after_a_pilot_that_was_agreed_to_the_rest_is_sent(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id, site = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 6))), SiteOfPilots()
    called(monkeypatch, site)
    settings = replace(QUICK, pilot=2)
    run_id = book.ledger.runs.start(batch_id, settings_json=RECORD, lease_seconds=None, has_pilot=True)
    run = RunContext(book.ledger, book.ledger.batches.staged(batch_id), run_id, settings, Notes())
    waited = list[Any]()

    def agree(report: Any) -> bool:
        waited.append((book.ledger.teams.newest(batch_id), len(site.credits)))
        return True

    async def main() -> Any:
        return await team.issue_in_team(
            team.Team(run, book.path, SiteSettings(SITE, HERE, "key")), Signals(), agree
        )

    assert asyncio.run(asyncio.wait_for(main(), 30)).stopped is None
    assert waited == [(None, 2)]
    assert len(site.credits) == 4


def test_a_run_that_is_interrupted_stops_though_the_ledger_is_silent(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who goes on without it is a question to the ledger: it must not stand between a person's Ctrl-C and the end."""
    batch_id = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 62)))
    signals, notes = Signals(), Notes()
    signals.sending_begins()

    class Slow(SiteOfPilots):
        async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
            if not signals.arrived:
                signals.have_arrived(1)
            await asyncio.sleep(0.05)
            return await super().send(method, path, headers, body)

    def lives(teams: Teams) -> list[Life]:
        time.sleep(1.5)
        raise failure(book.path, "it is away")

    site = Slow()
    called(monkeypatch, site)
    monkeypatch.setattr(Teams, "lives", lives)
    run_id = book.ledger.runs.start(batch_id, settings_json=RECORD, lease_seconds=None)
    patient = replace(QUICK, lease_seconds=30.0)
    run = RunContext(book.ledger, book.ledger.batches.staged(batch_id), run_id, patient, notes)
    at = team.Team(run, book.path, SiteSettings(SITE, HERE, "key"))
    issued = asyncio.run(asyncio.wait_for(team.issue_in_team(at, signals, lambda report: True), 30))
    assert isinstance(issued.stopped, Interrupted)
    assert len(site.credits) < 60
    assert f"Stopping: interrupted; {team.LEFT_TO_OTHERS}." in notes.notes


def test_what_a_colleague_has_on_its_way_is_not_in_doubt_for_who_joins(book: Book) -> None:
    """None of it would ever leave the doubt that is shown: who sent it counts it as credited."""
    batch = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 6)))
    run = book.ledger.runs.start(batch)
    first, second, *_ = book.owed(batch)
    book.send(run, first, second)
    book.learn(run, first, RequestState.IN_DOUBT)
    told = list[Any]()

    class Begun(Notes):
        def start(self, *counts: Any) -> None:
            told.append(counts[:3])

    start_progress(book.ledger, batch, Begun(), BatchMoney())
    assert told == [(4, 0, 1)]


def test_who_reverses_is_told_that_others_go_on_crediting(book: Book) -> None:
    batch_id = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch_id, lease_seconds=None)
    batch = book.ledger.batches.staged(batch_id)
    [said] = select(book.ledger, batch, None).left_out()
    assert "whoever works for it credits them still" in said and "running the batch again" not in said
    book.ledger.runs.end(run, requests=0, throttled=0, retries=0, stopped="interrupted")
    [said] = select(book.ledger, batch, None).left_out()
    assert "running the batch again would credit them" in said
