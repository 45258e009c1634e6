"""Numbered duplicates: a number belongs to what was paid under it, however the file is edited between two runs."""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.ledger import ForeignCredit, Ledger
from batch_credits.ledger.learned import number_of
from batch_credits.model import LoadedRow, Money, Problem, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows
from batch_credits.planning.plan import Plan, stage
from batch_credits.settings import InputOptions
from tests.examples import examples

SITE = "acme-test"
NUMBERED = InputOptions(number_duplicates=True)


class Line(NamedTuple):
    """A line of a file. Without an amount it cannot be read, without a customer nobody knows whose it is."""

    amount: int | None
    customer: str | None = "c"
    reference: str | None = "q3"
    type: str = "general"

    def loaded(self, number: int) -> LoadedRow:
        problems = []
        if self.amount is None:
            problems.append(Problem("amount", "amount_not_a_number", "No number."))
        for name, text in (("customer_id", self.customer), ("reference", self.reference)):
            if text is None:
                problems.append(Problem(name, "missing", "None."))
        request = None
        if not problems:
            request = CreditRequest.model_validate(
                {"customer_id": self.customer, "reference": self.reference, "amount": self.amount, "description": "d",
                 "currency_code": "USD", "credit_type": self.type}
            )  # fmt: skip
        money = request.money if request else None
        return LoadedRow(number, (), request, tuple(problems), self.customer, self.reference, money)


class File:
    """A source of these lines, the first of them row 2, three rows a chunk; each has content of its own."""

    made = 0

    def __init__(self, lines: Sequence[Line], name: str, options: InputOptions) -> None:
        File.made += 1
        self.path = Path(name)
        self.file_sha256 = f"{File.made:064x}"
        self.headers: tuple[str, ...] = ()
        self.columns: dict[str, int] = {}
        self.options = options
        self.totals = SimpleNamespace(read={}, found=(), unequal=())
        self._rows = [line.loaded(number) for number, line in enumerate(lines, 2)]

    def chunks(self) -> Iterator[LoadedRows]:
        for at in range(0, len(self._rows), 3):
            yield LoadedRows.of(self._rows[at : at + 3])


def lines(*told: int | Line | None) -> list[Line]:
    return [each if isinstance(each, Line) else Line(each) for each in told]


def staged(
    ledger: Ledger, *told: int | Line | None, options: InputOptions = NUMBERED, site: str = SITE, name: str = "q3.csv"
) -> Plan:
    return stage(ledger, File(lines(*told), name, options), site)  # type: ignore[arg-type]


def said(ledger: Ledger, plan: Plan) -> list[str]:
    """Of each row its reference, or the code of its last problem."""
    problems = {row.row_number: row.problems[-1].code for row in ledger.reports.problems(plan.batch_id)}
    return [problems.get(row.row_number, row.reference or "") for row in ledger.reports.rows(plan.batch_id)]


def settled(book: Any, plan: Plan, *refused: int) -> None:
    """The plan is carried out: all that it owes is credited, but the amounts that are refused."""
    if plan.is_new:
        book.ledger.admission.admit(plan.batch_id)
    run = book.ledger.runs.start(plan.batch_id)
    for credit in book.owed(plan.batch_id):
        book.send(run, credit)
        state = RequestState.FAILED if credit.money.amount_minor in refused else RequestState.CREDITED
        book.learn(run, credit, state)


def paid(book: Any, *told: int | Line | None, refused: tuple[int, ...] = (), **options: Any) -> list[str]:
    plan = staged(book.ledger, *told, **options)
    answer = said(book.ledger, plan)
    settled(book, plan, *refused)
    return answer


def why(book: Any, *told: int | Line | None, **options: Any) -> dict[int, str]:
    """The sentences of the rows whose numbers moved."""
    plan = staged(book.ledger, *told, **options)
    rejected = book.ledger.reports.problems(plan.batch_id)
    problems = [(row.row_number, problem) for row in rejected for problem in row.problems]
    return {number: problem.message for number, problem in problems if problem.code == "numbering_moved"}


