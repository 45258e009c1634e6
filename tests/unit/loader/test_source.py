import gc
import subprocess
import sys
from dataclasses import replace

import openpyxl
import pytest

from batch_credits.errors import LEFT_OUT, InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.totals import LOOKED_BACK
from batch_credits.model import BATCH_COLUMN, RESULT_COLUMNS, FileTotal
from batch_credits.settings import InputOptions

OPTIONS = InputOptions(reference="r", description="d")


def source(tmp_path, text, options=OPTIONS, name="payout.csv"):
    path = tmp_path / name
    path.write_text(text)
    return open_source(path, options)


def loaded(opened, size=5000):
    return [row for rows in opened.chunks(size) for row in rows]


def test_a_file_becomes_rows(tmp_path):
    opened = source(tmp_path, "Customer ID,amount,name\n007,5,Ana\n\nb,x,Bo\n")
    assert opened.headers == ("Customer ID", "amount", "name")
    assert opened.columns == {"customer_id": 0, "amount": 1}
    assert opened.path.name == "payout.csv" and len(opened.file_sha256) == 64
    good, bad = loaded(opened)
    assert (good.row_number, good.cells, good.customer_id) == (2, ("007", "5", "Ana"), "007")
    assert (bad.row_number, bad.problems[0].code) == (4, "amount_not_a_number")


@pytest.mark.parametrize(
    ("given", "option", "meant"),
    [
        ({"currency": "XX"}, "--currency", "CURRENCY"),
        ({"credit_type": "bonus"}, "--credit-type", "CREDIT-TYPE"),
        ({"header_row": 9}, "--header-row", "N"),
        ({"delimiter": ";;"}, "--delimiter", "CHAR"),
        ({"encoding": "utf-9"}, "--encoding", "NAME"),
        ({"sheet": "Q3"}, "--sheet", LEFT_OUT),
        ({"hidden_rows": "pay"}, "--hidden-rows", LEFT_OUT),
    ],
)
def test_an_option_that_cannot_be_is_not_offered_again_as_it_is(tmp_path, given, option, meant):
    with pytest.raises(InputError) as refused:
        source(tmp_path, "customer_id,amount\na,5\n", InputOptions(reference="r", description="d", **given))
    assert [*refused.value.remedies] == [((option, meant),)]


def test_chunks_are_bounded_and_can_be_read_again(tmp_path):
    opened = source(tmp_path, "customer_id,amount\n" + "".join(f"c{i},{i}\n" for i in range(1, 51)))
    assert [len(rows) for rows in opened.chunks(20)] == [20, 20, 10]
    held = LOOKED_BACK - 1  # until it shows whether the block goes on below: here it goes on for too few rows
    opened = source(tmp_path, "customer_id,amount\n" + "".join(f"c{i},{i}\n" for i in range(1, 20 + held + 1)))
    assert [len(rows) for rows in opened.chunks(20)] == [20 - LOOKED_BACK, held + LOOKED_BACK]
    assert loaded(opened) == loaded(opened, 1)


@pytest.mark.parametrize(
    ("last", "is_total"),
    [
        (",Total,1", True),
        (",Total:,1", True),
        (",GRAND TOTAL,1", True),
        (",Summe,1", True),
        (",Totally yours,1", False),
        (",,1", False),
        ("c,Total Ltd,3", False),
        ("1001,Total,3", False),
    ],
)
def test_a_total_below_the_rows_is_compared_and_never_paid(tmp_path, last, is_total):
    opened = source(tmp_path, f"customer_id,name,amount\na,x,1\n{last}\n\n")
    assert [row.row_number for row in loaded(opened)] == ([2] if is_total else [2, 3])
    assert [total.row for total in opened.totals.found] == ([3] if is_total else [])


def test_a_total_where_a_customer_would_stand_is_rejected(tmp_path):
    _, total = loaded(source(tmp_path, "customer_id,amount\na,1\nTotal,1\n"))
    assert [problem.code for problem in total.problems] == ["looks_like_total"]


def test_a_total_above_the_rows_is_one_too(tmp_path):
    opened = source(tmp_path, "customer_id,name,amount\n,Total,1\na,x,1\n")
    assert len(loaded(opened)) == 1 and not opened.totals.unequal


