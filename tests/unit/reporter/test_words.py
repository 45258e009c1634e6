from typing import Any

import pytest

from batch_credits.model import CallKind, Outcome
from batch_credits.reporter.words import headline, next_steps
from batch_credits.text.counted import rows as rows_in_words
from tests.unit.reporter.conftest import Report, make_row, make_run

C, A, F, J, D, V, P = Outcome


@pytest.mark.parametrize(
    ("outcomes", "changes", "expected"),
    [
        ([], {}, "The file has no rows"),
        ([C], {}, "The row is credited"),
        ([C, C, A], {}, "All 3 rows credited"),
        ([A, A], {}, "All 2 rows were credited before"),
        ([A], {}, "The row was credited before"),
        ([C, F, J], {}, "2 of 3 rows not credited"),
        ([C, V], {}, "1 row needs a person"),
        ([D, V, F], {}, "2 rows need a person, 1 more not credited"),
        ([C, P, V], {}, "Stopped before the end: 1 of 3 rows credited"),
        ([C], {"rows_read": 2}, "The totals do not tie out: a person must look"),
    ],
)
def test_headline(report: Report, outcomes: list[Outcome], changes: dict[str, Any], expected: str) -> None:
    rows = [make_row(n, outcome) for n, outcome in enumerate(outcomes, start=2)]
    assert headline(report(rows, **changes)) == expected


ONE = "57718102" * 8


@pytest.mark.parametrize(
    ("outcomes", "undone", "expected"),
    [
        ([C], 1, "The row was reversed"),
        ([C, A], 2, "All 2 rows were reversed"),
        ([C, C, C], 1, "1 of 3 rows reversed"),
        ([C, C, F], 2, "1 of 3 rows not credited, 2 reversed"),
        ([C, V], 1, "1 row needs a person, 1 reversed"),
        ([C, D, F], 1, "1 row needs a person, 1 more not credited, 1 reversed"),
        ([C, C, P], 1, "Stopped before the end: 2 of 3 rows credited, 1 reversed"),
    ],
)
def test_a_headline_never_says_that_all_is_paid_once_it_was_reversed(
    report: Report, outcomes: list[Outcome], undone: int, expected: str
) -> None:
    rows = [make_row(n, outcome, reversed_by=ONE if n < undone else None) for n, outcome in enumerate(outcomes)]
    assert headline(report(rows)) == expected


def test_a_run_that_nobody_has_ended_is_not_said_to_have_stopped(report: Report) -> None:
    rows = [make_row(2), make_row(3, Outcome.PENDING)]
    assert headline(report(rows, make_run(ended_at=None))) == "Not at its end yet: 1 of 2 rows credited"
    stopped = report(rows, make_run(ended_at=None, stopped="the key was refused"))
    assert headline(stopped) == "Stopped before the end: 1 of 2 rows credited"


@pytest.mark.parametrize(
    ("outcomes", "again"),
    [
        ([V], "it carries on"),
        ([V, P], "it carries on"),
        ([V, D, P], "it carries on, and settles doubt before it sends"),
    ],
)
def test_where_a_person_must_look_first_running_again_comes_last(
    report: Report, outcomes: list[Outcome], again: str
) -> None:
    rows = [make_row(n, outcome) for n, outcome in enumerate(outcomes, start=2)]
    summary = report(rows, make_run(stopped="it was answered with another credit", needs_person=True))
    assert summary.exit_code == 3
    assert headline(summary) == f"Stopped before the end, a person must look: 0 of {rows_in_words(len(rows))} credited"
    assert next_steps(summary) == [
        (
            "Look up 1 row in review at Chargebee, and say for each what you found:",
            "batch-credits resolve ab12cd34 --row N --credited CREDIT_ID (or --not-credited)",
        ),
        (f"Find out why. Only then run the same command again: {again}.", ""),
    ]


# -- Reversals ----------------------------------------------------------------------------------------------

REVERSAL = {"kind": CallKind.DEDUCT, "reverses": "ef56" * 16, "file_name": "reversal of payout.csv"}


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([C], "The row is deducted"),
        ([C, A], "All 2 rows deducted"),
        ([A, A], "All 2 rows were deducted before"),
        ([C, F, J], "2 of 3 rows not deducted"),
        ([D, V, F], "2 rows need a person, 1 more not deducted"),
        ([C, P], "Stopped before the end: 1 of 2 rows deducted"),
    ],
)
def test_the_headline_of_a_reversal(report: Report, outcomes: list[Outcome], expected: str) -> None:
    rows = [make_row(n, outcome) for n, outcome in enumerate(outcomes, start=2)]
    assert headline(report(rows, **REVERSAL)) == expected  # type: ignore[arg-type]
