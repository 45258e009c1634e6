"""Which part of an .xlsx or .xlsb holds a sheet: the workbook names its relation, and a list the relation's part."""

import posixpath
import zipfile
from pathlib import Path

from batch_credits.loader.workbook.xml import Attributes, PartReader, local


def relation_target(archive: zipfile.ZipFile, relations: str, relation: str, path: Path) -> str:
    """The name of the part that a relation of the workbook is about.

    Raises:
        InputError: the list of relations is not XML.
        KeyError: there is no such relation, or no such list of them.
    """
    found = _Relations(path)
    found.read(archive, relations)
    return posixpath.normpath(posixpath.join("/xl", found.targets[relation])).lstrip("/")


def target_of_kind(archive: zipfile.ZipFile, relations: str, kind: str, path: Path) -> str | None:
    """The name of the part of a kind, such as `styles`; None if the workbook has none."""
    found = _Relations(path)
    try:
        found.read(archive, relations)
    except KeyError:
        return None
    target = found.of_kind.get(kind)
    return None if target is None else posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def sheet_relation(archive: zipfile.ZipFile, sheet: str, path: Path) -> str:
    """The relation of the sheet of a name in an .xlsx file.

    Raises:
        InputError: the list of sheets is not XML.
        KeyError: there is no such sheet, or no list of them.
    """
    found = _Sheets(path)
    found.read(archive, "xl/workbook.xml")
    return found.relations[sheet]


class _Relations(PartReader):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.targets: dict[str, str] = {}
        self.of_kind: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if local(name) == "Relationship" and "Id" in attributes:
            target = attributes.get("Target", "")
            self.targets.setdefault(attributes["Id"], target)
            self.of_kind.setdefault(attributes.get("Type", "").rpartition("/")[2], target)


class _Sheets(PartReader):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.relations: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if local(name) == "sheet" and "name" in attributes:
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self.relations.setdefault(attributes["name"], relation)