def test_a_failed_csv_comes_back_as_it_was(tmp_path):
    header = ",".join(["customer_id,amount,'=note,description,reference,amount_unit", *RESULT_COLUMNS, BATCH_COLUMN])
    cells = ",".join(["d,r,major", "2", "failed"] + [""] * 9 + ["ab"])
    opened = source(tmp_path, f"\ufeff{header}\n'=a,5,'-x,{cells}\n'b,6,''=y,{cells}\n", InputOptions(currency="USD"))
    assert opened.headers == ("customer_id", "amount", "=note", "description", "reference", "amount_unit")
    assert [row.cells[:3] for row in loaded(opened)] == [("=a", "5", "-x"), ("'b", "6", "'=y")]
    assert loaded(opened)[0].customer_id == "=a"
    assert opened.options == InputOptions(failed_csv=True)
    assert any("credit_row" in note for note in opened.notes)
    assert any("--currency not applied" in note for note in opened.notes)


def test_what_is_given_goes_for_any_other_file(tmp_path):
    assert source(tmp_path, "customer_id,amount\n1,2\n").options == OPTIONS


def test_nothing_is_unescaped_in_other_files(tmp_path):
    assert loaded(source(tmp_path, "customer_id,amount\n'=a,5\n"))[0].customer_id == "'=a"


def test_an_excel_file_becomes_the_same_rows(tmp_path):
    book = openpyxl.Workbook()
    for cells in (("Customer ID", "Amount", "Name"), ("007", 5, "Ana"), (800, 6.5, "Bo"), (None, 11.5, "Total")):
        book.active.append(cells)
    book.save(tmp_path / "payout.xlsx")
    opened = open_source(tmp_path / "payout.xlsx", replace(OPTIONS, amount_unit="major", currency="USD"))
    first, second = loaded(opened)
    assert first.cells == ("007", "5", "Ana") and second.cells == ("800", "6.5", "Bo")
    assert [row.request.amount for row in (first, second) if row.request] == [500, 650]
    assert opened.totals.found == [FileTotal(4, "USD", 1150, "0", 2)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.csv", "There is no file"),
        ("folder.csv", "is not a file"),
        ("a.pdf", "suffix '.pdf'"),
        ("a", "suffix ''"),
        ("x" * 300 + ".csv", "File name too long"),
        ("bad\udcff.csv", "is no text"),
    ],
)
def test_a_path_that_is_no_table_is_refused(tmp_path, name, expected):
    (tmp_path / "folder.csv").mkdir()
    for other in ("a.pdf", "a"):
        (tmp_path / other).touch()
    with pytest.raises(InputError, match=expected) as refused:
        open_source(tmp_path / name, OPTIONS)
    assert refused.value.hint


def test_a_file_that_cannot_be_opened_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("customer_id,amount\n1,2\n")

    def denied(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        open_source(tmp_path / "a.csv", OPTIONS)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"currency": "XXQ"}, "no currency 'XXQ'"),
        ({"credit_type": "bonus"}, "no credit type 'bonus'"),
        ({"reference": "  "}, "--reference"),
        ({"description": "a\u202e"}, "The description"),
        ({"reference": "x" * 501}, "The reference 'xxx"),
        ({"description": "x" * 251}, "has 251 characters"),
        ({"currency_exponents": (("USD", 0),)}, "USD=0"),
        ({"currency_exponents": (("CLP", 5),)}, "CLP=5"),
        ({"currency_exponents": (("XXQ", 0),)}, "XXQ=0"),
        ({"amount_unit": "cents"}, "cents"),
        ({"sheet": "One"}, "no sheets"),
    ],
)
def test_an_option_that_no_row_could_use_is_refused_once(tmp_path, options, expected):
    with pytest.raises(InputError, match=expected):
        source(tmp_path, "customer_id,amount\n1,2\n", replace(OPTIONS, **options))


def test_the_collector_is_only_paused_inside(tmp_path):
    opened = source(tmp_path, "customer_id,amount\n1,2\n")
    for _ in opened.chunks():
        assert gc.isenabled()
    assert gc.isenabled()


def test_pandas_is_not_imported_before_a_file_is_read():
    program = "import sys, batch_credits.loader.opening; sys.exit('pandas' in sys.modules or 'babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "payout.csv"
    line = "c{},{},USD,A loyalty credit for the quarter,{},some more text that is carried along untouched\n"
    path.write_text(
        "customer_id,amount,currency_code,description,reference,note\n"
        + "".join(line.format(i, i + 1, i) for i in range(60_000))
    )
    program = (
        "import sys, resource; from pathlib import Path; from batch_credits.loader.opening import open_source; "
        "from batch_credits.settings import InputOptions; "
        "sizes = []; "
        "[sizes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) "
        "for _ in open_source(Path(sys.argv[1]), InputOptions()).chunks()]; "
        "print((sizes[-1] - sizes[1]) // 1024)"
    )
    grown = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True).stdout
    assert int(grown) < 16, "MiB between the second chunk and the last of twelve"
