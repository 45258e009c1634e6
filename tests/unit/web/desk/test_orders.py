"""Orders on disk: what two servers take at once, and what somebody's hand left."""

from dataclasses import replace
from pathlib import Path

import pytest

from batch_credits.approval.order import Sealed
from batch_credits.web.desk.orders import Orders, Submitted
from tests.unit.approval.conftest import Office, office

__all__ = ["office"]


@pytest.fixture
def waits(tmp_path: Path, office: Office) -> tuple[Orders, Submitted]:
    made = tmp_path / "made.json"
    made.write_bytes(Sealed(office.order).content)
    orders = Orders(tmp_path / "orders")
    orders.submit("ab", "upload", made)
    submitted = orders.waiting("ab")
    assert submitted is not None and submitted.sealed.approvals == ()
    return orders, submitted


def test_of_two_servers_that_each_take_an_approval_neither_loses_the_others(
    waits: tuple[Orders, Submitted], office: Office
) -> None:
    orders, submitted = waits
    bob, carol = (office.approval(submitted.sealed, name) for name in ("bob", "carol"))
    orders.keep(submitted, Sealed(office.order, (bob,)))
    both = orders.keep(submitted, Sealed(office.order, (carol,)))  # who had read the order before
    assert [each.approver for each in both.approvals] == ["bob", "carol"]
    again = orders.keep(submitted, Sealed(office.order, (bob,)))
    assert again == both
    found = orders.waiting("ab")
    assert found is not None and found.sealed == both


def test_an_order_whose_time_is_over_is_there_and_can_be_submitted_anew(
    waits: tuple[Orders, Submitted], office: Office
) -> None:
    orders, submitted = waits
    assert not submitted.has_expired and orders.open("ab") == submitted and orders.uploads() == {"upload"}
    old = Sealed(replace(office.order, expires="2020-01-01T00:00:00Z"))
    submitted.path.write_bytes(old.content)
    found = orders.waiting("ab")
    assert found is not None and found.has_expired and orders.open("ab") is None and orders.uploads() == set()


def test_an_order_that_somebody_changed_counts_for_nothing(waits: tuple[Orders, Submitted]) -> None:
    orders, submitted = waits
    submitted.path.write_bytes(submitted.path.read_bytes().replace(b"payout", b"payoff"))
    assert orders.waiting("ab") is not None  # whole, and no signature will hold for it
    submitted.path.write_bytes(submitted.path.read_bytes() + b" ")
    assert orders.waiting("ab") is None


def test_what_was_turned_down_waits_no_more_until_it_is_submitted_anew(
    waits: tuple[Orders, Submitted], tmp_path: Path
) -> None:
    orders, _ = waits
    orders.reject("ab", "bob", "the wrong quarter")
    assert orders.waiting("ab") is None
    rejection = orders.rejection("ab")
    assert rejection is not None and (rejection.by, rejection.reason) == ("bob", "the wrong quarter")
    orders.submit("ab", "upload", tmp_path / "made.json")
    assert orders.waiting("ab") is not None and orders.rejection("ab") is None
