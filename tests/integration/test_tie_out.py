"""A batch in a real ledger, tied out with a list of the test's own: what is found is carried out, not only told."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from batch_credits.call import call_for
from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.bodies import add_body
from batch_credits.chargebee.client import FEW_ATTEMPTS, Chargebee, LookFailed
from batch_credits.errors import DoubleCreditAlarm, KeyRefused, LedgerError
from batch_credits.jobs.reconcile import settle_and_tie_out
from batch_credits.ledger import Ledger, StagedRow
from batch_credits.ledger.group_commit import Journal, Rhythm
from batch_credits.model import ControlTotal, Finding, Learned, LoadedRow, Mended, NewBatch, PlannedCredit, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows
from batch_credits.progress.observers import SilentProgress
from batch_credits.reconciler.tie_out import CurrencyLine, Held, TieOut, tie_out
from batch_credits.settings import InputOptions, RunSettings

SITE = "acme-test"
HEADERS = ("customer_id", "amount", "currency_code", "reference")
PENDING, IN_DOUBT, CREDITED = RequestState.PENDING, RequestState.IN_DOUBT, RequestState.CREDITED
FAILED, REVIEW = RequestState.FAILED, RequestState.REVIEW
OTHER_MONEY = {"amount": 999}
EMEA, APAC = call_for("emea"), call_for("apac")


def listed(number: int, customer: str = "", **changes: Any) -> dict[str, Any]:
    """The credit of the row with this number, as the list shows it."""
    usual = {
        "id": f"cr-{number}",
        "customer_id": customer or f"c-{number}",
        "type": "increment",
        "amount": 100,
        "currency_code": "USD",
        "credit_type": "general",
        "reference": "q3",
        "created_at": 2_000_000_000,
    }
    return usual | changes


class Site:
    """A list of credits, each of one business entity (None: of the site itself), that answers questions alone."""

    def __init__(self) -> None:
        self.credits: list[tuple[str | None, dict[str, Any]]] = []
        self.folds_customers = False
        self.fails = 0  # so many of the next questions
        self.asked: list[tuple[str | None, dict[str, str]]] = []

    def has(self, *credits: dict[str, Any], entity: str | None = None) -> None:
        self.credits += [(entity, credit) for credit in credits]

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        assert method == "GET", "a tie-out sends nothing but questions"
        if self.fails:
            self.fails -= 1
            return Answer(502, {}, b"")
        url = urlsplit(path)
        if url.path.startswith("/api/v2/customers/"):
            return Answer(200, {}, orjson.dumps({"customer": {"id": url.path.rsplit("/", 1)[1]}}))
        query = {name: value for name, [value] in parse_qs(url.query).items()}
        entity = headers.get("chargebee-business-entity-id")
        self.asked.append((entity, query))
        found = [credit for of, credit in self.credits if of == entity and self._is_asked_for(credit, query)]
        start = int(query.get("offset", "0"))
        page: dict[str, Any] = {"list": [{"promotional_credit": credit} for credit in found[start : start + 100]]}
        if start + 100 < len(found):
            page["next_offset"] = str(start + 100)
        return Answer(200, {}, orjson.dumps(page))

    def _is_asked_for(self, credit: Mapping[str, Any], query: Mapping[str, str]) -> bool:
        customer = query.get("customer_id[is]", credit["customer_id"])
        is_theirs = customer == credit["customer_id"]
        if self.folds_customers:
            is_theirs = customer.lower() == str(credit["customer_id"]).lower()
        return is_theirs and credit["created_at"] > int(query.get("created_at[after]", "0"))

    def of_customers(self) -> list[str]:
        """The customers that were asked for by themselves."""
        return [query["customer_id[is]"] for _entity, query in self.asked if "customer_id[is]" in query]

    async def enter(self, method: str) -> None:
        """No limit."""

    def leave(self, method: str) -> None:
        """No limit."""

    def pause(self, seconds: float) -> None:
        """No limit."""


async def on_the_spot(work: Callable[[], Any]) -> Any:
    await asyncio.sleep(0)
    return work()


class Bench:
    """One batch, whose rows are each of a customer of their own: row 2 is for c-2."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.site = ledger, Site()
        self.batch = 0

    def plan(self, *numbers: int, mends: Mapping[int, Mended] | None = None, **money: Any) -> None:
        """Rows of these numbers, of 1.00 USD each unless it is said; which of them mend what, in another batch."""
        rows, bodies, totals = [], [], ControlTotal()
        money = money or {"amount": 100, "currency_code": "USD"}
        for number in numbers:
            request = CreditRequest(customer_id=f"c-{number}", reference="q3", description="Loyalty", **money)
            totals.add(request.money)
            cells = (request.customer_id, "100", "USD", "q3")
            rows.append(LoadedRow(number, cells, request, (), request.customer_id, "q3", request.money))
            bodies.append(add_body(request).decode())
        self.batch = self.ledger.admission.begin(
            NewBatch(
                key=("b" if mends else "a") * 64,
                site=SITE,
                file_name="payout.csv",
                file_sha256="",
                headers=HEADERS,
                columns={name: index for index, name in enumerate(HEADERS)},
                options_json=InputOptions().as_json(),
            )
        )
        self.ledger.admission.stage_columns(self.batch, replace(LoadedRows.of(rows), mends=mends or {}), bodies)
        self.ledger.admission.finish(self.batch, len(numbers), {money.get("currency_code", ""): totals})
        self.ledger.admission.admit(self.batch)

    def sent(
        self, state: RequestState, *customers: str, call: str = "{}", named: str | None = None
    ) -> list[PlannedCredit]:
        """A run in which these customers' rows were sent, and ended in this state; all of them if none is named."""
        run = self.ledger.runs.start(self.batch)
        page = self.ledger.claims.planned_page(self.batch, PENDING, 0, 1_000)
        credits = [credit for credit in page if not customers or credit.customer_id in customers]
        for credit in credits:
            self.ledger.claims.commit(run, [], [credit], call)
            credit.attempts, credit.open_attempts = 1, int(state in (IN_DOUBT, REVIEW))
            credit.credit_id = "cr-" + credit.customer_id.rpartition("-")[2] if state is CREDITED else named
            self.ledger.claims.commit(run, [Finding.about(credit, state, Learned(reason="it was so"))], [])
        return credits

    def tied(self, *, whole: bool = False) -> TieOut:
        async def main() -> TieOut:
            self.ledger.claims.claim(self.batch)
            journal = Journal(self.ledger.claims, None, SITE, in_thread=on_the_spot, rhythm=Rhythm(0.0))
            transport: Any = self.site
            chargebee = Chargebee(transport, transport, RunSettings())
            [batch] = [batch for batch in self.ledger.batches.all() if batch.batch_id == self.batch]
            try:
                return await tie_out(chargebee, self.ledger, journal, batch, on_the_spot, whole=whole)
            finally:
                await journal.close()

        return asyncio.run(main())

    def stands(self) -> dict[str, tuple[str, str | None]]:
        """Each customer's state and credit."""
        found = self.ledger._db._connection.execute("SELECT customer_id, state, credit_id FROM credit_request")
        return {customer: (state, credit_id) for customer, state, credit_id in found}

    def findings(self) -> list[tuple[str, str]]:
        """What the tie-out itself noted."""
        return self.ledger._db._connection.execute(
            "SELECT state, reason FROM finding WHERE run_id IS NULL ORDER BY finding_id"
        ).fetchall()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield Bench(ledger)


