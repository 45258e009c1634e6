"""What the looks ask the ledger: whose is what is listed, what can witness, and for which entity a row was sent."""

from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.ledger import Attribution, ForeignCredit, KnownCredit, Moment, OtherRequest
from batch_credits.model import CallKind, Money, PlannedCredit, RequestState

SITE = "acme-test"
UNSETTLED = [RequestState.PENDING, RequestState.IN_FLIGHT, RequestState.IN_DOUBT, RequestState.REVIEW]
EMEA, APAC, BARE = call_for("emea"), call_for("apac"), call_for(None)
MINUTE_MS = 60_000


def pay(book: Any, batch: int, call: str, state: RequestState = RequestState.CREDITED, **learned: Any) -> int:
    """A run that sends all that the batch owes for this entity, and learns this of each. Returns the run."""
    run: int = book.ledger.runs.start(batch)
    for credit in book.owed(batch):
        book.send(run, credit, call=call)
        if state is not RequestState.IN_FLIGHT:
            book.learn(run, credit, state, **learned)
    return run


def open_entities(book: Any, batch: int, *, is_new: bool = False) -> list[str | None]:
    found: list[str | None] = book.ledger.claims.open_entities(batch, is_new=is_new)
    return found


# -- For which business entity ------------------------------------------------------------------------------


def test_before_anything_was_sent_every_attempt_is_later(book: Any) -> None:
    assert book.ledger.looks.moment() == Moment(0)


def test_what_was_never_sent_is_of_no_entity(book: Any) -> None:
    batch = book.plan(book.row(2))
    assert open_entities(book, batch) == []
    assert book.ledger.listing.entities(batch) == []


@pytest.mark.parametrize("state", UNSETTLED)
@pytest.mark.parametrize(("call", "entity"), [(EMEA, "emea"), (BARE, None)])
def test_an_open_row_is_of_the_entity_that_it_was_sent_for(
    book: Any, state: RequestState, call: str, entity: str | None
) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    first, _never_sent = book.owed(batch)
    run = book.ledger.runs.start(batch)
    book.send(run, first, call=call)
    if state is not RequestState.IN_FLIGHT:
        book.learn(run, first, state)
    assert open_entities(book, batch) == [entity]
    assert book.ledger.listing.entities(batch) == [entity]


@pytest.mark.parametrize("state", [RequestState.CREDITED, RequestState.FAILED])
def test_a_settled_row_binds_to_no_entity_and_is_listed_for_its_own(book: Any, state: RequestState) -> None:
    batch = book.plan(book.row(2))
    pay(book, batch, EMEA, state)
    assert open_entities(book, batch) == []
    assert book.ledger.listing.entities(batch) == ["emea"]


@pytest.mark.parametrize("state", UNSETTLED)
def test_another_file_with_the_row_meets_the_entity_before_it_has_adopted_anything(
    book: Any, state: RequestState
) -> None:
    first = book.plan(book.row(2), book.row(3, "c-2"))
    pay(book, first, EMEA, state)
    again = book.plan(book.row(7, "c-9"), book.row(8), file_name="again.csv")
    assert [credit.customer_id for credit in book.owed(again)] == ["c-9"]  # the other is still the first batch's
    assert open_entities(book, again) == open_entities(book, again, is_new=True) == ["emea"]
    book.ledger.runs.start(again)
    assert open_entities(book, again) == ["emea"]


def test_what_a_new_batch_brought_itself_need_not_be_walked(book: Any) -> None:
    """It may be a million rows, and nothing of it was sent."""
    batch = book.plan(book.row(2))
    pay(book, batch, EMEA, RequestState.IN_DOUBT)
    assert open_entities(book, batch, is_new=True) == []
    assert open_entities(book, batch) == ["emea"]


def test_the_rows_of_other_files_bind_nobody(book: Any) -> None:
    pay(book, book.plan(book.row(2)), EMEA, RequestState.IN_DOUBT)
    other = book.plan(book.row(2, "c-2"))
    assert open_entities(book, other) == []


def test_each_entity_is_told_once(book: Any) -> None:
    calls = [EMEA, APAC, EMEA, BARE]
    batch = book.plan(*(book.row(n, f"c-{n}") for n in range(2, 2 + len(calls))))
    run = book.ledger.runs.start(batch)
    for credit, call in zip(book.owed(batch), calls, strict=True):
        book.send(run, credit, call=call)
    assert open_entities(book, batch) == [None, "apac", "emea"]
    assert book.ledger.listing.entities(batch) == [None, "apac", "emea"]
    for entity in (None, "apac", "emea"):
        book.ledger.claims.check_entity(batch, entity)


