import zipfile
from pathlib import Path

from batch_credits.loader.workbook.formats import OF_THE_COMPUTER
from batch_credits.loader.workbook.marks import Look
from batch_credits.loader.workbook.styles import built_in, looks_of, style_looks
from tests.each import each


@each(
    "number, code",
    [(0, ""), (49, ""), (1, "0"), (4, "#,##0.00"), (9, "0%"), (14, OF_THE_COMPUTER), (30, OF_THE_COMPUTER)],
)
def test_formats_that_a_file_need_not_describe(number: int, code: str) -> None:
    assert built_in(number) == code


def test_only_styles_that_may_show_something_else_are_kept() -> None:
    styles = [0, 164, 165, 49, 4]
    assert looks_of(styles, {164: "00000", 165: "General"}) == {1: Look("00000"), 4: Look("#,##0.00")}


RELATIONS = (
    '<Relationships><Relationship Id="r1" Type="http://x/relationships/styles" Target="styles.xml"/></Relationships>'
)


def book(path: Path, styles: str | None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        if styles is not None:
            archive.writestr("xl/styles.xml", styles)
    return path


def test_the_styles_of_cells_are_told_from_all_others(tmp_path: Path) -> None:
    styles = (
        '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="&quot;K-&quot;000"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="9"/><xf numFmtId="9"/></cellStyleXfs>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="2"/><xf numFmtId="x"/></cellXfs>'
        '<dxfs><dxf><numFmt numFmtId="164" formatCode="0%"/></dxf></dxfs></styleSheet>'
    )
    path = book(tmp_path / "a.xlsx", styles)
    with zipfile.ZipFile(path) as archive:
        assert style_looks(archive, path) == {"1": Look('"K-"000'), "2": Look("0.00")}


def test_a_workbook_without_styles_shows_everything_as_it_is(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", None)
    with zipfile.ZipFile(path) as archive:
        assert style_looks(archive, path) == {}