def differences(found: TieOut) -> list[tuple[int, str]]:
    return [(difference.row_number, difference.reason) for difference in found.differences]


# -- What is found is carried out ---------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "becomes"), [(PENDING, "failed"), (IN_DOUBT, "review")])
def test_what_mends_a_row_that_is_found_credited_is_not_owed(bench: Bench, state: RequestState, becomes: str) -> None:
    """It was admitted when the row was refused."""
    bench.plan(2, 3)
    bench.sent(FAILED)
    first = bench.batch
    bench.plan(4, 5, mends={4: Mended("a" * 64, 2), 5: Mended("a" * 64, 3)})
    if state is not PENDING:
        bench.sent(state)
    bench.batch = first
    bench.site.has(listed(2))
    bench.tied()
    assert bench.stands() == {
        "c-2": ("credited", "cr-2"), "c-3": ("failed", None), "c-4": (becomes, None), "c-5": (state.value, None)
    }  # fmt: skip
    assert bench.findings()[-1][1].startswith("What this row mends is credited as cr-2, under reference 'q3'")


@pytest.mark.parametrize("state", [PENDING, FAILED, IN_DOUBT, REVIEW])
def test_one_credit_of_its_money_settles_a_row(bench: Bench, state: RequestState) -> None:
    bench.plan(2, 3)
    if state is not PENDING:
        bench.sent(state, "c-2")
    bench.site.has(listed(2))
    found = bench.tied()
    assert bench.stands() == {"c-2": ("credited", "cr-2"), "c-3": ("pending", None)}
    assert bench.findings() == [("credited", "found by reconcile")]
    assert found.ties_out
    assert found.lines == (
        CurrencyLine("USD", ControlTotal(2, 200), ControlTotal(1, 100), ControlTotal(1, 100), ControlTotal(1, 100)),
    )
    assert bench.ledger.requests.planned(1).open_attempts == 0
    assert bench.ledger._db._connection.execute("SELECT error FROM credit_request").fetchall() == [(None,), (None,)]


