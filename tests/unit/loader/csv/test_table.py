import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.csv.few import FEW_ROWS
from batch_credits.loader.csv.scan import scan_csv
from batch_credits.loader.csv.table import CsvTable
from batch_credits.loader.wording import is_blank
from batch_credits.settings import InputOptions
from tests.examples import examples

PROFILE = settings(
    derandomize=True, deadline=None, max_examples=examples(150)
)
OPTIONS = InputOptions(reference="r", description="d")
HEADERS = ("customer_id", "amount", "note")


@pytest.fixture(autouse=True, params=[0, FEW_ROWS], ids=["pandas", "few"])
def reader(request, monkeypatch):
    """Large files are read by pandas, small ones by the csv module: all that is held here, of both."""
    monkeypatch.setattr("batch_credits.loader.csv.table.FEW_ROWS", request.param)


CELLS = st.text(
    st.sampled_from(list("ab1,;\t|\"'\\ \n\r\u00e9\u6771\ufeff\u2028\x85\x1c\U0001f600")) | st.characters(
        exclude_categories=["Cs"], exclude_characters="\0"
    ),
    max_size=6,
)  # fmt: skip
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12)


def quoted(cell, special):
    """As csv.writer does, which before Python 3.13 forgets a CR when lines end in LF."""
    if special is not None and not any(character in cell for character in special):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def csv_table(path, options=OPTIONS):
    return CsvTable(scan_csv(path, options))


def numbered(table, size=1000):
    return [pair for chunk in table.chunks(size) for pair in zip(chunk.numbers, chunk.rows, strict=True)]


def expected_rows(rows):
    return [(number, row) for number, row in enumerate(rows, 2) if not is_blank(row)]


@PROFILE
@given(
    rows=TABLES,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    size=st.integers(1, 5),
)
def test_any_table_is_read_back_as_it_was_written(tmp_path, rows, delimiter, encoding, end, quote_all, size):
    path = tmp_path / "payout.csv"
    special = f'{delimiter}"\r\n' if not quote_all else None
    text = "".join(delimiter.join(quoted(cell, special) for cell in row) + end for row in [HEADERS, *rows])
    path.write_bytes(text.encode(encoding))
    expected = expected_rows(rows)
    if not expected:
        with pytest.raises(InputError, match="no rows"):
            csv_table(path)
        return
    table = csv_table(path)
    assert numbered(table, size) == expected
    assert table.last_row == expected[-1]


@PROFILE
@given(st.text(st.sampled_from(list('a1,;"\n\r \u00e9')), max_size=40))
def test_what_the_scan_lets_pass_is_read_the_same(tmp_path, body):
    path = tmp_path / "payout.csv"
    path.write_bytes(("customer_id,amount\n" + body).encode())
    try:
        table = csv_table(path)
    except InputError:
        return
    records = csv.reader(io.StringIO(body, newline=""), strict=True)
    expected = [(number, tuple(cells[:2])) for number, cells in enumerate(records, 2) if not is_blank(cells)]
    assert numbered(table, 3) == expected


@PROFILE
@given(st.binary(max_size=60), st.sampled_from([None, "cp1252", "utf-16-le", "shift_jis"]))
def test_any_bytes_are_a_table_or_one_refusal(tmp_path, body, encoding):
    path = tmp_path / "payout.csv"
    path.write_bytes("customer_id,amount\n".encode(encoding or "utf-8") + body)
    try:
        table = csv_table(path, InputOptions(reference="r", description="d", encoding=encoding))
    except InputError:
        return
    assert all(len(cells) == 2 for _, cells in numbered(table))


def test_rows_wider_by_empty_cells_do_not_shift_the_others(tmp_path):
    path = tmp_path / "payout.csv"
    path.write_text("customer_id,amount\n1,2,,,,\n3,4\n,,,\n5,6,\n")
    assert numbered(csv_table(path), 2) == [(2, ("1", "2")), (3, ("3", "4")), (5, ("5", "6"))]


def test_texts_that_look_like_numbers_or_holes_stay_texts(tmp_path):
    path = tmp_path / "payout.csv"
    rows = ["007,1e3,NA", "NaN,1.0,null", "None,00,", "-,1_0,TRUE", "#N/A,+1,nan"]
    path.write_text("customer_id,amount,note\n" + "\n".join(rows))
    assert [",".join(cells) for _, cells in numbered(csv_table(path))] == rows


@pytest.mark.parametrize("rows", [FEW_ROWS, FEW_ROWS + 1])
def test_only_a_large_file_needs_pandas(tmp_path, monkeypatch, rows, reader):
    path = tmp_path / "payout.csv"
    path.write_text("customer_id,amount\n" + "1,2\n" * (rows - 1) + ",\n" * 3 + "3,4\n")
    table, asked = csv_table(path), []
    whole = CsvTable._by_pandas
    monkeypatch.setattr("batch_credits.loader.csv.table.FEW_ROWS", FEW_ROWS + 3)
    monkeypatch.setattr(CsvTable, "_by_pandas", lambda *those: asked.append(those) or whole(*those))
    assert len(numbered(table)) == rows
    assert len(asked) == (rows > FEW_ROWS)
