import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.loader.rows import RowReader
from batch_credits.loader.table import Chunk, Flaw
from batch_credits.loader.workbook.cells import FRACTION
from batch_credits.model import FIELDS, Money
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.settings import InputOptions
from tests.each import each

COLUMNS = {field: index for index, field in enumerate((*FIELDS, "amount_unit"))}
GOOD = {
    "customer_id": "007",
    "amount": "1050",
    "currency_code": "USD",
    "description": "Loyalty Q3",
    "credit_type": "loyalty_credits",
    "reference": "loyalty-2026-q3",
}


def cells(**changes):
    row = {**GOOD, **changes}
    return tuple(row.get(field, "") for field in COLUMNS)


def read(*rows, flaws=None, columns=COLUMNS, **options):
    chunk = Chunk(list(range(2, 2 + len(rows))), list(rows), flaws or {})
    return RowReader(columns, InputOptions(**options)).read(chunk)


def codes(row):
    return [(problem.field, problem.code) for problem in row.problems]


def test_a_good_row_is_a_credit_request():
    (row,) = read(cells())
    assert row.request == CreditRequest(
        customer_id="007",
        reference="loyalty-2026-q3",
        description="Loyalty Q3",
        amount=1050,
        currency_code="USD",
        credit_type="loyalty_credits",
    )
    assert (row.row_number, row.cells, row.problems) == (2, cells(), ())
    assert (row.customer_id, row.reference, row.money) == ("007", "loyalty-2026-q3", Money(1050, None, "USD"))


def test_edge_blanks_of_id_and_reference_go_and_nothing_else_changes():
    raw = cells(customer_id=" 0 7\u00a0", reference="\tQ3 / a \n", description=" Loyalty ")
    (row,) = read(raw)
    assert row.request is not None
    assert (row.request.customer_id, row.request.reference, row.request.description) == ("0 7", "Q3 / a", " Loyalty ")
    assert row.cells == raw


def test_options_stand_for_empty_cells_only():
    defaults = {"reference": " R ", "description": "D", "currency": "eur", "credit_type": "Referral Rewards"}
    empty, full = read(cells(reference=" ", description="  ", currency_code="", credit_type=""), cells(), **defaults)
    assert empty.request is not None and full.request is not None
    assert (empty.request.reference, empty.request.description) == ("R", "D")
    assert (empty.request.currency_code, empty.request.credit_type) == ("EUR", "referral_rewards")
    assert full.request.reference == "loyalty-2026-q3" and full.request.credit_type == "loyalty_credits"


def test_options_stand_for_missing_columns_too():
    (row,) = read(("a", "5"), columns={"customer_id": 0, "amount": 1}, reference="R", description="D")
    assert row.request == CreditRequest(customer_id="a", reference="R", description="D", amount=5)


@pytest.mark.parametrize("label", ["loyalty_credits", "Loyalty Credits", " LOYALTY-CREDITS ", "loyaltycredits"])
def test_a_credit_type_may_be_written_as_its_label(label):
    (row,) = read(cells(credit_type=label))
    assert row.request is not None and row.request.credit_type == "loyalty_credits"


def test_a_row_may_state_its_own_unit():
    rows = read(cells(amount="10", amount_unit="Major"), cells(amount="10", amount_unit="minor"), cells(amount="10"))
    assert [row.request and row.request.amount for row in rows] == [1000, 10, 10]
    rows = read(cells(amount="10", amount_unit="minor"), cells(amount="10"), amount_unit="major")
    assert [row.request and row.request.amount for row in rows] == [10, 1000]


def test_a_decimal_amount_is_taken_as_it_stands():
    (row,) = read(cells(amount="", amount_in_decimal="1.2345"), amount_unit="major")
    assert row.request is not None
    assert row.money == Money(None, "1.2345", "USD")


