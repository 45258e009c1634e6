"""What a command tells, and to whom: by its end, by what the user asked for, and by who reads it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from batch_credits.errors import DoubleCreditAlarm, Interrupted, JournalFailed, KeyRefused, LedgerBusy, NotBegun
from batch_credits.model import BatchRecord, CallKind, ControlTotal, Mending, Outcome
from batch_credits.model.undone import Undone
from batch_credits.notices.notice import Event, Notice, document
from batch_credits.notices.targets import Target, webhook_of
from batch_credits.notices.telling import Notices, NoticeSettings
from batch_credits.planning.plan import Plan
from batch_credits.reporter.files import ReportPaths
from batch_credits.reporter.summary import Summary
from batch_credits.settings import SiteSettings
from tests.unit.notices.samples import COMMAND, COUNTS, KEY, MAIL, TOTALS
from tests.unit.notices.test_page import VALIDATOR

HOOK, SLACK = webhook_of("https://a.example/x"), webhook_of("https://hooks.slack.com/x")
BATCH = BatchRecord(
    1, KEY, "acme", "payout.csv", "0" * 64, (), {}, "{}", "2026-10-01", 200,
    {"USD": ControlTotal(185, 651_100), "EUR": ControlTotal(15, 21_000)},
)  # fmt: skip
PLAN = Plan(1, KEY, True, 200, BATCH.totals, {Outcome.PENDING: BATCH.totals}, {}, {})


def summary(exit_code: int = 3, counts: dict[Outcome, int] = COUNTS, **changes: Any) -> Summary:
    found = Summary(
        batch=BATCH, run=None, live=True, counts={o: counts.get(o, 0) for o in Outcome},
        totals={o: dict(TOTALS.get(o, {})) for o in Outcome}, differences=(), exit_code=exit_code,
        paths=ReportPaths.within(Path("/r/payout-3f9a2b1c")), reasons={}, reasons_left={}, undone=Undone(), unread={},
        to_mend=0, mending=Mending(),
    )  # fmt: skip
    return replace(found, **changes)


class Told:
    """What was told to whom, in place of telling it."""

    def __init__(self) -> None:
        self.all: list[tuple[Target, Notice]] = []

    def tell(self, notices: list[tuple[Target, Notice]]) -> None:
        for _, notice in notices:
            VALIDATOR.validate(document(notice))
        self.all += notices

    def to(self, target: Target) -> list[str]:
        return [str(notice.event) for each, notice in self.all if each is target]

    @property
    def last(self) -> Notice:
        return self.all[-1][1]


def notices(monkeypatch: pytest.MonkeyPatch, *targets: Target, **more: Any) -> tuple[Notices, Told]:
    settings = NoticeSettings(targets or (HOOK,), **{k: more.pop(k) for k in ("events", "link") if k in more})
    telling, told = Notices(settings, "run", site="acme", file="payout.csv", **more), Told()
    monkeypatch.setattr(telling, "_post", told)
    return telling, told


@pytest.mark.parametrize(
    ("events", "hook", "people", "command"),
    [
        (frozenset(Event), ["started", "attention", "ended"], ["started", "ended"], ["ended"]),
        ({Event.ATTENTION}, ["attention"], ["attention"], ["ended"]),
        ({Event.ENDED, Event.ATTENTION}, ["attention", "ended"], ["ended"], ["ended"]),
        ({Event.STARTED}, ["started"], ["started"], ["ended"]),
    ],
)
def test_who_is_told_what(
    monkeypatch: pytest.MonkeyPatch, events: Any, hook: list[str], people: list[str], command: list[str]
) -> None:
    telling, told = notices(monkeypatch, HOOK, SLACK, MAIL, COMMAND, events=events)
    telling.started(PLAN)
    telling.ended(summary(), None)
    assert told.to(HOOK) == hook
    assert told.to(SLACK) == told.to(MAIL) == people
    assert told.to(COMMAND) == command


def test_a_run_that_needs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, counts in ((0, {Outcome.CREDITED: 200}), (1, {Outcome.CREDITED: 197, Outcome.FAILED: 3})):
        telling, told = notices(monkeypatch, HOOK, COMMAND)
        telling.at(SiteSettings("acme", "https://acme.chargebee.com", "key"))
        telling.started(PLAN)
        telling.ended(summary(code, counts), None)
        assert told.to(HOOK) == ["started", "ended"] and told.to(COMMAND) == ["ended"]
        assert told.last.exit_code == code and not told.last.reasons and told.last.subject.is_live is True
        assert told.last.link == "/r/payout-3f9a2b1c/summary.html"


@pytest.mark.parametrize(
    ("given", "stopped", "codes"),
    [
        (summary(4), KeyRefused("secret"), ["key_refused", "in_doubt"]),
        (summary(3), DoubleCreditAlarm("customer c-1"), ["double_credit", "in_doubt"]),
        (summary(3, {Outcome.REVIEW: 1}, differences=("USD: c-1",)), None, ["not_in_balance", "review"]),
        (summary(4, {Outcome.PENDING: 2}), None, ["pending"]),
        (summary(4, {Outcome.PENDING: 2}), Interrupted("x"), ["interrupted"]),
    ],
)
def test_why_a_person_must_look(
    monkeypatch: pytest.MonkeyPatch, given: Summary, stopped: Any, codes: list[str]
) -> None:
    telling, told = notices(monkeypatch)
    telling.started(PLAN)
    telling.ended(given, stopped)
    assert told.to(HOOK) == ["started", "attention", "ended"]
    for _, notice in told.all[1:]:
        assert [reason.code for reason in notice.reasons] == codes
        assert "c-1" not in str(document(notice)) and "secret" not in str(document(notice))
    assert "BATCH" not in str(document(told.last)["data"]["reasons"])


def test_refused_before_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    telling, told = notices(monkeypatch, HOOK, MAIL, COMMAND)
    telling.failed(LedgerBusy("pid 7"), 5)
    assert told.to(HOOK) == told.to(MAIL) == told.to(COMMAND) == ["attention"]
    assert (told.last.exit_code, told.last.reasons[0].code) == (5, "ledger_busy")


def test_refused_before_whoever_sits_there(monkeypatch: pytest.MonkeyPatch) -> None:
    telling, told = notices(monkeypatch, HOOK, COMMAND, is_attended=True)
    telling.failed(LedgerBusy("pid 7"), 5)
    assert told.all == []
    telling.started(PLAN)
    telling.failed(JournalFailed("disk"), 4)
    assert told.to(HOOK) == ["started", "attention", "ended"] and told.to(COMMAND) == ["ended"]
    assert told.last.standing is not None and told.last.standing.key == KEY and told.last.standing.counts is None


def test_links(monkeypatch: pytest.MonkeyPatch) -> None:
    for link, said in (
        ("https://r.example/x/", "https://r.example/x/p%20%C3%A4-3f9a2b1c/summary.html"),
        ("https://r.example/b/{batch}?x", f"https://r.example/b/{KEY}?x"),
    ):
        telling, told = notices(monkeypatch, link=link)
        telling.started(PLAN)
        telling.ended(summary(paths=ReportPaths.within(Path("/r/p ä-3f9a2b1c"))), None)
        assert told.last.link == said


def test_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    for stopped, counts, codes in (
        (None, Counter({Outcome.CREDITED: 3}), []),
        (Interrupted("SIGTERM"), Counter[Outcome](), []),
        (KeyRefused("x"), Counter({Outcome.REVIEW: 2}), ["key_refused", "review"]),
    ):
        telling, told = notices(monkeypatch)
        telling.started()
        telling.worked(counts, stopped, 4 if stopped else 0)
        assert [reason.code for reason in told.last.reasons] == codes
        assert told.to(HOOK) == ["started", *(["attention"] if codes else []), "ended"]


def test_a_worker_that_a_signal_ends_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    for command, events in (("work", ["started", "ended"]), ("run", ["started", "attention", "ended"])):
        telling, told = notices(monkeypatch)
        telling._subject = replace(telling._subject, command=command)
        telling.started()
        telling.failed(NotBegun("interrupted"), 2)
        assert told.to(HOOK) == events


def test_what_is_left_to_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    telling, told = notices(monkeypatch)
    telling.started(PLAN)
    telling.detached(BATCH)
    assert told.to(HOOK) == ["started", "ended"] and told.last.headline == "Admitted, 200 rows that workers send"


def test_reconciled(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = summary(0, {Outcome.CREDITED: 200})
    for found, code, headline, codes in (
        ([(fine, True)], 0, "1 batch ties out", []),
        ([(fine, True), (fine, True)], 0, "2 batches tie out", []),
        ([(fine, False)], 3, "File, ledger and Chargebee do not tie out", ["not_tied_out"]),
        ([(fine, True), (summary(4, {Outcome.PENDING: 1}), True)], 4, "2 batches tie out", ["pending"]),
        ([], 0, "0 batches tie out", []),
    ):
        telling, told = notices(monkeypatch)
        telling.started()
        telling.reconciled(found, code)
        assert (told.last.headline, [reason.code for reason in told.last.reasons]) == (headline, codes)
        assert (told.last.standing is not None) == (len(found) == 1)


def test_a_reversal_never_says_credited(monkeypatch: pytest.MonkeyPatch) -> None:
    telling, told = notices(monkeypatch)
    telling.started(replace(PLAN, kind=CallKind.DEDUCT))
    assert told.last.headline == "Started, 200 rows to deduct"
    telling.ended(summary(batch=replace(BATCH, kind=CallKind.DEDUCT)), None)
    assert "credited" not in document(told.last)["data"]["counts"]


def test_rejected_rows_are_in_no_total_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    telling, told = notices(monkeypatch)
    telling.started(replace(PLAN, by_outcome={Outcome.REJECTED: {"c-1": ControlTotal(1, 5)}}))
    said = document(told.last)["data"]
    assert said["counts"]["rejected"] == 1 and said["totals"]["rejected"] == {} and "c-1" not in str(said)


def test_the_schema_is_held_here_too() -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"type": "batch_credits.ended"})
