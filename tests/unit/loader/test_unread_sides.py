from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions
from tests.each import each

OPTIONS = InputOptions(currency="EUR", reference="q3", description="d")


def written(folder: Path, header: str, *sides: str) -> Path:
    path = folder / "payout.csv"
    rows = "".join(f"c-{at},500,{side}\n" for at, side in enumerate(sides))
    path.write_text(f"customer_id,amount,{header}\n{rows}", encoding="utf-8")
    return path


@each(
    "header, sides",
    [
        ("Soll/Haben-Kennzeichen", ("H", "S", "H")),
        ("S/H", ("H", "", "s")),
        ("SHKZG", ("S", "H")),
        ("Dr/Cr", ("CR", "DR")),
        ("Type", ("Credit", "Debit")),
        ("Sens", ("crédit", "débit")),
        ("Debit/Credit", ("C", "D")),
        ("Kz", ("Haben", "Soll")),
        ("Vorzeichen", ("+", "-")),
        ("Cr/Dr", ("C", "D")),
        ("C/D", ("D", "C")),
        ("SHK", ("H", "S")),
        ("Strana", ("MD", "D")),
        ("Wn/Ma", ("Ma", "Wn")),
        ("区分", ("貸方", "借方")),
        ("方向", ("贷", "借")),
        ("Κίνηση", ("ΠΙΣΤΩΣΗ", "ΧΡΕΩΣΗ")),
        ("Loại", ("Có", "Nợ")),
        ("Buchungsart", ("Gutschrift", "Lastschrift")),
        ("Af Bij", ("Bij", "Af")),
        ("Tipo", ("ABONO", "CARGO")),
    ],
)
def test_a_file_of_both_sides_is_refused(tmp_path: Path, header: str, sides: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="what was taken would be paid") as refused:
        open_source(written(tmp_path, header, *sides), OPTIONS)
    assert repr(header) in refused.value.message
    first, other = sides[0], next(side for side in sides if side and side.casefold() != sides[0].casefold())
    said = f"says {first!r} in row 2 and {other!r} in row {2 + sides.index(other)}"
    assert said in refused.value.message


@each(
    "header, sides",
    [
        ("Soll/Haben", ("H", "H")),  # all on one side: what the file is for
        ("Type", ("Credit", "Credit")),
        ("Soll/Haben", ("H", "S", "X")),
        ("Size", ("S", "H")),  # letters alone say nothing of an account
        ("Tier", ("D", "C")),
        ("Soll/Haben", ("", "")),
    ],
)
def test_a_column_that_does_not_say_both_is_only_carried(tmp_path: Path, header: str, sides: tuple[str, ...]) -> None:
    source = open_source(written(tmp_path, header, *sides), OPTIONS)
    assert [row.request is not None for chunk in source.chunks() for row in chunk] == [True] * len(sides)
