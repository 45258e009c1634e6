"""Which credits are taken for a row on a person's word, and what speaks against the word that there is none."""

from typing import Any

import pytest

from batch_credits.chargebee.lists import ListedCredit
from batch_credits.errors import UsageError
from batch_credits.jobs.resolve import Claim, refuse_what_differs, refuse_what_is_listed
from batch_credits.ledger import Holder, RowInReview
from batch_credits.model import BatchRecord, CallKind, Money, PlannedCredit, RequestState
from batch_credits.protocol import Credited, FoundNothing, FoundOne, FoundOtherMoney, FoundSeveral, FoundUncertain
from batch_credits.settings import InputOptions
from tests.each import each

BATCH = BatchRecord(
    1, "ab" * 32, "acme-test", "payout.csv", "", (), {}, InputOptions().as_json(), "2026-10-01T08:00:00+00:00", 1, {}
)
REFERENCE = "Loyalty 2026 Q3"


def row(reason: str = "", **changes: Any) -> RowInReview:
    fields: dict[str, Any] = {
        "request_id": 1,
        "customer_id": "Café-1",
        "reference": REFERENCE,
        "money": Money(1050, None, "USD"),
        "credit_type": "general",
        "body": b"",
        "state": RequestState.REVIEW,
    }
    return RowInReview(7, PlannedCredit(**(fields | changes)), reason)


def listed(**changes: Any) -> ListedCredit:
    fields: dict[str, Any] = {
        "credit_id": "cr_X1",
        "customer_id": "Café-1",
        "reference": REFERENCE,
        "money": Money(1050, None, "USD"),
        "credit_type": "general",
        "kind": "increment",
        "closing_balance": "1050",
    }
    return ListedCredit(**(fields | changes))


def holder(is_credited: bool, customer_id: str = "Café-1", reference: str = REFERENCE) -> Holder:
    return Holder("cd" * 32, 3, customer_id, reference, is_credited)


ACCEPTED = {
    "as it is": (row(), listed()),
    "a site that keeps NFD": (row(), listed(customer_id="Cafe\u0301-1")),
    "a site that keeps lower case": (row(), listed(customer_id="café-1", reference=REFERENCE.lower())),
    "a site that folds blanks": (row(reference="Loyalty\u00a02026  Q3 "), listed()),
    "a site without types": (row(), listed(credit_type=None)),
    "a row without currency": (row(money=Money(1050, None, None)), listed()),
    "in decimal": (row(money=Money(None, "10.5", "USD")), listed(money=Money(1050, "10.50", "USD"))),
    "cut, and named by the answer": (row(credit_id="cr_X1"), listed(reference="Loyalty")),
    "cut, and named by the reason": (row("Chargebee lists cr_X1 with this money."), listed(reference="Loyalty")),
    "without reference, and named at the reason's end": (row("It is cr_X1."), listed(reference=None)),
    "a deduction": (row(kind=CallKind.DEDUCT), listed(kind="decrement")),
}