C, M = "conflict", "numbering_moved"

# -- Numbers -----------------------------------------------------------------------------------------------


def test_numbers_count_every_readable_identity_also_of_rejected_rows(book: Any) -> None:
    batch = book.begin()
    rows = [
        book.row(2),
        book.bad_row(3, customer_id="c-1", reference="q3"),
        book.row(4),
        book.row(5, "c-2"),
        book.bad_row(6),
        book.bad_row(7, customer_id="c-1"),
        book.bad_row(8, reference="q3"),
    ]
    assert book.ledger.admission.number(batch, rows) == [1, 2, 3, 1, 0, 0, 0]
    assert book.ledger.admission.number(batch, [book.row(9)]) == [4]


def test_numbers_of_one_batch_are_none_of_another(book: Any) -> None:
    assert book.ledger.admission.number(book.begin(), [book.row(2)]) == [1]
    assert book.ledger.admission.number(book.begin(), [book.row(2)]) == [1]


def test_a_row_whose_customer_or_reference_is_wrong_has_no_number(book: Any) -> None:
    """Mended, it is another customer's, so it would leave a hole and fill up another group."""
    wrong = Problem("customer_id", "spoiled_by_excel", "1.2E+11 has lost its digits.")
    spoiled = book.bad_row(3, wrong, customer_id="1.2E+11", reference="q3")
    rows = [book.row(2, "1.2E+11"), spoiled, book.row(4, "1.2E+11")]
    assert book.ledger.admission.number(book.begin(), rows) == [1, 0, 2]


def test_staging_that_was_given_up_leaves_no_numbers(book: Any) -> None:
    batch = book.begin()
    assert book.ledger.admission.number(batch, [book.row(2)]) == [1]
    book.ledger.admission.discard(batch)
    assert book.ledger.admission.number(book.begin(), [book.row(2)]) == [1]


def test_what_was_refused_and_is_listed_has_its_number(book: Any) -> None:
    """An old copy of a ledger calls refused what was paid since; a list showed it, and nothing has settled it yet."""
    paid(book, 1, 2, refused=(2,))
    book.ledger.requests.doubt_the_listed(SITE, {"{}": array("q", [number_of("c", "q3 #2")])})
    assert said(book.ledger, staged(book.ledger, 1, 2)) == ["q3", "q3 #2"]
    assert said(book.ledger, staged(book.ledger, 1, 5, 2)) == ["q3", "q3 #2", M]
    assert said(book.ledger, staged(book.ledger, 1)) == ["q3"]


