"""A payout from its first file to its closing page: what persons do to a failed.csv, and that every row ends once.

Loader, ledger and reporter are the real ones; what Chargebee would say is recorded instead.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.model import Finding, Learned, Mended, RequestState
from batch_credits.planning.plan import Plan, stage
from batch_credits.planning.reversal import select, stage_reversal
from batch_credits.reporter.summary import Summary
from batch_credits.settings import InputOptions
from tests.integration.test_failed_csv import CARRIERS, table_in, write_table

SITE = "acme-test"
HEADERS = ["customer_id", "amount", "currency_code", "description", "reference"]
SOURCE = [
    HEADERS,
    ["c-2", "10.00", "USD", "Loyalty", "q3"],
    ["lost-3", "20.00", "USD", "Loyalty", "q3"],
    ["c-4", "ten", "USD", "Loyalty", "q3"],
    ["c-5", "50.00", "EUR", "Loyalty", "q3"],
    ["lost-6", "60.00", "USD", "Loyalty", "q3"],
]
MAJOR = InputOptions(amount_unit="major")
Table = list[list[str]]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def staged(ledger: Ledger, source: Path, options: InputOptions = MAJOR, site: str = SITE) -> Plan:
    return stage(ledger, open_source(source, options), site)


def carried_out(ledger: Ledger, plan: Plan, reports: Path) -> Summary:
    """Customers whose ids begin with `lost` are refused, all others are credited."""
    if plan.is_new:
        ledger.admission.admit(plan.batch_id)
    run = ledger.runs.start(plan.batch_id)
    for credit in ledger.claims.planned_page(plan.batch_id, RequestState.PENDING, 0, 100):
        ledger.claims.commit(run, [], [credit], "{}")
        credit.attempts += 1
        if credit.customer_id.startswith("lost"):
            finding = Finding.about(
                credit, RequestState.FAILED, Learned("not found", 404, "resource_not_found"), open_attempts=0
            )
        else:
            credit.credit_id = f"cr-{credit.request_id}"
            finding = Finding.about(credit, RequestState.CREDITED, Learned(closing_balance="4200"), open_attempts=0)
        ledger.claims.commit(run, [finding], [])
    ledger.runs.end(run, requests=1, throttled=0, retries=0, stopped=None)
    return report_batch(ledger, ledger.batches.one(plan.key), reports)


def paid(ledger: Ledger, source: Path, reports: Path, options: InputOptions = MAJOR) -> Summary:
    return carried_out(ledger, staged(ledger, source, options), reports)


@pytest.fixture
def first(ledger: Ledger, tmp_path: Path) -> Summary:
    """Two of five rows are credited; one is rejected, two are refused."""
    return paid(ledger, write_table(tmp_path / "payout.csv", SOURCE), tmp_path / "reports")


def mended(failed: Path, **fields: dict[str, str]) -> Table:
    """The table with these fields changed, by the first letters of the row's customer and number: `row4`."""
    header, *lines = table_in(failed)
    for name, changes in fields.items():
        [line] = [each for each in lines if each[header.index("credit_row")] == name.removeprefix("row")]
        for field, text in changes.items():
            line[header.index(field)] = text
    return [header, *lines]


ALL_MENDED: dict[str, dict[str, str]] = {
    "row3": {"customer_id": "c-3"}, "row4": {"amount": "40.00"}, "row6": {"customer_id": "c-6"},
}  # fmt: skip


def endings(summary: Summary) -> dict[str, str]:
    """How the rows of the first file ended, by its closing page's table."""
    [closing] = summary.closings
    with closing.paths[0].open(encoding="utf-8-sig", newline="") as stream:
        return {line["credit_row"]: line["credit_outcome"] for line in csv.DictReader(stream)}


def tied_out(summary: Summary) -> bool:
    """Whether rows and money of the closing page add up."""
    [closing] = summary.closings
    assert closing.differences == ()
    return sum(closing.counts.values()) == closing.rows == 5


