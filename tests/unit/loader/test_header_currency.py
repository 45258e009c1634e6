from pathlib import Path

import pytest

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions
from tests.each import each


def opened(folder: Path, header: str, *codes: str, currency: str | None = None) -> object:
    path = folder / "payout.csv"
    rows = "".join(f"c-{at},500,{code}\n" for at, code in enumerate(codes))
    path.write_text(f"customer_id,{header},currency_code\n{rows}")
    mapped = (("amount", header),)
    return open_source(path, InputOptions(currency=currency, header_map=mapped, reference="q3", description="d"))


@each("header", ["Amount (USD)", "amount_usd", "USD amount", "Betrag in US$", "Amount $"])
def test_amounts_whose_header_names_another_currency_are_refused(tmp_path: Path, header: str) -> None:
    assert opened(tmp_path, header, "USD", "usd", "")
    assert opened(tmp_path, header, "USD", "no code")
    with pytest.raises(InputError, match=r"says (USD|US\$|\$), and row 3 would be paid in EUR"):
        opened(tmp_path, header, "USD", "EUR")
    with pytest.raises(InputError, match="row 2 would be paid in EUR"):
        opened(tmp_path, header, "", currency="EUR")


def test_a_header_that_alone_names_a_currency_is_not_left_to_the_site(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_text("customer_id,amount_usd\nc-1,500\n")
    options = InputOptions(header_map=(("amount", "amount_usd"),), reference="q3", description="d")
    with pytest.raises(UnclearFile, match="whatever the currency of the site is") as refused:
        open_source(path, options)
    assert refused.value.remedies == ((("--currency", "USD"),),)


@each(
    "header, code",
    [("ALL credits", "EUR"), ("TOP", "EUR"), ("Amount (USD/EUR)", "EUR"), ("Amount ($)", "CAD"), ("Kr", "SEK"),
     ("amount", "EUR"), ("XAU", "EUR"), ("cents", "EUR"), ("Betrag \u20ac", "EUR"), ("Amount \u00a5", "CNY"),
     ("Amount\\Net", "EUR")],
)  # fmt: skip
def test_a_header_that_names_no_other_currency_is_as_good_as_any(tmp_path: Path, header: str, code: str) -> None:
    assert opened(tmp_path, header, code)