# -- Witnesses of the same entity ---------------------------------------------------------------------------


def known(book: Any, since: Moment, call: str) -> list[str]:
    found: list[KnownCredit] = book.ledger.looks.witnesses(SITE, CallKind.ADD, since, 9, call)
    return [witness.credit_id for witness in found]


@pytest.mark.parametrize("reason", [None, "found by a look"])
def test_only_a_credit_of_the_same_entity_witnesses(book: Any, reason: str | None) -> None:
    start = book.ledger.looks.moment()
    for customer, call in [("c-1", EMEA), ("c-2", APAC), ("c-3", BARE)]:
        pay(book, book.plan(book.row(2, customer)), call, reason=reason)
    for since in (start, book.ledger.looks.moment()):
        assert known(book, since, EMEA) == ["cr-1"]
        assert known(book, since, APAC) == ["cr-2"]
        assert known(book, since, BARE) == ["cr-3"]
        assert known(book, since, call_for("latam")) == []


def test_other_headers_of_the_call_make_no_other_entity(book: Any) -> None:
    silent = '{"chargebee-business-entity-id":"emea","chargebee-event-email":"all-disabled"}'
    pay(book, book.plan(book.row(2)), silent)
    assert known(book, book.ledger.looks.moment(), EMEA) == ["cr-1"]
    assert known(book, book.ledger.looks.moment(), '{"chargebee-event-email":"all-disabled"}') == []


def test_what_answered_by_itself_comes_before_what_a_look_found(book: Any) -> None:
    """A credit that was found may be much older than its proof."""
    pay(book, book.plan(book.row(2)), EMEA)
    pay(book, book.plan(book.row(2, "c-2")), EMEA, reason="found by a look")
    assert known(book, book.ledger.looks.moment(), EMEA) == ["cr-1"]


# -- Whose is what is listed --------------------------------------------------------------------------------


def test_who_has_an_id_and_whether_by_proof(book: Any) -> None:
    pay(book, book.plan(book.row(2)), BARE)
    pay(book, book.plan(book.row(2, "c-2", "q4")), BARE, RequestState.REVIEW, credit_id="cr-9")
    assert book.ledger.looks.attributed(SITE, ["cr-9", "cr-8", "cr-1"]) == [
        Attribution("cr-1", 1, "c-1", "q3", True, True),
        Attribution("cr-9", 2, "c-2", "q4", False, True),
    ]


def test_which_requests_the_customers_have(book: Any) -> None:
    paid = book.plan(book.row(2), book.row(3, "c-2"))
    pay(book, paid, BARE)
    book.plan(book.row(2, "c-1", "q4"), book.row(3, "c-3"))
    book.plan(book.row(2, "c-1", "q5"), site="acme")
    assert sorted(book.ledger.looks.requests_of(SITE, ["c-1", "c-3", "c-8"])) == [
        OtherRequest(1, "c-1", "q3", True, "cr-1"),
        OtherRequest(3, "c-1", "q4", False),
        OtherRequest(4, "c-3", "q3", False),
    ]
    assert book.ledger.looks.requests_of(SITE, []) == []
    assert book.ledger.looks.requests_of("nowhere", ["c-1"]) == []


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        (RequestState.IN_FLIGHT, True),
        (RequestState.IN_DOUBT, True),
        (RequestState.REVIEW, True),
        (RequestState.PENDING, False),  # each attempt is known to have been in vain
        (RequestState.FAILED, False),
    ],
)
def test_which_of_them_may_have_been_applied(book: Any, state: RequestState, is_open: bool) -> None:
    pay(book, book.plan(book.row(2)), BARE, state)
    assert book.ledger.looks.requests_of(SITE, ["c-1"]) == [OtherRequest(1, "c-1", "q3", False, is_open=is_open)]


def test_of_a_failed_request_and_the_one_that_replaced_it_only_the_newer_stands(book: Any) -> None:
    failed = book.plan(book.row(2))
    pay(book, failed, BARE, RequestState.FAILED)
    book.plan(book.row(2, amount=250), file_name="mended.csv")
    assert book.ledger.looks.requests_of(SITE, ["c-1"]) == [OtherRequest(2, "c-1", "q3", False)]


# -- When it was first sent, by the site's clock ------------------------------------------------------------