def test_a_file_alone_has_no_closing_page(first: Summary) -> None:
    assert first.closings == () and not (first.paths.directory / "closing.html").exists()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_all_is_mended_in_whatever_carrier_and_the_payout_closes(
    ledger: Ledger, tmp_path: Path, first: Summary, carrier: str
) -> None:
    back = CARRIERS[carrier](tmp_path, mended(first.paths.failed, **ALL_MENDED))
    summary = paid(ledger, back, tmp_path / "reports", InputOptions())
    [closing] = summary.closings
    assert endings(summary) == dict.fromkeys("23456", "credited") and tied_out(summary)
    assert closing.is_closed and closing.paths[0].parent == first.paths.directory
    assert {currency: total.amount_minor for currency, total in closing.credits.items()} == {"USD": 13000, "EUR": 5000}
    [parent] = ledger.payouts.parents(summary.batch.batch_id)
    assert (parent.key, parent.rows, parent.rows_there) == (first.batch.key, 3, 3)
    again = report_batch(ledger, first.batch, tmp_path / "reports")
    assert (again.to_mend, table_in(again.paths.failed)[1:]) == (0, [])
    assert [mend.counts for mend in again.mending.mends] == [Counter(credited=3)]


def without_rows(table: Table) -> Table:
    return [table[0], table[3], table[1]]  # sorted otherwise, and one deleted


def test_rows_that_a_person_left_out_are_open_and_named(ledger: Ledger, tmp_path: Path, first: Summary) -> None:
    table = without_rows(mended(first.paths.failed, **ALL_MENDED))
    summary = paid(ledger, write_table(tmp_path / "m.csv", table), tmp_path / "reports", InputOptions())
    assert endings(summary) == dict.fromkeys("2356", "credited") | {"4": "left_out"} and tied_out(summary)
    again = report_batch(ledger, first.batch, tmp_path / "reports")
    assert [line[6] for line in table_in(again.paths.failed)] == ["credit_row", "4"], "what is left to mend"
    rest = write_table(tmp_path / "rest.csv", mended(again.paths.failed, row4={"amount": "40.00"}))
    closed = paid(ledger, rest, tmp_path / "reports", InputOptions())
    assert endings(closed) == dict.fromkeys("23456", "credited") and tied_out(closed)
    assert closed.closings[0].is_closed


def test_a_failed_csv_of_a_failed_csv_closes_the_first_file(ledger: Ledger, tmp_path: Path, first: Summary) -> None:
    table = mended(first.paths.failed, row3={"customer_id": "lost-again"}, row4={"amount": "40.00"})
    second = paid(ledger, write_table(tmp_path / "m.csv", table), tmp_path / "reports", InputOptions())
    assert endings(second) == {"2": "credited", "3": "failed", "4": "credited", "5": "credited", "6": "failed"}
    table = mended(second.paths.failed, row2={"customer_id": "c-3"}, row4={"customer_id": "c-6"})
    third = paid(ledger, write_table(tmp_path / "m2.csv", table), tmp_path / "reports", InputOptions())
    assert endings(third) == dict.fromkeys("23456", "credited") and tied_out(third)
    assert [file.batch.key for file in third.closings[0].payout.files] == [
        first.batch.key, second.batch.key, third.batch.key,
    ]  # fmt: skip


def test_mended_twice_under_other_names_it_is_paid_once(ledger: Ledger, tmp_path: Path, first: Summary) -> None:
    one = write_table(tmp_path / "one.csv", mended(first.paths.failed, **ALL_MENDED))
    other = {**ALL_MENDED, "row3": {"customer_id": "c-3", "reference": "q3-again"}, "row6": {"customer_id": "c-66"}}
    two = write_table(tmp_path / "two.csv", mended(first.paths.failed, **other))
    paid(ledger, one, tmp_path / "reports", InputOptions())
    summary = paid(ledger, two, tmp_path / "reports", InputOptions())
    rows = list(ledger.reports.rows(summary.batch.batch_id))
    assert [(row.outcome.value, row.error_code) for row in rows] == [
        ("rejected", "mended_before"), ("already_credited", None), ("rejected", "mended_before"),
    ]  # fmt: skip
    assert endings(summary) == dict.fromkeys("23456", "credited") and tied_out(summary)