# -- An edited file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "edited", "expected"),
    [
        pytest.param([1, 2], [5, 1, 2], [C, C, M], id="a row comes in above"),
        pytest.param([1, 2], [1, 5, 2], ["q3", C, M], id="a row comes in between"),
        pytest.param([1, 2], [1, 2, 5, 6], ["q3", "q3 #2", "q3 #3", "q3 #4"], id="rows come in below"),
        pytest.param([1, 1], [1, 1, 1], ["q3", "q3 #2", "q3 #3"], id="one more of the same"),
        pytest.param([1, 2], [2, 1], [C, C], id="swapped"),
        pytest.param([1, 2], [2, 1, 5], [C, C, M], id="swapped, and a row below"),
        pytest.param([1, 2, 3], [1, 3], ["q3", C], id="a row goes"),
        pytest.param([1, 2, 3], [1, 2], ["q3", "q3 #2"], id="the last row goes"),
        pytest.param([1, 2], [5], [C], id="another file under the same reference"),
        pytest.param([1, 2], [1], ["q3"], id="another file with the same credit"),
        pytest.param([1], [Line(1, type="loyalty_credits"), 2], [C, M], id="another type"),
        pytest.param([Line(1, None), 2], [1, 2], [C, M], id="a customer id is mended, so the rows move"),
        pytest.param([Line(1, reference=None), 2], [1, 2], [C, M], id="a reference is mended, so the rows move"),
        pytest.param([None, 2], [1, 2], ["q3", "q3 #2"], id="an amount is mended, and nothing moves"),
        pytest.param([None, 2], [2], [M], id="a row goes that was never paid, so the next would be paid again"),
        pytest.param([None, 2], [2, 5], [M, C], id="the same, and a row below"),
        pytest.param([1, None, 3], [1, 3], ["q3", M], id="a hole is closed"),
        pytest.param([1, None, 3], [1, 2, 3], ["q3", "q3 #2", "q3 #3"], id="a hole is filled"),
        pytest.param([1, 2], [None, 2, 1], ["amount_not_a_number", "q3 #2", M], id="a known row is not readable"),
        pytest.param([1, 2], [None, 1, 2], ["amount_not_a_number", C, M], id="a row that is not readable comes in"),
        pytest.param([1], [1, None, 3], ["q3", "amount_not_a_number", M], id="an earlier new row is not readable"),
        pytest.param([1], [1, 2, None], ["q3", "q3 #2", "amount_not_a_number"], id="a later new row is not readable"),
        pytest.param([1, 2], [5, 1, None], [C, C, M], id="the new row is not readable either"),
        pytest.param([1], [Line(5, None), 1, 2], ["missing", "q3", M], id="a row above may be one of them"),
        pytest.param([1], [1, 2, Line(5, None)], ["q3", "q3 #2", "missing"], id="a row below may be one of them"),
        pytest.param([1], [Line(5, None, "q4"), 1, 2], ["missing", "q3", "q3 #2"], id="another reference's may not"),
        pytest.param([1], [Line(5, "d", None), 1, 2], ["missing", "q3", "q3 #2"], id="another customer's may not"),
        pytest.param([1], [Line(5, "c", None), 1, 2], ["missing", "q3", M], id="this customer's may"),
        pytest.param([1], [Line(5, None, None), 1, 2], ["missing", "q3", M], id="a row of nobody may"),
        pytest.param([Line(1, "d")], [Line(5, None), 1, 2], ["missing", "q3", "q3 #2"], id="nothing is known yet"),
        pytest.param([1, 2], [Line(5, "d"), 1, 2, 3], ["q3", "q3", "q3 #2", "q3 #3"], id="others never matter"),
        pytest.param([1, 2], [Line(5, "c", "q4"), 1, 2, 3], ["q4", "q3", "q3 #2", "q3 #3"], id="nor other references"),
    ],
)  # fmt: skip
def test_a_file_that_was_edited_after_it_was_paid(
    book: Any, first: list[int | Line | None], edited: list[int | Line | None], expected: list[str]
) -> None:
    paid(book, *first)
    assert paid(book, *edited) == expected


def test_the_sentence_names_the_row_that_contradicts_and_the_remedy(book: Any) -> None:
    paid(book, 1000, 2000, name="june.csv")
    [(number, sentence)] = why(book, 500, 1000, 2000).items()
    assert number == 4
    assert "row 2 has 'q3' now and says 500 minor units of USD, general" in sentence
    assert "'q3' is 1000 minor units of USD, general (row 2 of june.csv)" in sentence
    assert "number 3 now" in sentence
    assert "give it a reference of its own" in sentence


def test_the_sentence_names_what_has_no_row_any_more(book: Any) -> None:
    paid(book, None, 2000, name="june.csv")
    assert "'q3 #2' (row 3 of june.csv) has no row in this file any more" in why(book, 2000)[2]


def test_the_sentence_names_the_row_that_cannot_be_read(book: Any) -> None:
    paid(book, 1000)
    assert "row 2 has 'q3' (row 2 of q3.csv) now and cannot be read" in why(book, None, 2000)[3]
    assert "row 2 above, which cannot be read, may be one of them" in why(book, Line(5, None), 1000, 2000)[4]


