"""Everything that a check has found, and its exit code."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from batch_credits.errors import ControlError
from batch_credits.model import ControlTotal, Outcome, Problem
from batch_credits.model.undone import Undone
from batch_credits.planning.customers import CustomerFinding, Preflight
from batch_credits.planning.plan import Plan
from batch_credits.settings import RunSettings
from batch_credits.views.check import CheckView, FileView, RowWithProblem, customers_view, problems_view
from batch_credits.views.plan import plan_view
from batch_credits.views.terms import pace_of
from tests.each import each
from tests.unit.ledger.conftest import Book

UNDONE = Undone({"57718102" * 8: {"USD": ControlTotal(1, 5)}})


@each(
    "outcome, undone, refusal, code",
    [
        (Outcome.PENDING, Undone(), None, 0),
        (Outcome.REJECTED, Undone(), None, 1),
        (Outcome.CREDITED, UNDONE, None, 1),
        (Outcome.PENDING, Undone(), ControlError("too much"), 2),
        (Outcome.REJECTED, Undone(), ControlError("too much"), 2),
    ],
)
def test_the_exit_code_of_a_check(outcome: Outcome, undone: Undone, refusal: ControlError | None, code: int) -> None:
    totals = {"USD": ControlTotal(1, 5)}
    plan = Plan(1, "ab" * 32, True, 1, totals, {outcome: totals}, {}, {}, undone=undone)
    found = CheckView(
        file=FileView(Path("payout.csv"), "cd" * 32, ()), plan=plan_view(plan, {}), site=None, ledger=Path("l"),
        ledger_is_there=False, pace=pace_of(1, RunSettings()), problems=(), rejected_csv=None, customers=None,
        refusal=refusal,
    )  # fmt: skip
    assert found.exit_code == code


def test_each_kind_of_problem_has_its_first_rows_with_what_stands_there(tmp_path: Path) -> None:
    book = Book(tmp_path / "ledger.sqlite3")
    wrong, none = Problem("amount", "wrong", "That is no amount."), Problem("reference", "missing", "There is none.")
    batch_id = book.plan(book.row(2), *(book.bad_row(number, wrong) for number in range(3, 8)), book.bad_row(8, none))
    batch = replace(book.ledger.batches.staged(batch_id), columns={"amount": 0})
    [many, one] = problems_view(book.ledger, batch, book.ledger.reports.problem_groups(batch_id))
    assert (many.group.rows, one.group.rows) == (5, 1)
    assert [row.row_number for row in many.first] == [3, 4, 5]
    cells = next(book.ledger.reports.problems(batch_id)).cells
    assert many.first[0] == RowWithProblem(3, cells[0].strip(), "That is no amount.")
    assert one.first == (RowWithProblem(8, "", "There is none."),)
    book.close()


def test_what_is_wrong_with_customers_is_counted_by_code() -> None:
    finding = CustomerFinding(7, "c-1", "missing", "Chargebee has no customer 'c-1'.")
    view = customers_view(Preflight(12, Counter(missing=2, deleted=1), [finding]))
    assert (view.asked, list(view.counts.items()), view.findings) == (12, [("deleted", 1), ("missing", 2)], (finding,))
