"""What was ordered, who approved it, and what was paid for it, by the pack alone.

A run says which order it carried out. A row was paid under the order of the run that sent it last; rows of runs without
an order, before orders were asked for, count for none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any

from batch_credits.approval.audited import Audited, audited
from batch_credits.approval.order import Order, Sum
from batch_credits.model import DECIMAL_DIGITS
from batch_credits.model.amounts import minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.pack.bag import PAYLOAD
from batch_credits.pack.opened import Opened
from batch_credits.text.counted import rows as rows_in_words

_Row = Mapping[str, str]
_Paid = tuple[int, int, Decimal]  # rows, minor units, in decimal


@dataclass(slots=True)
class Paid:
    """Counts what was paid under each order, by its number and currency. `orders` is the number of the order that a run
    carried out, by the run's."""

    batch: str
    orders: Mapping[str, str]
    sums: dict[tuple[str, str], _Paid] = field(default_factory=dict)
    rows_without: int = 0

    def add(self, row: _Row, calls: Sequence[_Row]) -> None:
        """Count a row that was credited, by what was sent for it."""
        if not self.orders:
            return
        own = [call["run"] for call in calls if call["batch"] == self.batch]
        number = self.orders.get(own[-1]) if own else None
        if number is None:
            self.rows_without += 1
            return
        key = (number, row["currency_code"] or SITE_CURRENCY)
        rows, minor, in_decimal = self.sums.get(key, (0, 0, Decimal(0)))
        with localcontext(prec=DECIMAL_DIGITS):
            self.sums[key] = (
                rows + 1,
                minor + int(row["amount_minor"] or 0),
                in_decimal + Decimal(row["amount_in_decimal"] or 0),
            )


def orders_of_runs(runs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Which order each run carried out, of those that carried out one: numbers by the runs' numbers."""
    recorded = ((run, run["record"].get("order")) for run in runs)
    return {str(run["run"]): str(order["number"]) for run, order in recorded if order}


def held_to_orders(
    pack: Opened, batch: Mapping[str, Any], paid: Paid, outcomes: Mapping[str, int], stated: Mapping[str, int]
) -> tuple[tuple[str, ...], list[str]]:
    """What is to be said of the orders of a pack, and what is wrong with them, a sentence each.

    Raises:
        OSError: it cannot be read.
        ValueError: an order is too large.
    """
    said: list[str] = []
    problems: list[str] = []
    found: set[str] = set()
    for name, approvers in _order_files(pack):
        keys = pack.document(PAYLOAD + approvers) if PAYLOAD + approvers in pack.sizes else None
        looked = audited(f"data/{name}", pack.document(PAYLOAD + name), keys)
        problems += looked.problems
        order = looked.order
        if order is None:
            continue
        found.add(order.number)
        problems += _of_another(name, order, batch)
        said += _in_words(looked, order, stated)
        for currency in sorted({*order.totals, *(key[1] for key in paid.sums if key[0] == order.number)}):
            ordered, was_paid = order.totals.get(currency), paid.sums.get((order.number, currency), (0, 0, Decimal(0)))
            words, is_over = _compared(currency, ordered, was_paid, stated)
            if is_over:
                problems.append(f"More was paid than data/{name} allows: {words}.")
            said.append(f"{words}{_why(ordered, was_paid, outcomes)}")
    problems += [f"data/runs.json names order {number}, which is not in the pack."
                 for number in sorted({*paid.orders.values()} - found)]  # fmt: skip
    if paid.rows_without:
        are = "1 row was paid by a run" if paid.rows_without == 1 else f"{paid.rows_without:,} rows were paid by runs"
        said.append(f"{are} without an order")
    return tuple(said), problems


def _order_files(pack: Opened) -> list[tuple[str, str]]:
    """The orders, and the approvers that belong to each, in the order of the runs."""
    names, number = [], 1
    while PAYLOAD + (name := "order.json" if number == 1 else f"order-{number}.json") in pack.sizes:
        names.append((name, name.replace("order", "approvers").replace(".json", ".toml")))
        number += 1
    return names


def _of_another(name: str, order: Order, batch: Mapping[str, Any]) -> list[str]:
    return [
        f"data/{name} orders another {what} than data/batch.json has."
        for what, ours, theirs in (
            ("batch", order.batch, batch["batch"]),
            ("site", order.site, batch["site"]),
            ("file", order.file_sha256, batch["file_sha256"]),
        )
        if ours != theirs
    ]


def _in_words(looked: Audited, order: Order, stated: Mapping[str, int]) -> list[str]:
    lines = [f"made by {order.maker} ({order.made}), approved by {', '.join(looked.approvers) or 'nobody'}"]
    if looked.unknown:
        lines.append(f"the signatures were not looked at: {looked.unknown}")
    elif not looked.problems:
        lines.append("each signature is by the key of the approver, for this order, and within their limit")
    return lines


def _compared(currency: str, ordered: Sum | None, paid: _Paid, stated: Mapping[str, int]) -> tuple[str, bool]:
    """Both sums of a currency in words, and whether more was paid than ordered."""
    due = (0, 0, Decimal(0)) if ordered is None else (ordered.rows, ordered.amount, Decimal(ordered.amount_in_decimal))
    words = f"ordered {_money(currency, due, stated)}, paid {_money(currency, paid, stated)}"
    return words, paid[0] > due[0] or paid[1] > due[1] or paid[2] > due[2]


def _why(ordered: Sum | None, paid: _Paid, outcomes: Mapping[str, int]) -> str:
    """How much less was paid, and what became of rows that were not."""
    if ordered is None or ordered.rows <= paid[0]:
        return ""
    others = [f"{rows:,} {name.replace('_', ' ')}" for name, rows in outcomes.items()
              if rows and name not in ("credited", "deducted", "already_credited", "rejected")]  # fmt: skip
    in_the_file = f" (in the file: {', '.join(others)})" if others else ""
    return f"; {rows_in_words(ordered.rows - paid[0])} less{in_the_file}"


def _money(currency: str, of: _Paid, stated: Mapping[str, int]) -> str:
    rows, minor, in_decimal = of
    parts = [minor_in_words(minor, currency, stated)] if minor or not in_decimal else []
    parts += [f"{in_decimal:f} {currency}"] if in_decimal else []
    return f"{' + '.join(parts)} ({rows:,} row{'' if rows == 1 else 's'})"
