"""failed.csv and failed.xlsx, mended by a person and saved by LibreOffice, are input; and our guard against formulas is
undone."""

import shutil
from pathlib import Path

import pytest

from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions
from tests.corpus import make

FOLDER = Path(__file__).parent
SAVED = sorted(path.name for path in FOLDER.glob("round_trip*"))
EXPECTED = [
    (number, customer_id, 999 + number, currency, description, reference)
    for number, (customer_id, _, currency, description, _, reference, _) in enumerate(make.TRICKY, 2)
    if customer_id != "TRUE"  # read letter for letter too, and then rejected: it is no id
]


def content(path: Path) -> list[tuple[object, ...]]:
    rows = [row for chunk in open_source(path, InputOptions()).chunks() for row in chunk]
    requests = [(row.row_number, row.request) for row in rows]
    [spoiled] = [row for row in rows if row.problems]
    assert (spoiled.customer_id, spoiled.problems[0].code) == ("TRUE", "spoiled_by_excel")
    return [
        (number, found.customer_id, found.amount, found.currency_code, found.description, found.reference)
        for number, found in requests
        if found is not None
    ]


@pytest.mark.parametrize("name", SAVED)
def test_ids_references_and_texts_are_letter_for_letter_those_of_the_source(name: str) -> None:
    assert content(FOLDER / name) == EXPECTED


def test_every_kind_is_there() -> None:
    assert {Path(name).suffix for name in SAVED} == {".csv", ".xlsx", ".ods", ".xls"}
    assert len(SAVED) == 11


def test_a_carried_column_is_unescaped_too_and_only_in_our_own_files(tmp_path: Path) -> None:
    [chunk] = open_source(FOLDER / "round_trip.ods", InputOptions()).chunks()
    notes = [row[6] for row in make.TRICKY]
    notes[5] = "'"  # a tab alone, which LibreOffice's format keeps apart from the text
    assert [row.cells[6] for row in chunk] == notes
    (tmp_path / "theirs.csv").write_text("customer_id,amount,description,reference\n'=1,5,'=2,'=3\n")
    [[row]] = open_source(tmp_path / "theirs.csv", InputOptions(currency="USD")).chunks()
    assert row.cells == ("'=1", "5", "'=2", "'=3")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_the_libreoffice_of_this_machine_does_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "FOLDER", tmp_path)
    make.make_round_trip(tmp_path)
    for name in SAVED:
        assert content(tmp_path / name) == EXPECTED
