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


@pytest.mark.parametrize("name", ["there.csv", "there.xlsx", "no/folder.csv"])
def test_no_file_is_overwritten(call: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "there.xlsx").write_text("mine")
    code, _, err = call("template", name)
    assert code == 2
    assert name in err
    assert (tmp_path / "there.csv").read_text() == "mine"
