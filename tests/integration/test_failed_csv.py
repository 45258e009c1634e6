"""failed.csv, mended, is a file to pay that needs no option, whatever its source needed; no other report is one.

From a source through loader, ledger and reporter to failed.csv, from there through a person's hands and back.
"""

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from batch_credits.errors import InputError
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.model import Finding, Learned, LoadedRow, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.planning.plan import stage
from batch_credits.reporter.files import ReportPaths
from batch_credits.settings import InputOptions
from tests.examples import each_value

SITE = "acme-test"
MOST_OF_OURS = (
    "credit_id", "credit_reference", "credit_error_code", "credit_error_param", "credit_error", "credit_http_status",
    "credit_attempts", "credit_closing_balance",
)  # fmt: skip
Table = list[list[str]]


class Paid(NamedTuple):
    """What a row is meant to be: the amount in minor units, or in decimal as a text."""

    customer: str
    amount: int | str
    currency: str | None = "USD"
    reference: str = "q3"
    description: str = "d"
    type: str = "general"


def paid(request: CreditRequest) -> Paid:
    amount = request.amount if request.amount is not None else str(request.amount_in_decimal)
    return Paid(
        request.customer_id, amount, request.currency_code, request.reference, request.description, request.credit_type
    )


@dataclass(frozen=True)
class Line:
    """A line of the source that is not credited, what a person corrects in failed.csv, and what is meant.

    A line that nobody needs to correct is a good one, which Chargebee refuses for the time being.
    """

    cells: list[str]
    correct: dict[str, str]
    meant: Paid


@dataclass(frozen=True)
class Case:
    """A source that needs an option."""

    options: dict[str, Any]
    headers: list[str]
    lines: list[Line]
    name: str = "source.csv"


PLAIN = ["customer_id", "amount", "currency_code", "description", "reference", "note"]


def plain(customer: str, amount: str, currency: str = "USD", reference: str = "q3", note: str = "n") -> list[str]:
    return [customer, amount, currency, "d", reference, note]


