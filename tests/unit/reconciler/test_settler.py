"""Doubt settled by looking, in virtual time: at once where a look finds it, never on an absence without a witness."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from batch_credits.call import call_for
from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.client import Chargebee
from batch_credits.errors import DoubleCreditAlarm, KeyRefused, LedgerError, RunStopped
from batch_credits.ledger import Attribution, KnownCredit, OtherRequest
from batch_credits.ledger.group_commit import Journal, Rhythm
from batch_credits.model import Finding, Money, Outcome, PlannedCredit, RequestState
from batch_credits.process import clock
from batch_credits.progress.observers import SilentProgress
from batch_credits.reconciler import settler
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.settings import RunSettings

SENT_MS = 1_790_000_000_000  # when the credit was first sent, by the site's clock
SETTINGS = RunSettings(rate_per_minute=0, flush_seconds=0.01)


def now() -> float:
    return asyncio.get_running_loop().time()


def doubt(*, attempts: int = 1, open_attempts: int = 1, spoiled: bool = False) -> PlannedCredit:
    money = Money(100, None, "USD")
    return PlannedCredit(
        1, "c-1", "q3", money, "general", b"", 0, spoiled, open_attempts, attempts, RequestState.IN_DOUBT
    )


def owed(*, attempts: int) -> PlannedCredit:
    """Held because the operator wants a look before a run's first send."""
    return replace(doubt(attempts=attempts, open_attempts=0), state=RequestState.PENDING)


def listed(credit_id: str, **changes: Any) -> dict[str, Any]:
    item = {
        "id": credit_id,
        "customer_id": "c-1",
        "type": "increment",
        "amount": 100,
        "currency_code": "USD",
        "reference": "q3",
        "closing_balance": 300,
        "created_at": SENT_MS // 1000 - 86_400,
    }
    return item | changes


class Site:
    """Answers looks from `credits`; `deleted` customers are gone. `broken` answers come first."""

    def __init__(self) -> None:
        self.credits: list[dict[str, Any]] = []
        self.deleted: set[str] = set()
        self.broken: list[Answer] = []
        self.ignores_customers = False  # its filter finds an id in whatever form
        self.gets: list[tuple[float, str]] = []
        self.entities: list[str | None] = []

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        assert method == "GET", "a settler sends nothing but questions"
        self.gets.append((now(), path))
        self.entities.append(headers.get("chargebee-business-entity-id"))
        await asyncio.sleep(0.5)
        if self.broken:
            return self.broken.pop(0)
        url = urlsplit(path)
        if url.path.startswith("/api/v2/customers/"):
            name = url.path.rsplit("/", 1)[1]
            return Answer(200, {}, orjson.dumps({"customer": {"id": name, "deleted": name in self.deleted}}))
        query = {name: value for name, [value] in parse_qs(url.query).items()}
        found = [
            {"promotional_credit": item}
            for item in self.credits
            if (self.ignores_customers or query.get("customer_id[is]") in (None, item["customer_id"]))
            and query.get("id[is]") in (None, item["id"])
        ]
        return Answer(200, {}, orjson.dumps({"list": found}))


class Memory:
    """What the ledger knows. Whatever it is asked about a moment, it says the same."""

    def __init__(self) -> None:
        self.known: list[KnownCredit] = []
        self.taken: set[str] = set()
        self.calls: list[str] = []
        self.young: list[tuple[float, KnownCredit]] = []  # that were sent, and when

    def moment(self) -> Any:
        return now()

    def witnesses(self, site: str, kind: Any, since: Any, limit: int, call: str) -> list[KnownCredit]:
        self.calls.append(call)
        return self.known[:limit]

    def sent_since(self, site: str, kind: Any, since: Any, limit: int, call: str) -> list[KnownCredit]:
        return [credit for sent, credit in self.young if since < sent <= now()][:limit]

    def attributed(self, site: str, credit_ids: Sequence[str]) -> list[Attribution]:
        return [Attribution(one, 99, "c-1", "q3", True, True) for one in credit_ids if one in self.taken]

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        return []

    def first_sent_ms(self, request_id: int) -> int | None:
        return SENT_MS


