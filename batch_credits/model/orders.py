"""What runs recorded of the orders that they carried out."""

import json
from collections.abc import Iterable

from batch_credits.model.batches import RunRecord


def orders_of(runs: Iterable[RunRecord]) -> list[str]:
    """The texts of the orders with their approvals, each once, in the order of the runs."""
    return [order for order, _ in approved_orders(runs)]


def approved_orders(runs: Iterable[RunRecord]) -> list[tuple[str, str | None]]:
    """The same, each with those who approved it, as they were when it was first carried out: a part of approvers.toml.
    None: an older program did not record them."""
    recorded = [json.loads(run.settings_json).get("order") for run in runs]
    found: dict[str, str | None] = {}
    for order in filter(None, recorded):
        found.setdefault(order["content"], order.get("approvers"))
    return [*found.items()]
