from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher
from batch_credits.loader.csv.delimiter import sniffed, split
from batch_credits.settings import InputOptions

HEADERS = ("customer_id", "amount", "reference")


def sniff(text: str, **options: object) -> str:
    return sniffed(text, HeaderMatcher(Path("payout.csv"), InputOptions(**options)))  # type: ignore[arg-type]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("before", ["", "\ufeff", "\n\n", "Payout of Q3\n\n", "Payout, of Q3; all\n"])
def test_the_delimiter_is_that_of_the_header_line_wherever_it_stands(delimiter: str, before: str) -> None:
    rows = ("c-1", "1,5", "a;b|c")
    assert sniff(f"{before}{delimiter.join(HEADERS)}\n{delimiter.join(rows)}\n") == delimiter


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("customer_id;amount, gross;reference\n", ";"),
        ("customer_id,amount,points;bonus\n", ","),
        ("a\n", ","),
        ("", ","),
        ('"customer\r\nid";amount\r\nc-1;5\r\n', ";"),
        ('Payout\n"customer\nid"\tamount\n', "\t"),
        ('"Payout of Q3\ncustomer_id;amount\nc-1;5\n', ";"),
    ],
)
def test_of_several_the_one_that_yields_the_most_fields(text: str, delimiter: str) -> None:
    assert sniff(text) == delimiter


def test_a_stated_header_row_is_looked_at_alone() -> None:
    text = f"a;b;c\n{','.join(HEADERS)}\n"
    assert sniff(text, header_row=2) == ","
    assert sniff(text, header_row=1) == ";"
    assert sniff(text, header_row=9) == ","


def test_a_header_line_that_can_be_split_in_two_ways_is_refused() -> None:
    with pytest.raises(InputError, match="by comma and by semicolon") as refused:
        sniff("customer_id;x,amount\n")
    assert "--delimiter" in refused.value.hint


@pytest.mark.parametrize(
    ("line", "cells"), [('a,"b,c",d\n', ["a", "b,c", "d"]), ("", []), ("a", ["a"]), ('"a""b",c', ['a"b', "c"])]
)
def test_cells_of_a_line(line: str, cells: list[str]) -> None:
    assert split(line, ",") == cells
