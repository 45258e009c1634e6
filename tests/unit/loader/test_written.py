"""Amounts taken apart. What is around the digits was told from them by hand."""


from batch_credits.loader.written import LONGEST, is_dash_for_nothing, taken_apart, unwrapped
from tests.each import each


@each(
    "text, digits, is_negative, marks",
    [
        ("10", "10", False, ()),
        ("1,234.50", "1,234.50", False, ()),
        ("$1,234.50", "1,234.50", False, ("$",)),
        ("12.00 USD", "12.00", False, ("USD",)),
        ("US$ 12.00", "12.00", False, ("US$",)),
        ("$12.00 CAD", "12.00", False, ("$", "CAD")),
        ("1\u00a0234,50\u00a0\u20ac", "1\u00a0234,50", False, ("\u20ac",)),
        ("Rs. 500", "500", False, ("Rs.",)),
        ("-5", "5", True, ()),
        ("./. 5,00", "5,00", True, ()),
        ("./.5,00 EUR", "5,00", True, ("EUR",)),
        ("5,00 ./.", "5,00", True, ()),
        ("abzgl. 5,00", "5,00", True, ()),
        ("5,00 Kredit", "5,00", True, ()),
        ("дебет 5,00", "5,00", True, ()),
        ("5.00-", "5.00", True, ()),
        ("\u22125", "5", True, ()),
        ("(30.00)", "30.00", True, ()),
        ("($30.00)", "30.00", True, ("$",)),
        ("$(30.00)", "30.00", True, ("$",)),
        ("[7]", "7", True, ()),
        ("\u25b21,000", "1,000", True, ()),
        ("5,00 CR", "5,00", True, ()),
        ("minus 5", "5", True, ()),
        ("(USD) 5", "5", False, ("(USD)",)),
        ("5 (USD)", "5", False, ("(USD)",)),
        ("(5", "5", True, ()),
        ("<5", "5", False, ("<",)),
        ("5 \u20ac S", "5", True, ("\u20ac",)),
        ("5 H", "5", True, ()),
        ("1001H", "1001", False, ("H",)),
        ("D 5", "5", False, ("D",)),
        ("5 c", "5", False, ("c",)),
        ("5\u30e6\u30fc\u30ed", "5", False, ("\u30e6\u30fc\u30ed",)),
        ("\u200e-5", "5", True, ()),
        ("1'234.50 CHF", "1'234.50", False, ("CHF",)),
    ],
)
def test_parts(text: str, digits: str, is_negative: bool, marks: tuple[str, ...]) -> None:
    parts = taken_apart(text)
    assert parts is not None
    assert (parts.digits, parts.is_negative, parts.marks) == (digits, is_negative, marks)


@each(
    "text", ["", "abc", "5.-", "$.50", ".50", "1 USD 2", "12:30", "5,", "9" * (LONGEST + 1), "1e3", "5;6"]
)
def test_what_is_not_one_number_is_left_alone(text: str) -> None:
    assert taken_apart(text) is None


def test_other_digits_are_put_in_the_place_of_those_that_stood_there() -> None:
    parts = taken_apart("($1.234,50)")
    assert parts is not None and parts.with_digits("1234.50") == "($1234.50)"


@each(
    "text, is_dash",
    [("-", True), ("$ -", True), ("\u2013", True), (" - \u20ac", True), ("", False), ("$", False), ("-x", False)],
)
def test_the_dash_of_accountants(text: str, is_dash: bool) -> None:
    assert is_dash_for_nothing(text) is is_dash


@each(
    "text, inner",
    [
        ('="00123"', "00123"),
        ('= "7"', "7"),
        ('="a ""b"""', 'a "b"'),
        ('=" 5 "', "5"),
        ('="x"&"y"', '="x"&"y"'),
        ("=1", "=1"),
        ('"5"', '"5"'),
        ("", ""),
    ],
)
def test_a_text_in_a_formula(text: str, inner: str) -> None:
    assert unwrapped(text) == inner
