import csv
import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch_credits.text.formula import escape_formula, unescape_formula
from tests.each import each
from tests.examples import examples

nasty = st.text(alphabet="'=+-@\t\r\n 0123.9aé\uff1d", max_size=12)


@each(
    "text",
    [
        "=1+1",
        "+1+1",
        "-2+3",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "-",
        "+",
        "- 1",
        " =1+1",
        "\n=1+1",
        "\uff1d1+1",
        "-1\n=2",
        "-\uff11",
    ],
)
def test_a_formula_becomes_text(text: str) -> None:
    assert escape_formula(text) == "'" + text


@each(
    "text",
    ["", "00123", "-12.50", "+3", "-.5", "-1.", " -12.50 ", "a=b", "O'Neil", "'quoted'", "3-4", "1E5", "Zoë", "\n"],
)
def test_what_no_spreadsheet_runs_stays_as_it_is(text: str) -> None:
    assert escape_formula(text) == text
    assert unescape_formula(text) == text


@each("text", ["'=1", "''=1", "'\tx", "'-5", "' =1"])
def test_what_looks_escaped_already_is_escaped_once_more(text: str) -> None:
    assert escape_formula(text) == "'" + text
    assert unescape_formula("'" + text) == text


@settings(derandomize=True, max_examples=examples(500))
@given(nasty | st.text(max_size=40))
@example("'=cmd")
def test_unescaping_undoes_escaping(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text


@settings(derandomize=True, max_examples=examples(500))
@given(nasty | st.text(max_size=40))
def test_nothing_escaped_begins_like_a_formula_but_a_number(text: str) -> None:
    escaped = escape_formula(text)
    if escaped.lstrip()[:1] in ("=", "+", "-", "@"):
        assert escaped == text
        float(text)


@settings(derandomize=True, max_examples=examples(200))
@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_no_number_is_touched(number: object) -> None:
    for text in (f"{number:f}", f"+{number:f}".replace("+-", "-")):
        assert escape_formula(text) == text


def test_it_survives_a_csv_file() -> None:
    cells = ["=1", "'=1", "a\rb", '"', "x,y", "-5"]
    stream = io.StringIO(newline="")
    csv.writer(stream).writerow([escape_formula(cell) for cell in cells])
    stream.seek(0)
    assert [unescape_formula(cell) for cell in next(csv.reader(stream))] == cells