def test_what_may_be_paid_already_has_no_reference_left_and_what_only_waits_keeps_its_own(book: Any) -> None:
    """failed.csv says the reference that a row has, and is paid without being numbered again."""
    paid(book, 1, 2)
    moved = staged(book.ledger, 5, 1, 2, None)
    assert [row.reference for row in book.ledger.reports.rows(moved.batch_id)] == ["q3", "q3 #2", "", ""]
    waiting = staged(book.ledger, Line(5, None), 1, 2, 3)
    assert [row.reference for row in book.ledger.reports.rows(waiting.batch_id)] == ["q3", "q3", "q3 #2", "q3 #3"]


def test_a_row_keeps_the_reasons_that_it_had(book: Any) -> None:
    paid(book, 1, 2)
    plan = staged(book.ledger, 5, 1, None)
    [*_, row] = book.ledger.reports.problems(plan.batch_id)
    assert [problem.code for problem in row.problems] == ["amount_not_a_number", M]


@pytest.mark.parametrize("state", [RequestState.PENDING, RequestState.IN_DOUBT, RequestState.REVIEW])
def test_what_is_owed_or_in_doubt_holds_its_number_too(book: Any, state: RequestState) -> None:
    plan = staged(book.ledger, 1, 2)
    book.ledger.admission.admit(plan.batch_id)
    if state is not RequestState.PENDING:
        book.settle(plan.batch_id, state)
    assert paid(book, 5, 1, 2) == [C, C, M]


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ([1, 2], ["q3", "q3 #2"]),
        ([5, 2], ["q3", "q3 #2"]),  # the refused row is mended
        ([2, 1], [M, C]),  # 2 was paid: under the number of what was refused it would be paid again
        ([2], [M]),
        ([1, 2, 3], ["q3", "q3 #2", "q3 #3"]),
    ],
)
def test_a_number_that_was_refused_is_a_new_one(book: Any, edited: list[int], expected: list[str]) -> None:
    paid(book, 1, 2, refused=(1,))
    assert paid(book, *edited) == expected


def test_a_group_of_which_all_was_refused_begins_anew(book: Any) -> None:
    paid(book, 1, 2, refused=(1, 2))
    assert paid(book, 5, 1, 2) == ["q3", "q3 #2", "q3 #3"]


def learn(book: Any, customer: str, *references: str) -> None:
    """What a site's list told, as the site spells it."""
    batch = book.begin(file_name="Chargebee", file_sha256="")
    money = Money(100, None, "USD")
    credits = [ForeignCredit(f"cr-{each}", customer, each, money, "general") for each in references]
    book.ledger.admission.finish(batch, book.ledger.requests.take_over(SITE, batch, 2, credits), {})
    book.ledger.admission.admit(batch)


R = "reference_resembles"


@pytest.mark.parametrize(("customer", "reference"), [("C", "q3"), ("zo\u00eb", "q3"), ("c", "q\u00a03")])
def test_of_a_group_that_was_learned_in_another_spelling_nothing_is_paid(
    book: Any, customer: str, reference: str
) -> None:
    """A line put above them moves the numbers: the second is the third now, of which the site told nothing."""
    learn(book, customer.lower(), reference.replace("\u00a0", " "), f"{reference} #2".replace("\u00a0", " "))
    row = Line(100, "Zoe\u0308" if customer.startswith("z") else customer, reference)
    plan = staged(book.ledger, row, row, row, Line(100, "other"))
    assert said(book.ledger, plan) == [R, R, M, "q3"]
    settled(book, plan)
    [problem] = [each.problems[-1] for each in book.ledger.reports.problems(plan.batch_id) if each.row_number == 4]
    assert "row 2, number 1 of them, is known in another spelling" in problem.message