class Ledger:
    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        self.findings += findings


class OpenGate:
    async def enter(self, method: str) -> None:
        await asyncio.sleep(0)

    def leave(self, method: str) -> None:
        """Always open."""

    def pause(self, seconds: float) -> None:
        """Always open."""

    def throttled(self, seconds: float) -> None:
        """Always open."""


async def on_the_spot(work: Callable[[], Any]) -> Any:
    return work()


class Watching(SilentProgress):
    """What a person is shown."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[Outcome, bool]] = []

    def settled(self, outcome: Outcome, *, was_in_doubt: bool = False) -> None:
        self.outcomes.append((outcome, was_in_doubt))


class Bench:
    """A settler, and what it gave back: `released`, `done` and `stopped`, each with its moment."""

    def __init__(self, settings: RunSettings) -> None:
        self.site, self.memory, self.ledger, self.watching = Site(), Memory(), Ledger(), Watching()
        self.journal = Journal(self.ledger, 1, "acme-test", in_thread=on_the_spot, rhythm=Rhythm(0.01))
        self.settler = DoubtSettler(
            chargebee=Chargebee(self.site, OpenGate(), settings),
            journal=self.journal,
            memory=self.memory,
            site="acme-test",
            settings=settings,
            observer=self.watching,
            in_thread=on_the_spot,
        )
        self.began = now()
        self.released: list[PlannedCredit] = []
        self.done: list[PlannedCredit] = []
        self.stopped: list[RunStopped | None] = []
        self.took = -1.0
        self.over = asyncio.Event()
        self.other_row: asyncio.Task[None] | None = None

    def release(self, credit: PlannedCredit) -> None:
        self.released.append(credit)
        self._end()

    def settled(self, credit: PlannedCredit) -> None:
        self.done.append(credit)
        self._end()

    def stop(self, error: RunStopped | None) -> None:
        self.stopped.append(error)
        self.over.set()

    def _end(self) -> None:
        self.took = now() - self.began
        self.over.set()

    @property
    def state(self) -> RequestState | None:
        return self.ledger.findings[-1].state if self.ledger.findings else None


@pytest.fixture
def settle(virtually: Any) -> Callable[..., Bench]:
    """Settles one credit to its end."""

    def run(
        credit: PlannedCredit,
        prepare: Callable[[Bench], None] = lambda bench: None,
        settings: RunSettings = SETTINGS,
    ) -> Bench:
        async def main() -> Bench:
            bench = Bench(settings)
            prepare(bench)
            bench.settler.hold(credit, bench)
            await bench.over.wait()
            await asyncio.sleep(0.1)
            await bench.settler.close()
            await bench.journal.close()
            return bench

        found = virtually(main())
        assert isinstance(found, Bench)
        return found

    return run


def has(*credits: dict[str, Any]) -> Callable[[Bench], None]:
    return lambda bench: bench.site.credits.extend(credits)


def test_a_credit_that_shows_is_settled_at_once(settle: Any) -> None:
    bench = settle(doubt(), has(listed("cr-1")))
    assert bench.state is RequestState.CREDITED
    assert bench.took < 2
    [finding] = bench.ledger.findings
    assert (finding.credit_id, finding.closing_balance, finding.open_attempts) == ("cr-1", "300", 0)
    assert [credit.request_id for credit in bench.done] == [1]


@pytest.mark.parametrize(
    "other",
    [
        {"reference": "q4"},
        {"customer_id": "c-2"},
        {"type": "decrement"},
        {"reference": None},
    ],
    ids=repr,
)
def test_another_credit_is_not_ours_and_vouches_for_the_list(settle: Any, other: dict[str, Any]) -> None:
    bench = settle(doubt(), has(listed("cr-1", **other)))
    assert bench.state is RequestState.PENDING
    assert bench.took > SETTINGS.quarantine_seconds
    assert bench.released


OTHER_MONEY = [{"amount": 101}, {"currency_code": "EUR"}, {"credit_type": "loyalty_credits"}]


@pytest.mark.parametrize("other", OTHER_MONEY, ids=repr)
def test_other_money_under_our_reference_is_for_a_person(settle: Any, other: dict[str, Any]) -> None:
    bench = settle(doubt(), has(listed("cr-1", **other)))
    assert bench.state is RequestState.REVIEW
    assert not bench.released


def test_a_credit_of_another_row_is_not_ours(settle: Any) -> None:
    def prepare(bench: Bench) -> None:
        bench.site.credits.append(listed("cr-1"))
        bench.memory.taken.add("cr-1")

    assert settle(doubt(), prepare).state is RequestState.PENDING


@pytest.mark.parametrize(
    ("credit", "credits", "outcome"),
    [
        (doubt(), [listed("cr-1")], (Outcome.CREDITED, True)),
        (doubt(), [listed("cr-1", customer_id="c-2")], (Outcome.PENDING, True)),
        (doubt(), [listed("cr-1", amount=101)], (Outcome.REVIEW, True)),
        (doubt(), [listed("cr-1"), listed("cr-2")], (Outcome.REVIEW, True)),
        (owed(attempts=1), [listed("cr-1")], (Outcome.CREDITED, False)),
        (owed(attempts=0), [listed("cr-1")], (Outcome.ALREADY_CREDITED, False)),
        (owed(attempts=0), [listed("cr-1", amount=101)], (Outcome.REVIEW, False)),
    ],
)
def test_who_watches_is_told_that_a_doubt_is_over(
    settle: Any, credit: PlannedCredit, credits: list[dict[str, Any]], outcome: tuple[Outcome, bool]
) -> None:
    """Told otherwise the rows in doubt on the screen would never become fewer."""
    assert settle(replace(credit), has(*credits)).watching.outcomes == [outcome]


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5])
def test_however_short_the_quarantine_nobody_looks_within_it_but_early(settle: Any, seconds: float) -> None:
    """An absence within it proves nothing, so such a look would be in vain."""
    settings = replace(SETTINGS, quarantine_seconds=seconds, early_look_seconds=())
    bench = settle(doubt(), has(listed("cr-1", customer_id="c-2")), settings)
    assert bench.state is RequestState.PENDING
    assert bench.site.gets[0][0] - bench.began >= seconds


def test_where_no_attempt_is_open_an_absence_needs_no_witness(settle: Any) -> None:
    """One question for each form of the customer's id, as for every row of a run that verifies first."""
    settings = replace(SETTINGS, quarantine_seconds=0.0)
    bench = settle(owed(attempts=0), has(listed("cr-9", customer_id="c-9")), settings)
    assert [credit.request_id for credit in bench.released] == [1]
    assert all("customer_id" in path and "/customers/" not in path for _, path in bench.site.gets)
    assert bench.memory.calls == []


