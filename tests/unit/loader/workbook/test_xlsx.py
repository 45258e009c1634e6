import zipfile

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook import xml
from batch_credits.loader.workbook.xlsx import check_xlsx, xlsx_marks

BOOK = '<workbook><sheets><sheet name="A &amp; B" sheetId="1" r:id="rId7"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="rId7" Target="{target}"/></Relationships>'


def archive(path, sheet, *, target="worksheets/s.xml", part="xl/worksheets/s.xml"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS.format(target=target))
        book.writestr(part, f"<sheetData>{sheet}</sheetData>")
    return path


@pytest.mark.parametrize(
    ("sheet", "broken"),
    [
        ('<row r="1"><c r="A1"><v>1</v></c></row>', {}),
        ('<row r="2"><c r="B2" t="e"><v>#N/A</v></c></row>', {1: {1: "#N/A"}}),
        ("<row r='2'><c t='e' r='AA2' s='1'><f>1/0</f><v>#DIV/0!</v></c></row>", {1: {26: "#DIV/0!"}}),
        ('<x:row r="2"><x:c r="B2" t="e"><x:v>#REF!</x:v></x:c></x:row>', {1: {1: "#REF!"}}),
        ('<row r="3"><c r="A3"><f>1+1</f><v>2</v></c></row>', {}),
        ('<row r="3"><c r="A3"><f>1+1</f></c></row>', {2: {0: ""}}),
        ('<row r="3"><c r="A3"><f>1+1</f><v/></c></row>', {2: {0: ""}}),
        ('<row r="3"><c r="A3"><f>1+1</f><v></v></c></row>', {2: {0: ""}}),
        ('<row r="3"><c r="A3"><f t="shared" si="0"/><v /></c></row>', {2: {0: ""}}),
        ('<row r="3"><c r="A3" t="str"><f>""</f><v></v></c></row>', {}),
        ('<row r="3"><c r="A3"><f>1+1</f><v> </v></c></row>', {2: {0: ""}}),
        ('<row r="3"><c r="A3" t="inlineStr"><f>1</f><is><t>a</t></is></c></row>', {}),
        ('<row r="3"><c r="A3" t="e"><v>#REF&#33;</v></c><c r="B3" t="e"/></row>', {2: {0: "#REF!"}}),
        ('<row r="3"><!-- <c r="A3" t="e"><v>#N/A</v></c> --></row>', {}),
        ('<row r="3"><c r="A3" s="1"/><c r="B3"><f>1</f><v>1</v></c></row>', {}),
    ],
)
def test_errors_and_formulas_without_a_value_are_found_where_they_are(tmp_path, sheet, broken):
    assert xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B").broken == broken


def test_an_error_with_which_no_value_of_the_sheet_is_read_is_named_with_its_place(tmp_path):
    sheet = '<row r="2"><c r="B2" t="e"><f>CUBEVALUE("x")</f><v>#GETTING_DATA</v></c></row>'
    with pytest.raises(InputError, match="the cell B2 holds the error '#GETTING_DATA'") as caught:
        xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")
    assert "Correct its formula" in caught.value.hint


def test_hidden_rows_and_columns_are_found(tmp_path):
    sheet = '<cols><col min="2" hidden="1"/><col min="4" max="6" width="0"/><col min="7" max="7" width="9"/></cols>'
    sheet += '<row r="1" hidden="1"></row><row r="2"></row><row hidden="1"></row>'
    sheet += '<row r="9" ht="0" customHeight="1"/><row r="10" ht="15"/><row r="11" ht="0.25"/><row r="12" ht="tall"/>'
    marks = xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")
    assert marks.hidden == {0, 2, 8, 10}
    assert [column for column in range(9) if marks.hides_column(column)] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    "sheet",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
        "<row r='1'><c r='A1'><f>1</f><v>1</v></c></row><row r='1'><c r='A1'><f>2</f><v>2</v></c></row>",
        '<row><c><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>',
    ],
)
def test_rows_that_are_not_in_order_are_refused_since_the_reader_of_values_may_forget_one(tmp_path, sheet):
    with pytest.raises(InputError, match=r"row 1 stands behind row [12]"):
        xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")


@pytest.mark.parametrize("block", [1, 7, 64])
def test_no_cell_is_missed_where_two_blocks_meet(tmp_path, monkeypatch, block):
    monkeypatch.setattr(xml, "_BLOCK_BYTES", block)
    sheet = "".join(f'<row r="{row}"><c r="A{row}" t="e"><v>#N/A</v></c></row>' for row in range(1, 30))
    marks = xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")
    assert marks.broken == {row: {0: "#N/A"} for row in range(29)}


