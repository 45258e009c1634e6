"""What became of a batch, as every face says it first."""

from batch_credits.model import CallKind, Outcome
from batch_credits.views.result import Step, result_view
from tests.unit.reporter.conftest import Report, make_row, make_run, report

__all__ = ["report"]


def test_the_outcomes_that_have_rows_under_their_names(report: Report) -> None:
    rows = [make_row(2), make_row(3, Outcome.ALREADY_CREDITED), make_row(4, Outcome.FAILED, error_code="not_found")]
    view = result_view(report(rows, make_run(stopped="The site did not come back.")))
    assert (view.headline, view.stopped) == (
        "Stopped before the end: 2 of 3 rows credited", "The site did not come back."
    )  # fmt: skip
    assert (view.site, view.is_live, view.file_name, view.exit_code) == ("acme-test", False, "payout.csv", 4)
    assert [(each.name, each.label, each.rows, each.reasons) for each in view.outcomes] == [
        ("credited", "credited", 1, ()),
        ("already_credited", "already credited", 1, ()),
        ("failed", "failed", 1, (("not_found", 1),)),
    ]
    assert [total.words for each in view.outcomes for total in each.totals] == [("12.50 USD",)] * 3
    assert [path.name for path in view.reports] == ["results.csv", "failed.csv", "summary.json", "summary.html"]
    assert len(view.balance) == 1 and view.balance[0].startswith("In balance")


def test_a_reversal_bears_its_own_names(report: Report) -> None:
    view = result_view(report([make_row(2), make_row(3)], kind=CallKind.DEDUCT, reverses="ef56" * 16))
    assert [(each.name, each.label) for each in view.outcomes] == [("deducted", "deducted")]
    assert view.kind is CallKind.DEDUCT


def test_commands_to_paste_have_what_was_given(report: Report) -> None:
    summary = report([make_row(2, Outcome.REVIEW)])
    [step] = result_view(summary, lambda command: ["--ledger", "l"] if command == "resolve" else []).steps
    assert step == Step(
        "Look up 1 row in review at Chargebee, and say for each what you found:",
        "batch-credits resolve ab12cd34 --row N --credited CREDIT_ID --ledger l (or --not-credited)",
    )
    assert result_view(report([make_row(2)])).steps == (Step("Nothing more to do.", ""),)


def test_what_was_deducted_again(report: Report) -> None:
    by = "57718102" * 8
    view = result_view(report([make_row(2, reversed_by=by), make_row(3)]))
    assert (view.undone.rows, [each.key for each in view.undone.by]) == (1, [by])