def test_two_credits_raise_the_alarm(settle: Any) -> None:
    bench = settle(doubt(), has(listed("cr-1"), listed("cr-2")))
    [alarm] = bench.stopped
    assert isinstance(alarm, DoubleCreditAlarm)
    assert "cr-1, cr-2" in alarm.message
    assert bench.state is RequestState.REVIEW


def test_a_credit_that_is_listed_twice_is_one(settle: Any) -> None:
    assert settle(doubt(), has(listed("cr-1"), listed("cr-1"))).state is RequestState.CREDITED


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_witnessed_absence_is_owed_again(settle: Any, spoiled: bool) -> None:
    def prepare(bench: Bench) -> None:
        bench.memory.known = [KnownCredit("cr-7", "c-7")]
        bench.site.credits.append(listed("cr-7", customer_id="c-7"))

    sent = doubt(spoiled=spoiled)
    sent.first_sent = 1.0
    bench = settle(sent, prepare)
    assert bench.state is RequestState.PENDING
    assert bench.took >= SETTINGS.quarantine_seconds
    [credit] = bench.released
    assert credit.first_sent is None  # no open attempt was ever made
    assert (credit.open_attempts, credit.generation, credit.key_spoiled) == (0, int(spoiled), False)


def test_an_absence_beside_a_list_that_lags_ends_with_a_person(settle: Any) -> None:
    def prepare(bench: Bench) -> None:
        bench.memory.known = [KnownCredit("cr-7", "c-7")]

    bench = settle(doubt(), prepare)
    assert bench.state is RequestState.REVIEW
    assert not bench.released
    assert bench.took >= SETTINGS.quarantine_seconds + (SETTINGS.max_looks - 1) * SETTINGS.look_again_seconds


