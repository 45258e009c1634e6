import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.model import BATCH_COLUMN, RESULT_COLUMNS, BatchRecord, CallKind, Money, Outcome, ReportRow
from batch_credits.reporter.tables import csv_writer, failed_columns, failed_writer, results_writer
from batch_credits.settings import InputOptions
from batch_credits.text.formula import escape_formula, unescape_formula
from tests.each import each
from tests.examples import examples
from tests.unit.reporter.conftest import Report, make_batch, make_row


def written(writer: object, batch: BatchRecord, *rows: ReportRow) -> list[list[str]]:
    stream = io.StringIO(newline="")
    write_row = writer(stream, batch)  # type: ignore[operator]
    for row in rows:
        write_row(row)
    assert stream.getvalue().startswith("\ufeff") == (writer is failed_writer)
    return list(csv.reader(io.StringIO(stream.getvalue().removeprefix("\ufeff"), newline="")))


def test_a_row_that_was_reversed_is_nothing_to_mend(report: Report) -> None:
    """With its reference changed by accident, it would be paid again."""
    undone = make_row(2, error_code="reversed", error="reversed by 57718102", reversed_by="57718102" * 8)
    paths = report([undone, make_row(3, Outcome.FAILED)]).paths
    assert [line.split(",")[0] for line in paths.failed.read_text().splitlines()[1:]] == ["00003"]
    assert "credited,,q3,reversed,,reversed by 57718102" in paths.results.read_text()


def failed_table(batch: BatchRecord, *rows: ReportRow) -> list[dict[str, str]]:
    header, *lines = written(failed_writer, batch, *rows)
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_results_hold_the_source_and_then_our_columns() -> None:
    row = make_row(
        2,
        Outcome.FAILED,
        cells=("00123", "1250", "USD", "Zoë"),
        error_code="resource_not_found",
        error_param="customer_id",
        error="No such customer.",
        http_status=404,
        attempts=1,
        closing_balance="1250",
        credit_id="pc_1",
        finished_at="2026-10-01T08:00:00+00:00",
    )
    header, line = written(results_writer, make_batch(), row)
    assert header == ["customer_id", "amount", "currency_code", "note", *RESULT_COLUMNS]
    assert line == [
        *("00123", "1250", "USD", "Zoë"),
        *("2", "failed", "pc_1", "q3", "resource_not_found", "customer_id", "No such customer."),
        *("404", "1", "1250", "2026-10-01T08:00:00+00:00"),
    ]


def test_what_is_not_known_is_empty() -> None:
    _, line = written(results_writer, make_batch(), ReportRow(2, ("a", "b", "c", "d"), Outcome.PENDING))
    assert line[4:] == ["2", "pending", "", "", "", "", "", "", "0", "", ""]


def test_lines_end_with_a_line_feed_and_a_carriage_return_stays_inside_its_cell(report: Report) -> None:
    rows = [make_row(2, cells=("a\rb", "x\r\ny", "\n", '"'))]
    results = report(rows).paths.results
    assert results.read_bytes().count(b"\n") == 4
    assert b'"a\rb"' in results.read_bytes()
    with results.open(encoding="utf-8", newline="") as stream:
        assert next(csv.DictReader(stream))["customer_id"] == "a\rb"


def test_only_failed_which_people_open_in_excel_has_a_byte_order_mark(report: Report) -> None:
    paths = report([]).paths
    assert paths.results.read_bytes().startswith(b"customer_id,")
    assert paths.failed.read_bytes().startswith(b"\xef\xbb\xbfcustomer_id,")


cell = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    alphabet="'=+-@\t\r\n\",", max_size=6
)


@given(st.lists(cell | st.text("a1 ,;\"'=+-@\t\r\n\u00a0\uff1d\u00fc", max_size=4), min_size=1, max_size=4))
@settings(max_examples=examples(500))
def test_a_line_is_what_csv_makes_of_escaped_cells(cells: list[str]) -> None:
    written, expected = io.StringIO(newline=""), io.StringIO(newline="")
    csv_writer(written)(cells)
    csv.writer(expected, lineterminator="\r\n").writerow([escape_formula(cell) for cell in cells])
    assert written.getvalue() == expected.getvalue()[:-2] + "\n"


@settings(derandomize=True, max_examples=examples(200))
@given(st.lists(st.tuples(cell, cell, cell, cell), max_size=5))
def test_every_cell_comes_back_letter_for_letter(rows: list[tuple[str, ...]]) -> None:
    _, *lines = written(results_writer, make_batch(), *(make_row(n, cells=cells) for n, cells in enumerate(rows)))
    assert [tuple(unescape_formula(text) for text in line[:4]) for line in lines] == rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(("a",), ["a", "", "", ""]), ((), [""] * 4), (("a", "b", "c", "d", "e"), ["a", "b", "c", "d,e"])],
)
def test_a_ragged_row_shifts_no_column_of_ours(cells: tuple[str, ...], expected: list[str]) -> None:
    _, line = written(results_writer, make_batch(), make_row(7, cells=cells))
    assert line[:5] == [*expected, "7"]


