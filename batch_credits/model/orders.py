"""What runs recorded of the orders that they carried out."""

import json
from collections.abc import Iterable
from typing import Any

from batch_credits.model.batches import RunRecord


def orders_of(runs: Iterable[RunRecord]) -> list[str]:
    """The texts of the orders with their approvals, each once, in the order of the runs."""
    return [order for order, _ in approved_orders(runs)]


def approved_orders(runs: Iterable[RunRecord]) -> list[tuple[str, str | None]]:
    """The same, each with those who approved it, as they were when it was first carried out: a part of approvers.toml.
    None: an older program did not record them."""
    found: dict[str, str | None] = {}
    for order in _recorded(run.settings_json for run in runs):
        found.setdefault(order["content"], order.get("approvers"))
    return [*found.items()]


def order_numbers(settings: Iterable[str]) -> frozenset[str]:
    """By what the orders are known that were carried out, or begun, by runs that were set so."""
    return frozenset(order["number"] for order in _recorded(settings))


def people_behind(runs: Iterable[RunRecord]) -> frozenset[str]:
    """Who had a batch paid: who ran it, and who made the orders that were carried out, whoever ran them."""
    every = [*runs]
    orders = _recorded(run.settings_json for run in every)
    return frozenset([*(run.user for run in every), *(order["maker"] for order in orders)])


def _recorded(settings: Iterable[str]) -> list[dict[str, Any]]:
    return [order for text in settings if (order := json.loads(text).get("order"))]