def test_an_absence_that_nothing_can_vouch_for_ends_with_a_person(settle: Any) -> None:
    assert settle(doubt()).state is RequestState.REVIEW


def test_a_witness_that_comes_up_at_the_last_look_is_given_time_to_show(settle: Any) -> None:
    looks = SETTINGS.quarantine_seconds + (SETTINGS.max_looks - 1) * SETTINGS.look_again_seconds

    def prepare(bench: Bench) -> None:
        async def credit_another() -> None:
            await asyncio.sleep(looks - 10)
            bench.memory.known = [KnownCredit("cr-7", "c-7")]
            await asyncio.sleep(30)
            bench.site.credits.append(listed("cr-7", customer_id="c-7"))

        bench.other_row = asyncio.get_running_loop().create_task(credit_another())

    bench = settle(doubt(), prepare)
    assert bench.state is RequestState.PENDING
    assert looks < bench.took < looks + 2 * SETTINGS.look_again_seconds


def test_while_the_key_is_remembered_it_alone_may_guard(settle: Any) -> None:
    def sent_now(bench: Bench) -> None:
        credit.first_sent = credit.last_sent = now()

    credit = doubt()
    bench = settle(credit, sent_now)
    assert bench.released == [credit]
    assert (credit.open_attempts, credit.generation) == (1, 0)
    assert bench.state is None  # still in doubt, and nothing new was learned
    assert bench.watching.outcomes == [(Outcome.PENDING, True)]

    credit = doubt(spoiled=True)
    assert settle(credit, sent_now).state is RequestState.REVIEW


def test_the_age_of_a_key_goes_on_while_the_machine_sleeps(settle: Any) -> None:
    def sent_now(bench: Bench) -> None:
        credit.first_sent = credit.last_sent = now()
        slept = SETTINGS.key_window_seconds
        clock.boottime = lambda: asyncio.get_running_loop().time() + slept  # `virtually` puts it back

    credit = doubt()
    assert settle(credit, sent_now).state is RequestState.REVIEW


# -- Texts in another form, and other entities --------------------------------------------------------------


@pytest.mark.parametrize("form", [{"reference": "Q3"}, {"reference": " q3\u00a0"}, {"customer_id": "C-1"}], ids=repr)
def test_a_credit_in_another_form_of_its_texts_is_ours(settle: Any, form: dict[str, Any]) -> None:
    def prepare(bench: Bench) -> None:
        bench.site.credits.append(listed("cr-1", **form))
        bench.site.ignores_customers = True

    bench = settle(doubt(), prepare)
    assert bench.state is RequestState.CREDITED
    assert bench.took < 2


