"""What a header says of a field and of a currency."""

import tomllib
from importlib import resources

from batch_credits.loader.suggestions.names import CERTAIN, LIKELY, currency_named, named, plain_name
from batch_credits.model import RECOGNISED
from tests.each import each


@each(
    "header, field, sureness, currency",
    [
        ("Amount ($)", "amount", CERTAIN, "$"),
        ("Amount (USD)", "amount", CERTAIN, "USD"),
        ("Betrag in €", "amount", CERTAIN, "€"),
        ("Montant EUR", "amount", CERTAIN, "EUR"),
        ("金額 [円]", "amount", CERTAIN, "円"),
        ("Beløb", "amount", CERTAIN, None),
        ("Częstka", None, 0, None),
        ("Částka", "amount", CERTAIN, None),
        ("Credit", "amount", LIKELY, None),
        ("Points", None, 0, None),
        ("Balance", None, 0, None),
        ("Customer", "customer_id", LIKELY, None),
        ("Customer No.", "customer_id", CERTAIN, None),
        ("Customer ID *", "customer_id", CERTAIN, None),
        ("Kunden-Nr.", "customer_id", CERTAIN, None),
        ("N° client", "customer_id", CERTAIN, None),
        ("Nº cliente", "customer_id", CERTAIN, None),
        ("Κωδικός πελάτη", "customer_id", CERTAIN, None),
        ("顧客ID", "customer_id", CERTAIN, None),
        ("Kundenname", None, 0, None),
        ("Währung", "currency_code", CERTAIN, None),
        ("Currency", "currency_code", CERTAIN, None),
        ("Buchungstext", "description", CERTAIN, None),
        ("Libellé", "description", CERTAIN, None),
        ("Belegnummer", "reference", LIKELY, None),
        ("", None, 0, None),
    ],
)
def test_a_header_names_a_field_in_any_language(
    header: str, field: str | None, sureness: int, currency: str | None
) -> None:
    assert named(header) == (None if field is None else (field, sureness))
    assert currency_named(header) == currency


def test_two_currencies_in_a_header_name_none() -> None:
    assert currency_named("Amount USD/EUR") is None


def test_the_table_holds_names_as_they_are_compared_each_for_one_field() -> None:
    table = resources.files("batch_credits.loader.suggestions").joinpath("names.toml")
    tables = tomllib.loads(table.read_text("utf-8"))
    assert tables.keys() == {"certain", "likely"}
    seen: dict[str, str] = {}
    for fields in tables.values():
        assert fields.keys() <= {*RECOGNISED}
        for field, names in fields.items():
            for name in names.split():
                assert plain_name(name) == name, name
                assert seen.setdefault(name, field) == field, name