@pytest.mark.parametrize(("asked", "found"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_credit_that_is_the_row_s(asked: RowInReview, found: ListedCredit) -> None:
    refuse_what_differs(BATCH, Claim(asked, found, ()))


REFUSED = {
    "another customer": (row(), listed(customer_id="c-2"), "its customer is 'c-2', and the row's is 'Café-1'"),
    "a deduction": (row(), listed(kind="decrement"), "has it as decrement, and the row asks for a credit"),
    "a credit": (row(kind=CallKind.DEDUCT), listed(), "has it as increment, and the row asks for a deduction"),
    "another amount": (
        row(), listed(money=Money(1051, None, "USD")),
        "it has 10.51 USD, general, and the row asks for 10.50 USD, general"),
    "another currency": (
        row(), listed(money=Money(1050, None, "EUR")),
        "it has 10.50 EUR, general, and the row asks for 10.50 USD, general"),
    "another type": (
        row(), listed(credit_type="loyalty_credits"),
        "it has 10.50 USD, loyalty_credits, and the row asks for 10.50 USD, general"),
    "no amount": (row(), listed(money=Money(None, None, "USD")), "it has no amount, general, and the row asks for"),
    "another decimal": (
        row(money=Money(None, "10.5", "USD")), listed(money=Money(1051, "10.51", "USD")),
        "it has 10.51 USD, general, and the row asks for 10.5 USD, general"),
    "another reference": (row(), listed(reference="q4"), f"its reference is 'q4', and the row's is '{REFERENCE}'"),
    "no reference": (row(), listed(reference=None), f"it has no reference, and the row's is '{REFERENCE}'"),
    "cut, and another is named": (row("It is cr_X2.", credit_id="cr_X2"), listed(reference="Loyalty"), "'Loyalty'"),
    "cut, and part of a word": (row("It is cr_X10 or acr_X1 or cr_X1-b."), listed(reference="Loyalty"), "'Loyalty'"),
    "named, of another customer": (row(credit_id="cr_X1"), listed(customer_id="c-2"), "its customer is 'c-2'"),
    "named, with other money": (row(credit_id="cr_X1"), listed(money=Money(1, None, "USD")), "it has 0.01 USD"),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "found", "said"), REFUSED.values(), ids=REFUSED)
def test_a_credit_that_is_not_the_row_s(asked: RowInReview, found: ListedCredit, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_what_differs(BATCH, Claim(asked, found, ()))
    assert refused.value.message.startswith("Credit cr_X1 is not that of row 7: ")
    assert said in refused.value.message
    assert "'Café-1'" in refused.value.hint and "--not-credited" in refused.value.hint


def test_all_that_differs_is_said_at_once() -> None:
    with pytest.raises(UsageError, match=r"decrement.*; its customer.*; it has.*; its reference"):
        other = listed(customer_id="c-2", kind="decrement", money=Money(1, None, "USD"), reference="q4")
        refuse_what_differs(BATCH, Claim(row(), other, ()))


@each(
    "asked, found, held, is_held",
    [
        (row(), listed(), holder(True), True),
        (row(), listed(), holder(False), True),  # its texts say whose it is, however far that row has got
        (row(), listed(), holder(True, customer_id="c-2"), False),  # taken by mistake: the texts say that it is ours
        (row(), listed(), holder(True, reference="q4"), False),
        (row(), listed(), holder(False, customer_id="c-2"), False),
        (row(credit_id="cr_X1"), listed(reference="Loyalty"), holder(True, reference="Loyalty of others"), True),
        (row(credit_id="cr_X1"), listed(reference="Loyalty"), holder(False, reference="Loyalty of others"), False),
        (row(credit_id="cr_X1"), listed(reference="loyalty"), holder(False, reference="Loyalty"), True),
    ],
)
def test_one_credit_settles_one_row(asked: RowInReview, found: ListedCredit, held: Holder, is_held: bool) -> None:
    claim = Claim(asked, found, [holder(False, customer_id="c-9"), held])
    if not is_held:
        refuse_what_differs(BATCH, claim)
        return
    with pytest.raises(UsageError, match="Credit cr_X1 already belongs to row 3 of batch cdcdcdcd: customer 'Café-1'"):
        refuse_what_differs(BATCH, claim)


@pytest.mark.parametrize(
    ("asked", "is_learned", "is_held"),
    [(row(), True, False), (row(), False, True), (row(credit_id="cr_X1", reference="q4"), True, True)],
)
def test_what_a_list_told_of_in_the_sites_spelling_is_no_other_row(
    asked: RowInReview, is_learned: bool, is_held: bool
) -> None:
    """After `reconcile --since` a row that an old copy owes had its own credit for another's."""
    learned = holder(True, "café-1", REFERENCE.lower())._replace(is_learned=is_learned)
    claim = Claim(asked, listed(customer_id="café-1", reference=REFERENCE.lower()), [learned])
    assert (claim.holder is learned) is is_held
    assert is_held or claim.holder is None


ABSENT = FoundNothing()


@each(
    "look, named",
    [
        (ABSENT, None),
        (FoundNothing(unattributed="cr_X1"), None),  # somebody else's, as the person says
        (ABSENT, Claim(row(credit_id="cr_X1"), listed(customer_id="c-2"), ())),
        (ABSENT, Claim(row(credit_id="cr_X1"), listed(kind="decrement"), ())),
        (ABSENT, Claim(row(credit_id="cr_X1"), listed(money=Money(1, None, "USD")), ())),
        (ABSENT, Claim(row(credit_id="cr_X1"), listed(reference="q4"), [holder(False, reference="q4")])),
        (ABSENT, Claim(row(credit_id="cr_X2"), listed(reference="q4"), ())),
    ],
)
def test_nothing_speaks_against_owing_it_again(look: Any, named: Claim | None) -> None:
    refuse_what_is_listed(BATCH, row(), [], look, named)


@pytest.mark.parametrize(
    ("look", "named", "said", "hint"),
    [
        (FoundOne(Credited("cr_X1")), None, "Row 7 is credited: Chargebee lists cr_X1 for it", "--credited cr_X1"),
        (FoundSeveral(("cr_X1", "cr_X2")), None, "lists cr_X1 and cr_X2 for it", "--credited cr_X1"),
        (ABSENT, Claim(row(credit_id="cr_X1"), listed(reference="Loyalty"), ()), "lists cr_X1 for it", "cr_X1"),
        (FoundOtherMoney("cr_X1", ""), None, "under the reference of row 7, with 10.50 USD, loyalty_credits; the row"
         " asks for 10.50 USD, general.", "under another reference"),
        (FoundUncertain("cr_X1", "for a customer 'CAFÉ-1'"), None, "cr_X1 under the reference of row 7, for a customer"
         " 'CAFÉ-1'", "say so: --credited cr_X1. If the row is another credit, pay it in another file"),
    ],
)  # fmt: skip
def test_what_chargebee_lists_for_it_speaks_against_it(look: Any, named: Claim | None, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        refuse_what_is_listed(BATCH, row(), [listed(credit_type="loyalty_credits")], look, named)
    assert said in refused.value.message
    assert hint in refused.value.hint
