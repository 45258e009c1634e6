"""Which of a customer's listed credits is the one that is looked for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import Attribution, OtherRequest
from batch_credits.model import Money, PlannedCredit
from batch_credits.protocol import (
    Credited,
    FoundNothing,
    FoundOne,
    FoundOtherMoney,
    FoundSeveral,
    FoundUncertain,
    Look,
)
from batch_credits.reconciler.looks import Known, what_is_known, what_was_found
from tests.each import each

SENT = 1_790_000_000  # when ours was first sent, by the site's clock
OURS = PlannedCredit(
    1, "c-1", "q3", Money(100, None, "USD"), "general", b"", open_attempts=1, attempts=1
)


def item(credit_id: str = "cr-1", **changes: Any) -> ListedCredit:
    usual = ListedCredit(credit_id, "c-1", "q3", Money(100, None, "USD"), None, "increment", "300", SENT + 5)
    return usual._replace(**changes)


def nobodys(credit_id: str = "cr-1", **changes: Any) -> ListedCredit:
    return item(credit_id, reference="loyalty payout of the", **changes)


ONE = FoundOne(Credited("cr-1", "300"))
NOTHING = FoundNothing()
SPELT_OTHERWISE = FoundUncertain("cr-1", "which another row has in another spelling")
BARE = Known(first_sent_ms=SENT * 1000)
LEARNED = replace(BARE, taken=frozenset({"cr-1"}), only_listed=frozenset({"cr-1"}))
OTHER_MONEY = Money(999, None, "USD")


@each(
    "listed, elsewhere, known, look",
    [
        ([item()], [], BARE, ONE),
        ([item(), item()], [], BARE, ONE),
        ([item(reference="Q3")], [], BARE, ONE),
        ([item(reference="q3 ")], [], BARE, ONE),
        ([item(customer_id="C-1")], [], BARE, ONE),
        ([item(), item("cr-2")], [], BARE, FoundSeveral(("cr-1", "cr-2"))),
        ([item(reference="Q3"), item("cr-2", reference="q3 ")], [], BARE, FoundSeveral(("cr-1", "cr-2"))),
        # The very text comes before another form of it.
        ([item("cr-2", reference="Q3"), item()], [], BARE, ONE),
        ([item("cr-2", reference="Q3"), item(money=OTHER_MONEY)], [], BARE,
         FoundOtherMoney("cr-1", "999 minor units of USD")),
        ([item(money=OTHER_MONEY)], [], BARE, FoundOtherMoney("cr-1", "999 minor units of USD")),
        ([item(reference="Q3", money=OTHER_MONEY)], [], BARE, FoundOtherMoney("cr-1", "999 minor units of USD")),
        ([item(money=OTHER_MONEY), item("cr-2")], [], BARE, FoundOne(Credited("cr-2", "300"))),
        # What another row has, or is called, is not ours.
        ([item()], [], replace(BARE, taken=frozenset({"cr-1"})), NOTHING),
        # Two spellings are one credit: where another row has ours in another one, a person must say whose it is.
        ([item(reference="Q3")], [], replace(BARE, taken=frozenset({"cr-1"})), SPELT_OTHERWISE),
        ([item(reference="Q3")], [], replace(BARE, named=frozenset({("c-1", "Q3")})), SPELT_OTHERWISE),
        ([item(reference="Q3", money=OTHER_MONEY)], [], replace(BARE, taken=frozenset({"cr-1"})), NOTHING),
        ([item(reference="Q3")], [], replace(BARE, open_names=frozenset({("c-1", "q3")})), ONE),
        ([nobodys()], [], replace(BARE, open_names=frozenset({("c-1", "loyalty payout of the")})), NOTHING),
        ([item()], [], replace(BARE, named=frozenset({("c-1", "q4")})), ONE),
        # Another row has it by the word of a list, which may spell our customer otherwise: a person must say.
        ([item(customer_id="C-1")], [], LEARNED, SPELT_OTHERWISE),
        ([item(customer_id="C-1", money=OTHER_MONEY)], [], LEARNED, NOTHING),
        ([item(customer_id="c?1")], [], LEARNED, FoundUncertain("cr-1", "for a customer 'c?1'")),
        ([], [item(customer_id="C-1")], LEARNED, FoundUncertain("cr-1", "for a customer 'C-1'")),
        # Named by an answer for another row: a person must say whose it is.
        ([item()], [], replace(BARE, disputed=frozenset({"cr-1"})),
         FoundUncertain("cr-1", "and an answer named it for another row")),
        # Ours, perhaps, under a text that was cut.
        ([nobodys()], [], BARE, FoundNothing(unattributed="cr-1")),
        ([item(reference=None)], [], BARE, FoundNothing(unattributed="cr-1")),
        ([nobodys(created_at=SENT)], [], BARE, FoundNothing(unattributed="cr-1")),
        ([nobodys(created_at=SENT - 1)], [], BARE, NOTHING),
        ([nobodys(created_at=SENT - 1)], [], Known(), FoundNothing(unattributed="cr-1")),
        ([nobodys(created_at=None)], [], BARE, FoundNothing(unattributed="cr-1")),
        ([nobodys(money=OTHER_MONEY)], [], BARE, NOTHING),
        ([nobodys()], [], replace(BARE, taken=frozenset({"cr-1"})), NOTHING),
        ([nobodys()], [], replace(BARE, named=frozenset({("c-1", "loyalty payout of the")})), NOTHING),
        # Under another form of the customer's id.
        ([], [item(customer_id="C-1")], BARE, FoundUncertain("cr-1", "for a customer 'C-1'")),
        ([], [item(customer_id="C-1", money=OTHER_MONEY)], BARE, NOTHING),
        ([], [nobodys(customer_id="C-1")], BARE, FoundNothing(unattributed="cr-1")),
        ([], [item(customer_id="C-1")], replace(BARE, taken=frozenset({"cr-1"})), NOTHING),
        ([], [item(customer_id="C-1")], replace(BARE, named=frozenset({("C-1", "q3")})), NOTHING),
        # Of two that bear another row's name, one is not that row's.
        ([], [item(customer_id="C-1"), item("cr-2", customer_id="C-1")],
         replace(BARE, named=frozenset({("C-1", "q3")})), FoundUncertain("cr-1", "for a customer 'C-1'")),
        ([], [item(customer_id="C-1")] * 2, replace(BARE, named=frozenset({("C-1", "q3")})), NOTHING),
        ([item("cr-2")], [item(customer_id="C-1")], BARE, FoundOne(Credited("cr-2", "300"))),
        # In the customer's own list, by an id that the site keeps in another form; or the list heeds no filter.
        ([item(customer_id="c?1")], [], BARE, FoundUncertain("cr-1", "for a customer 'c?1'")),
        ([item(customer_id="c?1", created_at=SENT - 1)], [], BARE, FoundUncertain("cr-1", "for a customer 'c?1'")),
        ([item(customer_id="c?1", money=OTHER_MONEY)], [], BARE, NOTHING),
        ([nobodys(customer_id="c?1")], [], BARE, FoundNothing(unattributed="cr-1")),
        ([item(customer_id="c?1")], [], replace(BARE, taken=frozenset({"cr-1"})), NOTHING),
        ([item(customer_id="c-2")], [], replace(BARE, named=frozenset({("c-2", "q3")})), NOTHING),
        ([item(customer_id="c?1"), item("cr-2")], [], BARE, FoundOne(Credited("cr-2", "300"))),
        ([], [item(customer_id="c?1")], BARE, FoundNothing(unattributed="cr-1")),
    ],
)  # fmt: skip
def test_what_was_found(
    listed: list[ListedCredit], elsewhere: list[ListedCredit], known: Known, look: Look
) -> None:
    assert what_was_found(OURS, listed, elsewhere, known) == look


class Memory:
    """A ledger that knows of two requests of the customer beside ours, and who has which credit."""

    def __init__(self, *attributions: Attribution) -> None:
        self.attributions = attributions
        self.asked: list[str] = []

    def attributed(self, site: str, credit_ids: Sequence[str]) -> list[Attribution]:
        return [each for each in self.attributions if each.credit_id in credit_ids]

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        self.asked.extend(customer_ids)
        return [
            OtherRequest(1, "c-1", "q3", False),
            OtherRequest(2, "c-1", "Q2", True),
            OtherRequest(3, "c-1", "Q4", False),
        ]

    def first_sent_ms(self, request_id: int) -> int | None:
        assert request_id == 1
        return SENT * 1000


def known_of(credit: PlannedCredit, listed: Sequence[ListedCredit], *attributions: Attribution) -> Known:
    memory: Any = Memory(*attributions)
    return what_is_known(memory, "acme-test", credit, listed)


def test_the_other_requests_are_asked_for_where_something_is_not_plainly_ours() -> None:
    known = known_of(OURS, [item(reference="q")])
    assert known == Known(
        named=frozenset({("c-1", "Q2"), ("c-1", "Q4")}),
        open_names=frozenset({("c-1", "q4")}),
        closed=frozenset({("c-1", "Q2"), ("c-1", "Q4")}),
        first_sent_ms=SENT * 1000,
    )


def test_what_is_plainly_ours_or_anothers_needs_no_more() -> None:
    assert known_of(OURS, [item()]) == Known()
    other = Attribution("cr-2", 2, "c-1", "Q2", True, True)
    assert known_of(OURS, [item(), item("cr-2", reference="q2")], other) == Known(frozenset({"cr-2"}))


def test_an_id_is_anothers_only_where_customer_and_reference_agree() -> None:
    listed = [item("cr-2", reference="q2")]
    assert known_of(OURS, listed, Attribution("cr-2", 2, "c-1", "Q2", True, True)).taken == {"cr-2"}
    assert known_of(OURS, listed, Attribution("cr-2", 2, "c-1", "q5", True, True)).taken == set()
    assert known_of(OURS, listed, Attribution("cr-2", 2, "c-9", "q2", True, True)).taken == set()
    unnamed = [item("cr-2", reference=None)]
    assert known_of(OURS, unnamed, Attribution("cr-2", 2, "c-1", "Q2", True, True)).taken == set()


def test_what_was_never_sent_has_its_id_by_a_list_alone() -> None:
    known = known_of(OURS, [item(customer_id="C-1")], Attribution("cr-1", 2, "C-1", "q3", True, False))
    assert known.taken == known.only_listed == {"cr-1"}


def test_our_own_id_is_not_anothers() -> None:
    assert known_of(OURS, [item()], Attribution("cr-1", 1, "c-1", "q3", False, True)) == Known()


def test_an_id_that_an_answer_named_for_another_row_is_disputed() -> None:
    known = known_of(OURS, [item()], Attribution("cr-1", 3, "c-1", "Q4", False, True))
    assert (known.taken, known.disputed) == (set(), {"cr-1"})


def test_a_text_that_a_site_cut_to_ours_is_disputed_where_another_row_has_its_id_by_an_answer() -> None:
    listed = [item()]
    cut = Attribution("cr-1", 3, "c-1", "q3-bonus", True, True)
    known = known_of(OURS, listed, cut)
    assert (known.taken, known.disputed) == (set(), {"cr-1"})
    assert isinstance(what_was_found(OURS, listed, [], known), FoundUncertain)
    assert known_of(OURS, listed, cut._replace(was_sent=False)).disputed == set()


def test_what_was_never_sent_has_no_first_send() -> None:
    assert known_of(replace(OURS, attempts=0), [item(reference="q")]).first_sent_ms is None


# -- Two rows of ours whose references agree but for their form ---------------------------------------------

UPPER = replace(OURS, request_id=1, reference="Q3")
LOWER = replace(OURS, request_id=2, reference="q3")


class Twins(Memory):
    """Knows `UPPER` and `LOWER`; `credited` says which of them is, and by which credit."""

    def __init__(self, credited: dict[int, str]) -> None:
        self.credited = credited
        names = {1: "Q3", 2: "q3"}
        super().__init__(*(Attribution(one, row, "c-1", names[row], True, True) for row, one in credited.items()))

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        return [OtherRequest(1, "c-1", "Q3", 1 in self.credited), OtherRequest(2, "c-1", "q3", 2 in self.credited)]

    def first_sent_ms(self, request_id: int) -> int | None:
        return SENT * 1000


@each(
    "ours, references, credited, look",
    [
        # Each has what is spelt as it is.
        (UPPER, ["Q3", "q3"], {}, ONE),
        (LOWER, ["Q3", "q3"], {}, FoundOne(Credited("cr-2", "300"))),
        (UPPER, ["Q3", "q3"], {2: "cr-2"}, ONE),
        (LOWER, ["Q3", "q3"], {1: "cr-1"}, FoundOne(Credited("cr-2", "300"))),
        # What the other one has is the other's, in whatever form the site keeps it.
        (LOWER, ["q3"], {1: "cr-1"}, NOTHING),
        (LOWER, ["q3 "], {1: "cr-1"}, SPELT_OTHERWISE),
        (UPPER, ["Q3"], {2: "cr-1"}, NOTHING),
        (LOWER, ["q3", "q3"], {1: "cr-1"}, FoundOne(Credited("cr-2", "300"))),
        # In a form that is nobody's it is whose is looked for first, and taken from then on.
        (UPPER, ["Q 3", "q3\t"], {}, FoundOne(Credited("cr-2", "300"))),
        (LOWER, ["q3\t"], {}, ONE),
        (LOWER, ["q3\t"], {1: "cr-1"}, SPELT_OTHERWISE),
        # Two that may be either's are for a person.
        (UPPER, ["q3\t", " q3"], {}, FoundSeveral(("cr-1", "cr-2"))),
        (LOWER, ["q3", "q3"], {}, FoundSeveral(("cr-1", "cr-2"))),
    ],
)
def test_rows_whose_references_agree(
    ours: PlannedCredit, references: list[str], credited: dict[int, str], look: Look
) -> None:
    listed = [item(f"cr-{number}", reference=text) for number, text in enumerate(references, start=1)]
    memory: Any = Twins(credited)
    known = what_is_known(memory, "acme-test", ours, listed)
    assert what_was_found(ours, listed, [], known) == look


# -- Two customers of ours whose ids differ in case alone, at a site whose filter does not care ---------------


class TwoCustomers(Memory):
    """Knows a request of `c-1` (ours) and one of `C-1`, under one reference."""

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        return [
            OtherRequest(number, customer_id, "q3", False)
            for number, customer_id in ((1, "c-1"), (2, "C-1"))
            if customer_id in customer_ids
        ]


@pytest.mark.parametrize(
    ("customers", "attributions", "look"),
    [
        # The other one's, by its very texts: neither ours, nor a proof that ours is absent.
        (["C-1"], [], FoundUncertain("cr-1", "which another row has in another spelling")),
        (["C-1", "c-1"], [], FoundOne(Credited("cr-2", "300"))),
        (["c-1", "C-1"], [], ONE),
        # Known to be the other one's.
        (["C-1"], [Attribution("cr-1", 2, "C-1", "q3", True, True)], NOTHING),
    ],
)
def test_customers_whose_ids_differ_in_case_alone(
    customers: list[str], attributions: list[Attribution], look: Look
) -> None:
    listed = [item(f"cr-{number}", customer_id=each) for number, each in enumerate(customers, start=1)]
    memory: Any = TwoCustomers(*attributions)
    known = what_is_known(memory, "acme-test", OURS, listed)
    assert what_was_found(OURS, listed, [], known) == look


# -- A site that cuts our reference to another row's very text -------------------------------------------------

CUT = replace(OURS, reference="q2 of loyalty")  # stored as `q2`, which is another row's


@pytest.mark.parametrize(
    ("other", "listed", "look"),
    [
        # That row's own credit is listed by its id, so a second one of its name may be ours.
        (OtherRequest(2, "c-1", "q2", True, "cr-1"), ["cr-1", "cr-2"], FoundNothing(unattributed="cr-2")),
        # It is not (the list lags): another one of its name is not that row's either.
        (OtherRequest(2, "c-1", "q2", True, "cr-1"), ["cr-2"], FoundNothing(unattributed="cr-2")),
        # It is not settled, and may have the one that is listed.
        (OtherRequest(2, "c-1", "q2", False, is_open=True), ["cr-2"], NOTHING),
        # It was never sent, or each time in vain: it can have none.
        (OtherRequest(2, "c-1", "q2", False), ["cr-2"], FoundNothing(unattributed="cr-2")),
        # It can have one, and an answer named one for it; a second of its name may be ours, or the first.
        (OtherRequest(2, "c-1", "q2", False, is_open=True), ["cr-2", "cr-3"], FoundNothing(unattributed="cr-2")),
        (OtherRequest(2, "c-1", "q2", False, "cr-1", True), ["cr-1", "cr-2"], FoundNothing(unattributed="cr-1")),
        (OtherRequest(2, "c-1", "q2", False, "cr-1", True), ["cr-1"], NOTHING),
    ],
)
def test_a_reference_cut_to_that_of_another_row(other: OtherRequest, listed: list[str], look: Look) -> None:
    owner = Attribution("cr-1", 2, "c-1", "q2", other.is_credited, True)
    memory: Any = Memory(owner)
    memory.requests_of = lambda _site, _customers: [other]
    items = [item(credit_id, reference="q2") for credit_id in listed]
    assert what_was_found(CUT, items, [], what_is_known(memory, "acme-test", CUT, items)) == look


@each(
    "created_at, look",
    [
        (SENT + 5, FoundNothing(unattributed="cr-1")),
        (SENT - 5, NOTHING),  # made by whoever paid the other row before
    ],
)
def test_what_a_list_alone_gave_another_row_is_no_absence_of_ours(created_at: int, look: Look) -> None:
    memory: Any = Memory(Attribution("cr-1", 2, "c-1", "q2", True, was_sent=False))
    memory.requests_of = lambda _site, _customers: [OtherRequest(2, "c-1", "q2", True, "cr-1")]
    items = [item(reference="q2", created_at=created_at)]
    assert what_was_found(CUT, items, [], what_is_known(memory, "acme-test", CUT, items)) == look
