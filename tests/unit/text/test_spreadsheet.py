"""How spreadsheets name their columns."""


from batch_credits.text.spreadsheet import column_letters
from tests.each import each


@each(
    "column, letters", [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
)
def test_letters_of_columns(column: int, letters: str) -> None:
    assert column_letters(column) == letters