def test_of_a_group_that_was_paid_in_another_spelling_nothing_is_paid(book: Any) -> None:
    assert paid(book, Line(1, reference="q 3"), Line(2, reference="q 3")) == ["q 3", "q 3 #2"]
    again = [Line(each, reference="q  3") for each in (9, 1, 2)]
    assert paid(book, *again) == [R, R, M]
    assert paid(book, Line(1, reference="q 3"), Line(2, reference="q 3"), 3) == ["q 3", "q 3 #2", "q3"]


def test_of_two_spellings_in_one_file_the_second_is_not_paid_at_all(book: Any) -> None:
    """Mended, its rows come after those of the first, under other numbers."""
    other = Line(2, reference="Q3")
    assert paid(book, 1, other, other._replace(amount=3)) == ["q3", R, M]
    assert paid(book, 1, 2, 3) == ["q3", "q3 #2", "q3 #3"]


def test_a_failed_row_of_a_group_that_is_spelt_in_another_way_is_not_tried_again(book: Any) -> None:
    learn(book, "c", "q3")
    paid(book, Line(5, "C", "q3 #2"), refused=(5,))
    assert paid(book, Line(4, "C"), Line(5, "C")) == [R, M]


def test_other_sites_know_nothing_of_it(book: Any) -> None:
    paid(book, 1, 2)
    assert paid(book, 5, 1, 2, site="acme") == ["q3", "q3 #2", "q3 #3"]


def test_a_reference_that_only_looks_numbered(book: Any) -> None:
    """`q3 #9` is another reference here, but nobody can tell; `q3 #9b` and `q3 #` are none of ours."""
    paid(book, Line(7, "c", "q3 #9b"), Line(8, "c", "q3 #"), Line(8, "c", "q3 #:"))
    assert paid(book, 1, 2) == ["q3", "q3 #2"]
    paid(book, Line(7, "d", "q3 #9"))
    assert paid(book, Line(1, "d"), Line(2, "d")) == [M, M]


def test_a_file_that_is_not_numbered_is_held_against_what_was(book: Any) -> None:
    """The option was forgotten: row 3, paid as `q3 #2`, would be paid again as `q3`."""
    plain = InputOptions()
    paid(book, None, 2, name="june.csv")
    [(number, sentence)] = why(book, None, 2, options=plain).items()
    assert number == 3
    assert "'q3 #2' is row 3 of june.csv" in sentence
    assert "--number-duplicates" in sentence
    assert paid(book, 2, 2, options=plain) == [M, M]
    assert paid(book, Line(2, "d"), Line(2, "c", "q4"), options=plain) == ["q3", "q4"]
    assert paid(book, 1, 2) == ["q3", "q3 #2"]
    assert paid(book, 1, options=plain) == ["q3"], "once its own number is paid too, nothing can be mistaken"


def test_references_of_a_persons_own_are_not_taken_for_numbers_where_nothing_was_numbered(book: Any) -> None:
    plain = InputOptions()
    paid(book, Line(7, "c", "q3 #2"), options=plain)
    assert paid(book, 1, options=plain) == ["q3"]
    paid(book, Line(5, "e"), Line(6, "e"))
    assert paid(book, Line(7, "d", "q3 #2"), options=plain) == ["q3 #2"]
    assert paid(book, Line(1, "d"), options=plain) == ["q3"], "what was numbered elsewhere says nothing of it"


@pytest.mark.parametrize("options", [NUMBERED, InputOptions()], ids=["numbered", "forgotten"])
def test_check_sees_it_as_a_run_would(book: Any, tmp_path: Path, options: InputOptions) -> None:
    paid(book, 1, None, 3)
    paid(book, None, Line(2, "d"), Line(3, "d"), Line(None, "e"), Line(5, "e"))
    for told in ([5, 1, 3], [1, 3], [3], [None, 3], [None, 5, 3, 6], [Line(3, "e"), Line(5, "e")], [Line(5, "e")]):
        with Ledger.open_scratch(tmp_path / f"{len(told)}-{told[0]}", SITE, book.path) as scratch:
            seen = said(scratch, staged(scratch, *told, options=options))
        plan = staged(book.ledger, *told, options=options)
        assert seen == said(book.ledger, plan)
        book.ledger.admission.discard(plan.batch_id)


