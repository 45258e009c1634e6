"""Chargebee's own exponents: a wrong one pays 100 times too much."""

from babel.numbers import list_currencies

from batch_credits.model.currencies import SITE_CURRENCY, documented_exponent, exponent_of
from tests.each import each

WHOLE = {"JPY", "KRW", "XAF", "XOF"}  # documented to have no decimals
UNSAID = {"BIF", "CLF", "CLP", "DJF", "GNF", "ISK", "KMF", "PYG", "RWF", "UGX", "UYI", "UYW", "VND", "VUV", "XPF"}


def test_every_currency_has_an_exponent_or_nobody_knows() -> None:
    for code in list_currencies():
        assert documented_exponent(code) == (0 if code in WHOLE else None if code in UNSAID else 2)


@each(
    "currency, stated, exponent",
    [
        ("USD", {}, 2),
        ("KWD", {}, 2),  # three decimals in ISO 4217
        ("USD", {"USD": 0}, 2),
        ("JPY", {"JPY": 2}, 0),
        ("CLP", {}, None),
        ("CLP", {"CLP": 0}, 0),
        ("CLP", {"ISK": 0}, None),
        (SITE_CURRENCY, {}, None),
    ],
)
def test_what_the_operator_states_counts_where_nothing_is_documented(
    currency: str, stated: dict[str, int], exponent: int | None
) -> None:
    assert exponent_of(currency, stated) == exponent
