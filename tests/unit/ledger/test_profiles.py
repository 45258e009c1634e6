"""A batch from every side, against the same counted row by row."""

from collections import Counter
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.ledger import Bucket, CustomerRow, LargeAmount, NewRows, OwedByCustomer, Profile, profiles
from batch_credits.model import ControlTotal, Money, Outcome, RequestState
from batch_credits.model.loaded import LoadedRows
from tests.examples import examples

LARGEST = 2**53 - 1
moneys = st.one_of(
    st.builds(lambda minor: {"amount": minor}, st.integers(1, LARGEST)),
    st.builds(lambda n: {"amount_in_decimal": f"{n}.000000000001"}, st.integers(1, 10**12)),
)
rows = st.tuples(
    moneys,
    st.sampled_from(["USD", "JPY", None]),
    st.sampled_from(["general", "loyalty_credits"]),
    st.booleans(),
)


@given(st.lists(rows, min_size=1, max_size=15), st.sampled_from([2, profiles.DISTINCT_AMOUNTS]))
@settings(max_examples=examples(40), deadline=None)
def test_totals_from_every_side_are_those_counted_one_by_one(book: Any, content: list[Any], distinct: int) -> None:
    site = f"site-{len(book.ledger.batches.all())}"
    loaded = [
        book.row(number, f"c-{number}", currency_code=currency, credit_type=kind, **money)
        if valid
        else book.bad_row(number)
        for number, (money, currency, kind, valid) in enumerate(content, 2)
    ]
    batch = book.plan(*loaded, site=site)
    by_type: dict[tuple[str, str], ControlTotal] = {}
    largest: dict[str, int] = {}
    for money, code, kind, valid in content:
        if valid:
            currency = code or ""
            built = Money(money.get("amount"), money.get("amount_in_decimal"), code)
            by_type.setdefault((currency, kind), ControlTotal()).add(built)
            if built.amount_minor is not None:
                largest[currency] = max(built.amount_minor, largest.get(currency, 0))
    seen = book.ledger.profiles.of(batch)
    assert seen.by_outcome == book.ledger.totals.counted(batch)
    assert (seen.by_type, seen.largest) == (by_type, largest)
    with_minor = sum("amount" in money for money, _, _, valid in content if valid)
    assert sum(bucket.rows for buckets in seen.spread.values() for bucket in buckets) == with_minor
    new_rows = NewRows(2)
    with patch.object(profiles, "DISTINCT_AMOUNTS", distinct):
        for at in range(0, len(loaded), 4):
            new_rows.add(LoadedRows.of(loaded[at : at + 4]))
    counted = new_rows.profile()
    assert (counted.by_outcome, counted.by_type, counted.largest) == (seen.by_outcome, seen.by_type, seen.largest)
    assert spread_of(counted) == spread_of(seen)
    assert counted.largest_rows == {code: book.ledger.profiles.largest_rows(batch, code, 2) for code in largest}


def spread_of(seen: Profile) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for currency, buckets in seen.spread.items():
        for amount, count in buckets:
            found[currency, len(str(amount)), str(amount)[:2]] += count
    return found


def test_a_sum_beyond_sqlites_integers_is_exact(book: Any) -> None:
    number = 1_100
    batch = book.plan(*(book.row(n, f"c-{n}", amount=LARGEST) for n in range(number)))
    by_outcome = book.ledger.profiles.of(batch).by_outcome
    assert by_outcome == {Outcome.PENDING: {"USD": ControlTotal(number, number * LARGEST)}}
    assert book.ledger.totals.counted(batch) == {Outcome.PENDING: {"USD": ControlTotal(number, number * LARGEST)}}


def test_the_largest_rows_of_a_currency(book: Any) -> None:
    batch = book.plan(
        book.row(2, amount=5),
        book.row(3, "c-2", amount=7),
        book.row(4, "c-3", amount=7),
        book.row(5, "c-4", amount=9, currency_code=None),
        book.row(6, "c-5", amount_in_decimal="1000"),
        book.bad_row(7, money=Money(10**9, None, "USD")),
    )
    assert book.ledger.profiles.largest_rows(batch, "USD", 2) == [LargeAmount(3, "USD", 7), LargeAmount(4, "USD", 7)]
    assert book.ledger.profiles.largest_rows(batch, "", 2) == [LargeAmount(5, "", 9)]


