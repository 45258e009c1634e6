"""What only OpenDocument spreadsheets have."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.workbook import ods as ods_module
from batch_credits.settings import InputOptions
from tests.unit.loader.workbook import written
from tests.unit.loader.workbook.written import DIV0

OPTIONS = InputOptions(reference="q3", description="d", currency="USD")
HEADER = ("customer_id", "amount", "description", "note")


def loaded(path: Path) -> list[Any]:
    return [row for chunk in open_source(path, OPTIONS).chunks() for row in chunk]


def test_an_encrypted_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "payout.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", b"\x01\x02")
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    with pytest.raises(InputError, match="is encrypted"):
        open_source(path, OPTIONS)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ('<table:table-row table:number-rows-repeated="1048576"><table:table-cell/></table:table-row>', None),
        ('<table:table-row table:number-rows-repeated="1048576"/>', None),
        (
            '<table:table-row table:number-rows-repeated="900000000"><table:table-cell office:value-type="string">'
            "<text:p>x</text:p></table:table-cell></table:table-row>",
            "spans .* cells",
        ),
        (
            '<table:table-row><table:table-cell table:number-columns-repeated="900000000" office:value-type="string">'
            "<text:p>x</text:p></table:table-cell></table:table-row>",
            "spans .* cells",
        ),
    ],
)
def test_repeated_rows_and_cells_do_not_fill_the_memory(tmp_path: Path, extra: str, said: str | None) -> None:
    path = written.ods(tmp_path / "payout.ods", [HEADER, ("007", 5.0, "d", "")], extra=extra)
    if said is None:
        assert len(loaded(path)) == 1
        return
    with pytest.raises(InputError, match=said):
        open_source(path, OPTIONS)


def test_repeated_errors_are_marked_one_by_one_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = written._ods_cell(DIV0).replace(
        "<table:table-cell", '<table:table-cell table:number-columns-repeated="2"', 1
    )
    extra = f'<table:table-row table:number-rows-repeated="3">{cell}</table:table-row>'
    path = written.ods(tmp_path / "payout.ods", [HEADER], extra=extra)
    assert [[p.code for p in row.problems] for row in loaded(path)] == [["excel_error", "excel_error"]] * 3
    monkeypatch.setattr(ods_module, "MAX_BROKEN_CELLS", 5)
    with pytest.raises(InputError, match="more than 5 cells"):
        open_source(path, OPTIONS)


def test_a_formula_that_has_no_value_is_rejected(tmp_path: Path) -> None:
    cell = '<table:table-cell table:formula="of:=A1&gt;&quot;a&quot;"/>'
    extra = f"<table:table-row>{written._ods_cell('c-1')}{written._ods_cell(5.0)}{cell}</table:table-row>"
    [row] = loaded(written.ods(tmp_path / "payout.ods", [HEADER], extra=extra))
    assert [(p.field, p.code) for p in row.problems] == [("description", "formula_without_value")]


def test_a_text_without_a_type_refuses_the_file_since_it_would_be_read_as_nothing(tmp_path: Path) -> None:
    """Its row would be lost, or take the currency of the option."""
    cell = "<table:table-cell><text:p>c-<text:span>1</text:span></text:p></table:table-cell>"
    note = "<office:annotation><text:p>a note</text:p></office:annotation>"
    noted = f"<table:table-cell>{note}<text:p/></table:table-cell>"
    rows: written.Rows = [HEADER, ("007", 5.0, "d", "")]
    path = written.ods(tmp_path / "payout.ods", rows, extra=f"<table:table-row>{noted}</table:table-row>")
    assert len(loaded(path)) == 1
    written.ods(path, rows, extra=f"<table:table-row>{noted}{cell}</table:table-row>")
    with pytest.raises(InputError, match="row 3: the text 'c-1' has no type") as caught:
        open_source(path, OPTIONS)
    assert "save it again" in caught.value.hint


@pytest.mark.parametrize("inside", ["a<text:tab/>b", "a<text:line-break/>b", "a<text:span><text:tab/></text:span>"])
def test_a_tab_or_break_that_the_values_lack_is_not_lost(tmp_path: Path, inside: str) -> None:
    cell = written._ods_cell("TEXT").replace("TEXT", inside)
    extra = f"<table:table-row>{cell}{written._ods_cell(5.0)}{cell.replace(inside, 'a <text:s/>b')}</table:table-row>"
    [row] = loaded(written.ods(tmp_path / "payout.ods", [HEADER], extra=extra))
    assert [(p.field, p.code) for p in row.problems] == [("customer_id", "control_character")]
    assert row.cells[2] == "a  b"


@pytest.mark.parametrize("cut", [b"</table:table>", b"</table:table-row>", b"</office:body>"])
def test_a_table_that_does_not_end_is_damaged_and_not_read_for_ever(tmp_path: Path, cut: bytes) -> None:
    """calamine 0.8 and 0.9 go round at its end, where nothing in Python can stop them."""
    path = tmp_path / "payout.ods"
    with zipfile.ZipFile("tests/corpus/libreoffice.ods") as whole, zipfile.ZipFile(path, "w") as damaged:
        for part in whole.namelist():
            content = whole.read(part)
            if part == "content.xml":
                assert cut in content
                content = content.replace(cut, b"(blank)>", 1)
            damaged.writestr(part, content)
    with pytest.raises(InputError, match="is damaged"):
        open_source(path, OPTIONS)


@pytest.mark.parametrize(
    "content",
    [
        '<?xml version="1.0"?><a/>'.encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="latin-1"?><a/>',
    ],
    ids=["utf-16", "a type of its own", "another encoding"],
)
def test_what_the_values_must_not_be_read_from_is_refused_before(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "payout.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", content)
    with pytest.raises(InputError, match="is damaged"):
        ods_module.check_ods(path)
