from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher
from batch_credits.loader.csv.delimiter import sniffed, split
from batch_credits.loader.csv.scan import scan_csv
from batch_credits.settings import InputOptions
from tests.each import each

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


@each(
    "content, options, sign, said",
    [
        ("sep=;\ncustomer_id,amount\nc,5\n", {}, ",", "by comma, not by semicolon"),
        ("customer_id;amount\nc;5\n", {"delimiter": ","}, ";", "by semicolon, not by comma"),
        ("customer_id^amount\nc^5\n", {}, "^", r"by '\^', not by comma"),
        ("customer_id~amount\nc~5\n", {}, "~", "by '~', not by comma"),
        ("Customer ID:Amount\nc:5\n", {}, ":", "by ':', not by comma"),
        ("\n\u00a6customer_id\u00a6amount\u00a6\n\u00a6c\u00a65\u00a6\n", {}, "\u00a6", "row 2: .* by '\u00a6'"),
    ],
)
def test_headers_that_another_sign_divides_name_it(
    tmp_path: Path, content: str, options: dict[str, str], sign: str, said: str
) -> None:
    path = tmp_path / "payout.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=said) as refused:
        scan_csv(path, InputOptions(**options))  # type: ignore[arg-type]
    assert refused.value.remedies == ((("--delimiter", sign),),)
    shape = scan_csv(path, InputOptions(delimiter=sign, reference="q3", description="d"))
    assert (shape.matched.columns.keys(), shape.rows) == ({"customer_id", "amount"}, 1)


@each("header", ["customer_id amount", "customer_id  amount", "customer_id-amount", "customer_id\x1famount"])
def test_what_may_stand_within_a_header_divides_none(tmp_path: Path, header: str) -> None:
    path = tmp_path / "payout.csv"
    path.write_text(f"{header}\n{header}\n")
    with pytest.raises(InputError, match="No column"):
        scan_csv(path, InputOptions())
