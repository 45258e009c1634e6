"""XML of a hostile author: nothing expands, nothing nests without end, and all is read as one encoding."""

import zipfile

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook import xml
from batch_credits.loader.workbook.xml import PartReader, local


class Names(PartReader):
    def __init__(self, path):
        super().__init__(path)
        self.names = []

    def start(self, name, attributes):
        self.names.append(name)


def names(tmp_path, content):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", content)
    reader = Names(path)
    with zipfile.ZipFile(path) as archive:
        reader.read(archive, "a.xml")
    return reader.names


def test_the_elements_are_told_in_their_order(tmp_path):
    assert names(tmp_path, '\ufeff<?xml version="1.0" encoding="UTF-8"?><a><x:b/><c/></a>') == ["a", "x:b", "c"]


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>',
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd"><a/>',
        '<?xml version="1.0" encoding="ISO-8859-1"?><a/>',
        "<a/>".encode("utf-16"),
        b"<a>\xff</a>",
        "<a>",
        "",
        "text",
        "<a/><a/>",
    ],
)
def test_what_is_no_plain_xml_is_refused(tmp_path, content):
    with pytest.raises(InputError, match="damaged"):
        names(tmp_path, content)


def test_depth_is_bounded_also_over_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(xml, "_BLOCK_BYTES", 64)
    monkeypatch.setattr(xml, "MAX_DEPTH", 1_000)
    deep = 950
    assert len(names(tmp_path, "<a>" * deep + "</a>" * deep)) == deep
    flat = "<b/><c></c><!-- a --><?pi x?><![CDATA[a]]>" * 2_000
    assert len(names(tmp_path, f"<a>{flat}</a>")) == 4_001
    with pytest.raises(InputError, match="damaged"):
        names(tmp_path, "<a>" * 1_050 + "</a>" * 1_050)


@pytest.mark.parametrize("content", ["<a b='" + "x" * 5_000 + "'/>", "<a>" + "<b/>" * 1_000 + "</a>"])
def test_a_token_and_a_part_without_rows_are_bounded(tmp_path, monkeypatch, content):
    monkeypatch.setattr(xml, "_BLOCK_BYTES", 100)
    monkeypatch.setattr(xml, "MAX_ROW_BYTES", 1_000)
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        names(tmp_path, content)


def test_a_name_without_its_prefix():
    assert [local("a"), local("x:a"), local("")] == ["a", "a", ""]