# By option: each that `InputOptions` has.
CASES = {
    "reference": Case(
        {"reference": "q9"},
        ["customer_id", "amount", "currency_code", "description"],
        [
            Line(["a", "ten", "USD", "d"], {"amount": "10"}, Paid("a", 10, reference="q9")),
            Line(["b", "11", "USD", "d"], {}, Paid("b", 11, reference="q9")),
        ],
    ),
    "currency": Case(
        {"currency": "eur"},
        ["customer_id", "amount", "description", "reference"],
        [
            Line(["a", "ten", "d", "q3"], {"amount": "10"}, Paid("a", 10, "EUR")),
            Line(["b", "11", "d", "q3"], {}, Paid("b", 11, "EUR")),
        ],
    ),
    "description": Case(
        {"description": "-5 % off, =thanks"},
        PLAIN[:3] + PLAIN[4:],
        [
            Line(["a", "ten", "USD", "q3", ""], {"amount": "10"}, Paid("a", 10, description="-5 % off, =thanks")),
            Line(["b", "11", "USD", "q3", ""], {}, Paid("b", 11, description="-5 % off, =thanks")),
        ],
    ),
    "credit_type": Case(
        {"credit_type": "Loyalty Credits"},
        PLAIN,
        [
            Line(plain("a", "ten"), {"amount": "10"}, Paid("a", 10, type="loyalty_credits")),
            Line(plain("b", "11"), {}, Paid("b", 11, type="loyalty_credits")),
        ],
    ),
    "amount_unit": Case(
        {"amount_unit": "major"},
        PLAIN,
        [
            Line(plain("a", "12,5"), {"amount": "12.5"}, Paid("a", 1250)),
            Line(plain("b", "1.234"), {"amount": "1.23"}, Paid("b", 123)),
            Line(plain("", "13"), {"customer_id": "c"}, Paid("c", 1300)),
            Line(plain("d", "13.00"), {}, Paid("d", 1300)),
            Line(plain("e", "7", "JPY"), {}, Paid("e", 7, "JPY")),
            Line(plain("f", "7.25", "KWD"), {}, Paid("f", 725, "KWD")),
            Line(plain("g", "8", "XXQ"), {"currency_code": "JPY"}, Paid("g", 8, "JPY")),
        ],
    ),
    "header_map": Case(
        {"header_map": (("customer_id", "Konto"), ("amount", "=Betrag"), ("reference", "Zeichen"))},
        ["Konto", "=Betrag", "amount", "Reference", "Zeichen", "currency_code", "description", "Credit ID"],
        [
            Line(["a", "ten", "1", "x", "q3", "USD", "d", "i"], {"amount": "10"}, Paid("a", 10)),
            Line(["b", "11", "ten", "y", "q3", "USD", "d", "i"], {}, Paid("b", 11)),
        ],
    ),
    "sheet": Case(
        {"sheet": "Q3"},
        PLAIN,
        [Line(plain("007", "ten"), {"amount": "10"}, Paid("007", 10)), Line(plain("b", "11"), {}, Paid("b", 11))],
        "source.xlsx",
    ),
    "header_row": Case(
        {"header_row": 3},
        PLAIN,
        [Line(plain("a", "ten"), {"amount": "10"}, Paid("a", 10)), Line(plain("b", "11"), {}, Paid("b", 11))],
    ),
    "hidden_rows": Case(
        {"hidden_rows": "skip"},
        PLAIN,
        [Line(plain("a", "ten"), {"amount": "10"}, Paid("a", 10)), Line(plain("b", "11"), {}, Paid("b", 11))],
        "source.xlsx",
    ),
    "delimiter": Case(
        {"delimiter": "~"},
        PLAIN,
        [
            Line(plain("a", "ten", note="x,y;z"), {"amount": "10"}, Paid("a", 10)),
            Line(plain("b,c", "11"), {}, Paid("b,c", 11)),
        ],
    ),
    "encoding": Case(
        {"encoding": "cp1252"},
        PLAIN,
        [
            Line(plain("Zoë", "ten", reference="für"), {"amount": "10"}, Paid("Zoë", 10, reference="für")),
            Line(plain("b", "11", reference="für"), {}, Paid("b", 11, reference="für")),
        ],
    ),
    "number_duplicates": Case(
        {"number_duplicates": True},
        PLAIN,
        [
            Line(plain("a", "ten"), {"amount": "10"}, Paid("a", 10)),
            Line(plain("a", "twenty"), {"amount": "20"}, Paid("a", 20, reference="q3 #2")),
            Line(plain("a", "30"), {}, Paid("a", 30, reference="q3 #3")),
            Line(plain("a", "30"), {}, Paid("a", 30, reference="q3 #4")),
        ],
    ),
    "currency_exponents": Case(
        {"currency_exponents": (("CLP", 0), ("CLF", 4)), "amount_unit": "major"},
        PLAIN,
        [
            Line(plain("a", "1,000", "CLP"), {"amount": "1000"}, Paid("a", 1000, "CLP")),
            Line(plain("", "1000", "clp"), {"customer_id": "b"}, Paid("b", 1000, "CLP")),
            Line(plain("c", "1000", "CLP"), {}, Paid("c", 1000, "CLP")),
            Line(plain("d", "1,5", "CLF"), {"amount": "1.5"}, Paid("d", 15000, "CLF")),
            Line(plain("e", "1.5", "CLF"), {}, Paid("e", 15000, "CLF")),
            Line(plain("f", "1,5", "CLF"), {"amount": "1.5", "currency_code": "USD"}, Paid("f", 150)),
            Line(plain("g", "2", "UGX"), {"amount_unit": "major:0"}, Paid("g", 2, "UGX")),
            Line(plain("h", "2", "UGX"), {"amount_unit": "minor"}, Paid("h", 2, "UGX")),
        ],
    ),
    "locale": Case(
        {"locale": "de_DE", "amount_unit": "major"},
        ["customer_id", "amount", "amount_in_decimal", "currency_code", "description", "reference"],
        [
            Line(["", "1.234", "", "EUR", "d", "q3"], {"customer_id": "a"}, Paid("a", 123400, "EUR")),
            Line(["b", "1.234,5", "", "XXQ", "d", "q3"], {"currency_code": "EUR"}, Paid("b", 123450, "EUR")),
            Line(["c", "1.234,50", "", "EUR", "d", "q3"], {}, Paid("c", 123450, "EUR")),
            Line(["d", "", "1.234", "XXQ", "d", "q3"], {"currency_code": "EUR"}, Paid("d", "1234", "EUR")),
            Line(["", "", "1.234", "EUR", "d", "q3"], {"customer_id": "e"}, Paid("e", "1234", "EUR")),
            Line(["f", "", "1.234", "EUR", "d", "q3"], {}, Paid("f", "1234", "EUR")),
            Line(["g", "12.34", "", "EUR", "d", "q3"], {"amount": "12.34"}, Paid("g", 1234, "EUR")),
            Line(["h", "", "1.2345", "EUR", "d", "q3"], {"amount_in_decimal": "1.2345"}, Paid("h", "1.2345", "EUR")),
            Line(["i", "9", "1,5", "EUR", "d", "q3"], {"amount": ""}, Paid("i", "1.5", "EUR")),
            Line(["j", "zehn", "", "EUR", "d", "q3"], {"amount": "1234"}, Paid("j", 123400, "EUR")),
        ],
    ),
}

