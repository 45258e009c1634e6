"""Which tables are taken for ours: by a robust set of columns, so that one of a person's own changes nothing."""

from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.reports import (
    is_failed_csv,
    mended_by,
    mended_columns,
    not_applied,
    own_columns,
    refuse_other_reports,
    unsaid_note,
)
from batch_credits.model import Mended
from batch_credits.settings import InputOptions
from tests.each import each

OURS = (
    "credit_row", "credit_outcome", "credit_id", "credit_reference", "credit_error_code", "credit_error_param",
    "credit_error", "credit_http_status", "credit_attempts", "credit_closing_balance", "credit_finished_at",
)  # fmt: skip
THEIRS = ["customer_id", "amount", "note"]


@each("name", [*OURS, "credit_batch"])
def test_one_column_or_two_of_a_persons_own_make_no_report(name: str) -> None:
    for others in ([], [OURS[OURS.index(name) - 1] if name in OURS else OURS[0]], [name, name, name.title()]):
        headers = [*THEIRS, name, *others]
        assert own_columns(headers) == ()
        assert not is_failed_csv(headers)
        refuse_other_reports(Path("payout.csv"), headers)


@pytest.mark.parametrize("headers", [[*THEIRS, *OURS], [*OURS, *THEIRS], [*THEIRS, *OURS[3:]], [*THEIRS, *OURS[:3]]])
def test_three_of_ours_make_a_report_that_is_refused(headers: list[str]) -> None:
    assert [headers[index] for index in own_columns(headers)] == [name for name in headers if name in OURS]
    assert not is_failed_csv(headers)
    with pytest.raises(InputError, match=r"payout\.csv is a report, or was made of one \(it has the columns"):
        refuse_other_reports(Path("payout.csv"), headers)


@pytest.mark.parametrize("spelt", [str.upper, str.title, lambda name: name.replace("_", " "), lambda name: f" {name} "])
def test_another_programs_spelling_of_the_headers_changes_nothing(spelt: object) -> None:
    headers = [spelt(name) for name in (*OURS, "credit_batch")]  # type: ignore[operator]
    assert len(own_columns(headers)) == 12
    assert is_failed_csv(headers)
    assert not is_failed_csv(headers[:-1])


@pytest.mark.parametrize("kept", [OURS[:2], OURS[5:7], OURS])
def test_with_the_batch_and_any_two_more_it_is_a_failed_csv(kept: tuple[str, ...]) -> None:
    headers = [*THEIRS, *kept, "credit_batch"]
    assert is_failed_csv(headers)
    refuse_other_reports(Path("failed.csv"), headers)


def test_what_is_not_applied_is_named_as_it_is_typed() -> None:
    assert not_applied(InputOptions()) == []
    options = InputOptions(header_map=(("amount", "x"),), currency_exponents=(("CLP", 0),), amount_unit="major")
    assert not_applied(options) == ["--amount-unit", "--map", "--currency-exponent"]


@each(
    "headers, places",
    [
        ([*THEIRS, *OURS, "credit_batch"], (14, 3)),
        (["Credit Batch", *OURS[::-1], *THEIRS], (0, 11)),
        ([*THEIRS, *OURS], ()),
        ([*THEIRS, *OURS[1:], "credit_batch"], ()),
        ([*THEIRS, *OURS, "credit_batch", "Credit-Row"], ()),  # two of one: nobody can tell which is ours
    ],
)
def test_where_it_says_which_row_a_row_mends(headers: list[str], places: tuple[int, ...]) -> None:
    assert mended_columns(headers) == places


KEY = "0123456789abcdef" * 4


@each(
    "key, row, says",
    [
        (KEY, "24", Mended(KEY, 24)),
        (f" {KEY.upper()} ", "\u00a024 ", Mended(KEY, 24)),
        ("", "", None),
        (KEY, "", None),
        (KEY[:8], "24", None),
        (KEY[:-1] + "g", "24", None),
        *((KEY, row, None) for row in ("0", "-1", "24.0", "row 24", "\u0662", "1" * 10)),
    ],
)
def test_which_row_it_is(key: str, row: str, says: Mended | None) -> None:
    assert mended_by((key, row)) == says


def test_rows_that_do_not_say_it_are_named() -> None:
    assert "row 7 does not say which row it mends" in unsaid_note([7], 0)
    assert unsaid_note([2, 3], 1_000).endswith("(rows 2, 3 and 1,000 more)")
