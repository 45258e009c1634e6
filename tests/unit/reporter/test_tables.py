import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.formula import unescape_formula
from batch_credits.model import RESULT_COLUMNS, BatchRecord, CallKind, Outcome, ReportRow
from batch_credits.reporter.tables import failed_columns, failed_writer, results_writer
from batch_credits.settings import InputOptions
from tests.unit.reporter.conftest import Report, make_batch, make_row


def written(writer: object, batch: BatchRecord, *rows: ReportRow) -> list[list[str]]:
    stream = io.StringIO(newline="")
    write_row = writer(stream, batch)  # type: ignore[operator]
    for row in rows:
        write_row(row)
    stream.seek(0)
    return list(csv.reader(stream))


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


def test_there_is_no_byte_order_mark(report: Report) -> None:
    assert report([]).paths.results.read_bytes().startswith(b"customer_id,")


cell = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    alphabet="'=+-@\t\r\n\",", max_size=6
)


@settings(derandomize=True, max_examples=200)
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
    with summary.paths.failed.open(newline="") as stream:
        assert [row["credit_outcome"] for row in csv.DictReader(stream)] == ["failed", "rejected"]


def test_failed_without_rows_is_its_header(report: Report) -> None:
    lines = report([make_row(2)]).paths.failed.read_text().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("customer_id,amount,currency_code,note,reference,credit_row,")


def test_failed_carries_what_options_filled_in() -> None:
    options = InputOptions(
        reference="q3", currency="USD", description="Thanks", credit_type="loyalty_credits", amount_unit="major"
    )
    batch = make_batch(options_json=options.as_json())
    rows = (
        make_row(2, Outcome.FAILED, cells=("1", "12.50", "", "")),
        make_row(3, Outcome.FAILED, cells=("1", "12.50", "EUR", "")),
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
    row = make_row(2, Outcome.REJECTED, cells=("1", "", ""), reference=None)
    assert failed_columns(batch).headers == ("customer_id", "Amount Unit", "Reference")
    assert failed_table(batch, row)[0] | {"Amount Unit": "major", "Reference": "q3"} == failed_table(batch, row)[0]


def test_failed_keeps_the_reference_that_counted() -> None:
    batch = make_batch(headers=("customer_id", "reference"), columns={"customer_id": 0, "reference": 1})
    numbered = make_row(3, Outcome.FAILED, cells=("1", " loyalty "), reference="loyalty #2")
    unreadable = make_row(4, Outcome.REJECTED, cells=("1", "x" * 600), reference=None)
    first, second = failed_table(batch, numbered, unreadable)
    assert first["reference"] == "loyalty #2"
    assert second["reference"] == "x" * 600


def test_failed_needs_no_map() -> None:
    options = InputOptions(header_map=(("customer_id", "Account"), ("amount", "Value")))
    batch = make_batch(
        headers=("Account", "Customer ID", "Value", "Currency Code"),
        columns={"customer_id": 0, "amount": 2, "currency_code": 3},
        options_json=options.as_json(),
    )
    expected = ("customer_id", "source: Customer ID", "amount", "Currency Code", "reference")
    assert failed_columns(batch).headers == expected


def test_failed_disowns_what_the_map_disowned() -> None:
    options = InputOptions(reference="q3", header_map=(("reference", ""),))
    batch = make_batch(
        headers=("customer_id", "Reference", "Ref"), columns={"customer_id": 0}, options_json=options.as_json()
    )
    assert failed_columns(batch).headers == ("customer_id", "source: Reference", "source: Ref", "reference")


def test_failed_leaves_only_the_source_behind_when_nothing_is_to_fill() -> None:
    batch = make_batch(
        headers=("customer_id", "reference"), columns={"customer_id": 0, "reference": 1}, options_json="{}"
    )
    assert failed_columns(batch).headers == ("customer_id", "reference")


def test_a_reversal_says_deducted_and_its_failed_rows_are_no_file_to_pay() -> None:
    batch = make_batch(kind=CallKind.DEDUCT)
    rows = [make_row(n, outcome, reference="reversal of q3") for n, outcome in enumerate(Outcome, start=2)]
    for writer in results_writer, failed_writer:
        header, *lines = written(writer, batch, *rows)
        assert header == [*batch.headers, *RESULT_COLUMNS], "not even the reference, which would be that of a credit"
        at = header.index("credit_outcome")
        assert [line[at] for line in lines][:3] == ["deducted", "already_deducted", "failed"]