REVIEWED = {
    "other money": [listed(2, **OTHER_MONEY)],  # type: ignore[arg-type]
    "another currency": [listed(2, currency_code="EUR")],
    "another type": [listed(2, credit_type="loyalty_credits")],
    "two": [listed(2), listed(20, "c-2")],
    "ours and other money": [listed(2), listed(20, "c-2", **OTHER_MONEY)],
    "ours and ours in another form": [listed(2), listed(20, "c-2", reference="Q3")],
}


@pytest.mark.parametrize("state", [PENDING, FAILED, IN_DOUBT])
@pytest.mark.parametrize("credits", REVIEWED.values(), ids=REVIEWED.keys())
def test_anything_else_that_is_listed_is_for_a_person_and_never_owed(
    bench: Bench, state: RequestState, credits: Sequence[dict[str, Any]]
) -> None:
    bench.plan(2, 3)
    if state is not PENDING:
        bench.sent(state, "c-2")
    bench.site.has(*credits)
    found = bench.tied()
    assert bench.stands() == {"c-2": ("review", None), "c-3": ("pending", None)}
    [(noted, reason)] = bench.findings()
    assert noted == "review"
    assert all(credit["id"] in reason for credit in credits)
    assert not found.ties_out
    [(row, told)] = differences(found)
    assert row == 2
    assert all(credit["id"] in told for credit in credits)
    bench.ledger.runs.start(bench.batch, retry_failed=True)
    assert [credit.customer_id for credit in bench.ledger.claims.planned_page(bench.batch, PENDING, 0, 9)] == ["c-3"]


def test_amounts_in_decimal_are_tied_out_to_the_last_digit(bench: Bench) -> None:
    text = "12345678901234567890.123456789012"
    bench.plan(2, 3, 4, amount_in_decimal=text, currency_code="EUR")
    bench.sent(CREDITED, "c-2")
    decimal = {"amount": None, "amount_in_decimal": text + "0", "currency_code": "EUR"}
    bench.site.has(listed(2, **decimal), listed(4, **decimal | {"amount_in_decimal": text[:-1]}))  # type: ignore[arg-type]
    found = bench.tied()
    assert bench.stands() == {"c-2": ("credited", "cr-2"), "c-3": ("pending", None), "c-4": ("review", None)}
    ours = Decimal(text)
    with localcontext(prec=40):
        assert found.lines == (
            CurrencyLine(
                "EUR",
                ControlTotal(3, 0, 3 * ours),
                ControlTotal(2, 0, 2 * ours),
                ControlTotal(1, 0, ours),
                ControlTotal(2, 0, ours + Decimal(text[:-1])),
            ),
        )
    assert not found.ties_out


def test_each_currency_is_a_line_of_its_own_also_one_that_nobody_asked_for(bench: Bench) -> None:
    bench.plan(2)
    bench.sent(CREDITED)
    bench.site.has(listed(2, currency_code="EUR"))
    one, nothing = ControlTotal(1, 100), ControlTotal()
    found = bench.tied()
    assert found.lines == (
        CurrencyLine("EUR", nothing, nothing, nothing, one),
        CurrencyLine("USD", one, nothing, one, nothing),
    )
    assert not found.ties_out


def test_a_row_that_names_no_currency_takes_what_is_listed_for_the_sites(bench: Bench) -> None:
    bench.plan(2, amount=100)
    bench.site.has(listed(2, currency_code="EUR"))
    one = ControlTotal(1, 100)
    found = bench.tied()
    assert found.lines == (CurrencyLine("", one, ControlTotal(), one, one),)
    assert found.ties_out
    assert bench.stands() == {"c-2": ("credited", "cr-2")}