# Every option set to what would make something else of these files.
HOSTILE = InputOptions(
    reference="hostile",
    currency="GBP",
    description="hostile",
    credit_type="referral_rewards",
    amount_unit="major",
    header_map=(("amount", "credit_row"), ("customer_id", "note")),
    header_row=2,
    sheet="Hostile",
    hidden_rows="pay",
    delimiter=";",
    encoding="utf-16",
    number_duplicates=True,
    currency_exponents=(("CLP", 2), ("CLF", 0), ("UGX", 3)),
    locale="fr_FR",
)
EACH_ALONE = [replace(InputOptions(), **{name: getattr(HOSTILE, name)}) for name in CASES]


def test_every_option_has_a_case() -> None:
    """A new option must have one: else nobody knows whether failed.csv can do without it."""
    named = {field.name for field in fields(InputOptions)} - {"failed_csv"}
    assert CASES.keys() == named
    assert all(name in case.options for name, case in CASES.items())
    changed = {name for name in named if getattr(HOSTILE, name) != getattr(InputOptions(), name)}
    assert changed == named


# -- From the source to failed.csv ----------------------------------------------------------------------------


def write_table(
    path: Path, table: Table, *, sheet: str = "Sheet", delimiter: str = ",", encoding: str = "utf-8"
) -> Path:
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook()
        book.active.title = "Other"
        page = book.create_sheet(sheet) if sheet != "Sheet" else book.active
        for line in table:
            page.append(line)
        for row in page.iter_rows():
            for cell in row:
                cell.number_format, cell.data_type = "@", "s"
        book.save(path)
        return path
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter).writerows(table)
    return path


def source_of(case: Case, folder: Path) -> Path:
    titles = [["Payout"]] + [[""]] * (case.options.get("header_row", 1) - 2)
    table = [*titles[: case.options.get("header_row", 1) - 1], case.headers, *(line.cells for line in case.lines)]
    if "hidden_rows" in case.options:
        table.append(plain("hidden", "12"))
    path = write_table(
        folder / case.name,
        table,
        sheet=case.options.get("sheet", "Sheet"),
        delimiter=case.options.get("delimiter", ","),
        encoding=case.options.get("encoding", "utf-8"),
    )
    if "hidden_rows" in case.options:
        book = openpyxl.load_workbook(path)
        book.active.row_dimensions[len(table)].hidden = True
        book.save(path)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def run(ledger: Ledger, source: Path, options: InputOptions, reports: Path) -> ReportPaths:
    """A run in which Chargebee refuses all that it is sent; its reports."""
    plan = stage(ledger, open_source(source, options), SITE)
    ledger.admission.admit(plan.batch_id)
    run_id = ledger.runs.start(plan.batch_id)
    for credit in ledger.claims.planned_page(plan.batch_id, RequestState.PENDING, 0, 100):
        ledger.claims.commit(run_id, [], [credit])
        credit.state, credit.attempts = RequestState.FAILED, 1
        refused = Finding.about(credit, RequestState.FAILED, Learned(error_code="resource_not_found"))
        ledger.claims.commit(run_id, [refused], [])
    return report_batch(ledger, ledger.batches.one(plan.key), reports, xlsx=True).paths


@pytest.fixture(scope="module")
def reports_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Path], ReportPaths]:
    """Writes into a folder what a run of this option's case has reported. Each case is run once for all tests."""
    written: dict[str, Path] = {}

    def copied(option: str, folder: Path) -> ReportPaths:
        if option not in written:
            apart, case = tmp_path_factory.mktemp("run"), CASES[option]
            with Ledger.open(apart / "ledger.sqlite3") as ledger:
                paths = run(ledger, source_of(case, apart), InputOptions(**case.options), apart / "reports")
            written[option] = paths.directory
        return ReportPaths.within(shutil.copytree(written[option], folder / written[option].name))

    return copied


