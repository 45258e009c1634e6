import zipfile

import pytest

from batch_credits.loader.workbook.relations import relation_target, sheet_relation

RELATIONS = """<Relationships xmlns="r"><Relationship Id="rId1" Target="/xl/worksheets/a.xml"/>
<Relationship Id="rId2" Target="worksheets/b&amp;c.xml"/><Relationship Target="x"/></Relationships>"""
BOOK = """<x:workbook xmlns:x="m" xmlns:r="r"><x:sheets><x:sheet name="&lt;A&gt;" sheetId="1" r:id="rId1"/>
<x:sheet name="B" r:id="rId2"/><x:sheet name="B" r:id="rId1"/></x:sheets></x:workbook>"""


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/workbook.xml", BOOK)
        book.writestr("xl/r.rels", RELATIONS)
    with zipfile.ZipFile(path) as book:
        yield book


@pytest.mark.parametrize(("relation", "part"), [("rId1", "xl/worksheets/a.xml"), ("rId2", "xl/worksheets/b&c.xml")])
def test_a_relation_leads_to_a_part(archive, tmp_path, relation, part):
    assert relation_target(archive, "xl/r.rels", relation, tmp_path) == part


def test_a_sheet_has_a_relation_by_its_name_and_the_first_of_a_name_counts(archive, tmp_path):
    assert sheet_relation(archive, "<A>", tmp_path) == "rId1"
    assert sheet_relation(archive, "B", tmp_path) == "rId2"


def test_what_is_not_there(archive, tmp_path):
    for relations, relation in (("xl/r.rels", "rId9"), ("xl/none.rels", "rId1")):
        with pytest.raises(KeyError):
            relation_target(archive, relations, relation, tmp_path)
    with pytest.raises(KeyError):
        sheet_relation(archive, "C", tmp_path)
