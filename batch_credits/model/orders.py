"""What runs recorded of the orders that they carried out."""

import json
from collections.abc import Iterable

from batch_credits.model.batches import RunRecord


def orders_of(runs: Iterable[RunRecord]) -> list[str]:
    """The texts of the orders with their approvals, each once, in the order of the runs."""
    recorded = [json.loads(run.settings_json).get("order") for run in runs]
    return list(dict.fromkeys(order["content"] for order in recorded if order))
