"""`template`: a file that can be filled in, and that keeps Excel from doing harm."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from batch_credits.loader.template import EXAMPLE, TEMPLATE_ROWS
from batch_credits.model import CREDIT_TYPES


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((), "credits.csv"),
        (("--xlsx",), "credits.xlsx"),
        (("payout.csv",), "payout.csv"),
        (("payout.xlsx",), "payout.xlsx"),
        (("payout", "--xlsx"), "payout.xlsx"),
    ],
)
def test_a_template_is_read_as_it_is_and_its_example_rejected(
    call: Any, tmp_path: Path, arguments: tuple[str, ...], name: str
) -> None:
    code, out, _ = call("template", *arguments)
    assert (code, name in out) == (0, True)
    code, out, _ = call("check", name)
    assert code == 1
    assert "Total      10.50 USD" in out
    assert "[example_row]" in out


def test_ids_are_text_and_choices_are_offered_in_excel(call: Any, tmp_path: Path) -> None:
    call("template", "--xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "credits.xlsx").active
    assert [cell.value for cell in sheet[1]] == list(EXAMPLE)
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    assert sheet[f"{columns['customer_id']}2"].number_format == "@"
    rules = {str(rule.sqref).split(":")[0].rstrip("2"): rule for rule in sheet.data_validations.dataValidation}
    assert rules.keys() == set(columns.values())
    assert rules[columns["credit_type"]].formula1 == f'"{",".join(CREDIT_TYPES)}"'
    assert rules[columns["amount_unit"]].formula1 == '"minor,major"'
    assert str(rules[columns["customer_id"]].sqref).endswith(str(TEMPLATE_ROWS + 1))


def fill_in(path: Path, *rows: tuple[Any, ...]) -> None:
    """What a person does: deletes the example, fills rows in, saves."""
    book = openpyxl.load_workbook(path)
    book["Credits"].delete_rows(2)
    for row in rows:
        book["Credits"].append(row)
    book.active = book.sheetnames.index("How to fill it in")  # where the person looked last
    book.save(path)


def test_the_guide_is_never_taken_for_credits(call: Any, tmp_path: Path) -> None:
    call("template", "--xlsx")
    path = tmp_path / "credits.xlsx"
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Credits", "How to fill it in"]
    guide = book["How to fill it in"]
    rows = [{str(cell.value) for cell in row} for row in guide.iter_rows()]
    assert not any({"customer_id", "amount"} <= row for row in rows)
    assert {cell.value for cell in guide["A"]} >= EXAMPLE.keys()
    code, out, _ = call("check", "credits.xlsx")
    assert (code, "sheet 'Credits' of 2" in out, "Rows       1" in out) == (1, True, True)
    fill_in(path, ("00123", 12.5, "major", "USD", "Loyalty", "general", "q3"))
    code, out, _ = call("check", "credits.xlsx")
    assert (code, "Total      12.50 USD" in out, "sheet 'Credits' of 2" in out) == (0, True, True)
    fill_in(path)
    code, _, err = call("check", "credits.xlsx")
    assert (code, "How to fill" in err) == (2, False)


def test_a_guide_alone_is_no_file_to_pay(call: Any, tmp_path: Path) -> None:
    call("template", "--xlsx")
    book = openpyxl.load_workbook(tmp_path / "credits.xlsx")
    del book["Credits"]
    book.save(tmp_path / "guide.xlsx")
    code, _, err = call("check", "guide.xlsx")
    assert code == 2
    assert "customer_id" in err


def test_the_guide_names_the_file_and_both_sheets_print_a_page_wide(call: Any, tmp_path: Path) -> None:
    call("template", "payout.xlsx")
    sheet, guide = openpyxl.load_workbook(tmp_path / "payout.xlsx").worksheets
    texts = [str(cell.value) for cell in guide["B"]]
    assert 'batch-credits check "payout.xlsx"' in texts
    assert 'batch-credits run "payout.xlsx"' in texts
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and guide.sheet_properties.pageSetUpPr.fitToPage


@pytest.mark.parametrize("name", ["there.csv", "there.xlsx", "no/folder.csv"])
def test_no_file_is_overwritten(call: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "there.xlsx").write_text("mine")
    code, _, err = call("template", name)
    assert code == 2
    assert name in err
    assert (tmp_path / "there.csv").read_text() == "mine"
