"""A run in words: what is said before it, after its pilot, and at its end."""

import sys
import termios
from contextlib import suppress
from datetime import datetime

import click

from batch_credits.cli.before import Before, BeforeReversal, memory_lines
from batch_credits.cli.given import given
from batch_credits.cli.picture import (
    Line,
    origin_lines,
    pace_line,
    plan_lines,
    question,
    request_origin_lines,
    shortfall_lines,
    shown,
    site_line,
    too_many_at_once,
)
from batch_credits.cli.pilot_table import pilot_question, pilot_text
from batch_credits.cli.screen import NO_BREAK, told, width
from batch_credits.cli.speech import say
from batch_credits.errors import RunStopped
from batch_credits.pilot import PilotReport
from batch_credits.reporter import Summary, summary_text
from batch_credits.visible import visible

PROBLEMS_SHOWN = 5  # kinds of them, before the question; check shows all


class Asking:
    """What a run asks: always in words, for it asks a person."""

    def ask_before(self, before: Before) -> bool:
        """Whether the person says yes to all that was shown."""
        return _ask(question(before.plan, before.site, before.exponents, before.settings.pilot))

    def ask_before_reversal(self, before: BeforeReversal) -> bool:
        """The same, of a reversal."""
        return _ask(question(before.picture.plan, before.site, before.exponents, pilot=0))

    def ask_after_pilot(self, report: PilotReport) -> bool:
        """Whether the person says yes to the rest."""
        return _ask(pilot_question(report))


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
            lines.append(("Batch", before.plan.key))
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


def _ask(text: str) -> bool:
    """A question whose last line takes the answer. No is the default, and what was typed before it shows is no answer.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    *lines, last = told(f"{text}{NO_BREAK}[y/N]:", err=True)  # no fold before what asks for the answer
    if lines:
        say("\n".join(lines), err=True)
    with suppress(termios.error):  # no terminal after all
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    return click.confirm(visible(last), default=False, show_default=False, prompt_suffix=" ", err=True)