def test_a_row_that_says_of_none_that_it_mends_it_is_paid_for_itself(
    ledger: Ledger, tmp_path: Path, first: Summary
) -> None:
    table = mended(first.paths.failed, **ALL_MENDED)
    table.append(["c-9" if name == "customer_id" else text for name, text in zip(table[0], table[1], strict=True)])
    for name in ("credit_batch", "credit_row"):
        table[-1][table[0].index(name)] = ""
    source = open_source(write_table(tmp_path / "m.csv", table), InputOptions())
    plan = stage(ledger, source, SITE)
    assert [note for note in source.notes if note.startswith("row 5 does not say which row it mends")]
    summary = carried_out(ledger, plan, tmp_path / "reports")
    [closing] = summary.closings
    assert closing.is_closed and closing.rows_of[plan.batch_id] == 3, "of four"
    assert "and 1 row that mends none of these" in closing.paths[1].read_text()


def test_what_is_reversed_ends_so_wherever_it_was_paid(ledger: Ledger, tmp_path: Path, first: Summary) -> None:
    table = write_table(tmp_path / "m.csv", mended(first.paths.failed, **ALL_MENDED))
    mend = paid(ledger, table, tmp_path / "reports", InputOptions())
    undo = stage_reversal(ledger, select(ledger, mend.batch, None))
    summary = carried_out(ledger, undo, tmp_path / "reports")
    assert endings(summary) == {"2": "credited", "3": "reversed", "4": "reversed", "5": "credited", "6": "reversed"}
    assert tied_out(summary) and summary.closings[0].is_closed
    again = report_batch(ledger, first.batch, tmp_path / "reports")
    assert again.mending.mends[0].reversed_by == {undo.key: 3}


def other_batch(table: Table) -> Table:
    return [table[0], *([*line[:-1], "0" * 64] for line in table[1:])]


def other_rows(table: Table) -> Table:
    at = table[0].index("credit_row")
    return [table[0], *([*line[:at], "99", *line[at + 1 :]] for line in table[1:])]


@pytest.mark.parametrize(
    ("change", "site", "says"),
    [
        (other_batch, SITE, "mend batch 00000000, which this ledger does not know"),
        (other_rows, SITE, "name a row that payout.csv"),
        (lambda table: table, "acme-eu", "of site acme-test, and would be paid on site acme-eu"),
    ],
    ids=["another ledger, or an id that was changed", "rows that were changed", "another site"],
)
def test_what_closes_nothing_is_said_before_it_is_paid_and_not_refused(
    ledger: Ledger, tmp_path: Path, first: Summary, change: Callable[[Table], Table], site: str, says: str
) -> None:
    table = write_table(tmp_path / "m.csv", change(mended(first.paths.failed, **ALL_MENDED)))
    plan = staged(ledger, table, InputOptions(), site)
    assert [warning for warning in plan.warnings if says in warning]
    assert plan.owed == 3
    summary = carried_out(ledger, plan, tmp_path / "reports")
    assert summary.closings == ()
    assert report_batch(ledger, first.batch, tmp_path / "reports").to_mend == 3


def test_a_ledger_that_does_not_know_the_first_file_pays_the_mended_one(tmp_path: Path, first: Summary) -> None:
    table = write_table(tmp_path / "m.csv", mended(first.paths.failed, **ALL_MENDED))
    with Ledger.open(tmp_path / "another.sqlite3") as another:
        plan = staged(another, table, InputOptions())
        assert ["does not know" in warning for warning in plan.warnings[:1]] == [True]
        assert carried_out(another, plan, tmp_path / "elsewhere").closings == ()


def test_a_failed_csv_that_has_lost_its_rows_numbers_is_taken_all_the_same(
    ledger: Ledger, tmp_path: Path, first: Summary
) -> None:
    table = mended(first.paths.failed, **ALL_MENDED)
    at = table[0].index("credit_row")
    source = open_source(write_table(tmp_path / "m.csv", [[*x[:at], *x[at + 1 :]] for x in table]), InputOptions())
    [rows] = source.chunks()
    assert rows.mends == {} and len(rows.requests) == 3
    assert [note for note in source.notes if note.startswith("3 rows do not say which row they mend")]


def test_what_each_row_mends_goes_with_it(tmp_path: Path, first: Summary) -> None:
    table = mended(first.paths.failed, **ALL_MENDED)
    source = open_source(write_table(tmp_path / "m.csv", [table[0], *table[:0:-1]]), InputOptions())
    found = {number: says for rows in source.chunks(1) for number, says in rows.mends.items()}
    assert found == {2: Mended(first.batch.key, 6), 3: Mended(first.batch.key, 4), 4: Mended(first.batch.key, 3)}
