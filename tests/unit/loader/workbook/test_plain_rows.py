"""Rows that are passed over tell what they would tell if they were parsed: nothing."""

import zipfile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.workbook import xlsx, xml
from batch_credits.loader.workbook.plain_rows import plain_row
from tests.examples import examples

PLAIN = [
    '<row r="{0}"><c r="A{0}"><v>1</v></c><c r="B{0}" t="s"><v>12</v></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>cust-1</t></is></c><c r="B{0}" s="1"/></row>',
    '<row r="{0}" spans="1:2" x14ac:dyDescent="0.25"><c r="A{0}" s="1" t="n"><v>1.5</v></c></row>',
    '<row r="{0}" customFormat="false" ht="12.8" hidden="false" customHeight="0" outlineLevel="0" collapsed="false">'
    '<c r="B{0}" t="inlineStr"><is><t xml:space="preserve"> J\u00fcrg\u2019s </t></is></c></row>',
    '<row r="{0}"></row>',
]
OTHERS = [
    '<row r="{0}" hidden="1"><c r="A{0}"><v>1</v></c></row>',
    '<row r="{0}" ht="0"><c r="A{0}"><v>1</v></c></row>',
    '<row r="{0}"><c r="A{0}" t="e"><v>#N/A</v></c></row>',
    '<row r="{0}"><c r="A{0}"><f>1+1</f></c></row>',
    '<row r="{0}"><c r="A{0}" s="2"><v>1</v></c><c r="B{0}"><v>1</v></c></row>',
    '<row r="{0}"><c r="C{0}" t="s"><v>1</v></c></row>',
    '<row r="{0}"><c r="AB{0}"><v>1</v></c></row>',
    '<row r="{0}"><c r="A1048576"><v>1</v></c></row>',
    '<row r="{0}"><c r="A9{0}"><v>1</v></c></row>',
    '<row r="{0}" r="{0}"><c r="A{0}"><v>1</v></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>a &amp; b</t></is></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>\uffff</t></is></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>\x01</t></is></c></row>',
    '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>\udc80</t></is></c></row>',  # no UTF-8
    '<row r="{0}"><c r="A{0}"><v>1<!-- -->2</v></c></row>',
    '<row r="{0}"><c r="A{0}"><v>&#49;2</v></c></row>',
    "<row><c s='2'><v>1</v></c></row>",
    "<row><c><v>1</v></c></row>",
    '<c r="A{0}" t="e"/>',
    "<!-- ", " -->", "<![CDATA[", "]]>", "<?pi ", "?>", "<x a='", "'/>", "<f>", "</f>", "<row>", "</row>", "\n",
    '<mergeCells><mergeCell ref="A{0}:B{0}"/></mergeCells>',
]  # fmt: skip
STYLES = '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="0"/><xf numFmtId="10"/></cellXfs></styleSheet>'
fragments = st.lists(st.sampled_from(PLAIN) | st.sampled_from(PLAIN + OTHERS), max_size=12)


def workbook(path, sheet, styles=STYLES):
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", '<workbook><sheets><sheet name="S" r:id="r1"/></sheets></workbook>')
        relations = '<Relationship Id="r1" Target="s.xml"/><Relationship Id="r2" Type="/styles" Target="t.xml"/>'
        book.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{relations}</Relationships>")
        book.writestr("xl/t.xml", styles)
        book.writestr("xl/s.xml", sheet.encode(errors="surrogateescape"))
    return path


def found(path):
    try:
        return xlsx.xlsx_marks(path, "S")
    except InputError as error:
        return str(error)


def both_ways(path, block=xml._BLOCK_BYTES):
    """What is found where plain rows are passed over, and where all are parsed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xml, "_BLOCK_BYTES", block)
        passing = found(path)
        patch.setattr(xlsx, "plain_row", lambda columns, looks: None)
        return passing, found(path)


@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fragments,
    st.sampled_from(["<worksheet>{}</worksheet>", "<row>{}</row>", "{}"]),
    st.sampled_from([70, 300, 10**6]),
)
@example([PLAIN[0], "<row>", "<f>", "</f>", "</row>", PLAIN[0], OTHERS[-1]], "<worksheet>{}</worksheet>", 10**6)
@example(["</row>", PLAIN[0], PLAIN[0]], "<row>{}", 10**6)
@example([PLAIN[0], "<![CDATA[", PLAIN[0], PLAIN[0], "]]>", "<![CDATA["], "<worksheet>{}</worksheet>", 10**6)
def test_a_sheet_tells_the_same_whether_plain_rows_are_passed_over_or_parsed(tmp_path, given_rows, outer, block):
    rows = "".join(row.replace("{0}", str(number)) for number, row in enumerate(given_rows, 1))
    passing, parsed = both_ways(workbook(tmp_path / "a.xlsx", outer.format(rows)), block)
    if isinstance(passing, str) and isinstance(parsed, str):
        return  # of two reasons to refuse a file, which comes first depends on where blocks end
    assert passing == parsed


def test_a_row_that_begins_within_something_is_not_passed_over(tmp_path):
    """Also where the parser waits for the rest of a tag that an earlier block began."""
    before = "<worksheet>" + PLAIN[0].replace("{0}", "1") + "<row/><c x='"
    sheet = before + PLAIN[0].replace("{0}", "2") + "'></c></worksheet>"
    passing, parsed = both_ways(workbook(tmp_path / "a.xlsx", sheet), len(before))
    assert passing == parsed and "damaged" in passing


def test_what_is_passed_over_is_measured(tmp_path):
    rows = "".join(PLAIN[0].replace("{0}", str(number)) for number in (1, 900_000))
    sheet = f'<worksheet>{rows}<row><c r="AB3"/></row></worksheet>'
    passing, parsed = both_ways(workbook(tmp_path / "a.xlsx", sheet))
    assert passing == parsed and "25,200,000 cells" in passing


def test_plain_rows_are_passed_over(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(xlsx._Sheet, "_start_other", lambda self, kind, attributes: told.append(kind))
    rows = "".join(PLAIN[number % len(PLAIN)].replace("{0}", str(number)) for number in range(1, 101))
    header = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    xlsx.xlsx_marks(workbook(tmp_path / "a.xlsx", f"<worksheet>{header}{rows}</worksheet>"), "S")
    assert told.count("row") == 1


@pytest.mark.parametrize(
    ("columns", "looks"),
    [((), ()), (("",), ()), (("A",), ("0",)), ([f"A{chr(65 + n % 26)}{chr(65 + n // 26)}" for n in range(101)], ())],
)
def test_where_no_row_is_plain(columns, looks):
    assert plain_row(columns, looks) is None


def test_a_style_that_shows_something_else_is_never_plain():
    row = b'<row r="1"><c r="A1" s="%s"><v>1</v></c></row>'
    few, many = plain_row(["A"], ["1", "12"]), plain_row(["A"], [*map(str, range(1, 102))])
    assert few is not None and many is not None
    assert [bool(few.match(row % style)) for style in (b"1", b"12", b"2", b"13")] == [False, False, True, True]
    assert many.match(row % b"200") is None and many.match(b'<row r="1"><c r="A1"><v>1</v></c></row>')
