from pathlib import Path

import pytest

from batch_credits.errors import UnclearFile
from batch_credits.loader.opening import open_source
from batch_credits.loader.unread_currency import are_currencies
from batch_credits.settings import InputOptions
from tests.each import each

GIVEN = {"currency": "EUR", "reference": "q3", "description": "d"}


def written(folder: Path, *codes: str, header: str = "WKZ") -> Path:
    path = folder / "payout.csv"
    rows = "".join(f"c-{at},500,{code},x\n" for at, code in enumerate(codes))
    path.write_text(f"customer_id,amount,{header},more\n{rows}")
    return path


def test_a_column_of_other_currencies_that_is_not_read_is_refused(tmp_path: Path) -> None:
    """Nobody here knows the header, so --currency would be for its rows too."""
    path = written(tmp_path, *["EUR"] * 60, "", "USD")
    with pytest.raises(UnclearFile, match=r"'WKZ', which says USD, .* paid in EUR") as refused:
        open_source(path, InputOptions(**GIVEN))  # type: ignore[arg-type]
    assert "--map currency_code= ." in refused.value.message
    assert [each.value for each in refused.value.suggestions] == ["currency_code=WKZ"]
    paid = {"WKZ": {"EUR", "USD"}, "": {"EUR"}}
    for header, currencies in paid.items():
        source = open_source(path, InputOptions(**GIVEN, header_map=(("currency_code", header),)))  # type: ignore[arg-type]
        rows = [row for chunk in source.chunks() for row in chunk]
        assert {row.request.currency_code for row in rows if row.request} == currencies


def test_the_currency_of_the_site_is_none_for_them_either(tmp_path: Path) -> None:
    options = InputOptions(reference="q3", description="d")
    with pytest.raises(UnclearFile, match=r"'WKZ', which says EUR, .* the currency of the site"):
        open_source(written(tmp_path, "EUR", "EUR"), options)
    assert open_source(written(tmp_path, "ALL", "ALL"), options)


@each(
    "codes",
    [("EUR", "EUR"), ("USD", "Ada"), ("ALL", "ALL"), ("", ""), ("usd", "usd"), ("USD", "5"), ("XAU", "XTS")],
)
def test_a_column_that_says_no_other_currency_is_only_carried(tmp_path: Path, codes: tuple[str, ...]) -> None:
    source = open_source(written(tmp_path, *codes), InputOptions(**GIVEN))  # type: ignore[arg-type]
    assert [row.request is not None for chunk in source.chunks() for row in chunk] == [True, True]


def test_what_can_be_nothing_but_currencies() -> None:
    assert are_currencies({"EUR", "ALL"}) and not are_currencies({"ALL", "TOP"}) and not are_currencies(set())
