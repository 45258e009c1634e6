from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.columns import MatchedHeaders
from batch_credits.loader.hidden_rows import RANGES_SHOWN, hidden_notes
from batch_credits.loader.table import Chunk
from batch_credits.settings import InputOptions
from tests.each import each

HEADERS = ("customer_id", "amount", "reference", "description")
BOOK = Path("payout.xlsx")


class Sheet:
    """A table of which only hidden rows are asked."""

    file_sha256, notes, last_row = "", (), (99, ("", "", "", ""))

    def __init__(self, hidden: dict[int, str]) -> None:
        self.matched = MatchedHeaders(HEADERS, (0, 1, 2, 3), {name: at for at, name in enumerate(HEADERS)}, ())
        self.hidden_rows = tuple(hidden)
        self._amounts = hidden

    def hidden_chunks(self, size: int) -> Iterator[Chunk]:
        yield Chunk([*self._amounts], [(f"c-{row}", amount, "r", "d") for row, amount in self._amounts.items()])

    def chunks(self, size: int) -> Iterator[Chunk]:
        raise AssertionError("nobody asks for the others")


def said(hidden: dict[int, str], choice: str | None = None, **more: object) -> str:
    options = InputOptions(currency="USD", hidden_rows=choice, **more)  # type: ignore[arg-type]
    return " ".join(hidden_notes(BOOK, Sheet(hidden), options))


def test_a_sheet_that_hides_nothing_needs_no_word() -> None:
    assert said({}) == ""


@each(
    "hidden, words",
    [
        ({3: "2435"}, "row 3 is hidden or filtered out, with 24.35 USD"),
        ({3: "100", 4: "200"}, "rows 3 to 4 are hidden or filtered out, with 3.00 USD"),
        ({3: "1", 5: "1", 6: "1", 9: "1"}, "rows 3, 5 to 6 and 9 are hidden or filtered out, with 0.04 USD"),
        ({3: "100", 4: "ten"}, "with 1.00 USD and 1 amount that cannot be read"),
        ({3: "x", 4: "y"}, "with 2 amounts that cannot be read"),
    ],
)
def test_hidden_rows_are_refused_with_what_they_come_to(hidden: dict[int, str], words: str) -> None:
    with pytest.raises(InputError) as refused:
        said(hidden)
    assert words in refused.value.message
    assert refused.value.remedies == ((("--hidden-rows", "pay"),), (("--hidden-rows", "skip"),))


def test_a_long_list_is_cut_and_says_how_many_more() -> None:
    hidden = dict.fromkeys(range(2, 2 + 2 * (RANGES_SHOWN + 3), 2), "1")
    with pytest.raises(InputError, match=" and 3 more are hidden"):
        said(hidden)


def test_what_was_chosen_is_noted() -> None:
    assert said({3: "2435"}, "pay") == "row 3, hidden in the sheet, is read like the others: 24.35 USD"
    assert said({3: "1", 4: "1"}, "skip") == "rows 3 to 4, hidden in the sheet, are left out: 0.02 USD"


def test_a_failed_csv_takes_no_option_so_none_is_offered() -> None:
    with pytest.raises(InputError) as refused:
        hidden_notes(BOOK, Sheet({3: "1"}), InputOptions(currency="USD", amount_unit="minor", failed_csv=True))
    assert refused.value.remedies == () and "Show the rows" in refused.value.hint
