from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher, match_columns
from batch_credits.model import BATCH_COLUMN, FIELDS, RESULT_COLUMNS
from batch_credits.settings import InputOptions
from tests.each import each

DEFAULTS = InputOptions(reference="r", description="d")


@each("spelling", ["customer_id", "Customer ID", "customer-id", "CUSTOMERID", " customer  Id "])
def test_case_blanks_underscores_and_hyphens_do_not_count(spelling):
    assert match_columns(["x", spelling, "Amount"], DEFAULTS) == {"customer_id": 1, "amount": 2}


def test_every_field_has_its_column():
    headers = [*FIELDS, "amount_unit"]
    assert match_columns(headers, InputOptions()) == {field: index for index, field in enumerate(headers)}


@each(
    "header, field",
    [
        ("custmer_id", "customer_id"),
        ("customerid1", "customer_id"),
        ("customer", "customer_id"),
        ("client id", "customer_id"),
        ("ammount", "amount"),
        ("amuont", "amount"),
        ("amounts", "amount"),
        ("amount_usd", "amount"),
        ("curency", "currency_code"),
        ("currency", "currency_code"),
        ("Currency Cod", "currency_code"),
        ("descripton", "description"),
        ("descr", "description"),
        ("referrence", "reference"),
        ("reference_no", "reference"),
        ("ref", "reference"),
        ("credit_tpye", "credit_type"),
        ("amount_in_decimals", "amount_in_decimal"),
        ("amount_units", "amount_unit"),
    ],
)
def test_a_header_near_a_field_is_named_and_refused(header, field):
    headers = [name for name in ("customer_id", "amount") if name != field]
    with pytest.raises(InputError) as refused:
        match_columns([*headers, header], DEFAULTS)
    assert repr(header) in refused.value.message and field in refused.value.message
    assert "--map" in refused.value.hint


@each(
    "header",
    [
        "name", "email", "date", "reason", "customer name", "customer email", "count", "account", "id", "number",
        "status", "type", "note", "country", "region", "segment", "preference", "subscription", "currency name",
        "difference", "credit", "total", "", "unit", "amount paid last year", "key", "no", "text", "code", "2",
    ],
)  # fmt: skip
def test_other_headers_are_carried_without_a_word(header):
    assert match_columns(["customer_id", "amount", header, header], DEFAULTS) == {"customer_id": 0, "amount": 1}


@each("header", ["customer", "reference_no", "description 2", "amount_usd", "currency"])
def test_once_a_field_has_its_column_only_a_misspelling_of_it_is_refused(header):
    headers = ["customer_id", "amount", "currency_code", "description", "reference"]
    assert len(match_columns([*headers, header], InputOptions())) == 5
    with pytest.raises(InputError, match="ammount"):
        match_columns([*headers, "ammount"], InputOptions())


def test_two_columns_of_one_field_are_refused():
    with pytest.raises(InputError, match="both customer_id") as refused:
        match_columns(["customer_id", "amount", "Customer ID"], DEFAULTS)
    assert "--map customer_id=HEADER" in refused.value.hint


def test_map_wins_over_every_rule():
    headers = ["Kunde", "amount", "ammount", "Amount", "ref"]
    options = InputOptions(
        description="d", header_map=(("customer_id", "kunde"), ("amount", "ammount"), ("reference", "ref"))
    )
    assert match_columns(headers, options) == {"customer_id": 0, "amount": 2, "reference": 4}


def test_map_takes_the_exact_header_first():
    options = InputOptions(reference="r", description="d", header_map=(("amount", "Amount"),))
    assert match_columns(["customer_id", "amount", "Amount"], options)["amount"] == 2


def test_map_to_nothing_says_that_no_column_is_the_field():
    options = InputOptions(reference="r", description="d", header_map=(("currency_code", ""),))
    assert match_columns(["customer_id", "amount", "currency"], options) == {"customer_id": 0, "amount": 1}


@pytest.mark.parametrize(
    "header_map",
    [
        (("amount", "Betrag"),),
        (("price", "amount"),),
        (("amount", "amount"), ("amount_in_decimal", "amount")),
    ],
)
def test_a_map_that_cannot_be_followed_is_refused(header_map):
    with pytest.raises(InputError, match="--map"):
        match_columns(["customer_id", "amount", "x", "x"], InputOptions(header_map=header_map, reference="r"))


def test_a_map_that_could_mean_two_columns_says_that_no_name_tells_them_apart():
    with pytest.raises(InputError, match="2 columns are called 'x'") as refused:
        match_columns(["customer_id", "x", "x"], InputOptions(header_map=(("amount", "x"),), reference="r"))
    assert refused.value.hint == "Give each a header of its own in the file."


@pytest.mark.parametrize(
    ("headers", "options", "missing"),
    [
        (["amount"], DEFAULTS, "customer_id"),
        (["customer_id"], DEFAULTS, "amount"),
        (["customer_id", "amount"], InputOptions(reference="r"), "description"),
        (["customer_id", "amount"], InputOptions(description="d"), "reference"),
    ],
)
def test_a_missing_column_is_named_with_the_headers_found(headers, options, missing):
    with pytest.raises(InputError, match=f"No column {missing}") as refused:
        match_columns(headers, options)
    assert all(repr(header) in refused.value.message for header in headers)
    assert f"--map {missing}=HEADER" in refused.value.hint


def test_the_columns_of_our_reports_are_dropped_and_escaped_headers_restored():
    fields = ["description", "reference", "amount_unit"]
    headers = ["'=x", "customer_id", "credit_row", "amount", *RESULT_COLUMNS[1:], *fields, BATCH_COLUMN]
    matched = HeaderMatcher(Path("failed.csv"), DEFAULTS).match(headers, [])
    assert matched.headers == ("=x", "customer_id", "amount", *fields)
    assert matched.kept == (0, 1, 3, 14, 15, 16)
    assert matched.columns == {"customer_id": 1, "amount": 2, "description": 3, "reference": 4, "amount_unit": 5}
    assert set(matched.own) == {*RESULT_COLUMNS, BATCH_COLUMN}


def test_headers_of_other_files_are_untouched():
    matched = HeaderMatcher(Path("payout.csv"), DEFAULTS).match(["'=x", "customer_id", "amount"], [])
    assert matched.headers[0] == "'=x"
    assert matched.own == ()


def test_headers_below_a_title_are_pointed_out():
    following = [(2, ["", ""]), (3, ["Customer ID", "amount"])]
    with pytest.raises(InputError, match="in row 3, below a title") as refused:
        HeaderMatcher(Path("payout.csv"), DEFAULTS).match(["Loyalty payout Q3", ""], following)
    assert refused.value.remedies == ((("--header-row", "3"),),)