def test_the_largest_rows_are_found_wherever_in_the_file_they_come(book: Any) -> None:
    seen = NewRows(2)
    for number, amounts in enumerate(((10, 5), (8, 4), (7,), (9, 10), (11,))):
        seen.add(LoadedRows.of([book.row(10 * number + n, f"c-{number}-{n}", amount=a) for n, a in enumerate(amounts)]))
        wanted = ([(0, 10), (1, 5)], [(0, 10), (10, 8)], [(0, 10), (10, 8)], [(0, 10), (31, 10)], [(40, 11), (0, 10)])
        assert [(row.row_number, row.amount_minor) for row in seen._seen.largest_rows["USD"]] == wanted[number]


def test_what_is_larger_than_the_least_of_the_largest_takes_its_place(book: Any) -> None:
    seen = NewRows(3)
    for number, amounts in enumerate(((10, 8, 6), (7, 5), (6,))):
        seen.add(LoadedRows.of([book.row(10 * number + n, f"c-{number}-{n}", amount=a) for n, a in enumerate(amounts)]))
    assert [row.amount_minor for row in seen.profile().largest_rows["USD"]] == [10, 8, 7]


def test_earlier_amounts_are_those_credited_to_other_batches_of_the_site(book: Any) -> None:
    first = book.plan(book.row(2, amount=100), book.row(3, "c-2", amount=104), book.row(4, "c-3", amount=9))
    book.settle(first, RequestState.CREDITED)
    second = book.plan(book.row(2, "c-4", amount=5_000), file_name="second.csv")
    assert sorted(book.ledger.profiles.earlier_amounts("acme-test", second)["USD"]) == [Bucket(9, 1), Bucket(102, 2)]
    assert book.ledger.profiles.earlier_amounts("acme-test", first) == {}
    assert book.ledger.profiles.earlier_amounts("acme", second) == {}


def test_of_very_many_earlier_amounts_the_newest_say_what_is_usual(book: Any) -> None:
    first = book.plan(*(book.row(n, f"c-{n}", amount=amount) for n, amount in enumerate((100, 9, 104, 7), 2)))
    book.settle(first, RequestState.CREDITED)
    second = book.plan(book.row(2), file_name="second.csv")
    with patch.object(profiles, "EARLIER_CREDITS", 2):
        newest = book.ledger.profiles.earlier_amounts("acme-test", second)
    assert sorted(newest["USD"]) == [Bucket(7, 1), Bucket(104, 1)]


def test_rows_that_may_be_credited_come_customer_by_customer(book: Any) -> None:
    first = book.plan(book.row(2, "c-9"))
    book.settle(first, RequestState.CREDITED)
    second = book.plan(
        book.row(2, "c-2"),
        book.row(3, "c-1", currency_code=None),
        book.row(4, "c-2", "q4", currency_code="EUR"),
        book.row(5, "c-9"),  # credited before
        book.bad_row(6),
        file_name="second.csv",
    )
    assert [*book.ledger.profiles.customer_rows(second)] == [
        CustomerRow("c-1", 3, None),
        CustomerRow("c-2", 2, "USD"),
        CustomerRow("c-2", 4, "EUR"),
    ]


def test_what_is_owed_is_summed_by_customer_and_currency(book: Any) -> None:
    batch = book.plan(
        book.row(2, "b", "r1"), book.row(3, "a", "r2", amount=2**53 - 1), book.row(4, "b", "r3", amount=7),
        book.row(5, "a", "r4", amount=2**53 - 1), book.row(6, "b", "r5", currency_code="EUR"),
        book.row(7, "a", "r6", amount_in_decimal="1.5"),
    )  # fmt: skip
    owed = [OwedByCustomer("a", 3, "USD", 2, 2**54 - 2, 1), OwedByCustomer("b", 2, "USD", 2, 107, 0)]
    euros = OwedByCustomer("b", 6, "EUR", 1, 100, 0)
    assert list(book.ledger.profiles.owed_by_customer(batch, with_failed=False)) == [*owed, euros]
    run = book.ledger.runs.start(batch)
    first, *_, last_but_one, _last = book.owed(batch)
    book.send(run, first, last_but_one)
    book.learn(run, first, RequestState.CREDITED)
    book.learn(run, last_but_one, RequestState.FAILED)
    left = [owed[0], OwedByCustomer("b", 4, "USD", 1, 7, 0)]
    assert list(book.ledger.profiles.owed_by_customer(batch, with_failed=False)) == left
    assert list(book.ledger.profiles.owed_by_customer(batch, with_failed=True)) == [*left, euros]