def test_headers_are_escaped_too() -> None:
    header, *_ = written(results_writer, make_batch(headers=("=x",)))
    assert header[0] == "'=x"


def test_failed_holds_failed_and_rejected_rows_only(report: Report) -> None:
    summary = report([make_row(n, outcome) for n, outcome in enumerate(Outcome, start=2)])
    with summary.paths.failed.open(newline="", encoding="utf-8-sig") as stream:
        assert [row["credit_outcome"] for row in csv.DictReader(stream)] == ["failed", "rejected"]


def test_failed_without_rows_is_its_header(report: Report) -> None:
    lines = report([make_row(2)]).paths.failed.read_text().splitlines()
    assert len(lines) == 1
    columns = lines[0].removeprefix("\ufeff").split(",")
    fields = ["customer_id", "amount", "currency_code", "note", "amount_unit", "reference"]
    assert columns == [*fields, *RESULT_COLUMNS, BATCH_COLUMN]


def test_failed_carries_what_options_filled_in() -> None:
    options = InputOptions(
        reference="q3", currency="USD", description="Thanks", credit_type="loyalty_credits", amount_unit="major"
    )
    batch = make_batch(options_json=options.as_json())
    rows = (
        make_row(2, Outcome.FAILED, cells=("1", "12.50", "", "")),
        make_row(3, Outcome.FAILED, cells=("1", "12.50", "EUR", ""), money=Money(1250, None, "EUR")),
    )
    first, second = failed_table(batch, *rows)
    filled = ("currency_code", "description", "credit_type", "amount_unit", "reference")
    assert [first[field] for field in filled] == ["USD", "Thanks", "loyalty_credits", "major", "q3"]
    assert second["currency_code"] == "EUR"


def test_failed_fills_a_column_of_the_source_where_it_has_one() -> None:
    batch = make_batch(
        headers=("customer_id", "Amount Unit", "Reference"),
        columns={"customer_id": 0, "amount_unit": 1, "reference": 2},
        options_json=InputOptions(reference="q3", amount_unit="major").as_json(),
    )
    row = make_row(2, Outcome.REJECTED, cells=("1", "", ""), reference=None, money=None)
    assert failed_columns(batch).headers == ("customer_id", "amount_unit", "reference", "currency_code")
    assert failed_table(batch, row)[0] | {"amount_unit": "major", "reference": "q3"} == failed_table(batch, row)[0]


def test_failed_keeps_the_reference_that_counted() -> None:
    batch = make_batch(headers=("customer_id", "reference"), columns={"customer_id": 0, "reference": 1})
    numbered = make_row(3, Outcome.REJECTED, cells=("1", " loyalty "), reference="loyalty #2", money=None)
    unreadable = make_row(4, Outcome.REJECTED, cells=("1", "x" * 600), reference=None, money=None)
    moved = make_row(5, Outcome.REJECTED, cells=("1", "loyalty"), reference="", money=None)
    first, second, third = failed_table(batch, numbered, unreadable, moved)
    assert first["reference"] == "loyalty #2"
    assert second["reference"] == "x" * 600
    assert third["reference"] == "", "a person must give one"


def test_failed_needs_no_map() -> None:
    options = InputOptions(header_map=(("customer_id", "Account"), ("amount", "Value")))
    batch = make_batch(
        headers=("Account", "Customer ID", "Value", "Currency Code"),
        columns={"customer_id": 0, "amount": 2, "currency_code": 3},
        options_json=options.as_json(),
    )
    expected = ("customer_id", "source: Customer ID", "amount", "currency_code", "amount_unit", "reference")
    assert failed_columns(batch).headers == expected


def test_failed_disowns_what_the_map_disowned() -> None:
    options = InputOptions(reference="q3", header_map=(("reference", ""),))
    batch = make_batch(
        headers=("customer_id", "Reference", "Ref"), columns={"customer_id": 0}, options_json=options.as_json()
    )
    assert failed_columns(batch).headers[:3] == ("customer_id", "source: Reference", "Ref")
    assert failed_columns(batch).columns["reference"] > 2


def test_failed_has_what_says_how_it_is_meant_and_what_may_be_missing() -> None:
    batch = make_batch(
        headers=("customer_id", "Credit ID", "reference"), columns={"customer_id": 0, "reference": 2}, options_json="{}"
    )
    expected = ("customer_id", "source: Credit ID", "reference", "currency_code", "amount_unit")
    assert failed_columns(batch).headers == expected
    row = make_row(2, Outcome.REJECTED, cells=("1", "mine", "q3"), money=None)
    assert failed_table(batch, row)[0]["amount_unit"] == "minor"


def table_of(batch: BatchRecord, **fields: Any) -> dict[str, str]:
    return failed_table(batch, make_row(2, Outcome.REJECTED, **fields))[0]


