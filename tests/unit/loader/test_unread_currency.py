from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.unread_currency import are_currencies
from batch_credits.settings import InputOptions
from tests.each import each

GIVEN = {"currency": "EUR", "reference": "q3", "description": "d"}


def written(folder: Path, *codes: str, header: str = "WKZ") -> Path:
    path = folder / "payout.csv"
    rows = "".join(f"c-{at},500,{code},x\n" for at, code in enumerate(codes))
    path.write_text(f"customer_id,amount,{header},note\n{rows}")
    return path


def test_a_column_of_other_currencies_that_is_not_read_is_refused(tmp_path: Path) -> None:
    """Nobody here knows the header, so --currency would be for its rows too."""
    path = written(tmp_path, *["EUR"] * 60, "", "USD")
    with pytest.raises(InputError, match="the column 'WKZ' says USD, and --currency EUR") as refused:
        open_source(path, InputOptions(**GIVEN))  # type: ignore[arg-type]
    assert refused.value.remedies == ((("--map", "currency_code=WKZ"),), (("--map", "currency_code="),))
    paid = {"WKZ": {"EUR", "USD"}, "": {"EUR"}}
    for header, currencies in paid.items():
        source = open_source(path, InputOptions(**GIVEN, header_map=(("currency_code", header),)))  # type: ignore[arg-type]
        rows = [row for chunk in source.chunks() for row in chunk]
        assert {row.request.currency_code for row in rows if row.request} == currencies


@each(
    "codes",
    [("EUR", "EUR"), ("USD", "Ada"), ("ALL", "ALL"), ("", ""), ("usd", "usd"), ("USD", "5"), ("XAU", "XTS")],
)
def test_a_column_that_says_no_other_currency_is_only_carried(tmp_path: Path, codes: tuple[str, ...]) -> None:
    source = open_source(written(tmp_path, *codes), InputOptions(**GIVEN))  # type: ignore[arg-type]
    assert [row.request is not None for chunk in source.chunks() for row in chunk] == [True, True]


def test_what_can_be_nothing_but_currencies() -> None:
    assert are_currencies({"EUR", "ALL"}) and not are_currencies({"ALL", "TOP"}) and not are_currencies(set())