def table_in(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def mended(failed: Path, case: Case) -> Table:
    """The table with the cells corrected that a person corrects, and nothing else."""
    header, *lines = table_in(failed)
    assert len(lines) == len(case.lines)
    for cells, line in zip(lines, case.lines, strict=True):
        for field, text in line.correct.items():
            cells[header.index(field)] = text
    return [header, *lines]


def read(path: Path, options: InputOptions) -> list[LoadedRow]:
    return [row for chunk in open_source(path, options).chunks() for row in chunk]


def meant(path: Path, options: InputOptions) -> list[Paid | str]:
    """What each row asks for, or why it is rejected."""
    return [paid(row.request) if row.request else row.problems[0].message for row in read(path, options)]


# Ways in which the mended table comes back.
CARRIERS: dict[str, Callable[[Path, Table], Path]] = {
    "csv": lambda folder, table: write_table(folder / "failed.csv", table),
    "excel csv": lambda folder, table: write_table(folder / "m.csv", table, delimiter=";", encoding="utf-8-sig"),
    "unicode text": lambda folder, table: write_table(folder / "m.txt", table, delimiter="\t", encoding="utf-16"),
    "workbook": lambda folder, table: write_table(folder / "m.xlsx", table),
    "other headers": lambda folder, table: write_table(
        folder / "m.csv", [[header.replace("_", " ").title() for header in table[0]], *table[1:]]
    ),
    "other order": lambda folder, table: write_table(folder / "m.csv", [line[::-1] for line in table]),
}


@pytest.mark.parametrize(("option", "carrier"), each_value([*CASES], [*CARRIERS]))
def test_mended_it_asks_for_exactly_what_was_meant_under_no_option_and_under_any(
    reports_of: Callable[[str, Path], ReportPaths], tmp_path: Path, option: str, carrier: str
) -> None:
    case = CASES[option]
    paths = reports_of(option, tmp_path)
    expected = [line.meant for line in case.lines]
    back = CARRIERS[carrier](tmp_path, mended(paths.failed, case))
    assert meant(back, InputOptions()) == expected
    assert meant(back, HOSTILE) == expected
    if carrier == "csv":
        for options in EACH_ALONE:
            assert meant(back, options) == expected, options


@pytest.mark.parametrize("option", CASES)
def test_what_nobody_mended_is_rejected_again_and_mended_later_all_the_same(
    ledger: Ledger, tmp_path: Path, option: str
) -> None:
    """failed.csv of a failed.csv, twice."""
    case = CASES[option]
    failed = run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports").failed
    for again in ("again", "and again"):
        found = read(failed, InputOptions())
        assert [row.request is None for row in found] == [bool(line.correct) for line in case.lines]
        failed = run(ledger, failed, HOSTILE, tmp_path / again).failed
    back = write_table(tmp_path / "mended.csv", mended(failed, case))
    assert meant(back, InputOptions()) == [line.meant for line in case.lines]


@pytest.mark.parametrize("option", CASES)
def test_what_was_mended_is_owed_once_under_the_reference_that_it_had(
    ledger: Ledger, tmp_path: Path, option: str
) -> None:
    case = CASES[option]
    failed = run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports").failed
    plan = stage(ledger, open_source(write_table(tmp_path / "m.csv", mended(failed, case)), HOSTILE), SITE)
    ledger.admission.admit(plan.batch_id)
    owed = ledger.claims.planned_page(plan.batch_id, RequestState.PENDING, 0, 100)
    wanted = {(line.meant.customer, line.meant.reference, line.meant.amount) for line in case.lines}
    assert len(owed) == len(case.lines)
    assert {(c.customer_id, c.reference, c.money.amount_minor or c.money.amount_in_decimal) for c in owed} == wanted


def test_a_cell_that_a_workbook_spoiled_is_not_believed_in_failed_csv(ledger: Ledger, tmp_path: Path) -> None:
    """In a CSV file what stood there is a text like any other: 7 would be paid for 007."""
    book = openpyxl.Workbook()
    for cells in (
        PLAIN,
        ["007", 5, "USD", "d", "q3", "n"],
        [7, 5, "USD", "d", "q3", "n"],
        ["a", True, "USD", "d", "q3", "n"],
        ["b", 12345678901234567, "USD", "d", "q3", "n"],
        ["c", 5, True, "d", "q3", "n"],
        ["d", 5, "USD", "d", 1.5, "n"],
        ["e", 5, "USD", "=1/0", "q3", "n"],
        ["f", 5, '=LEFT("USD",3)', "d", "q3", "n"],  # never calculated: the cell looks empty
        ["g", 5, "USD", "d", "q3", True],
    ):
        book.active.append(cells)
    book.save(tmp_path / "source.xlsx")
    failed = run(ledger, tmp_path / "source.xlsx", InputOptions(), tmp_path / "reports").failed
    again = read(failed, InputOptions())
    assert [row.cells[0] for row in again if row.request] == ["007", "g"], "the good ones, refused by Chargebee"
    shown = {row.customer_id: row.cells[:5] for row in again}
    assert shown["a"][1] == "? TRUE" and shown["c"][2] == "? TRUE" and shown["f"][2] == "?"
    assert shown["d"][4] == ""


def test_a_row_keeps_its_own_columns_through_any_number_of_reports(ledger: Ledger, tmp_path: Path) -> None:
    headers = [*PLAIN, "credit_id", "=sum", "credit_batch"]
    source = write_table(tmp_path / "s.csv", [headers, [*plain("a", "ten", note="'=x"), "mine", "-x", "Q3"]])
    first = run(ledger, source, InputOptions(), tmp_path / "one")
    kept = [row.cells for row in read(source, InputOptions())]
    assert kept == [(*plain("a", "ten", note="'=x"), "mine", "-x", "Q3")], "one or two columns make no report"
    second = run(ledger, first.failed, InputOptions(), tmp_path / "two")
    for failed in (first.failed, second.failed):
        opened = open_source(failed, InputOptions())
        names = ("source: credit_id", "=sum", "source: credit_batch")
        [[row]] = opened.chunks()
        assert [row.cells[opened.headers.index(name)] for name in names] == ["mine", "-x", "Q3"]
        assert row.cells[opened.headers.index("note")] == "'=x"


def test_a_note_names_what_is_not_applied(ledger: Ledger, tmp_path: Path) -> None:
    case = CASES["reference"]
    failed = run(ledger, source_of(case, tmp_path), InputOptions(reference="q9"), tmp_path / "reports").failed
    [note] = [note for note in open_source(failed, HOSTILE).notes if "not applied" in note]
    for flag in ("--reference", "--map", "--currency-exponent", "--amount-unit", "--number-duplicates", "--locale"):
        assert flag in note
    assert not any("not applied" in note for note in open_source(failed, InputOptions()).notes)


def test_no_message_of_a_failed_csv_advises_an_option(ledger: Ledger, tmp_path: Path) -> None:
    texts = ["10.50", "1,050", "ten", "", "1e3", "-5"]
    lines = [plain(f"c{n}", text, "CLP" if n % 2 else "") for n, text in enumerate(texts * 2)]
    lines += [plain("", "5"), plain("x", "5", "XXQ"), plain("y", "5", reference=""), plain("z", "5", "CLP")]
    for unit in ("minor", "major"):
        (tmp_path / unit).mkdir()
        source = write_table(tmp_path / unit / f"{unit}.csv", [PLAIN, *lines])
        failed = run(ledger, source, InputOptions(amount_unit=unit), tmp_path / unit).failed
        messages = [problem.message for row in read(failed, InputOptions()) for problem in row.problems]
        assert messages and not [message for message in messages if "--" in message]


@pytest.mark.parametrize("lost", ["customer_id", "amount", "amount_unit", "description", "reference"])
def test_without_a_column_that_it_was_written_with_it_is_refused(ledger: Ledger, tmp_path: Path, lost: str) -> None:
    case = CASES["credit_type"]
    table = table_in(run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports").failed)
    at = table[0].index(lost)
    cut = write_table(tmp_path / "cut.csv", [line[:at] + line[at + 1 :] for line in table])
    for options in (InputOptions(), HOSTILE):
        with pytest.raises(InputError, match=f"has lost its column {lost}"):
            open_source(cut, options)


def test_a_unit_that_was_emptied_is_asked_for(ledger: Ledger, tmp_path: Path) -> None:
    case = CASES["amount_unit"]
    table = mended(run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "r").failed, case)
    for line in table[1:]:
        line[table[0].index("amount_unit")] = " "
    rows = read(write_table(tmp_path / "m.csv", table), HOSTILE)
    assert {problem.code for row in rows for problem in row.problems} == {"unknown_amount_unit"}


def test_saved_in_an_old_encoding_it_asks_for_utf_8_and_not_for_an_option(ledger: Ledger, tmp_path: Path) -> None:
    case = CASES["encoding"]
    failed = run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports").failed
    old = write_table(tmp_path / "m.csv", mended(failed, case), encoding="cp1252")
    for options in (InputOptions(), InputOptions(encoding="cp1252")):
        with pytest.raises(InputError, match="is not UTF-8") as refused:
            open_source(old, options)
        assert refused.value.hint.startswith("Save it as UTF-8")


# -- Other reports --------------------------------------------------------------------------------------------


def without(table: Table, *names: str) -> Table:
    kept = [index for index, header in enumerate(table[0]) if header not in names]
    return [[line[index] for index in kept] for line in table]


# Files that are made of a report, or were made by version 0.1.
DERIVED: dict[str, Callable[[ReportPaths], Path]] = {
    "results.csv": lambda paths: paths.results,
    "results.xlsx": lambda paths: paths.directory / "results.xlsx",
    "failed.csv of 0.1": lambda paths: write_table(paths.failed, without(table_in(paths.failed), "credit_batch")),
    "failed rows": lambda paths: write_table(paths.directory / "cut.csv", table_in(paths.results)[:2]),
    "fewer columns": lambda paths: write_table(
        paths.directory / "few.csv", without(table_in(paths.results), *MOST_OF_OURS)
    ),
    "excel csv": lambda paths: write_table(
        paths.directory / "excel.csv", table_in(paths.results), delimiter=";", encoding="cp1252"
    ),
    "unicode text": lambda paths: write_table(
        paths.directory / "text.txt", table_in(paths.results), delimiter="\t", encoding="utf-16"
    ),
    "workbook": lambda paths: write_table(paths.directory / "book.xlsx", table_in(paths.results)),
    "other headers": lambda paths: write_table(
        paths.directory / "titles.csv",
        [[header.replace("_", " ").upper() for header in table_in(paths.results)[0]], *table_in(paths.results)[1:]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("option", "file"), each_value([*CASES], [*DERIVED]))
def test_no_other_report_is_paid_whatever_the_option(
    reports_of: Callable[[str, Path], ReportPaths], tmp_path: Path, option: str, file: str
) -> None:
    """Neither under the options of its source nor without, nor under any other."""
    own = InputOptions(**CASES[option].options)
    paths = reports_of(option, tmp_path)
    report = DERIVED[file](paths)
    others = EACH_ALONE if file == "results.csv" else []
    for options in (InputOptions(), own, replace(own, sheet=None, encoding=None, delimiter=None), HOSTILE, *others):
        with pytest.raises(InputError, match="is a report, or was made of one") as refused:
            open_source(report, options)
        assert refused.value.hint


def test_the_refusal_names_the_way_to_the_file_to_mend(ledger: Ledger, tmp_path: Path) -> None:
    case = CASES["reference"]
    paths = run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports")

    def hint(path: Path) -> str:
        with pytest.raises(InputError) as refused:
            open_source(path, InputOptions())
        return refused.value.hint

    assert f"mend {paths.failed} and run that" in hint(paths.results)
    elsewhere = write_table(tmp_path / "r.csv", table_in(paths.results))
    assert "batch-credits report BATCH (batch-credits status lists the batches) writes" in hint(elsewhere)
    old = write_table(paths.failed, without(table_in(paths.failed), "credit_batch"))
    batch = paths.directory.name[-8:]
    assert f"write it again with batch-credits report {batch}," in hint(old)
    old.unlink()
    assert f"which batch-credits report {batch} writes" in hint(paths.results)


def test_summaries_are_no_tables(ledger: Ledger, tmp_path: Path) -> None:
    case = CASES["reference"]
    paths = run(ledger, source_of(case, tmp_path), InputOptions(**case.options), tmp_path / "reports")
    for path in (paths.summary_json, paths.summary_html):
        with pytest.raises(InputError, match="suffix"):
            open_source(path, InputOptions())