@each(
    "options, amount, money, expected",
    [
        ({}, "1250", Money(1250, None, "USD"), ("1250", "minor")),
        ({}, " 1250 ", Money(1250, None, "USD"), ("1250", "minor")),
        ({"amount_unit": "major"}, "1.234,5", Money(123450, None, "EUR"), ("1234.50", "major")),
        ({"amount_unit": "major"}, "7", Money(700, None, "KWD"), ("7.00", "major")),
        ({"amount_unit": "major"}, "0.05", Money(5, None, "USD"), ("0.05", "major")),
        ({"amount_unit": "major"}, "1,234", Money(1234, None, "JPY"), ("1234", "major")),
        ({"amount_unit": "major", "currency_exponents": (("CLP", 0),)}, "9", Money(9, None, "CLP"), ("9", "major:0")),
        ({"amount_unit": "major", "currency_exponents": (("CLF", 4),)}, "1", Money(10000, None, "CLF"),
         ("1.0000", "major:4")),
        ({"currency_exponents": (("CLP", 0),)}, "9", Money(9, None, "CLP"), ("9", "minor")),
        ({"amount_unit": "major"}, "ten", None, ("ten", "major")),
        ({"amount_unit": "major"}, "12,5", None, ("12,5", "major")),
    ],
)  # fmt: skip
def test_an_amount_is_a_plain_number_beside_its_unit_and_else_as_it_was_written(
    options: dict[str, Any], amount: str, money: Money | None, expected: tuple[str, str]
) -> None:
    batch = make_batch(options_json=InputOptions(reference="q3", **options).as_json())
    currency = "USD" if money is None else money.currency_code
    found = table_of(batch, cells=("1", amount, currency or "", ""), money=money)
    assert (found["amount"], found["amount_unit"]) == expected


def test_an_amount_in_decimal_is_a_plain_number_too() -> None:
    batch = make_batch(headers=("amount_in_decimal",), columns={"amount_in_decimal": 0})
    assert table_of(batch, cells=("1.234",), money=Money(None, "1234", "EUR"))["amount_in_decimal"] == "1234"


def test_the_unit_of_an_undocumented_currency_says_its_decimals_though_the_amount_was_not_read() -> None:
    options = InputOptions(reference="q3", amount_unit="major", currency_exponents=(("CLP", 0),))
    batch = make_batch(options_json=options.as_json())
    found = table_of(batch, cells=("1", "12.5", "clp", ""), money=None)
    assert (found["amount"], found["amount_unit"]) == ("12.5", "major:0")


def test_what_the_loader_restated_stands_instead_of_the_cell() -> None:
    batch = make_batch(options_json=InputOptions(reference="q3", currency="EUR", amount_unit="major").as_json())
    restated = (("amount", "1234"), ("currency_code", "? EUR"), ("customer_id", ""))
    found = table_of(batch, cells=("7", "1.234", "", ""), money=None, restated=restated)
    assert (found["customer_id"], found["amount"], found["currency_code"]) == ("", "1234", "? EUR")


@pytest.mark.parametrize(("amount", "shown"), [("1.234", "? 1.234"), ("7", "? 7"), ("1.234,5", "1.234,5"), ("", "")])
def test_what_version_0_1_rejected_under_a_locale_is_not_read_as_another_number(amount: str, shown: str) -> None:
    batch = make_batch(options_json=InputOptions(reference="q3", locale="de_DE").as_json())
    assert table_of(batch, cells=("1", amount, "XXQ", ""), money=None)["amount"] == shown
    assert table_of(batch, cells=("1", amount, "XXQ", ""), money=None, restated=())["amount"] == amount
    assert table_of(batch, cells=("1", amount, "EUR", ""), money=Money(5, None, "EUR"))["amount"] == "5"


@pytest.mark.parametrize(
    ("options", "fields", "said"),
    [
        ({"amount_unit": "major"}, {"money": None}, "In this file write the amount with digits, and a dot before"),
        ({}, {"money": None}, "In this file write the amount with digits alone, in minor units"),
        ({}, {}, ""),
        ({}, {"error": "Empty: fill it, or pass --reference."}, "No option goes for this file: mend its cells."),
    ],
)
def test_failed_says_how_to_mend_in_this_very_file(options: dict[str, Any], fields: dict[str, Any], said: str) -> None:
    batch = make_batch(options_json=InputOptions(reference="q3", **options).as_json())
    error = table_of(batch, **({"error": "No."} | fields))["credit_error"]
    assert error.startswith(fields.get("error", "No."))
    assert said in error and (said or error == "No.")


def test_a_reversal_says_deducted_and_its_failed_rows_are_no_file_to_pay() -> None:
    batch = make_batch(kind=CallKind.DEDUCT)
    rows = [make_row(n, outcome, reference="reversal of q3") for n, outcome in enumerate(Outcome, start=2)]
    for writer in results_writer, failed_writer:
        header, *lines = written(writer, batch, *rows)
        assert header == [*batch.headers, *RESULT_COLUMNS], "not even the reference, which would be that of a credit"
        at = header.index("credit_outcome")
        assert [line[at] for line in lines][:3] == ["deducted", "already_deducted", "failed"]
