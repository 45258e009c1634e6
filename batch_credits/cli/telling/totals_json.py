"""Totals as JSON documents say them: minor units; those in decimal are texts, and there only if there are any."""

from collections.abc import Iterable
from typing import Any

from batch_credits.views.amounts import Total


def total_json(total: Total) -> dict[str, Any]:
    """One total without its currency."""
    counted: dict[str, Any] = {"rows": total.rows, "amount": total.amount_minor}
    if total.amount_in_decimal:
        counted["amount_in_decimal"] = f"{total.amount_in_decimal:f}"
    return counted


def totals_json(totals: Iterable[Total]) -> dict[str, dict[str, Any]]:
    """Totals by currency."""
    return {total.currency: total_json(total) for total in totals}
