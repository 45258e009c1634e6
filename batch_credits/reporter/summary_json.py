"""summary.json: a summary for programs, and for whoever shows it elsewhere."""

import json
from typing import Any

from batch_credits.model import Outcome
from batch_credits.model.undone import Undone
from batch_credits.reporter.amounts import in_decimal, in_minor_units, unit_of_results
from batch_credits.reporter.control_totals import file_total_json
from batch_credits.reporter.mending import mending_json
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import NOT_CREDITED
from batch_credits.reporter.words import balance_in_words, headline


def summary_json(summary: Summary) -> str:
    """The text of summary.json. Amounts are minor units; `totals_in_decimal` is there only if it has any.

    `headline` and `balance` are sentences for people. `unreadable_amounts` are rows that are in no total, `reasons` the
    rows not credited, by outcome and error code, `hosts` those from which the latest run sent, `approvals` are
    of the order that it carried out: by whom, and when (UTC). `results_unit` is the
    unit of amounts and balances in results.csv.
    """
    batch, run = summary.batch, summary.run
    name = batch.kind.name_of
    content: dict[str, Any] = {
        "batch": batch.key,
        "kind": batch.kind.value,
        "reverses": batch.reverses,
        "file": batch.file_name,
        "file_sha256": batch.file_sha256,
        "site": batch.site,
        "version": run.version if run else None,
        "user": run.user if run else None,
        "hosts": list(run.hosts) if run else [],
        "started_at": run.started_at if run else None,
        "ended_at": run.ended_at if run else None,
        "rows": summary.rows,
        "headline": headline(summary),
        "counts": {name(outcome): summary.counts[outcome] for outcome in Outcome},
        "totals": {name(outcome): in_minor_units(summary.totals[outcome]) for outcome in Outcome},
    }
    decimals = {name(outcome): in_decimal(summary.totals[outcome]) for outcome in Outcome}
    if any(decimals.values()):
        content["totals_in_decimal"] = decimals
    content["unreadable_amounts"] = summary.count_unread(*Outcome)
    content["reasons"] = _reasons(summary)
    content["reversed"] = _reversed(summary.undone)
    content |= mending_json(summary.mending)
    record = json.loads(run.settings_json) if run else {}
    content |= {
        "results_unit": unit_of_results(batch),
        "control_totals": [file_total_json(total) for total in summary.file_totals],
        "approvals": (record.get("order") or {}).get("approvals", []),
        "settings": {name: record.get(name) for name in ("address", "ledger", "confirmation", "origins")},
        "in_balance": summary.in_balance,
        "balance": balance_in_words(summary),
        "differences": list(summary.differences),
        "requests": run.requests if run else 0,
        "throttled": run.throttled if run else 0,
        "retries": run.retries if run else 0,
        "stopped": summary.stopped,
        "exit_code": summary.exit_code,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _reasons(summary: Summary) -> dict[str, dict[str, int]]:
    """Outcomes of rows that were not credited; of each, why, the most frequent reason first."""
    found: dict[str, dict[str, int]] = {}
    for (outcome, code), number in sorted(summary.reasons.items(), key=lambda reason: -reason[1]):
        if outcome in NOT_CREDITED:
            found.setdefault(summary.batch.kind.name_of(outcome), {})[code] = number
    return found


def _reversed(undone: Undone) -> dict[str, Any]:
    """Rows that count as credited above, and were deducted again; `by` is by the id of the batch that did."""
    said: dict[str, Any] = {"count": undone.rows, "totals": in_minor_units(undone.totals)}
    if decimals := in_decimal(undone.totals):
        said["totals_in_decimal"] = decimals
    return said | {"by": {key: undone.rows_by(key) for key in undone.by_batch}}
