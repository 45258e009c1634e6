"""Workbooks of every kind are read alike: the same rows, the same flaws, the same refusals."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader.opening import open_source
from batch_credits.loader.source import EXCEL_SUFFIXES
from batch_credits.loader.wording import is_blank
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.settings import InputOptions
from tests.examples import every, examples
from tests.unit.loader.workbook import written
from tests.unit.loader.workbook.written import DIV0, NOT_AVAILABLE, Truth

OPTIONS = InputOptions(reference="q3", description="d", currency="USD")
HEADER = ("customer_id", "amount", "description", "note")
KINDS: dict[str, Callable[..., Path]] = {".ods": written.ods, ".xls": written.xls, ".xlsb": written.xlsb}
# Calamine takes U+FEFF at the start of a text for a byte order mark.
TEXTS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Zs"], exclude_characters="\x7f\ufeff\ufffe\uffff"),
    max_size=8,
)


def loaded(path: Path, **options: Any) -> list[Any]:
    return [row for chunk in open_source(path, replace(OPTIONS, **options)).chunks() for row in chunk]


@pytest.mark.parametrize("suffix", KINDS)
@settings(derandomize=True, deadline=None, max_examples=examples(80),
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])  # fmt: skip
@given(rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=8))
def test_any_texts_are_read_back_as_they_were_written(tmp_path: Path, suffix: str, rows: list[Any]) -> None:
    path = KINDS[suffix](tmp_path / f"payout{suffix}", [HEADER, *rows])
    expected = [(number, row) for number, row in enumerate(rows, 2) if not is_blank(row)]
    if not expected:
        with pytest.raises(InputError, match="no rows"):
            loaded(path)
        return
    source = open_source(path, OPTIONS)
    table = [pair for chunk in source._table.chunks(3) for pair in zip(chunk.numbers, chunk.rows, strict=True)]
    assert table == expected


@pytest.mark.parametrize("suffix", KINDS)
def test_errors_truth_values_and_damaged_numbers_are_rejected(tmp_path: Path, suffix: str) -> None:
    rows: written.Rows = [
        HEADER,
        ("007", 1050.0, None, Truth(True)),
        (DIV0, 5.0, NOT_AVAILABLE, DIV0),
        (Truth(True), Truth(False), "d", ""),
        (123456789012345678.0, 12.5, "d", ""),
        ("", None, None, None),
        ("c-9", 5.0, "d", ""),
    ]
    path = KINDS[suffix](tmp_path / f"payout{suffix}", rows, hidden=frozenset({2, 6}))
    with pytest.raises(InputError, match=r"rows 3 and 7 are hidden or filtered out, with 0.10 USD") as no:
        loaded(path)
    assert [value for [(_, value)] in no.value.remedies] == ["pay", "skip"]
    assert [row.row_number for row in loaded(path, hidden_rows="skip")] == [2, 4, 5]
    found = loaded(path, hidden_rows="pay")
    assert [row.row_number for row in found] == [2, 3, 4, 5, 7]
    assert [[(p.field, p.code) for p in row.problems] for row in found] == [
        [],
        [("customer_id", "excel_error"), ("description", "excel_error")],
        [("customer_id", "not_text"), ("amount", "not_text")],
        [("customer_id", "number_damaged"), ("amount", "amount_has_decimals")],
        [],
    ]
    assert "#DIV/0!" in found[1].problems[0].message
    assert found[0].cells == ("007", "1050", "", "TRUE")


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_rejects_its_row_alone(tmp_path: Path, suffix: str, number: float) -> None:
    rows = [HEADER, ("c-1", number, "d", ""), (number, 5.0, "d", ""), ("c-3", 5.0, "d", number)]
    found = loaded(KINDS[suffix](tmp_path / f"payout{suffix}", rows))
    assert [[(p.field, p.code) for p in row.problems] for row in found] == [
        [("amount", "not_a_number")],
        [("customer_id", "not_a_number")],
        [],  # a column that is only carried may hold anything
    ]


@pytest.mark.parametrize("suffix", KINDS)
def test_a_sheet_by_its_name_and_one_that_is_not_there(tmp_path: Path, suffix: str) -> None:
    path = KINDS[suffix](tmp_path / f"payout{suffix}", [HEADER, ("007", 5.0, "d", "")], sheet="Q3 <\u00e9>")
    assert len(open_source(path, InputOptions(reference="r", currency="USD", sheet="Q3 <\u00e9>")).headers) == 4
    with pytest.raises(InputError, match="no sheet 'Q4'"):
        open_source(path, InputOptions(reference="r", currency="USD", sheet="Q4"))


@pytest.mark.parametrize("suffix", EXCEL_KINDS)
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"customer_id,amount\n", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_workbook_ends_in_one_sentence(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"payout{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_source(path, OPTIONS)
    assert caught.value.hint


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("seed", every(3, range(60)))
def test_any_damage_ends_in_rows_or_one_refusal(tmp_path: Path, suffix: str, seed: int) -> None:
    chance = random.Random(seed)
    path = KINDS[suffix](tmp_path / f"payout{suffix}", [HEADER, *[(f"c-{n}", 5.0, "d", DIV0) for n in range(9)]])
    content = bytearray(path.read_bytes())
    used = len(content.rstrip(b"\0"))
    for _ in range(chance.randint(1, 6)):
        content[chance.randrange(used)] = chance.randrange(256)
    path.write_bytes(content[: chance.randrange(len(content))] if seed % 4 == 0 else content)
    try:
        found = loaded(path)
    except InputError as error:
        assert error.hint
    else:
        assert all((row.request is None) == bool(row.problems) for row in found)


def test_a_file_of_each_kind_is_told_by_its_suffix() -> None:
    """The table of kinds is loaded for a workbook alone, so the suffixes stand apart from it."""
    assert tuple(EXCEL_KINDS) == EXCEL_SUFFIXES
