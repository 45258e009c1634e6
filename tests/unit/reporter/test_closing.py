"""How a row of a payout ended, whichever of its files settled it, and whether the whole of it ties out."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from justhtml import JustHTML

from batch_credits.ledger import MendingRow
from batch_credits.loader.reports import is_failed_csv, own_columns
from batch_credits.model import ControlTotal, Ending, Money, Outcome, ReportRow
from batch_credits.reporter.closing import Closing, Payout, PayoutFile, close, ended
from batch_credits.reporter.closing_files import CLOSING_COLUMNS, write_closing
from batch_credits.reporter.closing_words import closing_json, headline, open_steps, payout_in_words
from batch_credits.settings import InputOptions
from tests.each import each
from tests.unit.reporter.conftest import make_batch, make_row, make_run, totals_of

FIRST, SECOND, THIRD = 1, 2, 3
C, A, F, J, D, V, P = Outcome
UNDONE: dict[str, Any] = {"reversed_by": "d0fcc168" * 8}
TOTAL: dict[str, Any] = {"error_code": "looks_like_total", "money": None}


def row(outcome: Outcome = C, number: int = 5, credit_id: str | None = None, **changes: Any) -> ReportRow:
    has_credit = outcome in (C, A)
    return make_row(number, outcome, credit_id=credit_id or (f"cr-{number}" if has_credit else None), **changes)


def mend(
    outcome: Outcome = C, batch: int = SECOND, number: int = 2, of: tuple[int, int] = (FIRST, 5), **changes: Any
) -> MendingRow:
    return MendingRow(5, batch, *of, row(outcome, number, **({"credit_id": f"cr-{batch}-{number}"} | changes)))


# What became of row 5 of the first file, the rows that mend it, how it ended, and in which file and row.
FAMILIES: dict[str, tuple[ReportRow, Sequence[MendingRow], Ending, tuple[int, int]]] = {
    "credited at once": (row(), [], Ending.CREDITED, (FIRST, 5)),
    "there before": (row(A), [], Ending.CREDITED, (FIRST, 5)),
    "rejected, mended": (row(J), [mend()], Ending.CREDITED, (SECOND, 2)),
    "failed, mended twice": (row(F), [mend(F), mend(C, THIRD, 7, (SECOND, 2))], Ending.CREDITED, (THIRD, 7)),
    "failed, mended, failed again": (row(F), [mend(J)], Ending.REJECTED, (SECOND, 2)),
    "mended in two files, both refused": (row(F), [mend(F), mend(J, THIRD, 3)], Ending.REJECTED, (THIRD, 3)),
    "mended, then its own try came through": (row(), [mend(J)], Ending.CREDITED, (FIRST, 5)),
    "the same credit on both sides": (
        row(A, credit_id="cr-9"), [mend(credit_id="cr-9")], Ending.CREDITED, (SECOND, 2),
    ),
    "nobody mended it": (row(F, 4), [], Ending.LEFT_OUT, (FIRST, 4)),
    "left out of the second mending": (row(J), [mend(F)], Ending.LEFT_OUT, (SECOND, 2)),
    "a total, which nobody is to mend": (row(J, 4, **TOTAL), [], Ending.TOTAL, (FIRST, 4)),
    "a total that came again": (row(J, **TOTAL), [mend(J, **TOTAL)], Ending.TOTAL, (SECOND, 2)),
    "a total that was made a credit": (row(J, **TOTAL), [mend()], Ending.CREDITED, (SECOND, 2)),
    "in doubt in the mended file": (row(J), [mend(D)], Ending.IN_DOUBT, (SECOND, 2)),
    "in review": (row(J), [mend(V)], Ending.REVIEW, (SECOND, 2)),
    "still to be sent": (row(J), [mend(P)], Ending.PENDING, (SECOND, 2)),
    "reversed": (row(**UNDONE), [], Ending.REVERSED, (FIRST, 5)),
    "mended, and reversed there": (row(J), [mend(**UNDONE)], Ending.REVERSED, (SECOND, 2)),
    "reversed, and paid again": (row(J), [mend(**UNDONE), mend(C, THIRD, 3)], Ending.CREDITED, (THIRD, 3)),
    "reversed, and in doubt again": (row(J), [mend(**UNDONE), mend(D, THIRD, 3)], Ending.IN_DOUBT, (THIRD, 3)),
}  # fmt: skip
MENDED = {
    "nobody mended it": {FIRST},
    "a total, which nobody is to mend": {FIRST},
    "left out of the second mending": {FIRST, SECOND},
}


@each("case", FAMILIES)
def test_a_row_has_one_ending_and_one_place_where_it_was_settled(case: str) -> None:
    own, family, ending, place = FAMILIES[case]
    found = ended(FIRST, own, family, MENDED.get(case, {FIRST}))
    assert (found.own, found.ending) == (own, ending)
    assert (found.settled.batch_id, found.settled.row.row_number) == place
    assert found.again == ()


def test_without_any_mended_file_nothing_is_left_out() -> None:
    assert ended(FIRST, row(F), [], set()).ending is Ending.FAILED


def test_two_credits_for_one_row_are_seen() -> None:
    found = ended(FIRST, row(J), [mend(), mend(C, THIRD, 3)], {FIRST})
    assert [place.row.credit_id for place in found.again] == ["cr-3-3"]
    assert [place.row.credit_id for place in found.credits] == ["cr-2-2", "cr-3-3"]


# -- The whole ----------------------------------------------------------------------------------------------


def payout_of(rows: list[ReportRow], mended: int = 0, **changes: Any) -> Payout:
    """A payout of two files: what the ledger counts agrees unless it is told otherwise."""
    first = make_batch(rows_read=len(rows), totals=totals_of(rows))
    second = make_batch(batch_id=SECOND, key="ef" * 32, file_name="failed.csv", rows_read=mended)
    files = [PayoutFile(first, True, make_run()), PayoutFile(second, False)]
    return replace(Payout(files, {"USD": ControlTotal(2, 2500)}), **changes)


def closed(payout: Payout, rows: list[ReportRow], *mends: MendingRow) -> Closing:
    closing = Closing(payout, False)
    assert [each.own for each in close(closing, rows, mends)] == rows
    return closing


def numbered(first_row: int, outcome: Outcome = C, **changes: Any) -> MendingRow:
    """Row n of the mended file mends row n of the first."""
    return MendingRow(first_row, SECOND, FIRST, first_row, row(outcome, first_row, f"cr-m{first_row}", **changes))


def test_it_is_closed_once_every_row_is_credited_or_reversed() -> None:
    rows = [row(number=2), row(J, 3, money=None, is_unread=True)]
    closing = closed(payout_of(rows, 1), rows, numbered(3))
    assert (closing.is_closed, headline(closing)) == (True, "Closed: all 2 rows credited")
    assert (closing.differences, open_steps(closing)) == ((), [])
    assert payout_in_words(closing) == "payout.csv, batch ab12cd34, and 1 file mended from it"
    assert closing.change == {"USD": ControlTotal(1, 1250)} and closing.changed == 1
    undone = closed(payout_of(rows, 1), rows, numbered(3, **UNDONE))
    assert (undone.is_closed, headline(undone)) == (True, "Closed: of 2 rows 1 credited, 1 reversed")
    rows.append(row(J, 4, **TOTAL))
    total = closed(payout_of(rows, 1), rows, numbered(3))
    assert (total.is_closed, open_steps(total)) == (True, [])
    assert headline(total) == "Closed: of 3 rows 2 credited, 1 a total of others"


def test_what_is_open_is_named_with_what_to_do_and_the_sums_tie_out() -> None:
    rows = [row(number=2), row(F, 3), row(J, 4), row(J, 5), row(P, 6), row(V, 7)]
    closing = closed(payout_of(rows, 2, credited={"USD": ControlTotal(1, 1250)}), rows, numbered(3, F), numbered(4, D))
    assert not closing.is_closed and closing.differences == ()
    assert headline(closing) == "Open: 5 of 6 rows not credited yet"
    assert closing.counts == {
        Ending.CREDITED: 1, Ending.FAILED: 1, Ending.IN_DOUBT: 1, Ending.LEFT_OUT: 1, Ending.PENDING: 1,
        Ending.REVIEW: 1,
    }  # fmt: skip
    steps = open_steps(closing)
    assert [command for _, command in steps] == [
        "batch-credits report ab12cd34",
        "",
        "batch-credits resolve ab12cd34 --row N --credited CREDIT_ID (or --not-credited)",
        "batch-credits report efefefef",
        "",
    ]
    assert steps[0][0].startswith("1 row of payout.csv (1 left out of what was mended since)")
    first = replace(closing.payout.files[0], run=make_run(settings_json='{"ledger": "/data/my l.sqlite3"}'))
    named = replace(closing, payout=replace(closing.payout, files=[first, closing.payout.files[1]]))
    assert [command for _, command in open_steps(named)][:3] == [
        "batch-credits report ab12cd34 --ledger '/data/my l.sqlite3'",
        "",
        "batch-credits resolve ab12cd34 --row N --credited CREDIT_ID --ledger '/data/my l.sqlite3' (or --not-credited)",
    ]


def test_what_scripts_are_told(tmp_path: Path) -> None:
    rows = [row(number=2), row(F, 3), row(J, 4, money=None, is_unread=True)]
    payout = payout_of(rows, 1, credited={"USD": ControlTotal(1, 1250)})
    said = closing_json(write_closing(payout, rows, [numbered(3, F)], tmp_path, live=False))
    assert {name: said[name] for name in ("closed", "rows", "unreadable_amounts", "credited_again", "differences")} == {
        "closed": False, "rows": 3, "unreadable_amounts": 1, "credited_again": 0, "differences": [],
    }  # fmt: skip
    assert {ending: count for ending, count in said["counts"].items() if count} == {
        "credited": 1, "failed": 1, "left_out": 1,
    }  # fmt: skip
    assert (said["totals"]["credited"], said["files"]) == ({"USD": 1250}, ["ab12cd34" * 8, "ef" * 32])


def test_a_row_that_is_credited_twice_keeps_it_open() -> None:
    rows = [row(number=2), row(J, 3)]
    second = numbered(3)
    third = second._replace(batch_id=THIRD, row=row(number=9))
    closing = closed(payout_of(rows, credited={"USD": ControlTotal(3, 3750)}), rows, second, third)
    assert (closing.is_closed, closing.differences) == (False, ())
    assert headline(closing) == "Open: 1 of 2 rows credited more than once"


@pytest.mark.parametrize("outcome", [P, D, V])
def test_a_row_that_is_credited_and_may_be_again_keeps_it_open(tmp_path: Path, outcome: Outcome) -> None:
    rows = [row(number=2), row(J, 3)]
    second = numbered(3)
    third = second._replace(row=row(outcome, 9))
    closing = closed(payout_of(rows), rows, second, third)
    assert (closing.is_closed, closing.differences, closing.again) == (False, (), 0)
    assert headline(closing) == "Open: 1 of 2 rows credited, and may be credited once more"
    assert [sentence for sentence, _ in open_steps(closing) if "sent if its file is run again" in sentence]
    _, page = written(tmp_path, rows, second, third)
    assert f"credit cr-m3; row 9 that mends it {outcome.value.replace('_', ' ')}" in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"credited": {"USD": ControlTotal(1, 1250)}}, "USD: 1 amounts with 1,250 minor units the ledger counts"),
        ({"rows_read": 3}, "3 rows were read, but 2 have an ending."),
        ({"totals": {"USD": ControlTotal(2, 9)}}, "USD: 2 amounts with 9 minor units were read from the first file"),
    ],
)
def test_what_does_not_tie_out_is_said(changes: dict[str, Any], says: str) -> None:
    rows = [row(number=2), row(J, 3)]
    payout = payout_of(rows, **{key: value for key, value in changes.items() if key == "credited"})
    of_first = {key: value for key, value in changes.items() if key != "credited"}
    first = replace(payout.files[0], batch=replace(payout.first, **of_first))
    closing = closed(replace(payout, files=[first, payout.files[1]]), rows, numbered(3))
    assert [sentence for sentence in closing.differences if sentence.startswith(says)]
    assert headline(closing) == "The payout does not tie out: a person must look"


# -- On disk ------------------------------------------------------------------------------------------------


def written(
    tmp_path: Path, rows: list[ReportRow], *mends: MendingRow, **changes: Any
) -> tuple[list[dict[str, str]], str]:
    payout = payout_of(rows, len(mends), **changes)
    closing = write_closing(payout, rows, mends, tmp_path, live=False)
    table, page = closing.paths
    with table.open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.DictReader(stream))
    return lines, page.read_text(encoding="utf-8")


def test_the_table_has_every_row_with_whom_it_paid_and_where(tmp_path: Path) -> None:
    rows = [row(number=2), row(J, 3, error_code="missing", cells=("=2+2", "x", "", ""), money=None, is_unread=True)]
    mended = numbered(3, cells=("c-3", "12", "USD", ""), money=Money(1200, None, "USD"))
    lines, _ = written(tmp_path, rows, mended, credited={"USD": ControlTotal(2, 2450)})
    first, second = lines
    assert list(first) == ["customer_id", "amount", "currency_code", "note", *CLOSING_COLUMNS]
    assert [first[f"closing_{name}"] for name in ("file", "row", "amount")] == ["payout.csv", "2", "1250"]
    assert second["customer_id"] == "'=2+2"
    assert {name: second[name] for name in CLOSING_COLUMNS if second[name]} == {
        "credit_row": "3", "credit_outcome": "credited", "credit_id": "cr-m3", "credit_reference": "q3",
        "closing_customer_id": "c-3", "closing_amount": "1200", "closing_currency": "USD",
        "closing_file": "failed.csv", "closing_batch": "ef" * 32, "closing_row": "3",
    }  # fmt: skip
    assert own_columns(list(first)) and not is_failed_csv(list(first)), "it is refused as a file to pay"


def test_amounts_are_in_the_unit_of_the_first_file(tmp_path: Path) -> None:
    rows = [row(number=2), row(J, 3, money=None)]
    payout = payout_of(rows, 1)
    options = InputOptions(reference="q3", amount_unit="major").as_json()
    first = replace(payout.files[0], batch=replace(payout.first, options_json=options))
    closing = write_closing(
        replace(payout, files=[first, payout.files[1]]), rows, [numbered(3)], tmp_path, live=False
    )
    with closing.paths[0].open(encoding="utf-8-sig", newline="") as stream:
        assert [line["closing_amount"] for line in csv.DictReader(stream)] == ["12.50", "12.50"]


def test_the_page_says_it_all_and_nothing_from_outside_acts(tmp_path: Path) -> None:
    rows = [row(number=2), row(F, 3, error="<script>alert(1)</script>"), row(J, 4, money=None, is_unread=True)]
    _, page = written(tmp_path, rows, numbered(3, F, error="<b>no</b>"), credited={"USD": ControlTotal(1, 1250)})
    document = JustHTML(page, collect_errors=True, sanitize=False, max_errors=10)
    assert document.errors == [] and not document.query("script, b")
    assert {dict(link.attrs or {})["href"] for link in document.query("a")} == {"closing.csv", "summary.html"}
    text = " ".join(document.query("body")[0].to_text().split())
    for said in (
        "Open: 2 of 3 rows not credited yet", "1 row of payout.csv (1 left out", "batch-credits report efefefef",
        "It does: the endings add up", "1 row has no readable amount", "failed.csv", "finance, 2026-10-01 08:00:00 UTC",
        "Rows that are open", "left out , 1 row", "cannot be read", "Approved by",
    ):  # fmt: skip
        assert said in text, (said, text)


def test_amounts_of_several_currencies_stand_apart_and_signatures_beside_them(tmp_path: Path) -> None:
    rows = [row(number=2), row(C, 3, money=Money(500, None, "EUR"))]
    credited = {"USD": ControlTotal(1, 1250), "EUR": ControlTotal(1, 500)}
    _, page = written(tmp_path, rows, credited=credited)
    document = JustHTML(page, sanitize=False)
    [last] = document.query(".first tfoot td:last-child")
    assert [" ".join(each.to_text().split()) for each in last.query(".amount")] == ["5.00 EUR", "12.50 USD"]
    assert len(document.query(".first .sign")) == len(document.query(".sign")) == 1
