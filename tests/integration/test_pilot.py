"""The pilot: real ledger, journal, pool and limiter, against a site of the test's own that may list what it likes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.bodies import add_body
from batch_credits.errors import Interrupted, KeyRefused, PilotNotAgreed
from batch_credits.ledger import Ledger, StagedRow
from batch_credits.model import ControlTotal, LoadedRow, NewBatch, Outcome
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.pilot import PilotReport
from batch_credits.sending.session import Sending
from batch_credits.settings import InputOptions, RunSettings

SITE = "acme-test"
FAST = RunSettings(
    rate_per_minute=0, concurrency=4, claim_page=5, flush_seconds=0.001, pilot=3, pilot_look_seconds=(0, 0.01, 0.01)
)
HEADERS = ("customer_id", "amount", "currency_code", "reference")

NO_CUSTOMER = b'{"api_error_code": "resource_not_found", "message": "no customer", "type": "x"}'
KEY_REFUSED = b'{"api_error_code": "api_authentication_failed", "message": "no such key", "type": "untyped"}'


class Site:
    """Credits what it is asked to, and lists it after `lag` lists that did not show it, each through `listed_as`."""

    def __init__(self, lag: int = 0) -> None:
        self.credits: list[dict[str, Any]] = []
        self.answers: dict[str, Answer] = {}  # customers who get another answer than a credit
        self.lists = 0
        self.list_answers: list[Answer] = []  # said before any list
        self.lag = lag
        self.listed_as: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda item: [item]

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        await asyncio.sleep(0)
        if method == "GET":
            return self._list(path)
        assert body is not None
        fields: dict[str, Any] = {name: value for name, [value] in parse_qs(body.decode()).items()}
        if fields["customer_id"] in self.answers:
            return self.answers[fields["customer_id"]]
        item = {**fields, "id": f"cr-{len(self.credits)}", "type": "increment", "amount": int(fields["amount"])}
        self.credits.append(item)
        return Answer(200, {}, orjson.dumps({"promotional_credit": item}))

    def _list(self, path: str) -> Answer:
        self.lists += 1
        if self.list_answers:
            return self.list_answers.pop(0)
        [customer] = parse_qs(urlsplit(path).query)["customer_id[is]"]
        shown = self.credits if self.lists > self.lag else []
        items = [seen for item in shown if item["customer_id"] == customer for seen in self.listed_as(item)]
        return Answer(200, {}, orjson.dumps({"list": [{"promotional_credit": item} for item in items]}))


class Notes(SilentProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.on_note: Callable[[str], object] = lambda text: None

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.on_note(text)


class Bench:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.site = Site()
        self.notes = Notes()
        self.reports: list[PilotReport] = []
        self.answer: Callable[[PilotReport], bool] = lambda report: not report.disagreeing
        self.sending: Sending

    def plan(self, count: int) -> int:
        """A batch whose row numbers begin at 2."""
        batch = self.ledger.admission.begin(
            NewBatch(
                key="0" * 64, site=SITE, file_name="payout.csv", file_sha256="ab" * 32, headers=HEADERS,
                columns={name: index for index, name in enumerate(HEADERS)}, options_json=InputOptions().as_json(),
            )
        )  # fmt: skip
        total, rows = ControlTotal(), []
        for number in range(2, count + 2):
            request = CreditRequest(
                customer_id=f"c-{number}", reference="q3", description="d", amount=100 + number, currency_code="USD"
            )
            cells = (request.customer_id, str(request.amount), "USD", "q3")
            row = LoadedRow(number, cells, request, (), request.customer_id, "q3", request.money)
            rows.append(StagedRow(row, add_body(request)))
            total.add(request.money)
        self.ledger.admission.stage(batch, rows)
        self.ledger.admission.finish(batch, count, {"USD": total})
        self.ledger.admission.admit(batch)
        return batch

    def run(self, settings: RunSettings = FAST) -> Issued:
        async def main() -> Issued:
            [batch] = self.ledger.batches.all()
            run_id = self.ledger.runs.start(batch.batch_id)
            run = RunContext(self.ledger, batch, run_id, settings, self.notes, lambda: 0.5)
            self.sending = Sending(run, self.site, on_the_spot, self._agree)
            return await asyncio.wait_for(self.sending.run(), 20)

        return asyncio.run(main())

    def _agree(self, report: PilotReport) -> bool:
        self.reports.append(report)
        return self.answer(report)

    def counts(self) -> dict[str, int]:
        [batch] = self.ledger.batches.all()
        totals = self.ledger.totals.counted(batch.batch_id)
        return {outcome.value: sum(t.count for t in by.values()) for outcome, by in totals.items()}


async def on_the_spot(work: Callable[[], Any]) -> Any:
    await asyncio.sleep(0)
    return work()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Bench(ledger)


def stopped_by_pilot(issued: Issued) -> str:
    assert isinstance(issued.stopped, PilotNotAgreed)
    return issued.stopped.message


def test_a_pilot_that_agrees_is_followed_by_all_others(bench: Bench) -> None:
    bench.plan(20)
    seen: list[int] = []
    bench.answer = lambda report: not seen.append(len(bench.site.credits))
    assert bench.run().stopped is None
    assert seen == [3], "nothing else was sent before the answer"
    [report] = bench.reports
    assert [row.source.row_number for row in report.rows] == [2, 3, 4]
    assert not report.disagreeing and report.rows_left == 17
    assert report.left["USD"].amount_minor == sum(range(105, 122))
    assert bench.counts() == {"credited": 20}
    assert len({credit["customer_id"] for credit in bench.site.credits}) == len(bench.site.credits) == 20


def test_without_a_pilot_nothing_is_read_back(bench: Bench) -> None:
    bench.plan(5)
    assert bench.run(RunSettings(rate_per_minute=0, flush_seconds=0.001)).stopped is None
    assert (bench.reports, bench.site.lists) == ([], 0)


def test_nobody_says_yes(bench: Bench) -> None:
    bench.plan(20)
    bench.answer = lambda report: False
    assert "nobody said yes" in stopped_by_pilot(bench.run())
    assert bench.counts() == {"credited": 3, "pending": 17}
    assert len(bench.site.credits) == 3


def test_run_again_the_next_rows_are_the_pilot(bench: Bench) -> None:
    bench.plan(20)
    bench.answer = lambda report: False
    bench.run()
    bench.answer = lambda report: True
    assert bench.run().stopped is None
    assert [row.source.row_number for row in bench.reports[1].rows] == [5, 6, 7]
    assert bench.counts() == {"credited": 20}


@pytest.mark.parametrize("most", [3, 5, 10, 11, 1000])
def test_a_pilot_of_a_whole_file_or_of_whole_pages(bench: Bench, most: int) -> None:
    """Pages hold 10 rows here: the pool must see the end of the pilot wherever it lies."""
    bench.plan(10)
    bench.answer = lambda report: report.rows_left == max(0, 10 - most)
    settings = RunSettings(**{**vars(FAST), "pilot": most})
    assert bench.run(settings).stopped is None
    assert len(bench.reports[0].rows) == min(10, most)
    assert bench.counts() == {"credited": 10}


def spoiled(**fields: Any) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    return lambda item: [{**item, **fields} if item["customer_id"] == "c-3" else item]


@pytest.mark.parametrize(
    ("listed_as", "problem"),
    [
        (spoiled(amount=10_300), "amount, currency or credit type is another one"),
        (spoiled(currency_code="JPY"), "amount, currency or credit type is another one"),
        (spoiled(credit_type="referral_rewards"), "amount, currency or credit type is another one"),
        (spoiled(reference="q2"), "the reference is another one"),
        (spoiled(id="cr-x"), "Chargebee's list does not show it"),
        (lambda item: [] if item["customer_id"] == "c-3" else [item], "Chargebee's list does not show it"),
        (lambda item: [item, {**item, "id": f"{item['id']}b"}] if item["customer_id"] == "c-3" else [item],
         "Chargebee lists 2 credits under this reference: cr-1, cr-1b"),
    ],
    ids=["amount", "currency", "type", "reference", "id", "nothing", "twice"],
)  # fmt: skip
def test_a_pilot_that_does_not_agree_stops_the_run(bench: Bench, listed_as: Any, problem: str) -> None:
    bench.plan(20)
    bench.site.listed_as = listed_as
    bench.answer = lambda report: True  # whatever anybody says
    assert stopped_by_pilot(bench.run()) == "the pilot does not agree with the file in 1 of 3 rows"
    [row] = bench.reports[0].disagreeing
    assert (row.source.row_number, row.problem) == (3, problem)
    assert len(bench.site.credits) == 3
    assert bench.counts() == {"credited": 3, "pending": 17}


def test_a_refused_row_does_not_agree(bench: Bench) -> None:
    bench.plan(20)
    bench.site.answers["c-3"] = Answer(404, {}, NO_CUSTOMER)
    stopped_by_pilot(bench.run())
    [row] = bench.reports[0].disagreeing
    assert row.problem == "failed: no customer"
    assert row.listed is None and row.source.outcome is Outcome.FAILED
    assert bench.counts() == {"credited": 2, "failed": 1, "pending": 17}


def test_a_list_that_lags_is_asked_again_and_says_so(bench: Bench) -> None:
    bench.plan(20)
    bench.site.lag = 4  # the first look at three customers, and one more
    assert bench.run().stopped is None
    assert bench.notes.notes == [
        "Chargebee's list does not show 3 credits of the pilot yet; next look in 0 s.",
        "Chargebee's list does not show 1 credit of the pilot yet; next look in 0 s.",
    ]
    assert bench.counts() == {"credited": 20}


def test_a_list_that_cannot_be_read_is_asked_again(bench: Bench) -> None:
    bench.plan(20)
    bench.site.list_answers = [Answer(500, {}, b"{}"), Answer(200, {}, b"<html>")]
    assert bench.run().stopped is None


def test_a_list_that_never_can_be_read_does_not_agree(bench: Bench) -> None:
    bench.plan(20)
    bench.site.list_answers = [Answer(500, {}, b"{}")] * 9
    stopped_by_pilot(bench.run())
    assert {row.problem for row in bench.reports[0].disagreeing} == {
        "Chargebee's list could not be read: HTTP 500"
    }


def test_a_key_refused_at_the_list_stops_the_run(bench: Bench) -> None:
    bench.plan(20)
    bench.site.list_answers = [Answer(401, {}, b"{}")]
    assert isinstance(bench.run().stopped, KeyRefused)
    assert (bench.reports, len(bench.site.credits)) == ([], 3)


def test_a_key_refused_to_the_pilot_stops_the_run(bench: Bench) -> None:
    bench.plan(20)
    bench.site.answers = {f"c-{number}": Answer(401, {}, KEY_REFUSED) for number in range(30)}
    assert isinstance(bench.run().stopped, KeyRefused)
    assert (bench.reports, bench.counts()) == ([], {"pending": 20})


def test_a_signal_while_the_list_lags_ends_the_wait(bench: Bench) -> None:
    bench.plan(20)
    bench.site.lag = 10**9
    bench.notes.on_note = lambda text: "next look" in text and asyncio.get_running_loop().call_soon(
        bench.sending.stop, Interrupted("interrupted")
    )
    settings = RunSettings(**{**vars(FAST), "pilot_look_seconds": (0.0, 3600.0)})
    assert isinstance(bench.run(settings).stopped, Interrupted)
    assert (bench.reports, bench.counts()) == ([], {"credited": 3, "pending": 17})


def test_doubt_from_before_waits_for_the_pilot(bench: Bench) -> None:
    """It is not the pilot's, and settled once the pilot is agreed to."""
    batch = bench.plan(20)
    run = bench.ledger.runs.start(batch)
    lost = bench.ledger.claims.first_owed(batch, 1)
    bench.ledger.claims.commit(run, [], lost)
    bench.site.credits.append(
        {"customer_id": "c-2", "reference": "q3", "amount": 102, "currency_code": "USD", "credit_type": "general",
         "id": "cr-lost", "type": "increment"}
    )  # fmt: skip
    assert bench.run().stopped is None
    assert [row.source.row_number for row in bench.reports[0].rows] == [3, 4, 5]
    assert bench.reports[0].rows_left == 17
    assert bench.counts() == {"credited": 20}
    assert len(bench.site.credits) == 20
