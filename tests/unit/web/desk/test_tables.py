"""Rows of the reports, a page at a time; and files made of them."""

from pathlib import Path

from batch_credits.model import RESULT_COLUMNS
from batch_credits.web.desk.tables import ROWS_A_PAGE, page_of, read_rows, table_of, write_chosen, write_mended

OWN = ("customer_id", "credit_row", "amount")  # a file may have a column that is called like one of ours


def failed(folder: Path, rows: int) -> Path:
    path = folder / "failed.csv"
    ours = ",".join("" for _ in RESULT_COLUMNS[1:])
    lines = [",".join((*OWN, *RESULT_COLUMNS))] + [f"c-{n},mine,'=1+{n},{n + 2},{ours}" for n in range(rows)]
    path.write_text("\ufeff" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_our_columns_are_the_last_of_their_names(tmp_path: Path) -> None:
    headers, first, *_ = read_rows(failed(tmp_path, 2))
    table = table_of(headers)
    assert table.own == len(OWN)
    assert table.ours(first)["credit_row"] == "2"


def test_a_page_has_its_rows_and_says_how_many_there_are(tmp_path: Path) -> None:
    path = failed(tmp_path, ROWS_A_PAGE + 3)
    second = page_of(path, 2)
    assert (len(second.rows), second.pages, second.in_all) == (3, 2, ROWS_A_PAGE + 3)
    assert second.rows[0][0] == ROWS_A_PAGE
    some = page_of(path, 1, lambda ours, cells: cells[0] == "c-7")
    assert [index for index, _ in some.rows] == [7]


def test_a_mended_file_has_the_rows_that_are_named_with_what_was_changed_alone(tmp_path: Path) -> None:
    source, into = failed(tmp_path, 4), tmp_path / "mended.csv"
    write_mended(source, into, {1: {0: "c-new"}, 3: {}})
    headers, one, other = read_rows(into)
    assert headers == [*OWN, *RESULT_COLUMNS]
    assert one[:4] == ["c-new", "mine", "'=1+1", "3"]
    assert other[:4] == ["c-3", "mine", "'=1+3", "5"]
    assert into.read_bytes().startswith(b"\xef\xbb\xbf")


def test_chosen_rows_are_named_as_reverse_reads_them(tmp_path: Path) -> None:
    write_chosen(tmp_path / "rows.csv", [3, 5])
    assert (tmp_path / "rows.csv").read_text() == "credit_row\n3\n5\n"
