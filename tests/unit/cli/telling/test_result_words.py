"""The last screen of a run, wide and narrow, of a payout and of a reversal."""

import re
from pathlib import Path

from batch_credits.cli.telling.result_words import SCREEN_WIDTH, result_in_words
from batch_credits.ledger.runs import History
from batch_credits.model import CallKind, Money, Outcome, ReportRow
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.writing import write_reports
from batch_credits.settings import InputOptions
from batch_credits.views.result import result_view
from tests.unit.reporter.conftest import Report, make_batch, make_row, make_run, report, totals_of

__all__ = ["report"]

C, A, F, J, D, V, P = Outcome
ONE, OTHER = "57718102" * 8, "d0fcc168" * 8
REVERSAL = {"kind": CallKind.DEDUCT, "reverses": "ef56" * 16, "file_name": "reversal of payout.csv"}


def said_of(summary: Summary, width: int = SCREEN_WIDTH) -> str:
    return result_in_words(result_view(summary), width)


def test_the_last_screen_says_who_reversed_what(report: Report) -> None:
    rows = [make_row(n, reversed_by=ONE if n < 4 else OTHER) for n in range(2, 6)]
    summary = report([*rows, make_row(8)])
    said = said_of(summary).splitlines()
    start = said.index("  credited                  5                 62.50 USD")
    assert said[start + 1 : start + 5] == [
        "  of them reversed          2                 25.00 USD",
        "                               by 57718102",
        "  of them reversed          2                 25.00 USD",
        "                               by d0fcc168",
    ]
    start = said.index("4 rows were reversed by batches 57718102 and d0fcc168, and not paid again:")
    assert said[start + 1] == "  batch-credits explain reversed"
    assert "Nothing more to do." not in said
    narrow = said_of(summary, 40)
    assert "\n  of them reversed by 57718102: 2 rows\n    25.00 USD\n" in narrow


def mixed() -> list[ReportRow]:
    rows = [make_row(n) for n in range(2, 192)]
    rows += [make_row(n, money=Money(1500, None, "JPY")) for n in range(192, 292)]
    rows += [make_row(292, F), make_row(293, J, money=None), make_row(294, D), make_row(295, V)]
    return rows


def test_the_last_screen(report: Report) -> None:
    summary = report(mixed(), make_run(stopped="The site did not come back within 10 minutes. " * 3))
    directory = summary.paths.directory
    assert said_of(summary).replace(str(directory), "DIR") == (
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


def test_why_rows_are_not_credited_and_where_it_is_explained(report: Report) -> None:
    rows = [make_row(n, F, error_code="resource_not_found") for n in range(2, 5)]
    rows += [make_row(9, J, money=None, error_code="missing"), make_row(10, F, error_code="\x1b[2J evil")]
    said = said_of(report(rows)).splitlines()
    start = said.index("  failed                    4                 50.00 USD")
    assert said[start + 1 : start + 5] == [
        "                            3  resource_not_found",
        "                               and 1 more kind",
        "  rejected                  1",
        "                            1  missing",
    ]
    start = said.index("See what is to be mended:")
    assert said[start + 1] == "  batch-credits explain resource_not_found missing"
    assert said[start + 2] == "Mend 5 rows in failed.csv and run it:"


def test_the_last_screen_of_a_narrow_terminal(report: Report) -> None:
    summary = report([*mixed(), make_row(299, F, error_code="resource_not_found")])
    said = said_of(summary, 40).splitlines()
    assert all(len(line) <= 40 for line in said if not line.startswith("  batch-") and "/" not in line), said
    start = said.index("  credited: 290 rows")
    assert said[start + 1 : start + 7] == [
        "    150,000 JPY", "    2,375.00 USD", "  failed: 2 rows", "    25.00 USD", "    1 resource_not_found",
        "  rejected: 1 row",
    ]  # fmt: skip


def test_a_good_end_asks_for_nothing(report: Report) -> None:
    assert "\nNothing more to do.\n" in said_of(report([make_row(2)], make_run()))


def test_sentences_fit_80_columns(report: Report) -> None:
    summary = report(mixed(), rows_read=7, totals={}, file_name="a b " * 40 + ".csv")
    lines = said_of(summary).splitlines()
    assert all(len(line) <= 81 or str(summary.paths.directory) in line for line in lines)


def test_the_command_for_failed_can_be_pasted_and_is_whole(tmp_path: Path) -> None:
    options = InputOptions(currency_exponents=(("CLP", 0),), locale="de_DE").as_json()
    batch = make_batch(rows_read=1, totals=totals_of([make_row(2)]), options_json=options)
    summary = write_reports(batch, History(), lambda: [make_row(2, F)], tmp_path / "my reports")
    command = f"batch-credits run '{summary.paths.failed}'"
    assert f"\n  {command}\n" in said_of(summary)


def test_a_reversal_never_speaks_of_credited_rows(report: Report) -> None:
    rows = [make_row(n, outcome) for n, outcome in enumerate(Outcome, start=2)]
    summary = report(rows, make_run(), **REVERSAL)  # type: ignore[arg-type]
    page = re.sub("<[^>]*>", "", summary.paths.summary_html.read_text().partition("<body")[2])
    for text in said_of(summary), page:
        assert "credited" not in re.sub("--(not-)?credited", "", text).lower()
    assert "  already deducted          1" in said_of(summary)
    assert f"batch-credits reverse ef56ef56 --rows {summary.paths.failed} --retry-failed" in said_of(summary)
    assert "reversal of payout.csv at acme-test" in said_of(summary)


def test_nobody_is_told_to_pay_what_a_reversal_could_not_deduct(report: Report) -> None:
    summary = report([make_row(2, F), make_row(3, J)], make_run(), **REVERSAL)  # type: ignore[arg-type]
    assert "batch-credits run" not in said_of(summary)
    assert "batch-credits run" not in summary.paths.summary_html.read_text()
    assert "run that file" not in summary.paths.summary_html.read_text()
