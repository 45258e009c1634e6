"""A run in words: what is said before it, after its pilot, and at its end."""

from datetime import datetime

from batch_credits.chargebee import way_in_words
from batch_credits.cli.telling.asking import Asking
from batch_credits.cli.telling.before import Before, BeforeReversal, memory_lines
from batch_credits.cli.telling.given import given
from batch_credits.cli.telling.picture import (
    Line,
    origin_lines,
    pace_line,
    plan_lines,
    request_origin_lines,
    shortfall_lines,
    shown,
    site_line,
    too_many_at_once,
)
from batch_credits.cli.telling.pilot_table import pilot_text
from batch_credits.cli.telling.screen import told, width
from batch_credits.cli.telling.speech import say
from batch_credits.errors import RunStopped
from batch_credits.reporter import Summary, summary_text
from batch_credits.sending.pilot import PilotReport

PROBLEMS_SHOWN = 5  # kinds of them, before the question; check shows all


class Words(Asking):
    """What a run says to a person. With `quiet` only what needs one; `asks`: a question follows what is shown."""

    def __init__(self, *, quiet: bool, verbose: bool, asks: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._asks = asks

    def before(self, before: Before) -> None:
        """What is about to be sent."""
        if self._quiet and not self._asks:
            lines: list[Line] = [("Look at", warning) for warning in before.plan.warnings]
            lines += [] if before.memory.batches else memory_lines(before.memory, before.site)
        else:
            lines = self._all_of(before)
        if lines:
            say(shown(lines, err=True), err=True)

    def _all_of(self, before: Before) -> list[Line]:
        lines = [("File", str(before.source.path)), *[("Note", note) for note in before.source.notes]]
        lines += plan_lines(before.plan, before.exponents, problems=PROBLEMS_SHOWN)
        if before.plan.owed:
            lines += _pace_lines(before)
        if self._verbose:
            lines += [("Batch", before.plan.key), ("Requests", way_in_words(before.settings))]
        return [*lines, *_how_and_where(before)]

    def before_reversal(self, before: BeforeReversal) -> None:
        """What is about to be deducted, and for whom the balance does not cover it."""
        warnings = [("Left out", sentence) for sentence in before.picture.selection.left_out()]
        plan, balances = before.picture.plan, before.picture.balances
        if balances is not None:
            short = shortfall_lines(balances, before.exponents)
            warnings += short or ([] if self._quiet else [("Balances", "cover it, for every customer")])
        elif plan.owed:
            warnings.append(("Balances", "were not told by Chargebee, so some may not cover it"))
        lines = warnings
        if self._asks or not self._quiet:
            lines = [("Reversal", f"of batch {before.batch.key[:8]}, {before.batch.file_name}")]
            if before.picture.business_entity_id is not None:
                lines.append(("Entity", before.picture.business_entity_id))
            lines += [*plan_lines(plan, before.exponents, problems=PROBLEMS_SHOWN), *warnings]
            lines += [*_pace_lines(before), *_how_and_where(before)]
        if lines:
            say(shown(lines, err=True), err=True)

    def pilot(self, report: PilotReport) -> None:
        """The pilot beside the file."""
        if self._asks or not self._quiet or report.disagreeing:
            say(pilot_text(report, err=True), err=True)

    def after(self, summary: Summary, stopped: RunStopped | None) -> None:
        """The last screen."""
        if not self._quiet or summary.exit_code:
            say(summary_text(summary, width(), given))
        if stopped is not None and stopped.hint:
            say("\n".join(told(stopped.hint, err=True)), err=True)


def _pace_lines(before: Before | BeforeReversal) -> list[Line]:
    notes = [("Note", note) for note in too_many_at_once(before.site, before.settings)]
    return [pace_line(before.requests, before.settings, datetime.now()), *notes]


def _how_and_where(before: Before | BeforeReversal) -> list[Line]:
    lines = [*request_origin_lines(before.settings), *origin_lines(before.origins)]
    return [*lines, *memory_lines(before.memory, before.site), site_line(before.site)]
