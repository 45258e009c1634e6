"""A content that came before, and a reference that is another content's: refused before anything is owed, and where
nobody else can make anything owed meanwhile."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from batch_credits.errors import ControlError
from batch_credits.ledger import Ledger
from batch_credits.model import LoadedRow, Problem, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows, add_rows
from batch_credits.planning.plan import Plan, stage
from batch_credits.planning.repeats import Repeat, refuse_repeat, repeat_of
from batch_credits.settings import InputOptions

SITE = "acme-test"
ONE, OTHER = "ab" * 32, "cd" * 32


class File:
    """A source of one row for each customer; those called "bad" are rejected."""

    def __init__(self, sha256: str, reference: str | None, *customers: str) -> None:
        self.path = Path(f"{sha256[:2]}.csv")
        self.file_sha256 = sha256
        self.headers = ("customer_id",)
        self.columns = {"customer_id": 0}
        self.options = InputOptions(reference=reference)
        self.totals = SimpleNamespace(read={}, found=[], unequal=[])
        self._rows = [self._row(number, each) for number, each in enumerate(customers, 2)]

    def _row(self, number: int, customer: str) -> LoadedRow:
        reference = self.options.reference or "its own"
        if customer == "bad":
            return LoadedRow(number, ("",), None, (Problem("amount", "missing", "No amount."),), None, None)
        request = CreditRequest(
            customer_id=customer, reference=reference, description="Loyalty", currency_code="USD", amount=100
        )
        return LoadedRow(number, (customer,), request, (), customer, reference, request.money)

    def chunks(self) -> Iterator[LoadedRows]:
        rows = LoadedRows.of(self._rows)
        add_rows(self.totals.read, rows)
        yield rows


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def staged(ledger: Ledger, sha256: str, reference: str | None, *customers: str, site: str = SITE) -> Plan:
    return stage(ledger, File(sha256, reference, *customers), site)  # type: ignore[arg-type]


def admitted(ledger: Ledger, sha256: str, reference: str | None, *customers: str, site: str = SITE) -> Plan:
    plan = staged(ledger, sha256, reference, *customers, site=site)
    ledger.admission.admit(plan.batch_id)
    return plan


def paid(ledger: Ledger, plan: Plan, state: str = "credited") -> None:
    """All of its rows are credited, or in this state."""
    more = ", credit_id = 'c' || request_id" if state == "credited" else ""
    for path in ("in_flight", state):
        extra = more if path == "credited" else ""
        ledger._db._connection.execute(
            f"UPDATE credit_request SET state = '{path}'{extra} WHERE batch_id = {plan.batch_id}"
        )


def found(ledger: Ledger, sha256: str, reference: str | None) -> Repeat | None:
    return repeat_of(ledger, ledger.batches.all(), sha256, reference)


def test_nothing_came_before(ledger: Ledger) -> None:
    assert found(ledger, ONE, "q3") is None
    admitted(ledger, OTHER, "q2", "c-1")
    assert found(ledger, ONE, "q3") is None
    assert found(ledger, ONE, None) is None


def test_a_content_that_is_paid(ledger: Ledger) -> None:
    plan = admitted(ledger, ONE, "q3", "c-1", "c-2")
    paid(ledger, plan)
    for reference in ("q3", "q4", None):
        repeat = found(ledger, ONE, reference)
        assert repeat is not None and repeat.batch == plan.key and repeat.reference is None
        assert "The same content came before, as ab.csv" in repeat.what and "2 rows (2 already credited)" in repeat.what


def test_what_was_begun_may_be_gone_on_with_by_its_own_reference_alone(ledger: Ledger) -> None:
    admitted(ledger, ONE, "q3", "c-1")
    assert found(ledger, ONE, "q3") is None
    repeat = found(ledger, ONE, "q4")
    assert repeat is not None and repeat.reference == "q3" and "'q3'" in repeat.hint
    assert found(ledger, ONE, None) is not None  # without one its rows would be rejected


def test_rows_with_references_of_their_own_may_be_gone_on_with_by_any(ledger: Ledger) -> None:
    admitted(ledger, ONE, None, "c-1")
    assert found(ledger, ONE, "q3") is None
    assert found(ledger, ONE, None) is None


def test_of_a_content_that_was_rejected_nothing_was_sent(ledger: Ledger) -> None:
    admitted(ledger, ONE, None, "bad", "bad")
    assert found(ledger, ONE, "q3") is None


@pytest.mark.parametrize("state", [RequestState.FAILED, RequestState.REVIEW])
def test_what_was_not_credited_is_to_be_mended(ledger: Ledger, state: str) -> None:
    paid(ledger, admitted(ledger, ONE, "q3", "c-1"), state)
    repeat = found(ledger, ONE, "q3")
    assert repeat is not None and "failed.csv" in repeat.hint


@pytest.mark.parametrize("reference", ["q3", "Q3", " q3 "])
def test_a_reference_that_is_another_contents(ledger: Ledger, reference: str) -> None:
    admitted(ledger, ONE, "q3", "c-1")
    repeat = found(ledger, OTHER, reference)
    assert repeat is not None and repeat.batch is None and "another file, ab.csv" in repeat.what


def test_a_reference_stays_anothers_for_a_content_that_came_without_it(ledger: Ledger) -> None:
    """Or a first try that was rejected whole would let the next one find everybody paid by the other file."""
    paid(ledger, admitted(ledger, ONE, "q3", "c-1"))
    admitted(ledger, OTHER, None, "bad")
    repeat = found(ledger, OTHER, "q3")
    assert repeat is not None and "another file, ab.csv" in repeat.what
    assert found(ledger, OTHER, "q4") is None
    admitted(ledger, OTHER, "q3", "bad")
    assert found(ledger, OTHER, "q3") is not None


def test_what_was_begun_is_gone_on_with_though_another_content_has_its_reference(ledger: Ledger) -> None:
    for content in (ONE, OTHER):
        admitted(ledger, content, "q3", f"c-{content[:2]}")
    assert found(ledger, OTHER, "q3") is None


def test_of_two_batches_of_one_content_one_that_is_paid_is_enough(ledger: Ledger) -> None:
    paid(ledger, admitted(ledger, ONE, "by hand", "c-1"))
    admitted(ledger, ONE, "q3", "c-1")
    assert found(ledger, ONE, "q3") is not None


def test_before_anything_is_asked(ledger: Ledger) -> None:
    paid(ledger, admitted(ledger, ONE, "q3", "c-1"))
    with pytest.raises(ControlError, match="came before"):
        refuse_repeat(ledger, staged(ledger, ONE, "q4", "c-1").batch_id)
    refuse_repeat(ledger, staged(ledger, ONE, "q4", "c-1", site="another-site").batch_id)
    refuse_repeat(ledger, staged(ledger, OTHER, "q5", "c-1").batch_id)


def test_when_it_is_admitted_nobody_else_has_come_first(ledger: Ledger) -> None:
    """Two processes that stage one content at a time both find that nobody has it."""
    first, second = staged(ledger, ONE, "q3", "c-1"), staged(ledger, ONE, "q4", "c-1")
    for plan in (first, second):
        refuse_repeat(ledger, plan.batch_id)
    ledger.admission.admit(first.batch_id, partial(refuse_repeat, ledger, first.batch_id))
    with pytest.raises(ControlError, match="came before"):
        ledger.admission.admit(second.batch_id, partial(refuse_repeat, ledger, second.batch_id))
    assert [batch.key for batch in ledger.batches.all()] == [first.key]
