"""A check as one JSON document. Its names are a contract, as those of summary.json are, and where both say the same
thing they use the same name. Amounts are minor units; those in decimal are texts."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batch_credits.cli.telling.speech import kind_of
from batch_credits.cli.telling.totals_json import total_json, totals_json
from batch_credits.errors import LEFT_OUT, BatchCreditsError, Suggestion, UnclearFile
from batch_credits.loader.suggestions.seen import SeenColumn
from batch_credits.model import Outcome
from batch_credits.reporter.control_totals import file_total_json
from batch_credits.reporter.mending import parent_json
from batch_credits.views.check import CheckView, CustomersView, Problems
from batch_credits.views.listed import ListedRows
from batch_credits.views.plan import PlanView


def check_json(found: CheckView) -> str:
    """The document, indented."""
    plan, site = found.plan, found.site
    content: dict[str, Any] = {
        "file": found.file.path.name,
        "file_sha256": found.file.sha256,
        "batch": plan.key,
        "site": site.name if site else None,
        "live": site.is_live if site else None,
        "currency_exponents": dict(found.exponents),
        **_plan(plan, found.problems),
        "customers": _customers(found.customers) if found.customers else None,
        "notes": [*found.file.notes, *found.differences],
        "warnings": list(plan.warnings),
        "requests_per_minute": found.pace.per_minute,
        "minutes_at_least": found.pace.minutes_at_least,
        "origins": [asdict(origin) for origin in found.origins],
        "rejected_csv": str(found.rejected_csv) if found.rejected_csv else None,
        "suggestions": [_suggestion(each) for each in found.suggestions],
        "columns": [asdict(column) for column in found.file.columns],
        "refusal": found.refusal.message if found.refusal else None,
        "exit_code": found.exit_code,
    }
    if found.listed is not None:
        content["listed"] = _listed(found.listed)
    return json.dumps(content, indent=2, ensure_ascii=False)


def refused_json(file: Path, error: BatchCreditsError, columns: Sequence[SeenColumn], exit_code: int) -> str:
    """The document of a file that is refused as a whole: why, what it seems to need, and its columns as far as they can
    be seen."""
    suggestions, still = (error.suggestions, error.still) if isinstance(error, UnclearFile) else ((), "")
    content = {
        "file": file.name,
        "error": {
            "kind": kind_of(error),
            "message": error.message,
            "hint": error.hint,
            "suggestions": [_suggestion(each) for each in suggestions],
            "still": still,
            "remedies": [
                [{"option": option, "value": value} for option, value in remedy if value != LEFT_OUT]
                for remedy in error.remedies
            ],
        },
        "columns": [asdict(column) for column in columns],
        "exit_code": exit_code,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def _suggestion(each: Suggestion) -> dict[str, Any]:
    return {"option": each.option, "value": each.value, "reason": each.reason, "is_open": each.is_open}


def _plan(plan: PlanView, problems: Sequence[Problems]) -> dict[str, Any]:
    return {
        "rows": plan.rows,
        "accepted": plan.rows - plan.counts[Outcome.REJECTED],
        "rejected": plan.counts[Outcome.REJECTED],
        "counts": {outcome.value: count for outcome, count in plan.counts.items()},
        "totals": totals_json(plan.totals),
        "unreadable_amounts": plan.unread,
        "totals_by_outcome": {
            outcome.value: totals_json(totals)
            for outcome, totals in plan.by_outcome.items()
            if outcome is not Outcome.REJECTED
        },
        "reversed": {
            "count": plan.undone.rows,
            "totals": totals_json(plan.undone.totals),
            "by": {by.key: by.rows for by in plan.undone.by},
        },
        "totals_by_credit_type": [
            {"currency": each.total.currency, "credit_type": each.credit_type, **total_json(each.total)}
            for each in plan.by_type
        ],
        "mends": [parent_json(each.batch) for each in plan.mends],
        "control_totals": [file_total_json(each.total) for each in plan.control_totals],
        "largest": [
            {"row": row.row_number, "currency": row.currency, "amount": row.amount_minor} for row in plan.largest
        ],
        "problems": [
            {
                "field": each.group.field,
                "code": each.group.code,
                "rows": each.group.rows,
                "first_row": each.group.first_row,
                "message": each.group.message,
                "first": [{"row": row.row_number, "value": row.value, "message": row.message} for row in each.first],
            }
            for each in problems
        ],
        "duplicates": sum(group.rows for group in plan.problems if group.code == "duplicate"),
    }


def _listed(listed: ListedRows) -> dict[str, Any]:
    return {
        "page": listed.page,
        "pages": listed.pages,
        "rows": [
            {
                "row": row.row_number,
                "customer_id": row.customer_id,
                "amount": row.amount_minor,
                "amount_in_decimal": row.amount_in_decimal,
                "currency_code": row.currency,
                "words": row.words,
                "reference": row.reference,
                "description": row.description,
                "credit_type": row.credit_type,
                "outcome": row.outcome,
                "credit_id": row.credit_id,
                "error_code": row.error_code,
                "error": row.error,
                "problems": [asdict(problem) for problem in row.problems],
            }
            for row in listed.rows
        ],
    }


def _customers(seen: CustomersView) -> dict[str, Any]:
    return {
        "asked": seen.asked,
        "counts": {code: seen.counts.get(code, 0) for code in ("missing", "deleted", "other_currency")},
        "rows": [
            {"row": f.row_number, "customer_id": f.customer_id, "code": f.code, "message": f.message}
            for f in seen.findings
        ],
    }