def test_what_is_in_review_is_told_and_left_to_its_person(bench: Bench) -> None:
    bench.plan(2)
    bench.sent(REVIEW)
    bench.site.has(listed(2, **OTHER_MONEY))  # type: ignore[arg-type]
    found = bench.tied()
    assert bench.stands() == {"c-2": ("review", None)}
    assert bench.findings() == []
    assert differences(found) == [(2, "Chargebee lists cr-2 under this reference, with other money")]


def test_a_credit_that_an_answer_named_for_another_row_settles_none(bench: Bench) -> None:
    bench.plan(2, 3)
    bench.sent(REVIEW, "c-3", named="cr-2")
    bench.site.has(listed(2))
    bench.tied()
    assert bench.stands() == {"c-2": ("review", None), "c-3": ("review", "cr-2")}


def test_what_is_in_doubt_and_not_listed_stays_so(bench: Bench) -> None:
    bench.plan(2, 3)
    bench.sent(IN_DOUBT, "c-2")
    found = bench.tied()
    assert bench.stands() == {"c-2": ("in_doubt", None), "c-3": ("pending", None)}
    assert differences(found) == [(2, "the ledger says in doubt, and Chargebee lists nothing")]
    assert bench.findings() == []


def test_a_credited_row_is_never_touched(bench: Bench) -> None:
    bench.plan(2, 3, 4)
    bench.sent(CREDITED)
    bench.site.has(listed(2), listed(3, **OTHER_MONEY), listed(33, "c-3"))  # type: ignore[arg-type]
    found = bench.tied()
    assert bench.findings() == []
    assert {state for state, _credit_id in bench.stands().values()} == {"credited"}
    assert differences(found) == [
        (3, "Chargebee lists 2 credits under this reference: cr-3, cr-33"),
        (4, "the ledger says credited as cr-4, Chargebee does not list it"),
    ]


