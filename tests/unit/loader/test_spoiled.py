
from batch_credits.loader.spoiled import may_be_rounded, rounded, spoiled
from tests.each import each


@each(
    "text, code",
    [
        ("1.23457E+15", "spoiled_by_excel"),
        ("1E+15", "spoiled_by_excel"),
        ("9,87E+14", "spoiled_by_excel"),
        ("1.5e3", "spoiled_by_excel"),
        ("12345.0", "spoiled_by_excel"),
        ("12,00", "spoiled_by_excel"),
        ("-7.0", "spoiled_by_excel"),
        ("2026-03-01 00:00:00", "spoiled_by_excel"),
        ("2026-03-01T12:30:00Z", "spoiled_by_excel"),
        ("1/3/2026 12:00 AM", "spoiled_by_excel"),
        ("01.03.26 00:00", "spoiled_by_excel"),
        ("TRUE", "spoiled_by_excel"),
        ("falsch", "spoiled_by_excel"),
        ("#REF!", "spoiled_by_excel"),
        ("#N/A", "spoiled_by_excel"),
        ("###", "spoiled_by_excel"),
        ("NaN", "placeholder"),
        ("null", "placeholder"),
        ("None", "placeholder"),
        ("N/A", "placeholder"),
        ("(blank)", "placeholder"),
        ("<blank>", "placeholder"),
        ("[Empty]", "placeholder"),
        ("(Leer)", "placeholder"),
        ("\\N", "placeholder"),
        ("a\ufffdb", "damaged_text"),
    ],
)
def test_what_a_program_left(text: str, code: str) -> None:
    flaw = spoiled(text)
    assert flaw is not None and flaw.code == code


@each(
    "text",
    ["cust-1", "none-such", "nullable", "12345", "12.5", "1.2.3", "2026-03-01", "12:00", "E+1", "a1E+15", "TRUE-1",
     "#1", "(x)", "00.1", "", "null 1"],
)  # fmt: skip
def test_what_is_an_id(text: str) -> None:
    assert spoiled(text) is None


def test_the_place_of_a_damaged_character_counts_from_1() -> None:
    flaw = spoiled("caf\ufffd-1")
    assert flaw is not None and "place 4" in flaw.message


@each(
    "ids, may_be",
    [
        (["1234567890123450"], True),
        (["1234567890123450", "", "9876543210987600"], True),
        (["1234567890123450", "1234567890123451"], False),
        (["123456789012340"], False),  # of 15 digits, which Excel keeps
        (["1234567890123450x"], False),
        (["", ""], False),
        ([], False),
    ],
)
def test_ids_that_may_be_rounded(ids: list[str], may_be: bool) -> None:
    assert may_be_rounded(ids) is may_be


def test_a_rounded_id_is_named() -> None:
    flaw = rounded("1234567890123450")
    assert (flaw.code, "'1234567890123450'" in flaw.message, "rounded" in flaw.message) == (
        "number_damaged",
        True,
        True,
    )
