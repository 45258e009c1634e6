"""What a batch's reports say of the batches that it mends, and of the files that mend its own rows."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from batch_credits.ledger.runs import History
from batch_credits.model import Mend, Mending, Outcome, Parent
from batch_credits.reporter.mending import doubts_about, mend_in_words, mending_in_words, open_in, parent_in_words
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.words import headline, next_steps
from batch_credits.reporter.writing import InOrder, write_reports
from tests.each import each
from tests.unit.reporter.conftest import make_batch, make_row, totals_of

ONE, OTHER = "1234abcd" * 8, "d0fcc168" * 8
C, A, F, J, D, V, P = Outcome
KNOWN = Parent(ONE, 24, 24, 0, "payout.csv", "acme-test")


def mend(rows: int = 24, reversed_rows: int = 0, **counts: int) -> Mend:
    return Mend(
        OTHER, "failed.csv", rows, Counter({Outcome(name): count for name, count in counts.items()}),
        Counter({"57718102" * 8: reversed_rows} if reversed_rows else {}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parent", "words"),
    [
        (KNOWN, "24 rows of payout.csv, batch 1234abcd"),
        (Parent(ONE, 1, 0, 0, None, None), "1 row of batch 1234abcd"),
        (
            Parent(ONE, 24, 24, 0, "payout.csv", "acme-test", 456, "batch 57718102"),
            "24 rows of payout.csv, batch 1234abcd; 456 rows of that batch were reversed by batch 57718102",
        ),
        (
            Parent(ONE, 1, 1, 0, "payout.csv", "acme-test", 1, "batch 57718102"),
            "1 row of payout.csv, batch 1234abcd; 1 row of that batch was reversed by batch 57718102",
        ),
    ],
)
def test_which_rows_are_mended(parent: Parent, words: str) -> None:
    assert parent_in_words(parent) == words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (mend(credited=24), "24 rows mended in failed.csv, batch d0fcc168: 24 credited"),
        (
            mend(credited=19, already_credited=1, in_doubt=1, rejected=3),
            "24 rows mended in failed.csv, batch d0fcc168: 19 credited, 1 already credited, 3 rejected, 1 in doubt",
        ),
        (
            mend(1, 1, credited=1),
            "1 row mended in failed.csv, batch d0fcc168: 1 credited; 1 of them reversed by 57718102",
        ),
    ],
)
def test_what_became_of_them(found: Mend, words: str) -> None:
    assert mend_in_words(found) == words


def test_how_many_are_open() -> None:
    assert (open_in(mend(credited=23, already_credited=1)), open_in(mend(credited=20, failed=4))) == (0, 4)


@each(
    "parent, site, says",
    [
        (KNOWN, "acme-test", ""),
        (Parent(ONE, 24, 0, 0, None, None), "acme-test", "which this ledger does not know"),
        (Parent(ONE, 24, 0, 0, None, None), "", ""),  # a check without a site: no ledger was asked
        (KNOWN, "acme-eu", "of site acme-test, and would be paid on site acme-eu: that closes nothing there"),
        (Parent(ONE, 24, 22, 0, "payout.csv", "acme-test"), "acme-test", "2 rows of this file name a row that"),
        (Parent(ONE, 24, 24, 1, "payout.csv", "acme-test"), "acme-test", "1 row of this file mends a row of batch"),
    ],
)
def test_what_a_person_must_know_before_it_is_paid(parent: Parent, site: str, says: str) -> None:
    doubts = doubts_about([parent], site)
    assert len(doubts) == bool(says)
    assert all(says in sentence for sentence in doubts)


def reported(tmp_path: Path, mending: Mending, *outcomes: Outcome) -> Summary:
    rows = [make_row(number, outcome) for number, outcome in enumerate(outcomes, 2)]
    batch = make_batch(rows_read=len(rows), totals=totals_of(rows))
    return write_reports(batch, History(), lambda: iter(rows), tmp_path, mending=mending)


def test_what_a_later_file_mends_is_not_in_failed_csv_again(tmp_path: Path) -> None:
    mending = Mending([], [mend(2, credited=1, failed=1)], lambda: iter([3, 5]))
    summary = reported(tmp_path, mending, C, F, J, J)
    with summary.paths.failed.open(encoding="utf-8-sig", newline="") as stream:
        assert [line["credit_row"] for line in csv.DictReader(stream)] == ["4"]
    assert headline(summary) == "3 of 4 rows not credited, 2 of them mended since"
    assert next_steps(summary)[-2:] == [
        ("Mend 1 row in failed.csv and run it:", f"batch-credits run {summary.paths.failed}"),
        ("1 row mended in failed.csv is not credited yet:", "batch-credits report d0fcc168"),
    ]


def test_once_all_is_mended_nothing_is_left_to_do(tmp_path: Path) -> None:
    summary = reported(tmp_path, Mending([], [mend(1, credited=1)], lambda: iter([3])), C, F)
    assert next_steps(summary) == [("Nothing more to do.", "")]


def test_the_page_asks_nobody_for_what_is_mended(tmp_path: Path) -> None:
    """It went on to say "Rows that need a person" and "Correct ... in failed.csv", which has them no more."""
    all_of_it = reported(tmp_path, Mending([], [mend(1, credited=1)], lambda: iter([3])), C, F)
    assert "Rows that need a person" not in all_of_it.paths.summary_html.read_text()
    rows = [
        make_row(2, F, error_code="resource_not_found"),
        make_row(3, J, error_code="no_amount"),
        make_row(4, J, error_code="no_amount"),
    ]
    mending = Mending([], [mend(2, credited=2)], lambda: iter([2, 3]))
    batch = make_batch(rows_read=3, totals=totals_of(rows))
    summary = write_reports(batch, History(), lambda: iter(rows), tmp_path, mending=mending)
    page = summary.paths.summary_html.read_text()
    assert "1 row, numbered as a spreadsheet shows them." in page
    assert "Correct the customer id" not in page
    assert next_steps(summary)[0] == ("See what is to be mended:", "batch-credits explain no_amount")


def test_every_report_says_it(tmp_path: Path) -> None:
    mending = Mending([KNOWN], [mend(1, credited=1)], lambda: iter([3]))
    summary = reported(tmp_path, mending, C, F)
    page, said = summary.paths.summary_html.read_text(), json.loads(summary.paths.summary_json.read_text())
    for sentence in mending_in_words(mending):
        assert sentence in page
    assert said["mends"] == [{"batch": ONE, "file": "payout.csv", "site": "acme-test", "rows": 24}]
    [mended] = said["mended_in"]
    assert [mended[name] for name in ("batch", "file", "rows")] == [OTHER, "failed.csv", 1]
    assert mended["counts"]["credited"] == 1


def test_numbers_in_their_order_are_found_without_holding_them() -> None:
    numbers = InOrder(iter([3, 5, 9]))
    assert [number in numbers for number in range(2, 11)] == [number in (3, 5, 9) for number in range(2, 11)]
    assert 3 not in InOrder(())