@pytest.mark.parametrize("rows", [1, 30], ids=["each customer", "one list"])
@pytest.mark.parametrize("fails", [FEW_ATTEMPTS - 1, FEW_ATTEMPTS])
def test_nothing_is_carried_out_of_a_list_that_breaks_off(
    bench: Bench, rows: int, fails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question is asked again, some times: of thousands one may well be lost."""
    monkeypatch.setattr("batch_credits.chargebee.client._FIRST_PAUSE_SECONDS", 0.0)
    bench.plan(*range(2, 2 + rows))
    bench.site.has(listed(2))
    bench.site.fails = fails
    if fails < FEW_ATTEMPTS:
        bench.tied()
    else:
        with pytest.raises(LookFailed):
            bench.tied()
    is_settled = ("credited", "cr-2") if fails < FEW_ATTEMPTS else ("pending", None)
    assert bench.stands()["c-2"] == is_settled


# -- Texts in another form ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "Q3"},
        {"reference": " q3\u00a0"},
        {"customer_id": "C-2"},
        {"customer_id": "C-2", "reference": "Q3"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("state", [PENDING, FAILED, CREDITED])
def test_a_credit_in_another_form_of_its_texts_is_its_rows(
    bench: Bench, changes: dict[str, Any], state: RequestState
) -> None:
    bench.plan(2)
    if state is not PENDING:
        bench.sent(state)
    bench.site.folds_customers = True
    bench.site.has(listed(2, **changes))
    assert bench.tied().ties_out
    assert bench.stands() == {"c-2": ("credited", "cr-2")}


# -- From when on, and for which entity ---------------------------------------------------------------------

MANY = range(2, 32)


def test_few_customers_are_asked_for_whole(bench: Bench) -> None:
    bench.plan(*range(2, 22))
    bench.sent(CREDITED)
    bench.site.has(*(listed(number, created_at=5) for number in range(2, 22)))
    found = bench.tied()
    assert found.ties_out
    assert found.since is None
    assert sorted(bench.site.of_customers()) == sorted(f"c-{number}" for number in range(2, 22))


def test_many_are_read_in_one_list_from_a_day_before_they_were_sent(bench: Bench) -> None:
    bench.plan(*MANY)
    bench.sent(CREDITED)
    bench.site.has(*(listed(number) for number in MANY))
    found = bench.tied()
    assert found.ties_out
    sent_ms = bench.ledger.listing.first_attempt_ms(bench.batch)
    assert sent_ms is not None
    assert found.since == sent_ms // 1000 - 86_400
    assert bench.site.of_customers() == []
    assert [query["created_at[after]"] for _entity, query in bench.site.asked] == [str(found.since)]


def test_who_is_credited_and_not_in_that_list_is_asked_for(bench: Bench) -> None:
    bench.plan(*MANY)
    bench.sent(CREDITED)
    bench.site.has(*(listed(number, created_at=5 if number == 9 else 2_000_000_000) for number in MANY))
    found = bench.tied()
    assert found.ties_out
    assert found.since is not None
    assert bench.site.of_customers() == ["c-9"]


def test_what_is_older_than_that_and_not_known_is_seen_by_the_whole_list_alone(bench: Bench) -> None:
    bench.plan(*MANY)
    bench.sent(CREDITED, *(f"c-{number}" for number in MANY if number != 9))
    bench.site.has(*(listed(number, created_at=5 if number == 9 else 2_000_000_000) for number in MANY))
    found = bench.tied()
    assert found.ties_out and found.since is not None
    assert bench.stands()["c-9"] == ("pending", None)
    found = bench.tied(whole=True)
    assert found.ties_out and found.since is None
    assert bench.stands()["c-9"] == ("credited", "cr-9")


def test_where_nothing_was_sent_the_whole_list_is_read(bench: Bench) -> None:
    bench.plan(*MANY)
    bench.site.has(listed(9, created_at=5))
    found = bench.tied()
    assert found.since is None
    assert bench.stands()["c-9"] == ("credited", "cr-9")


def test_a_list_that_is_longer_than_asking_for_each_customer_is_given_up(bench: Bench) -> None:
    bench.plan(*range(2, 24))
    bench.sent(CREDITED)
    others = (listed(number, reference="q2") for number in range(1_000, 1_000 + 2_300))
    bench.site.has(*others, *(listed(number) for number in range(2, 24)))
    found = bench.tied()
    assert found.ties_out
    assert found.since is None, "all credits of each customer were looked at"
    assert sorted(bench.site.of_customers()) == sorted(f"c-{number}" for number in range(2, 24))


@pytest.mark.parametrize("numbers", [range(2, 6), MANY], ids=["few", "many"])
def test_each_entity_is_asked_for_what_was_sent_for_it(bench: Bench, numbers: range) -> None:
    bench.plan(*numbers)
    bench.sent(CREDITED, "c-2", call=EMEA)
    bench.sent(IN_DOUBT, "c-3", call=APAC)
    bench.site.has(listed(2), entity="emea")
    bench.site.has(listed(3), entity="apac")
    bench.site.has(listed(4))  # of no entity, so that nobody sees it who asks for one
    found = bench.tied()
    assert {entity for entity, _query in bench.site.asked} == {"emea", "apac"}
    assert bench.stands()["c-2"] == ("credited", "cr-2")
    assert bench.stands()["c-3"] == ("credited", "cr-3")
    assert bench.stands()["c-4"] == ("pending", None)
    assert found.ties_out
    assert (found.since is None) is (len(numbers) < 20)


def test_credits_of_one_row_under_two_entities_are_two(bench: Bench) -> None:
    bench.plan(2, 3)
    bench.sent(IN_DOUBT, "c-2", call=EMEA)
    bench.sent(CREDITED, "c-3", call=APAC)
    bench.site.has(listed(2), entity="emea")
    bench.site.has(listed(22, "c-2"), listed(3), entity="apac")
    assert not bench.tied().ties_out
    assert bench.stands()["c-2"] == ("review", None)


# -- With the settler before it -----------------------------------------------------------------------------


def reconciled(bench: Bench) -> TieOut:
    """The whole of a reconcile, which does not wait for a quarantine."""

    async def main() -> TieOut:
        transport: Any = bench.site
        settings = RunSettings(flush_seconds=0.0, early_look_seconds=(0.0,), wait=False)
        asking: Any = SimpleNamespace(
            chargebee=Chargebee(transport, transport, settings),
            in_thread=on_the_spot,
            limiter=SimpleNamespace(seconds_for=lambda questions: 0.0),
        )
        [batch] = bench.ledger.batches.all()
        bench.ledger.claims.claim(batch.batch_id)
        return await settle_and_tie_out(bench.ledger, batch, asking, settings, SilentProgress(), whole=False)

    return asyncio.run(main())


def test_doubts_and_reviews_are_settled_first(bench: Bench) -> None:
    bench.plan(2, 3, 4)
    bench.sent(IN_DOUBT, "c-2")
    bench.sent(REVIEW, "c-3")
    bench.site.has(listed(2), listed(3), listed(4))
    assert reconciled(bench).ties_out
    assert bench.stands() == {f"c-{n}": ("credited", f"cr-{n}") for n in (2, 3, 4)}
    assert sorted(bench.findings()) == [
        ("credited", "found by a look"),
        ("credited", "found by a look"),
        ("credited", "found by reconcile"),
    ]


def test_where_the_settling_fails_nothing_is_told_as_if_all_were_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.plan(2, 3)
    bench.sent(IN_DOUBT, "c-2")
    bench.site.has(listed(2), listed(3))

    def fails(site: str, credit_ids: Sequence[str]) -> Any:
        raise LedgerError("the disk is full")

    monkeypatch.setattr(bench.ledger.looks, "attributed", fails)
    with pytest.raises(LedgerError, match="the disk is full"):
        reconciled(bench)
    assert bench.stands() == {"c-2": ("in_doubt", None), "c-3": ("pending", None)}
    assert bench.findings() == []


class Refusing(Site):
    """Does not accept the key."""

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        return Answer(401, {}, b'{"api_error_code": "api_authentication_failed", "message": "no", "type": "x"}')


def test_a_key_that_is_refused_while_doubts_are_settled_ends_it(bench: Bench) -> None:
    bench.plan(2, 3)
    bench.sent(IN_DOUBT)
    bench.site = Refusing()
    with pytest.raises(KeyRefused):
        reconciled(bench)
    assert bench.stands() == {"c-2": ("in_doubt", None), "c-3": ("in_doubt", None)}


def test_a_credit_that_is_there_twice_keeps_no_other_doubt_from_being_settled_and_is_told(bench: Bench) -> None:
    bench.plan(2, 3, 4)
    bench.sent(IN_DOUBT)
    bench.site.has(listed(2), listed(22, "c-2"), listed(3), listed(4))
    found = reconciled(bench)
    assert bench.stands() == {"c-2": ("review", None), "c-3": ("credited", "cr-3"), "c-4": ("credited", "cr-4")}
    assert not found.ties_out
    [(row, told)] = differences(found)
    assert row == 2 and "cr-2" in told and "cr-22" in told
    assert found.lines[0].ledger == ControlTotal(2, 200)
    assert found.lines[0].chargebee == ControlTotal(4, 400)


def test_what_stops_the_settling_first_is_what_is_said(bench: Bench) -> None:
    async def main() -> None:
        settler: Any = SimpleNamespace(hold=lambda credit, pool: None, failure=None)
        alarm, refused = DoubleCreditAlarm("twice"), KeyRefused("no such key")
        held = Held(bench.sent(IN_DOUBT), settler)
        held.stop(alarm)
        assert not held._done.is_set()
        held.stop(refused)
        held.stop(KeyRefused("again"))
        with pytest.raises(KeyRefused, match="no such key"):
            await asyncio.wait_for(held.wait(), 1)

    bench.plan(2)
    asyncio.run(main())


def test_amounts_in_decimal_are_compared_like_others(bench: Bench) -> None:
    rows = []
    for number, amount in ((2, "1.50"), (3, "2.25"), (4, "4.125")):
        request = CreditRequest(
            customer_id=f"c-{number}", reference="q3", description="d", amount_in_decimal=amount, currency_code="USD"
        )
        cells = (request.customer_id, amount, "USD", "q3")
        row = LoadedRow(number, cells, request, (), request.customer_id, "q3", request.money)
        rows.append(StagedRow(row, add_body(request)))
    bench.batch = bench.ledger.admission.begin(
        NewBatch(
            key="b" * 64, site=SITE, file_name="payout.csv", file_sha256="", headers=HEADERS,
            columns={name: index for index, name in enumerate(HEADERS)}, options_json=InputOptions().as_json(),
        )
    )  # fmt: skip
    bench.ledger.admission.stage(bench.batch, rows)
    bench.ledger.admission.finish(bench.batch, 3, {"USD": ControlTotal(3, 0, Decimal("7.875"))})
    bench.ledger.admission.admit(bench.batch)
    bench.sent(CREDITED, "c-2", "c-3")
    bench.site.has(*(
        {**listed(number, amount=0), "amount_in_decimal": text} for number, text in ((2, "1.5"), (3, "2.25"))
    ))  # fmt: skip
    found = bench.tied()
    assert found.lines == (
        CurrencyLine(
            "USD",
            asked=ControlTotal(3, 0, Decimal("7.875")),
            not_credited=ControlTotal(1, 0, Decimal("4.125")),
            ledger=ControlTotal(2, 0, Decimal("3.75")),
            chargebee=ControlTotal(2, 0, Decimal("3.75")),
        ),
    )
    assert found.ties_out