@pytest.fixture
def doubtful(book: Any) -> tuple[int, PlannedCredit]:
    """A run, and a credit of it in doubt."""
    batch = book.plan(book.row(2))
    run = pay(book, batch, BARE, RequestState.IN_DOUBT)
    [credit] = book.owed(batch, RequestState.IN_DOUBT)
    return run, credit


def test_a_run_that_did_not_learn_the_sites_time_does_not_know_it(
    book: Any, doubtful: tuple[int, PlannedCredit]
) -> None:
    assert book.ledger.looks.first_sent_ms(doubtful[1].request_id) is None


def test_what_was_never_sent_has_no_such_time(book: Any) -> None:
    [credit] = book.owed(book.plan(book.row(2)))
    assert book.ledger.looks.first_sent_ms(credit.request_id) is None


def test_nothing_of_a_run_was_sent_before_it_began(book: Any, doubtful: tuple[int, PlannedCredit]) -> None:
    run, credit = doubtful
    book.ledger.runs.note_site_clock(run, 1_790_000_000_000)
    assert book.ledger.looks.first_sent_ms(credit.request_id) == 1_790_000_000_000 - MINUTE_MS


def test_of_several_figures_for_one_run_the_earliest_counts(book: Any, doubtful: tuple[int, PlannedCredit]) -> None:
    """Several processes share a run, and each learns the time for itself."""
    run, credit = doubtful
    for figure in (1_790_000_005_000, 1_790_000_000_000, 1_790_000_009_000):
        book.ledger.runs.note_site_clock(run, figure)
    assert book.ledger.looks.first_sent_ms(credit.request_id) == 1_790_000_000_000 - MINUTE_MS


def test_the_run_of_the_first_attempt_counts_and_no_later_one(
    book: Any, doubtful: tuple[int, PlannedCredit]
) -> None:
    run, credit = doubtful
    later = book.ledger.runs.start(1)
    book.send(later, credit)
    book.ledger.runs.note_site_clock(later, 1_790_999_000_000)
    assert book.ledger.looks.first_sent_ms(credit.request_id) is None
    book.ledger.runs.note_site_clock(run, 1_790_000_000_000)
    assert book.ledger.looks.first_sent_ms(credit.request_id) == 1_790_000_000_000 - MINUTE_MS


def test_which_credits_belong_to_a_row(book: Any) -> None:
    assert book.ledger.looks.attributed("acme-test", ["cr-1"]) == []
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    assert book.ledger.looks.attributed("acme-test", ["cr-1", "cr-2"]) == [
        Attribution("cr-1", 1, "c-1", "q3", True, True)
    ]
    assert book.ledger.looks.attributed("acme-test", []) == []
    assert book.ledger.looks.attributed("acme", ["cr-1"]) == []


# -- Witnesses ----------------------------------------------------------------------------------------------


def test_the_credits_first_sent_after_a_moment_are_its_best_witnesses_oldest_first(book: Any) -> None:
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    moment = book.ledger.looks.moment()
    book.settle(book.plan(*(book.row(n, f"c-{n}") for n in range(3, 8))), RequestState.CREDITED)
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}")
    assert [witness.customer_id for witness in known] == ["c-3", "c-4", "c-5"]


def test_where_nothing_was_sent_since_the_newest_known_credits_witness(book: Any) -> None:
    book.settle(book.plan(*(book.row(n, f"c-{n}") for n in range(2, 7))), RequestState.CREDITED)
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, book.ledger.looks.moment(), 2, "{}")
    assert [(witness.credit_id, witness.customer_id) for witness in known] == [("cr-5", "c-6"), ("cr-4", "c-5")]


def test_a_refusal_a_doubt_or_another_site_is_no_witness(book: Any) -> None:
    start = book.ledger.looks.moment()
    assert book.ledger.looks.witnesses("acme-test", CallKind.ADD, start, 3, "{}") == []
    book.settle(book.plan(book.row(2)), RequestState.FAILED)
    book.settle(book.plan(book.row(2, "c-2")), RequestState.REVIEW)
    book.settle(book.plan(book.row(2, "c-3"), site="acme"), RequestState.CREDITED)
    for moment in start, book.ledger.looks.moment():
        assert book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}") == []


