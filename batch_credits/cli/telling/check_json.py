"""A check as one JSON document. Its names are a contract, as those of summary.json are, and where both say the same
thing they use the same name. Amounts are minor units; those in decimal are texts."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from batch_credits.cli.telling.picture import minutes_at_least
from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.planning.customers import Preflight

if TYPE_CHECKING:
    from batch_credits.cli.commands.check import Checked


def check_json(found: "Checked") -> str:
    """The document, indented."""
    plan, site = found.plan, found.site
    undone = plan.undone
    content: dict[str, Any] = {
        "file": found.source.path.name,
        "file_sha256": found.source.file_sha256,
        "batch": plan.key,
        "site": site.site if site else None,
        "live": site.is_live if site else None,
        "rows": plan.rows,
        "accepted": plan.rows - plan.count(Outcome.REJECTED),
        "rejected": plan.count(Outcome.REJECTED),
        "counts": {outcome.value: plan.count(outcome) for outcome in Outcome},
        "totals": {currency or SITE_CURRENCY: _total(total) for currency, total in sorted(plan.totals.items())},
        "totals_by_outcome": {
            outcome.value: {currency or SITE_CURRENCY: _total(total) for currency, total in sorted(totals.items())}
            for outcome, totals in plan.by_outcome.items()
            if outcome is not Outcome.REJECTED
        },
        "reversed": {
            "count": undone.rows,
            "totals": {currency or SITE_CURRENCY: _total(total) for currency, total in sorted(undone.totals.items())},
            "by": {key: undone.rows_by(key) for key in undone.by_batch},
        },
        "totals_by_credit_type": [
            {"currency": currency or SITE_CURRENCY, "credit_type": credit_type, **_total(total)}
            for (currency, credit_type), total in sorted(plan.by_type.items())
        ],
        "largest": [
            {"row": row.row_number, "currency": row.currency or SITE_CURRENCY, "amount": row.amount_minor}
            for row in plan.largest_rows
        ],
        "problems": [
            {"field": g.field, "code": g.code, "rows": g.rows, "first_row": g.first_row, "message": g.message}
            for g in plan.problems
        ],
        "duplicates": sum(group.rows for group in plan.problems if group.code == "duplicate"),
        "customers": _customers(found.customers) if found.customers else None,
        "notes": list(found.source.notes),
        "warnings": plan.warnings,
        "requests_per_minute": found.pace.budget_per_minute or None,
        "minutes_at_least": minutes_at_least(plan.owed, found.pace),
        "origins": [asdict(origin) for origin in found.origins],
        "rejected_csv": str(found.rejected_csv) if found.rejected_csv else None,
        "refusal": found.refusal.message if found.refusal else None,
        "exit_code": found.exit_code,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _customers(asked: Preflight) -> dict[str, Any]:
    return {
        "asked": asked.customers,
        "counts": {code: asked.counts[code] for code in ("missing", "deleted", "other_currency")},
        "rows": [
            {"row": f.row_number, "customer_id": f.customer_id, "code": f.code, "message": f.message}
            for f in asked.findings
        ],
    }


def _total(total: ControlTotal) -> dict[str, Any]:
    counted: dict[str, Any] = {"rows": total.count, "amount": total.amount_minor}
    if total.amount_in_decimal:
        counted["amount_in_decimal"] = f"{total.amount_in_decimal:f}"
    return counted
