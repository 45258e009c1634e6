"""What was ordered beside what was paid: less is said, and more is a failure."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from batch_credits.approval.order import Asked, Sealed, order_for
from batch_credits.model import ControlTotal
from batch_credits.pack.opened import Folder
from batch_credits.pack.ordered import Paid, held_to_orders, orders_of_runs
from batch_credits.settings import ControlLimits, InputOptions, SiteSettings

BATCH = {"batch": "b" * 64, "site": "acme-test", "file_sha256": "f" * 64}


def ordered(tmp_path: Path, rows: int, minor: int) -> tuple[Folder, str]:
    site = SiteSettings(site="acme-test", api_key="k", base_url="http://127.0.0.1:1")
    asked = Asked(BATCH["batch"], "payout.csv", BATCH["file_sha256"], InputOptions(), ControlLimits(), rows,
                  {"EUR": ControlTotal(rows, minor)})  # fmt: skip
    order = order_for(site, asked, "alice", "1", now=datetime(2026, 1, 1, tzinfo=UTC))
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data/order.json").write_bytes(Sealed(order).content)
    return Folder(tmp_path), order.number


def paid_under(number: str | None, *amounts: int, currency: str = "EUR") -> Paid:
    paid = Paid(BATCH["batch"], {"7": number} if number else {})
    for minor in amounts:
        row = {"currency_code": currency, "amount_minor": str(minor), "amount_in_decimal": ""}
        paid.add(row, [{"run": "7", "batch": BATCH["batch"]}])
    return paid


def told(pack: Folder, paid: Paid, **outcomes: int) -> tuple[str, list[str]]:
    said, problems = held_to_orders(pack, BATCH, paid, Counter(outcomes), {})
    return "\n".join(said), problems


def test_less_is_said_and_why(tmp_path: Path) -> None:
    pack, number = ordered(tmp_path, 3, 30_000)
    said, problems = told(pack, paid_under(number, 29_000), credited=1, failed=2)
    assert "ordered 300.00 EUR (3 rows), paid 290.00 EUR (1 row); 2 rows less (in the file: 2 failed)" in said
    assert "made by alice (2026-01-01T00:00:00Z), approved by nobody" in said and problems == []


@pytest.mark.parametrize(("amounts", "currency"), [((30_001,), "EUR"), ((10, 10, 10, 10), "EUR"), ((1,), "USD")])
def test_more_is_a_failure(tmp_path: Path, amounts: tuple[int, ...], currency: str) -> None:
    pack, number = ordered(tmp_path, 3, 30_000)
    _, [problem] = told(pack, paid_under(number, *amounts, currency=currency))
    assert problem.startswith("More was paid than data/order.json allows: ordered")


def test_what_runs_without_an_order_paid_is_said(tmp_path: Path) -> None:
    pack, number = ordered(tmp_path, 3, 30_000)
    paid = paid_under(number, 100)
    paid.add({"currency_code": "EUR", "amount_minor": "5", "amount_in_decimal": ""}, [{"run": "6", "batch": "b" * 64}])
    said, problems = told(pack, paid)
    assert "1 row was paid by a run without an order" in said and problems == []


def test_an_order_that_is_missing_or_of_another_batch_is_named(tmp_path: Path) -> None:
    pack, _ = ordered(tmp_path, 3, 30_000)
    _, problems = told(pack, paid_under("a" * 32, 100))
    assert problems == [f"data/runs.json names order {'a' * 32}, which is not in the pack."]
    other: dict[str, Any] = BATCH | {"batch": "c" * 64}
    assert held_to_orders(pack, other, paid_under(None), {}, {})[1] == [
        "data/order.json orders another batch than data/batch.json has."
    ]


def test_runs_say_which_order_they_carried_out() -> None:
    runs: list[dict[str, Any]] = [{"run": 1, "record": {}}, {"run": 2, "record": {"order": {"number": "n"}}}]
    assert orders_of_runs(runs) == {"2": "n"}
