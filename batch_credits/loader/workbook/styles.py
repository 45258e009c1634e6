"""The number formats of a workbook: cells have a style, and styles have a format."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_credits.loader.workbook.formats import BUILT_IN, OF_THE_COMPUTER, is_plain
from batch_credits.loader.workbook.marks import Look
from batch_credits.loader.workbook.relations import target_of_kind
from batch_credits.loader.workbook.xml import Attributes, PartReader, local

MAX_STYLES = 65_490  # as many as Excel takes
_SECTIONS = frozenset(
    ("numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
     "extLst")
)  # fmt: skip


def looks_of(styles: Sequence[int], codes: Mapping[int, str]) -> dict[int, Look]:
    """By the number of a style: how its cells are shown, where that may be something else than is stored.

    `styles` has the number of the format of each, `codes` the formats that the file describes.
    """
    found = ((style, codes.get(number) or built_in(number)) for style, number in enumerate(styles))
    return {style: Look(code) for style, code in found if not is_plain(code)}


def style_looks(archive: zipfile.ZipFile, path: Path) -> dict[str, Look]:
    """The same of a workbook, by the numbers as cells name them.

    Raises:
        InputError: the part that holds the styles is not XML.
    """
    part = target_of_kind(archive, "xl/_rels/workbook.xml.rels", "styles", path)
    if part is None or part not in archive.namelist():
        return {}
    found = _Styles(path)
    found.read(archive, part)
    return {str(style): look for style, look in looks_of(found.styles, found.codes).items()}


def built_in(number: int) -> str:
    """The format of a number that a file need not describe."""
    return "" if number in (0, 49) else BUILT_IN.get(number, OF_THE_COMPUTER)


class _Styles(PartReader):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.codes: dict[int, str] = {}
        self.styles: list[int] = []  # the number of the format of each
        self._section = ""

    def start(self, name: str, attributes: Attributes) -> None:
        kind = local(name)
        if kind in _SECTIONS:
            self._section = kind
        elif kind == "numFmt" and self._section == "numFmts":
            self.codes[_number(attributes)] = attributes.get("formatCode", "")
        elif kind == "xf" and self._section == "cellXfs" and len(self.styles) < MAX_STYLES:
            self.styles.append(_number(attributes))


def _number(attributes: Attributes) -> int:
    text = attributes.get("numFmtId", "0")
    return int(text[:9]) if text.isascii() and text.isdigit() else 0
