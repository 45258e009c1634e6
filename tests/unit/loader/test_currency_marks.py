
from batch_credits.loader.currency_marks import agrees, is_mark
from tests.each import each


@each(
    "marks, currency",
    [
        (("$",), "USD"),
        (("US$",), "USD"),
        (("C$",), "CAD"),
        (("CA$",), "CAD"),
        (("A$",), "AUD"),
        (("NZ$",), "NZD"),
        (("HK$",), "HKD"),
        (("R$",), "BRL"),
        (("$", "CAD"), "CAD"),
        (("USD$",), "USD"),
        (("AR$",), "ARS"),
        (("$", "MXN"), "MXN"),
        (("S/",), "PEN"),
        (("\u00a3",), "GBP"),
        (("\u20ac",), "EUR"),
        (("eur",), "EUR"),
        (("EUR", "\u20ac"), "EUR"),
        (("\u00a5",), "JPY"),
        (("\u00a5",), "CNY"),
        (("\u5186",), "JPY"),
        (("kr",), "SEK"),
        (("kr.",), "DKK"),
        (("z\u0142",), "PLN"),
        (("K\u010d",), "CZK"),
        (("Fr.",), "CHF"),
        (("\u20b9",), "INR"),
        (("Rs.",), "INR"),
        (("\u20a9",), "KRW"),
        (("\\",), "JPY"),  # as cp932 and cp949 have their signs
        (("\\",), "KRW"),
        (("\u20ba",), "TRY"),
        ((), "USD"),
    ],
)
def test_marks_of_the_currency(marks: tuple[str, ...], currency: str) -> None:
    assert agrees(marks, currency)


@each(
    "marks, currency",
    [
        (("$",), "CAD"),
        (("$",), "EUR"),
        (("$.",), "CAD"),
        (("$",), "MXN"),
        (("\u00a3.",), "EGP"),
        (("C$",), "USD"),
        (("\u00a3",), "EGP"),
        (("\u00a5",), "USD"),
        (("\u20ac",), "CHF"),
        (("EUR",), "USD"),
        (("$", "CAD"), "USD"),
        (("$", "EUR"), "USD"),
        (("kr",), "EUR"),
        (("\u20b9",), "PKR"),
        (("x",), "USD"),
    ],
)
def test_marks_of_another(marks: tuple[str, ...], currency: str) -> None:
    assert not agrees(marks, currency)


@each(
    "text, is_one",
    [
        ("$", True),
        ("USD", True),
        ("usd", True),
        ("US$", True),
        ("kr", True),
        ("\u5186", True),
        ("\u20bf", True),  # a symbol, whatever it is of
        ("\u00a2", False),  # counts cents
        ("points", False),
        ("%", False),
        ("ca.", False),
        ("x", False),
    ],
)
def test_what_is_a_mark(text: str, is_one: bool) -> None:
    assert is_mark(text) is is_one
