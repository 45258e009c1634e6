from pathlib import Path
from typing import Any

import pytest

from batch_credits.model import Money, Outcome, ReportRow
from batch_credits.reporter import summary_text, write_reports
from batch_credits.reporter.words import LABELS, MEANINGS, advice, headline
from batch_credits.settings import InputOptions
from tests.unit.reporter.conftest import Report, make_batch, make_row, make_run, totals_of

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


def mixed() -> list[ReportRow]:
    rows = [make_row(n) for n in range(2, 192)]
    rows += [make_row(n, money=Money(1500, None, "JPY")) for n in range(192, 292)]
    rows += [make_row(292, F), make_row(293, J, money=None), make_row(294, D), make_row(295, V)]
    return rows


def test_the_last_screen(report: Report) -> None:
    summary = report(mixed(), make_run(stopped="The site did not come back within 10 minutes. " * 3))
    directory = summary.paths.directory
    assert summary_text(summary).replace(str(directory), "DIR") == (
        "Stopped before the end: 290 of 294 rows credited.\n"
        "\n"
        "payout.csv to acme-test (TEST site), batch ab12cd34\n"
        "\n"
        "Stopped: The site did not come back within 10 minutes. The site did not come\n"
        "back within 10 minutes. The site did not come back within 10 minutes.\n"
        "\n"
        "  credited                290               150,000 JPY\n"
        "                                           2,375.00 USD\n"
        "  failed                    1                 12.50 USD\n"
        "  rejected                  1\n"
        "  in doubt                  1                 12.50 USD\n"
        "  review                    1                 12.50 USD\n"
        "\n"
        "In balance: the outcomes add up to the rows and the totals read from the file.\n"
        "\n"
        "Run the same command again: it carries on, and settles doubt before it sends.\n"
        "Look up 1 row in review at Chargebee, and say for each what you found:\n"
        "  batch-credits resolve ab12cd34 --row N --credited CREDIT_ID (or --not-credited)\n"
        "Mend 2 rows in failed.csv and run it:\n"
        "  batch-credits run DIR/failed.csv\n"
        "\n"
        "  DIR/results.csv\n"
        "  DIR/failed.csv\n"
        "  DIR/summary.json\n"
        "  DIR/summary.html"
    )


def test_a_good_end_asks_for_nothing(report: Report) -> None:
    assert "\nNothing more to do.\n" in summary_text(report([make_row(2)], make_run()))


def test_sentences_fit_80_columns(report: Report) -> None:
    summary = report(mixed(), rows_read=7, totals={}, file_name="a b " * 40 + ".csv")
    lines = summary_text(summary).splitlines()
    assert all(len(line) <= 81 or str(summary.paths.directory) in line for line in lines)


def test_the_command_for_failed_can_be_pasted_and_is_whole(tmp_path: Path) -> None:
    options = InputOptions(currency_exponents=(("CLP", 0),), locale="de_DE").as_json()
    batch = make_batch(rows_read=1, totals=totals_of([make_row(2)]), options_json=options)
    summary = write_reports(batch, None, lambda: [make_row(2, F)], tmp_path / "my reports")
    command = f"batch-credits run '{summary.paths.failed}' --currency-exponent CLP=0 --locale de_DE"
    assert f"\n  {command}\n" in summary_text(summary)


def test_every_outcome_has_words() -> None:
    assert set(LABELS) == set(MEANINGS) == set(Outcome)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (make_row(2), ""),
        (make_row(2, A), ""),
        (make_row(2, P), "Run the same command again."),
        (make_row(2, J), "Mend the row in failed.csv and run that file."),
        (make_row(2, F, error_code="param_wrong_value"), "Mend the row in failed.csv and run that file."),
        (make_row(2, F, error_code="resource_not_found"), "Correct the customer id"),
        (make_row(2, D), "Do not credit by hand."),
        (make_row(17, V), "settle row 17"),
    ],
)
def test_advice(row: ReportRow, expected: str) -> None:
    assert expected in advice(row)
