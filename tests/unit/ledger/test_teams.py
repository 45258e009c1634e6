"""Workers that share a batch find in the ledger what there is to do, and whether to go on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from batch_credits.errors import LedgerError
from batch_credits.ledger import admission
from batch_credits.ledger.looks import Moment
from batch_credits.model import CallKind, RequestState
from tests.unit.ledger.conftest import SITE


def test_a_batch_goes_on_under_its_newest_run_until_it_ends(book: Any) -> None:
    teams, batch = book.ledger.teams, book.plan(book.row(2))
    assert teams.newest(batch) is None
    first = book.ledger.runs.start(batch, settings_json='{"rate": 1}')
    second = book.ledger.runs.start(batch, settings_json='{"rate": 2}')
    assert (teams.newest(batch).run_id, teams.newest(batch).settings) == (second, '{"rate": 2}')
    assert teams.open_runs(batch) == [first, second]
    assert teams.unfinished(teams.site_of(batch)) == [batch]
    for run in (first, second):
        book.ledger.runs.end(run, requests=0, throttled=0, retries=0, stopped=None)
    assert teams.newest(batch).is_over
    assert teams.open_runs(batch) == [] == teams.unfinished(teams.site_of(batch))


def test_what_must_stop_one_stops_all_and_the_first_reason_stays(book: Any) -> None:
    teams, batch = book.ledger.teams, book.plan(book.row(2))
    book.ledger.runs.start(batch)
    teams.halt(batch, ["KeyRefused", "the key was refused", "give another"])
    teams.halt(batch, ["Outage", "an outage", "wait"])
    assert teams.newest(batch).halted == ("KeyRefused", "the key was refused", "give another")
    assert teams.unfinished(teams.site_of(batch)) == []


def test_a_run_is_nobodys_word_until_its_pilot_is_agreed_to(book: Any) -> None:
    teams, batch = book.ledger.teams, book.plan(book.row(2))
    site = teams.site_of(batch)
    first = book.ledger.runs.start(batch, has_pilot=True)
    assert teams.newest(batch) is None and teams.unfinished(site) == []
    teams.agree_to_pilot(first)
    assert teams.newest(batch).run_id == first and teams.unfinished(site) == [batch]
    second = book.ledger.runs.start(batch, has_pilot=True)
    assert teams.newest(batch).run_id == first and teams.unfinished(site) == [batch]
    teams.halt(batch, ["PilotNotAgreed", "it does not agree", "look"])
    teams.agree_to_pilot(second)
    assert teams.newest(batch) == (second, "{}", False, ("PilotNotAgreed", "it does not agree", "look"))
    assert teams.unfinished(site) == []


def test_rows_that_another_batch_answers_for_are_owed_there(book: Any) -> None:
    first = book.plan(book.row(2), book.row(3, "c-2"))
    second = book.plan(book.row(2), book.row(3, "c-3"))
    assert book.ledger.teams.owed_elsewhere(second) == [first]
    book.settle(first, RequestState.CREDITED)
    assert book.ledger.teams.owed_elsewhere(second) == []


def test_who_works_is_told_with_what_it_holds_and_says(book: Any) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    me = book.ledger.workers.me()
    book.ledger.workers.tell(me, '{"notes": ["hello"]}')
    [life] = [each for each in book.ledger.teams.lives() if each.worker_id == me]
    assert (life.site, life.shards, life.told) == (SITE, 64, '{"notes": ["hello"]}')
    assert 0 < life.lease_left_ms <= 60_000 and life.batch == book.ledger.batches.staged(batch).key
    assert [worker.worker_id for worker in book.ledger.teams.workers(batch)] == [me]
    assert [worker.worker_id for worker in book.ledger.workers.of_run(run)] == [me]


@pytest.mark.of_sqlite
def test_who_is_gone_from_this_machine_has_no_lease_in_a_file(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.teams.is_there", lambda pid: False)
    book.ledger.runs.start(book.plan(book.row(2)))
    assert [life.lease_left_ms for life in book.ledger.teams.lives()] == [0]
    monkeypatch.setattr("platform.node", lambda: "another")
    assert [life.lease_left_ms > 0 for life in book.ledger.teams.lives()] == [True]


def test_a_life_that_only_asks_lives_on(book: Any) -> None:
    book.ledger.workers.live_on()
    [life] = book.ledger.teams.lives()
    assert life.worker_id == book.ledger.workers.me() and life.batch == ""


def test_a_site_has_a_number_once_it_is_known(book: Any) -> None:
    assert book.ledger.sites.number(SITE) is None
    batch = book.plan(book.row(2))
    assert book.ledger.sites.number(SITE) == book.ledger.teams.site_of(batch)


def test_only_what_was_sent_and_answered_since_is_a_witness_of_after_a_loss(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    assert book.ledger.looks.sent_since("unknown", CallKind.ADD, Moment(0), 3, "{}") == []
    run = book.ledger.runs.start(batch)
    early, late = book.owed(batch)
    book.send(run, early)
    book.learn(run, early, RequestState.CREDITED)
    since = book.ledger.looks.moment()
    assert book.ledger.looks.sent_since(SITE, CallKind.ADD, since, 3, "{}") == []
    book.send(run, late)
    book.learn(run, late, RequestState.CREDITED)
    found = book.ledger.looks.sent_since(SITE, CallKind.ADD, since, 3, "{}")
    assert [witness.customer_id for witness in found] == ["c-2"]


def test_nothing_was_forgotten_of_a_ledger_that_is_itself(book: Any) -> None:
    book.plan(book.row(2))
    assert book.ledger.keeping.restored() is None and book.ledger.keeping.why_unproven(SITE) is None
    assert not book.ledger.keeping.learned(SITE, datetime(2026, 1, 1, tzinfo=UTC), ties_out=True)
    assert not book.ledger.keeping.reopen()


def test_many_rows_are_counted_for_whoever_plans_by_it(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "_MANY", 2)
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    assert len(book.owed(batch)) == 2


def test_of_two_who_stage_one_content_at_once_the_second_is_told(book: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    book.begin(key="f" * 64)
    monkeypatch.setattr(admission.Admission, "_discard_left_behind", lambda *_: None)
    with pytest.raises(LedgerError):
        book.begin(key="f" * 64)