def test_a_sheet_is_found_by_an_absolute_target(tmp_path):
    xlsx_marks(archive(tmp_path / "a.xlsx", "", target="/xl/worksheets/s.xml"), "A & B")


@pytest.mark.parametrize(
    "sheet", ['<row><c t="e"><v>#N/A</v></c></row>', '<row><c r="XXXX1" t="e"><v>#N/A</v></c></row>']
)
def test_an_error_without_a_place_refuses_the_file(tmp_path, sheet):
    with pytest.raises(InputError, match="does not say where"):
        xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")


@pytest.mark.parametrize(("sheet", "part"), [("Other", "xl/worksheets/s.xml"), ("A & B", "xl/other.xml")])
def test_a_sheet_that_cannot_be_found_refuses_the_file(tmp_path, sheet, part):
    with pytest.raises(InputError, match="damaged"):
        xlsx_marks(archive(tmp_path / "a.xlsx", "", part=part), sheet)


@pytest.mark.parametrize(
    "sheet",
    [
        "<c <row " * 100_000 + 't="e" hidden= <f' + "<row></row>",
        "<row>" * 2_000,
        "<row><c></row></c>",
        '<row r="1" r="2"></row>',
        "&undefined;",
        "\x01",
    ],
)
def test_what_is_no_xml_refuses_the_file(tmp_path, sheet):
    with pytest.raises(InputError, match="damaged"):
        xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")


@pytest.mark.parametrize("address", ["XFD1048576", "A99999999", "E" + "9" * 60, "zzzzzz1", "A20000001", "ALM1048576"])
def test_a_cell_far_out_refuses_the_file_before_a_reader_fills_all_before_it(tmp_path, address):
    sheet = f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c s="1" r = \'{address}\'><v>1</v></c></row>'
    with pytest.raises(InputError, match="the sheet spans"):
        xlsx_marks(archive(tmp_path / "a.xlsx", sheet), "A & B")


@pytest.mark.parametrize("address", ["A1048576", "S1048576", "ALL9", "Z999999"])
def test_a_sheet_may_be_long_or_wide(tmp_path, address):
    xlsx_marks(archive(tmp_path / "a.xlsx", f'<row r="1"><c r="{address}"><v>1</v></c></row>'), "A & B")


@pytest.mark.parametrize("sheet", ["\0", '<?xml version="1.0" encoding="UTF-16"?><row></row>'])
def test_xml_in_another_encoding_refuses_the_file(tmp_path, sheet):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/_rels/workbook.xml.rels", RELATIONS.format(target="worksheets/s.xml"))
        book.writestr("xl/worksheets/s.xml", sheet)
    with pytest.raises(InputError, match="damaged"):
        xlsx_marks(path, "A & B")


def test_a_sheet_without_a_cell_whose_attributes_look_like_far_addresses(tmp_path):
    path = archive(tmp_path / "a.xlsx", '<sheetPr filterr="ABC"/><pageMargins footer="0.3000000"/>')
    assert xlsx_marks(path, "A & B").broken == {}


def test_a_row_beyond_the_bound_refuses_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(xml, "MAX_ROW_BYTES", 1000)
    monkeypatch.setattr(xml, "_BLOCK_BYTES", 100)
    with pytest.raises(InputError, match="row of more than"):
        xlsx_marks(archive(tmp_path / "a.xlsx", "x" * 2000), "A & B")


def with_texts(path, texts, part="xl/sharedStrings.xml"):
    with zipfile.ZipFile(archive(path, ""), "a") as book:
        book.writestr(part, texts)
    return path


@pytest.mark.parametrize("part", ["xl/sharedStrings.xml", "XL\\SharedStrings.XML"])
@pytest.mark.parametrize(
    "texts",
    [
        '<sst count="1" uniqueCount="99999999999"><si><t>a</t></si></sst>',
        "<?xml version='1.0'?><!-- x --><x:sst xmlns:x='x' uniqueCount='+4000000000'/>",
        "<texts><sst uniqueCount='99999999999'/></texts>",
        "sst",
    ],
)
def test_a_list_of_texts_that_says_it_is_endless_is_not_made_room_for(tmp_path, texts, part):
    with pytest.raises(InputError, match="is damaged"):
        check_xlsx(with_texts(tmp_path / "book.xlsx", texts, part))


@pytest.mark.parametrize("said", ["", 'uniqueCount="2"', 'uniqueCount="many"', 'uniqueCount="0"'])
def test_a_list_of_texts_may_say_how_long_it_is(tmp_path, said):
    check_xlsx(with_texts(tmp_path / "book.xlsx", f"<sst {said}><si><t>a</t></si><si><t>b</t></si></sst>"))