def test_a_credit_of_our_money_that_is_nobodys_is_no_absence(settle: Any) -> None:
    bench = settle(doubt(), has(listed("cr-1", reference="q", created_at=SENT_MS // 1000)))
    assert bench.state is RequestState.REVIEW
    assert bench.took >= SETTINGS.quarantine_seconds  # until then it may still be listed by its own name
    assert "cr-1" in (bench.ledger.findings[-1].reason or "")
    assert not bench.released


def test_an_answer_that_named_a_credit_is_never_followed_by_another_send(settle: Any) -> None:
    credit = doubt()
    credit.credit_id = "cr-9"
    bench = settle(credit, has(listed("cr-1", customer_id="c-2")))
    assert bench.state is RequestState.REVIEW
    assert bench.ledger.findings[-1].credit_id == "cr-9"
    assert "cr-9" in (bench.ledger.findings[-1].reason or "")
    assert not bench.released


def test_where_an_answer_named_a_credit_nothing_is_asked_that_could_make_its_absence_believable(settle: Any) -> None:
    def prepare(bench: Bench) -> None:
        bench.memory.known = [KnownCredit("cr-7", "c-7")]
        bench.site.credits.append(listed("cr-7", customer_id="c-7"))
        bench.site.deleted.add("c-1")

    credit = doubt()
    credit.credit_id = "cr-9"
    bench = settle(credit, prepare)
    assert bench.state is RequestState.REVIEW
    assert "cr-9" in (bench.ledger.findings[-1].reason or "")
    assert all("customer_id%5Bis%5D=c-1" in path for _at, path in bench.site.gets)


def test_every_question_goes_to_the_entity_for_which_the_row_was_sent(settle: Any) -> None:
    credit = doubt()
    credit.call = call_for("emea")
    bench = settle(credit, settings=RunSettings(rate_per_minute=0, flush_seconds=0.01, business_entity_id="apac"))
    assert set(bench.site.entities) == {"emea"}
    assert set(bench.memory.calls) == {credit.call}


@pytest.mark.parametrize("is_shown", [True, False])
def test_the_witness_is_asked_for_of_that_entity_too(settle: Any, is_shown: bool) -> None:
    def prepare(bench: Bench) -> None:
        bench.memory.known = [KnownCredit("cr-6", "c-6"), KnownCredit("cr-7", "c-7")]
        bench.site.deleted.add("c-6")  # so that the next one is asked
        if is_shown:
            bench.site.credits.append(listed("cr-7", customer_id="c-7"))

    credit = doubt()
    credit.call = call_for("emea")
    settings = RunSettings(rate_per_minute=0, flush_seconds=0.01, business_entity_id="apac")
    bench = settle(credit, prepare, settings)
    assert bench.state is (RequestState.PENDING if is_shown else RequestState.REVIEW)
    asked = [path.split("?")[0] for _at, path in bench.site.gets]
    assert {"/api/v2/customers/c-1", "/api/v2/customers/c-6"} <= {*asked}
    assert any("id%5Bis%5D=cr-7" in path for _at, path in bench.site.gets)
    assert set(bench.site.entities) == {"emea"}


def test_credits_of_deleted_customers_alone_are_no_witness(settle: Any) -> None:
    """Nor may another credit of the site stand in for them: we know of credits that the list does not show."""

    def prepare(bench: Bench) -> None:
        bench.memory.known = [KnownCredit(f"cr-{n}", f"c-{n}") for n in (6, 7)]
        bench.site.deleted |= {"c-6", "c-7"}
        bench.site.credits.append(listed("cr-8", customer_id="c-8"))

    bench = settle(doubt(), prepare)
    assert bench.state is RequestState.REVIEW
    assert "does not show a credit that is known to exist" in (bench.ledger.findings[-1].reason or "")
    assert not bench.released
    asked = Counter(path.split("?")[0].rpartition("/")[2] for _at, path in bench.site.gets)
    assert asked["c-6"] == asked["c-7"] == SETTINGS.max_looks


@pytest.mark.parametrize("call", ["{}", call_for(None)])
def test_what_was_sent_for_no_entity_is_looked_for_without_one(settle: Any, call: str) -> None:
    credit = doubt()
    credit.call = call
    bench = settle(credit, settings=RunSettings(rate_per_minute=0, flush_seconds=0.01, business_entity_id="apac"))
    assert set(bench.site.entities) == {None}


def test_what_was_never_sent_is_looked_for_under_the_entity_of_this_run(settle: Any) -> None:
    bench = settle(owed(attempts=0), settings=RunSettings(rate_per_minute=0, business_entity_id="apac"))
    assert set(bench.site.entities) == {"apac"}


def test_while_the_quarantine_lasts_one_look_is_enough_and_other_forms_are_asked_for_at_the_last(settle: Any) -> None:
    credit = doubt()
    credit.customer_id = "C-1"
    bench = settle(credit, has(listed("cr-7", customer_id="c-7")))
    assert bench.state is RequestState.PENDING
    of_form = [at - bench.began for at, path in bench.site.gets if path.endswith("%5D=c-1&type%5Bis%5D=increment")]
    assert [at >= SETTINGS.quarantine_seconds for at in of_form] == [True]
    of_itself = [at - bench.began for at, path in bench.site.gets if path.endswith("%5D=C-1&type%5Bis%5D=increment")]
    assert len(of_itself) > 2 and of_itself[0] < 2


def test_other_forms_of_the_customers_id_are_asked_for_of_that_entity_too(settle: Any) -> None:
    credit = doubt()
    credit.customer_id, credit.call = "C-1", call_for("emea")
    settings = RunSettings(rate_per_minute=0, flush_seconds=0.01, business_entity_id="apac")
    bench = settle(credit, has(listed("cr-7", customer_id="c-7")), settings)
    assert any("=c-1&" in path for _at, path in bench.site.gets)
    assert set(bench.site.entities) == {"emea"}


def test_an_absence_is_looked_for_under_other_forms_of_the_customers_id_too(settle: Any) -> None:
    credit = doubt()
    credit.customer_id = "C-1"
    bench = settle(credit, has(listed("cr-7", customer_id="c-7"), listed("cr-1")))
    assert bench.state is RequestState.REVIEW
    assert "for a customer 'c-1'" in (bench.ledger.findings[-1].reason or "")
    assert not bench.released


def test_a_first_send_is_looked_for_under_other_forms_of_the_customers_id_too(settle: Any) -> None:
    credit = owed(attempts=0)
    credit.customer_id = "C-1"
    bench = settle(credit, has(listed("cr-1")))
    assert bench.state is RequestState.REVIEW


def test_another_generation_may_stand_for_another_call(settle: Any) -> None:
    credit = doubt(spoiled=True)
    credit.call = call_for("emea")
    settle(credit, has(listed("cr-7", customer_id="c-7")))
    assert (credit.generation, credit.call) == (1, None)
    credit = doubt()
    credit.call = call_for("emea")
    settle(credit, has(listed("cr-7", customer_id="c-7")))
    assert (credit.generation, credit.call) == (0, call_for("emea"))


def test_a_deleted_customer_is_for_a_person(settle: Any) -> None:
    bench = settle(doubt(), lambda bench: bench.site.deleted.add("c-1"))
    assert bench.state is RequestState.REVIEW


@pytest.mark.parametrize("attempts", [0, 2])
def test_what_is_owed_and_not_in_doubt_needs_one_look_alone(settle: Any, attempts: int) -> None:
    bench = settle(owed(attempts=attempts))
    assert bench.took < 2
    assert len(bench.site.gets) == 1
    assert bench.released
    assert bench.state is None


def test_what_a_person_says_is_not_credited_may_be_on_its_way_still(settle: Any) -> None:
    """An answer about another's credit leaves it to a person at once, who looks before it is applied."""
    said = owed(attempts=1)
    said.look_first = True

    def apply_late(bench: Bench) -> None:
        late = listed("cr-1", created_at=SENT_MS // 1000)
        asyncio.get_running_loop().call_later(SETTINGS.quarantine_seconds - 5, bench.site.credits.append, late)

    bench = settle(said, apply_late)
    assert bench.state is RequestState.CREDITED
    assert not bench.released
    said = owed(attempts=1)
    said.look_first = True
    bench = settle(said)
    assert bench.released and bench.took >= SETTINGS.quarantine_seconds


def test_without_waiting_the_doubt_is_left(settle: Any) -> None:
    bench = settle(doubt(), settings=RunSettings(rate_per_minute=0, wait=False))
    assert bench.took < 30
    assert bench.done
    assert bench.state is None


def test_a_question_without_an_answer_is_asked_again(settle: Any) -> None:
    def prepare(bench: Bench) -> None:
        bench.site.broken = [Answer(502, {}, b""), Answer(200, {}, b"{")]
        bench.site.credits.append(listed("cr-1"))

    bench = settle(doubt(), prepare)
    assert bench.state is RequestState.CREDITED
    assert bench.took < 30


def test_questions_end_and_leave_the_doubt(settle: Any) -> None:
    bench = settle(doubt(), lambda bench: bench.site.broken.extend([Answer(502, {}, b"")] * 1000))
    assert bench.done
    assert bench.state is None
    assert len(bench.site.gets) < 20


def test_a_key_that_is_refused_stops_the_run_and_leaves_the_doubt(settle: Any) -> None:
    bench = settle(doubt(), lambda bench: bench.site.broken.append(Answer(401, {}, b"")))
    [stop] = bench.stopped
    assert isinstance(stop, KeyRefused)
    assert bench.state is None


def test_a_ledger_that_fails_stops_the_run_with_its_error(settle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise LedgerError("disk I/O error")

    def prepare(bench: Bench) -> None:
        bench.site.credits.append(listed("cr-1"))
        monkeypatch.setattr(bench.memory, "attributed", fails)

    bench = settle(doubt(), prepare)
    assert bench.stopped == [None]
    assert isinstance(bench.settler.failure, LedgerError)


def test_closing_ends_every_wait(virtually: Any) -> None:
    async def main() -> None:
        bench = Bench(SETTINGS)
        for _ in range(5):
            bench.settler.hold(doubt(), bench)
        await asyncio.sleep(50)
        await bench.settler.close()
        assert now() - bench.began < 51
        await bench.journal.close()
        assert bench.ledger.findings == []

    virtually(main())


def test_a_step_that_nobody_can_carry_out_is_a_failure_and_decides_nothing(
    settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settler, "after_look", lambda *_: "a step")
    bench = settle(doubt(), has(listed("cr-1")))
    assert isinstance(bench.settler.failure, AssertionError)
    assert bench.stopped == [None]
    assert (bench.ledger.findings, bench.released, bench.done) == ([], [], [])


def test_whoever_watches_is_told_when_the_next_look_is(settle: Any) -> None:
    told: list[float] = []

    def watch(bench: Bench) -> None:
        told.append(bench.settler.seconds_to_look())  # nothing is held yet
        for moment in (1.0, 2.0):
            asyncio.get_running_loop().call_later(moment, lambda: told.append(bench.settler.seconds_to_look()))

    settle(doubt(), watch)
    nothing, first, second = told
    assert nothing == 0.0
    assert SETTINGS.early_look_seconds[1] >= first > second > 0
    assert first - second == pytest.approx(1.0)


# -- What a lost worker may have sent ----------------------------------------------------------------------------


def left_by_the_lost(lost_seconds: float) -> PlannedCredit:
    credit = doubt()
    credit.lost_seconds = lost_seconds
    return credit


def with_witness(*, sent_at: float | None) -> Callable[[Bench], None]:
    """The list shows a credit that is known, and was sent so many seconds after the taking over; None: before."""

    def prepare(bench: Bench) -> None:
        bench.site.credits.append(listed("cr-7", customer_id="c-7"))
        if sent_at is None:
            bench.memory.known = [KnownCredit("cr-7", "c-7")]
        else:
            bench.memory.young = [(bench.began + sent_at, KnownCredit("cr-7", "c-7"))]

    return prepare


@pytest.mark.parametrize(("quarantine", "lost", "waits"), [(420.0, 140.0, 420.0), (5.0, 140.0, 140.0)])
@pytest.mark.parametrize("sent_at", ["between", "after"])
def test_it_waits_for_the_longer_of_both_and_for_a_witness_sent_since(
    settle: Any, quarantine: float, lost: float, waits: float, sent_at: str
) -> None:
    settings = replace(SETTINGS, quarantine_seconds=quarantine)
    sent = waits + 0.6 if sent_at == "after" else lost + 1.5
    bench = settle(left_by_the_lost(lost), with_witness(sent_at=sent), settings)
    assert bench.state is RequestState.PENDING
    assert waits <= bench.took <= max(waits, sent) + settings.look_again_seconds + 10
    assert bench.released


@pytest.mark.parametrize("sent_at", [None, 139.0])
@pytest.mark.parametrize(("quarantine", "waits"), [(420.0, 420.0), (5.0, 140.0)])
def test_what_was_sent_before_its_end_witnesses_only_after_a_second_wait(
    settle: Any, quarantine: float, waits: float, sent_at: float | None
) -> None:
    settings = replace(SETTINGS, quarantine_seconds=quarantine)

    def prepare(bench: Bench) -> None:
        with_witness(sent_at=sent_at)(bench)
        bench.memory.known = [KnownCredit("cr-7", "c-7")]

    bench = settle(left_by_the_lost(140.0), prepare, settings)
    assert bench.state is RequestState.PENDING
    assert 2 * waits <= bench.took <= 2 * waits + 30


def test_that_anything_is_listed_witnesses_only_after_a_second_wait(settle: Any) -> None:
    bench = settle(left_by_the_lost(140.0), has(listed("cr-9", customer_id="c-9")))
    assert bench.state is RequestState.PENDING
    assert bench.took >= 2 * SETTINGS.quarantine_seconds


def test_it_is_settled_at_once_where_it_shows(settle: Any) -> None:
    bench = settle(left_by_the_lost(140.0), has(listed("cr-1")))
    assert (bench.state, bench.took < 2) == (RequestState.CREDITED, True)


def test_what_this_process_sent_after_the_lost_one_waits_for_its_own_quarantine(settle: Any, virtually: Any) -> None:
    """What the lost one sent was proven absent before: else nothing would have been sent again."""

    def prepare(bench: Bench) -> None:
        credit.last_sent = bench.began
        with_witness(sent_at=None)(bench)

    credit = left_by_the_lost(3_000.0)
    bench = settle(credit, prepare)
    assert bench.state is RequestState.PENDING
    assert bench.took < SETTINGS.quarantine_seconds + 10


def test_who_does_not_wait_leaves_it_in_doubt(settle: Any) -> None:
    bench = settle(left_by_the_lost(140.0), with_witness(sent_at=1.0), replace(SETTINGS, wait=False))
    assert (bench.state, len(bench.done)) == (None, 1)


@pytest.mark.parametrize("apart", [0.0, 3.0, 30.0])
def test_each_row_in_doubt_has_a_witness_of_its_own_and_a_look_after_it(virtually: Any, apart: float) -> None:
    """Of two, the second sent so much later: what answers a look may lag behind what showed a witness a moment ago."""
    settings = replace(SETTINGS, early_look_seconds=())

    async def main() -> Bench:
        bench = Bench(settings)
        bench.memory.known = [KnownCredit("w", "c-w")]
        bench.site.credits.append(listed("w", customer_id="c-w", reference="q1"))
        for number, later in ((1, 0.0), (2, apart)):
            credit = replace(doubt(), request_id=number, customer_id=f"c-{number}")
            credit.last_sent = now() + later
            bench.settler.hold(credit, bench)
        while len(bench.released) < 2:
            await asyncio.sleep(1)
        await bench.settler.close()
        await bench.journal.close()
        return bench

    bench = virtually(main())
    shown = [at for at, path in bench.site.gets if "id%5Bis%5D=w" in path and "customer" not in path]
    assert len(shown) == 2
    of_second = [at for at, path in bench.site.gets if "customer_id%5Bis%5D=c-2" in path]
    assert len(of_second) == 2
    assert of_second[-1] >= shown[-1], "the look that counts comes after its witness"
