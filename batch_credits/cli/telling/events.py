"""A run as events, one JSON object a line, for `--log-format json`. Their names are a contract, and where summary.json
or check --json says the same thing, the same name is used. Amounts are minor units."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, assert_never

import click

from batch_credits.cli.origins import say_where_from
from batch_credits.cli.telling.asking import Asking
from batch_credits.cli.telling.detached import detached_in_words
from batch_credits.cli.telling.given import again, given
from batch_credits.cli.telling.result_words import result_in_words
from batch_credits.cli.telling.speech import kind_of, say
from batch_credits.cli.telling.totals_json import totals_json
from batch_credits.errors import BatchCreditsError, RunStopped
from batch_credits.model import BatchRecord, Money, Outcome
from batch_credits.reporter.closing_words import closing_json
from batch_credits.reporter.mending import parent_json
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.summary_json import summary_json
from batch_credits.views.pilot import PilotRowView, PilotView
from batch_credits.views.question import BatchToReverse, FileToPay, Question
from batch_credits.views.result import result_view


class Events(Asking):
    """What a run says to a program, on stderr; the summary for people still goes to stdout."""

    def __init__(self, *, quiet: bool, asks: bool) -> None:
        self._quiet = quiet
        self._asks = asks

    def before(self, question: Question) -> None:
        """`plan`: what is about to be sent."""
        is_quiet = self._quiet and not self._asks
        match question.about:
            case FileToPay():
                self._of_file(question, question.about, is_quiet=is_quiet)
            case BatchToReverse():
                self._of_reversal(question, question.about, is_quiet=is_quiet)
            case _:
                assert_never(question.about)

    def _of_file(self, question: Question, file: FileToPay, *, is_quiet: bool) -> None:
        if is_quiet and not question.plan.warnings and question.terms.memory.batches:
            return
        _say(
            "plan",
            file=str(file.path),
            **_plan(question, "to_credit"),
            warnings=[*question.plan.warnings, *question.terms.notes],
            **_terms(question),
        )

    def _of_reversal(self, question: Question, batch: BatchToReverse, *, is_quiet: bool) -> None:
        """`balances_short` is null where Chargebee did not tell them."""
        balances = batch.balances
        if is_quiet and not batch.left_out and not (balances and balances.short_in_all):
            return
        _say(
            "plan",
            reverses=batch.key,
            **_plan(question, "to_deduct"),
            warnings=[*batch.left_out, *question.terms.notes],
            balances_short=balances and balances.short_in_all,
            customers_short=[short.customer_id for short in balances.short] if balances else [],
            **_terms(question),
        )

    def pilot(self, pilot: PilotView) -> None:
        """`pilot`: the first rows, read back."""
        if self._asks or not self._quiet or pilot.disagreeing:
            rows = [_pilot_row(row) for row in pilot.rows]
            _say("pilot", agrees=not pilot.disagreeing, rows=rows, rows_left=pilot.rows_left)

    def detached(self, batch: BatchRecord) -> None:
        """`detached`: what workers send from now on."""
        if not self._quiet:
            _say("detached", batch=batch.key, site=batch.site, rows=batch.rows_read)
            say(detached_in_words(batch))

    def after(self, summary: Summary, stopped: RunStopped | None) -> None:
        """`summary`: the content of summary.json, where the reports are, and how the payouts closed that it belongs to.
        `may_pass`: what stopped it may be over in a while; null if nothing did."""
        if not self._quiet or summary.exit_code:
            hint = stopped.hint if stopped is not None else ""
            closings = [closing_json(closing) for closing in summary.closings]
            reports = str(summary.paths.directory)
            may_pass = None if stopped is None else stopped.may_pass
            said = json.loads(summary_json(summary))
            _say("summary", **said, hint=hint, may_pass=may_pass, reports=reports, closings=closings)
            say(result_in_words(result_view(summary, given), remedy=hint))

    def error(self, error: BatchCreditsError, exit_code: int) -> None:
        """`error`: what ended the command without a summary; `kind` is as in check --json, and
        `interrupted` of a signal before anything was sent; `commands`: any of these would do what was meant."""
        context = click.get_current_context()
        say_where_from(error, context)
        error_event(error, exit_code, again(context.find_root().obj or (), error))


def error_event(error: BatchCreditsError, exit_code: int, commands: Sequence[str]) -> None:
    """`error`, also of a command line that cannot be read."""
    more = {"commands": commands} if commands else {}
    _say("error", kind=kind_of(error), message=error.message, hint=error.hint, exit_code=exit_code, **more)


def note(text: str) -> None:
    """`note`: a sentence for whoever looks after the job."""
    _say("note", text=text)


def _say(event: str, **fields: Any) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    say(json.dumps({"event": event, "at": at, **fields}, ensure_ascii=False), err=True)


def _plan(question: Question, owed: str) -> dict[str, Any]:
    plan, site = question.plan, question.terms.site
    return {
        "batch": plan.key,
        "site": site.name,
        "live": site.is_live,
        "rows": plan.rows,
        "counts": {plan.kind.name_of(outcome): count for outcome, count in plan.counts.items()},
        "totals": totals_json(plan.totals),
        "unreadable_amounts": plan.unread,
        owed: totals_json(plan.by_outcome.get(Outcome.PENDING, ())),
        "reversed": totals_json(plan.undone.totals),
        "mends": [parent_json(each.batch) for each in plan.mends],
        "problems": [{"field": g.field, "code": g.code, "rows": g.rows} for g in plan.problems],
    }


def _terms(question: Question) -> dict[str, Any]:
    """`ledger_batches`: how many of the site the ledger knows. `origins`: of settings that nobody typed."""
    pace, memory = question.pace, question.terms.memory
    return {
        "requests_per_minute": pace.per_minute,
        "minutes_at_least": pace.minutes_at_least,
        "ledger": str(memory.path),
        "ledger_batches": memory.batches,
        "origins": [asdict(origin) for origin in question.terms.origins],
    }


def _pilot_row(row: PilotRowView) -> dict[str, Any]:
    listed = row.listed
    return {
        "row": row.row_number,
        "customer_id": row.customer_id,
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