def test_only_a_deduction_witnesses_for_a_deduction(book: Any) -> None:
    start = book.ledger.looks.moment()
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    assert book.ledger.looks.witnesses("acme-test", CallKind.DEDUCT, start, 3, "{}") == []
    book.settle(book.plan(book.row(2, reference="reversal of q3"), kind=CallKind.DEDUCT), RequestState.CREDITED)
    for moment in start, book.ledger.looks.moment():
        for kind, credit_id in ((CallKind.DEDUCT, "cr-2"), (CallKind.ADD, "cr-1")):
            known = book.ledger.looks.witnesses("acme-test", kind, moment, 3, "{}")
            assert [witness.credit_id for witness in known] == [credit_id]


def test_what_was_taken_over_witnesses_for_its_own_kind(book: Any) -> None:
    for kind, name, reference in ((CallKind.ADD, "add", "q3"), (CallKind.DEDUCT, "deduct", "reversal of q3")):
        batch = book.begin(file_name="Chargebee", kind=kind)
        listed = ForeignCredit(f"cr-{name}", "c-1", reference, Money(100, None, "USD"), "general")
        book.ledger.requests.take_over("acme-test", batch, 2, [listed])
        book.ledger.admission.admit(batch)
    for kind, name in ((CallKind.ADD, "add"), (CallKind.DEDUCT, "deduct")):
        known = book.ledger.looks.witnesses("acme-test", kind, book.ledger.looks.moment(), 3, "{}")
        assert [witness.credit_id for witness in known] == [f"cr-{name}"]


def out_of_order(book: Any) -> None:
    """As another engine numbers the history: the ids of later commits are lower ones."""
    book.ledger.close()
    columns = {"attempt": "run_id, generation, at, entry_id", "finding": "run_id, state, reason, http_status, at"}
    for table, names in columns.items():
        whole = ", ".join(f"t.{name}" for name in ("request_id", *names.split(", ")))
        rows = book.sql(
            f"SELECT e.entry_id, {whole} FROM {table} t"
            f" JOIN entry e ON {table}_id BETWEEN first_{table} AND last_{table} ORDER BY {table}_id DESC"
        )
        book.sql(f"DROP TRIGGER IF EXISTS {table}_is_append_only_delete")
        book.sql(f"DELETE FROM {table}")
        ids: dict[int, list[int]] = {}
        for new_id, (entry, *row) in enumerate(rows, start=100):
            ids.setdefault(entry, []).append(new_id)
            places = ", ".join("?" * (len(row) + 1))
            book.sql(f"INSERT INTO {table} ({table}_id, request_id, {names}) VALUES ({places})", new_id, *row)
        for entry, its in ids.items():
            book.sql(
                f"UPDATE entry SET first_{table} = ?, last_{table} = ? WHERE entry_id = ?", min(its), max(its), entry
            )
    book.reopen()


@pytest.mark.of_sqlite
def test_a_witness_was_sent_after_the_moment_whatever_the_ids_say(book: Any) -> None:
    """By the order of ids the older credit would witness the absence of what was sent after it."""
    book.settle(book.plan(book.row(2)), RequestState.CREDITED)
    moment = book.ledger.looks.moment()
    book.settle(book.plan(book.row(2, "c-2")), RequestState.CREDITED)
    out_of_order(book)
    assert book.sql("SELECT request_id FROM attempt ORDER BY attempt_id") == [(2,), (1,)]
    known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}")
    assert [witness.customer_id for witness in known] == ["c-2"]


@pytest.mark.of_sqlite
def test_what_was_sent_before_and_answered_after_the_moment_is_no_such_witness(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    first, second = book.owed(batch)
    book.send(run, first)
    moment = book.ledger.looks.moment()
    book.learn(run, first, RequestState.CREDITED)
    book.send(run, second)
    book.learn(run, second, RequestState.CREDITED)
    for _ in range(2):
        known = book.ledger.looks.witnesses("acme-test", CallKind.ADD, moment, 3, "{}")
        assert [witness.customer_id for witness in known] == ["c-2"]
        out_of_order(book)


@pytest.mark.of_sqlite
def test_which_attempt_was_the_first_is_not_said_by_ids(book: Any, doubtful: tuple[int, PlannedCredit]) -> None:
    run, credit = doubtful
    later = book.ledger.runs.start(1)
    book.send(later, credit)
    book.ledger.runs.note_site_clock(later, 1_790_999_000_000)
    book.ledger.runs.note_site_clock(run, 1_790_000_000_000)
    out_of_order(book)
    assert book.ledger.looks.first_sent_ms(credit.request_id) == 1_790_000_000_000 - MINUTE_MS
