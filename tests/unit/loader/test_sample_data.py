"""The sample files show what their README says."""

from collections import Counter
from pathlib import Path

import pytest

from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions

SAMPLES = Path(__file__).parents[3] / "sample_data"


def rows_of(name, **options):
    return [row for rows in open_source(SAMPLES / name, InputOptions(**options)).chunks() for row in rows]


@pytest.fixture(scope="module")
def payout():
    return rows_of("loyalty_payout.csv")


def test_the_payout_has_200_valid_rows_and_3_customers_who_do_not_exist(payout):
    assert len(payout) == 200 and all(row.request for row in payout)
    ids = [row.customer_id for row in payout]
    assert len(set(ids)) == 200
    assert sum(customer_id.startswith("missing-") for customer_id in ids) == 3
    assert any(customer_id.startswith("0") for customer_id in ids)


def test_the_workbook_holds_the_same_rows(payout):
    assert rows_of("loyalty_payout.xlsx") == payout


def test_the_migration_is_in_major_units_of_two_currencies():
    rows = rows_of("migration_import.csv", amount_unit="major")
    assert Counter(row.money.currency_code for row in rows) == {"USD": 40, "JPY": 20}
    for row in rows:
        text = row.cells[1]
        cents = text.replace(".", "") if "." in text else text
        assert row.request.amount == int(cents)


def test_every_row_of_mistakes_but_the_right_and_the_repeated_one_is_rejected():
    rows = rows_of("mistakes.csv")
    valid = [row.cells[0] for row in rows if row.request]
    assert valid == ["none: this row is right", "the same customer and reference as row 2"]
    wrong = [row for row in rows if not row.request]
    assert [len(row.problems) for row in wrong] == [1] * (len(wrong) - 1) + [3]
    for row in wrong[:-1]:
        field = row.problems[0].field
        assert row.cells[0].startswith((field, field.split("_")[0], "neither", "both"))
    codes = {problem.code for row in rows for problem in row.problems}
    assert len(codes) == 17, sorted(codes)