@each(
    "changes, expected",
    [
        ({"customer_id": ""}, ("customer_id", "missing")),
        ({"customer_id": " \u00a0"}, ("customer_id", "missing")),
        ({"customer_id": "x" * 51}, ("customer_id", "too_long")),
        ({"customer_id": "a\u202eb"}, ("customer_id", "control_character")),
        ({"customer_id": "a\u200bb"}, ("customer_id", "control_character")),
        ({"customer_id": "a\x1f"}, ("customer_id", "control_character")),
        ({"reference": ""}, ("reference", "missing")),
        ({"reference": "x" * 501}, ("reference", "too_long")),
        ({"reference": "a\x00b"}, ("reference", "control_character")),
        ({"description": ""}, ("description", "missing")),
        ({"description": "x" * 251}, ("description", "too_long")),
        ({"description": "two\nlines"}, ("description", "control_character")),
        ({"amount": ""}, ("amount", "no_amount")),
        ({"amount": "x"}, ("amount", "amount_not_a_number")),
        ({"amount_in_decimal": "1"}, ("amount", "two_amounts")),
        ({"amount": "", "amount_in_decimal": "x"}, ("amount_in_decimal", "amount_not_a_number")),
        ({"amount": "", "amount_in_decimal": "1" * 34}, ("amount_in_decimal", "too_long")),
        ({"currency_code": "XXQ"}, ("currency_code", "unknown_currency")),
        ({"currency_code": "XXQ", "amount_unit": "major"}, ("currency_code", "unknown_currency")),
        ({"currency_code": "CLP", "amount_unit": "major"}, ("currency_code", "exponent_unknown")),
        ({"currency_code": "", "amount_unit": "major"}, ("amount", "currency_needed")),
        ({"credit_type": "bonus"}, ("credit_type", "unknown_credit_type")),
        ({"amount_unit": "cents"}, ("amount_unit", "unknown_amount_unit")),
    ],
)
def test_each_fault_has_its_field_and_code(changes, expected):
    (row,) = read(cells(**changes))
    assert row.request is None
    assert codes(row) == [expected]
    assert row.cells == cells(**changes)


def test_all_problems_of_a_row_come_at_once_in_the_order_of_the_fields():
    (row,) = read(
        cells(
            customer_id="x" * 51, amount="12.50", currency_code="??", description="a\tb", credit_type="?", reference="",
            amount_unit="?",
        )
    )  # fmt: skip
    assert codes(row) == [
        ("customer_id", "too_long"),
        ("currency_code", "unknown_currency"),
        ("description", "control_character"),
        ("credit_type", "unknown_credit_type"),
        ("reference", "missing"),
        ("amount_unit", "unknown_amount_unit"),
    ]


def test_a_bad_currency_does_not_hide_a_bad_amount():
    (row,) = read(cells(amount="12.50", currency_code="??"))
    assert codes(row) == [("amount", "amount_has_decimals"), ("currency_code", "unknown_currency")]


def test_a_rejected_row_keeps_what_could_be_read_of_it():
    (row,) = read(cells(description="x" * 251, credit_type="?"))
    assert (row.customer_id, row.reference, row.money) == ("007", "loyalty-2026-q3", Money(1050, None, "USD"))
    (row,) = read(cells(customer_id="", reference="", amount="x"))
    assert (row.customer_id, row.reference, row.money) == (None, None, None)
    (row,) = read(cells(currency_code="XXQ"))
    assert row.money is None


def test_bad_rows_among_good_ones_do_not_disturb_them():
    numbers = range(1, 40)
    rows = read(
        *[
            cells(customer_id="x" * 51 if i % 3 == 0 else f"c{i}", amount="1.5" if i % 5 == 0 else str(i))
            for i in numbers
        ]
    )
    for i, row in zip(numbers, rows, strict=True):
        too_long = [("customer_id", "too_long")] if i % 3 == 0 else []
        decimals = [("amount", "amount_has_decimals")] if i % 5 == 0 else []
        assert codes(row) == too_long + decimals
        assert row.row_number == i + 1
        assert (row.request is None) == bool(row.problems)
        if row.request is not None:
            assert (row.request.customer_id, row.request.amount) == (f"c{i}", i)


@pytest.mark.parametrize(
    "text", ["Zo\u00eb \u6771\u4eac", "\u05e9\u05dc\u05d5\u05dd", "\U0001f468\u200d\U0001f469", "a\u00a0b"]
)
def test_other_scripts_and_emoji_are_no_control_characters(text):
    (row,) = read(cells(description=text, customer_id="a b"))
    assert row.request is not None and row.request.description == text


