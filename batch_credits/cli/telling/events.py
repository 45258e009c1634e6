"""A run as events, one JSON object a line, for `--log-format json`. Their names are a contract, and where summary.json
or check --json says the same thing, the same name is used. Amounts are minor units."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from batch_credits.cli.telling.asking import Asking
from batch_credits.cli.telling.before import Before, BeforeReversal
from batch_credits.cli.telling.given import given
from batch_credits.cli.telling.picture import minutes_at_least, too_many_at_once
from batch_credits.cli.telling.speech import say
from batch_credits.errors import BatchCreditsError, RunStopped
from batch_credits.model import ControlTotal, Money, Outcome
from batch_credits.planning.plan import Plan
from batch_credits.reporter import SITE_CURRENCY, Summary, summary_json, summary_text
from batch_credits.sending.pilot import PilotReport, PilotRow
from batch_credits.settings import SiteSettings


class Events(Asking):
    """What a run says to a program, on stderr; the summary for people still goes to stdout."""

    def __init__(self, *, quiet: bool, asks: bool) -> None:
        self._quiet = quiet
        self._asks = asks

    def before(self, before: Before) -> None:
        """`plan`: what is about to be sent."""
        if self._quiet and not self._asks and not before.plan.warnings and before.memory.batches:
            return
        _say(
            "plan",
            file=str(before.source.path),
            **_plan(before.plan, before.site, "to_credit"),
            warnings=[*before.plan.warnings, *too_many_at_once(before.site, before.settings)],
            requests_per_minute=before.settings.budget_per_minute or None,
            minutes_at_least=before.minutes,
            **_how_and_where(before),
        )

    def before_reversal(self, before: BeforeReversal) -> None:
        """`plan`: what is about to be deducted. `balances_short` is null where Chargebee did not tell them."""
        left_out, balances = before.picture.selection.left_out(), before.picture.balances
        if self._quiet and not self._asks and not left_out and not (balances and balances.short_in_all):
            return
        _say(
            "plan",
            reverses=before.batch.key,
            **_plan(before.picture.plan, before.site, "to_deduct"),
            warnings=[*left_out, *too_many_at_once(before.site, before.settings)],
            balances_short=balances and balances.short_in_all,
            customers_short=[short.customer_id for short in balances.short] if balances else [],
            requests_per_minute=before.settings.budget_per_minute or None,
            minutes_at_least=minutes_at_least(before.requests, before.settings),
            **_how_and_where(before),
        )

    def pilot(self, report: PilotReport) -> None:
        """`pilot`: the first rows, read back."""
        if self._asks or not self._quiet or report.disagreeing:
            _say("pilot", agrees=not report.disagreeing, rows=[_pilot_row(row) for row in report.rows])

    def after(self, summary: Summary, stopped: RunStopped | None) -> None:
        """`summary`: the content of summary.json, and where the reports are."""
        if not self._quiet or summary.exit_code:
            hint = stopped.hint if stopped is not None else ""
            _say("summary", **json.loads(summary_json(summary)), hint=hint, reports=str(summary.paths.directory))
            say(summary_text(summary, given=given))

    def error(self, error: BatchCreditsError, exit_code: int) -> None:
        """`error`: what ended the command without a summary."""
        _say("error", message=error.message, hint=error.hint, exit_code=exit_code)


def _say(event: str, **fields: Any) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    say(json.dumps({"event": event, "at": at, **fields}, ensure_ascii=False), err=True)


def _plan(plan: Plan, site: SiteSettings, owed: str) -> dict[str, Any]:
    return {
        "batch": plan.key,
        "site": site.site,
        "live": site.is_live,
        "rows": plan.rows,
        "counts": {plan.kind.name_of(outcome): plan.count(outcome) for outcome in Outcome},
        "totals": _totals(plan.totals),
        owed: _totals(plan.by_outcome.get(Outcome.PENDING, {})),
        "reversed": _totals(plan.undone.totals),
        "problems": [{"field": g.field, "code": g.code, "rows": g.rows} for g in plan.problems],
    }


def _how_and_where(before: Before | BeforeReversal) -> dict[str, Any]:
    """`ledger_batches`: how many of the site the ledger knows. `origins`: of settings that nobody typed."""
    return {
        "ledger": str(before.memory.path),
        "ledger_batches": before.memory.batches,
        "origins": [asdict(origin) for origin in before.origins],
    }


def _totals(totals: Mapping[str, ControlTotal]) -> dict[str, dict[str, Any]]:
    counted: dict[str, dict[str, Any]] = {}
    for currency, total in sorted(totals.items()):
        counted[currency or SITE_CURRENCY] = {"rows": total.count, "amount": total.amount_minor}
        if total.amount_in_decimal:
            counted[currency or SITE_CURRENCY]["amount_in_decimal"] = f"{total.amount_in_decimal:f}"
    return counted


def _pilot_row(row: PilotRow) -> dict[str, Any]:
    listed = row.listed
    return {
        "row": row.source.row_number,
        "customer_id": row.asked.customer_id,
        "agrees": not row.problem,
        "problem": row.problem or None,
        "asked": {**_money(row.asked.money), "reference": row.asked.reference},
        "listed": {**_money(listed.money), "reference": listed.reference, "id": listed.credit_id} if listed else None,
    }


def _money(money: Money) -> dict[str, Any]:
    return {
        "amount": money.amount_minor,
        "amount_in_decimal": money.amount_in_decimal,
        "currency_code": money.currency_code,
    }