# -- Against a model ----------------------------------------------------------------------------------------

amounts = st.sampled_from([1, 1, 1, 2, 2, 3])
a_line = st.tuples(st.one_of(st.none(), amounts, amounts, amounts), st.sampled_from(["c", "c", "d", None])).map(
    lambda told: Line(*told)
)
at = st.integers(0, 9)
edits = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), at, a_line),
        st.tuples(st.just("delete"), at, st.none()),
        st.tuples(st.just("swap"), at, at),
        st.tuples(st.just("amount"), at, st.one_of(st.none(), amounts)),
        st.tuples(st.just("customer"), at, st.sampled_from(["c", "d", None])),
    ),
    max_size=4,
)


def edited(content: list[Line], changes: list[tuple[str, int, Any]]) -> list[Line]:
    content = [*content]
    for what, place, value in changes:
        if what == "insert":
            content.insert(place % (len(content) + 1), value)
        elif content:
            place %= len(content)
            if what == "delete":
                del content[place]
            elif what == "swap":
                other = value % len(content)
                content[place], content[other] = content[other], content[place]
            else:
                content[place] = content[place]._replace(**{what: value})
    return content


def credited(book: Any, site: str, customer: str) -> Counter[int]:
    found = book.sql(
        "SELECT amount_minor FROM credit_request JOIN site USING (site_id)"
        " WHERE name = ? AND customer_id = ? AND state = 'credited'", site, customer,
    )  # fmt: skip
    return Counter(amount for (amount,) in found)


@given(
    st.lists(a_line, min_size=1, max_size=6),
    st.lists(st.tuples(edits, st.booleans()), min_size=2, max_size=3),
    st.lists(amounts, max_size=1),
)
@settings(max_examples=examples(80), deadline=None)
def test_whatever_is_edited_no_line_is_paid_twice(
    book: Any, content: list[Line], runs: list[tuple[list[tuple[str, int, Any]], bool]], refused: list[int]
) -> None:
    """The reference model is the file itself: whenever a run pays something of a customer's lines, all that was ever
    paid of them is in the file at that time, every line at most once. (When it pays nothing, nothing can be wrong.)
    What is refused for good, or was never readable, is never paid, so lines and payments are counted by amount."""
    site = f"site-{File.made}"
    before: dict[str, Counter[int]] = {"c": Counter(), "d": Counter()}
    for number, (changes, is_numbered) in enumerate([([], True), *runs]):
        content = edited(content, changes)
        if not content:
            continue
        options = NUMBERED if is_numbered else InputOptions()
        plan = staged(book.ledger, *content, site=site, options=options, name=f"{number}.csv")
        settled(book, plan, *(refused if number % 2 == 0 else ()))
        for customer, known in before.items():
            now = credited(book, site, customer)
            assert now >= known, "what is credited stays credited"
            if now != known:
                asked = Counter(line.amount for line in content if line.customer == customer and line.amount)
                assert now <= asked, (customer, now, asked)
            before[customer] = now


@given(st.lists(a_line, min_size=1, max_size=6), st.lists(amounts, max_size=3))
@settings(max_examples=examples(50), deadline=None)
def test_what_is_added_below_whole_lines_is_always_paid(book: Any, content: list[Line], added: list[int]) -> None:
    site = f"site-{File.made}"
    whole = [line for line in content if line.amount and line.customer]
    for lines_now in (whole, [*whole, *map(Line, added)]):
        if lines_now:
            paid(book, *lines_now, site=site)
            for customer in "cd":
                asked = Counter(line.amount for line in lines_now if line.customer == customer)
                assert credited(book, site, customer) == asked
