"""Which sheet is read, in workbooks of every kind."""

from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.columns import HeaderMatcher
from batch_credits.loader.workbook.sheets import open_sheet, rows_of, workbook_headers
from batch_credits.settings import InputOptions
from tests.unit.loader.workbook.written import WRITERS, Sheet

FITS = [("customer_id", "amount", "note"), ("c-1", "5", "x")]
TITLED = [("Payout", None, None), *FITS]
NOTES = [("please read", None, None)]
HALF = [("customer_id", "note", None), ("c-1", "x", None)]


@pytest.fixture(params=WRITERS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A workbook of each kind."""
    return tmp_path / f"payout{request.param}"


def opened(path: Path, first: Sheet, *others: Sheet, wanted: str | None = None, **options: object) -> tuple[str, ...]:
    """The notes on the choice."""
    WRITERS[path.suffix](path, first.rows, sheet=first.name, state=first.state, others=others)
    matcher = HeaderMatcher(path, InputOptions(reference="r", description="d", **options))  # type: ignore[arg-type]
    return open_sheet(path, wanted, matcher).notes


def test_the_only_sheet_needs_no_note(path: Path) -> None:
    assert opened(path, Sheet("A", FITS)) == ()


@pytest.mark.parametrize("state", ["hidden", "very hidden"])
def test_nobody_sees_a_hidden_sheet_so_it_is_not_taken(path: Path, state: str) -> None:
    assert opened(path, Sheet("A", FITS), Sheet("B", FITS, state)) == ("sheet 'A' of 2",)
    with pytest.raises(InputError, match="hidden ones are not taken by themselves: 'B'") as refused:
        opened(path, Sheet("A", NOTES), Sheet("B", FITS, state))
    assert [*refused.value.remedies] == [(("--sheet", "B"),)]
    assert opened(path, Sheet("A", FITS), Sheet("B", FITS, state), wanted="B") == (
        "sheet 'B' of 2",
        "sheet 'B' is hidden",
    )


def test_of_several_that_fit_a_person_chooses(path: Path) -> None:
    with pytest.raises(InputError, match="2 sheets can be meant: 'A', 'C'") as refused:
        opened(path, Sheet("A", FITS), Sheet("B", NOTES), Sheet("C", FITS))
    assert [value for ((_, value),) in refused.value.remedies] == ["A", "C"]


def test_the_one_that_fits_is_taken_wherever_it_stands(path: Path) -> None:
    assert opened(path, Sheet("A", NOTES), Sheet("B", HALF), Sheet("C", FITS)) == ("sheet 'C' of 3",)


def test_one_that_fits_below_a_title_is_taken_for_the_rest_to_be_said_of_it(path: Path) -> None:
    assert opened(path, Sheet("A", NOTES), Sheet("B", TITLED)) == ("sheet 'B' of 2",)
    assert opened(path, Sheet("A", FITS), Sheet("B", TITLED)) == ("sheet 'A' of 2",)
    assert opened(path, Sheet("A", FITS), Sheet("B", TITLED), header_row=2) == ("sheet 'B' of 2",)


def test_headers_without_rows_do_not_fit(path: Path) -> None:
    assert opened(path, Sheet("A", FITS[:1]), Sheet("B", FITS)) == ("sheet 'B' of 2",)


def test_where_none_fits_the_nearest_is_read_or_none(path: Path) -> None:
    assert opened(path, Sheet("A", NOTES), Sheet("B", HALF)) == ("sheet 'B' of 2",)
    with pytest.raises(InputError, match="no visible sheet has the columns"):
        opened(path, Sheet("A", NOTES), Sheet("B", NOTES))


def test_headers_of_a_table_of_ours_are_found_in_any_visible_sheet(path: Path) -> None:
    WRITERS[path.suffix](path, NOTES, sheet="A", state="hidden", others=[Sheet("B", [(None,), *FITS])])
    assert workbook_headers(path, None) == ()  # it is a source
    assert [*rows_of(open_sheet(path, "B", HeaderMatcher(path, InputOptions())).values)][-1] == ["c-1", "5", "x"]


def test_a_sheet_is_named_without_regard_to_capitals(path: Path) -> None:
    assert opened(path, Sheet("A", FITS), Sheet("Müller", FITS), wanted="MÜLLER ") == ("sheet 'Müller' of 2",)
    with pytest.raises(InputError, match="no sheet 'C'") as refused:
        opened(path, Sheet("A", FITS), Sheet("B", FITS, "hidden"), wanted="C")
    assert [*refused.value.remedies] == [(("--sheet", "A"),)]