def test_messages_name_the_value_shortened_and_the_remedy():
    (row,) = read(cells(description="Lorem ipsum " * 40))
    (problem,) = row.problems
    assert problem.message == (
        "The description 'Lorem ipsum Lorem ipsum Lorem ipsum Lor\u2026' has 480 characters and Chargebee takes 250: "
        "shorten it."
    )
    (row,) = read(cells(reference="a\u202eb"))
    assert "U+202E at place 2" in row.problems[0].message


def test_a_flaw_of_a_field_rejects_the_row_and_replaces_what_its_text_says():
    flaw = Flaw("turned_into_date", "A date.")
    (row,) = read(cells(amount="2026-01-02"), flaws={0: {COLUMNS["amount"]: flaw}})
    assert codes(row) == [("amount", "turned_into_date")] and row.money is None
    (row,) = read(cells(customer_id="2026-01-02"), flaws={0: {COLUMNS["customer_id"]: flaw}})
    assert codes(row) == [("customer_id", "turned_into_date")] and row.customer_id is None
    (row,) = read(cells(currency_code=""), flaws={0: {COLUMNS["currency_code"]: flaw}}, currency="USD")
    assert codes(row) == [("currency_code", "turned_into_date")] and row.money is None
    (row,) = read((*cells(), "x"), flaws={0: {len(COLUMNS): flaw}})
    assert row.request is not None


def test_a_fraction_is_a_flaw_of_an_id_and_not_of_an_amount():
    flaw = Flaw(FRACTION, "A number.")
    (row,) = read(cells(amount="19.99", amount_unit="major"), flaws={0: {COLUMNS["amount"]: flaw}})
    assert row.money == Money(1999, None, "USD") and row.request is not None
    (row,) = read(cells(reference="1.5"), flaws={0: {COLUMNS["reference"]: flaw}})
    assert codes(row) == [("reference", FRACTION)]


@each(
    "field, text, spoiled",
    [
        ("customer_id", "1.23457E+11", True),
        ("customer_id", "1,23456789012346E+019", True),
        ("reference", "1E+12", True),
        ("reference", "#N/A", True),
        ("description", "#REF!", True),
        ("description", "1.2E+11", False),
        ("customer_id", "1E5", False),
        ("customer_id", "A1.5E+11", False),
        ("reference", "#12", False),
        ("reference", "E+11", False),
    ],
)
def test_what_a_spreadsheet_spoiled_before_the_csv_was_saved(field, text, spoiled):
    good, row = read(cells(), cells(**{field: text}))
    assert good.problems == ()
    assert codes(row) == ([(field, "spoiled_by_excel")] if spoiled else [])


changes = st.fixed_dictionaries(
    {},
    optional={
        "customer_id": st.sampled_from(["a", "", "12345.0", "Total", "b\u200b", '="007"', "NULL"]),
        "amount": st.sampled_from(["1", "2", "1050", "", "x", "1.50"]),
        "amount_in_decimal": st.sampled_from(["", "1.5", "x"]),
        "currency_code": st.sampled_from(["USD", "EUR", "JPY", "?"]),
        "description": st.sampled_from(["Subtotal", "Total 007", "#N/A", " ", "a\nb", "Loyalty"]),
        "credit_type": st.sampled_from(["", "general", "none"]),
        "reference": st.sampled_from(["Q3", "q3 ", "", "nan", "1,5E10"]),
    },
)


@given(st.lists(changes, max_size=6), st.integers(1, 3))
def test_rows_of_a_chunk_are_read_as_each_alone(given_changes, times):
    """Also where all are alike, and in a chunk whose like was read before."""
    rows = [cells(**change) for change in given_changes] * times
    reader = RowReader(COLUMNS, InputOptions())
    alone = [
        loaded
        for number, row in enumerate(rows)
        for loaded in RowReader(COLUMNS, InputOptions()).read(Chunk([number], [row]))
    ]
    for _ in range(2):
        assert list(reader.read(Chunk(list(range(len(rows))), rows))) == alone


@pytest.mark.parametrize(
    "missing", [{"description": ""}, {"reference": ""}, {"description": "", "reference": "x" * 600}]
)
def test_of_a_total_nothing_else_is_complained_of(missing):
    good, total = read(cells(), cells(customer_id="Total", **missing))
    assert good.request is not None
    assert codes(total) == [("customer_id", "looks_like_total")]
