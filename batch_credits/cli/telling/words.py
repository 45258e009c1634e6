"""A run in words: what is said before it, after its pilot, and at its end."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from batch_credits.cli.telling.asking import Asking
from batch_credits.cli.telling.detached import detached_in_words
from batch_credits.cli.telling.given import given
from batch_credits.cli.telling.picture import (
    Line,
    memory_lines,
    origin_lines,
    pace_line,
    painted,
    plan_lines,
    request_origin_lines,
    shortfall_lines,
    shown,
    site_line,
)
from batch_credits.cli.telling.screen import told, width
from batch_credits.cli.telling.speech import say
from batch_credits.errors import RunStopped
from batch_credits.model import BatchRecord
from batch_credits.views.question import BatchToReverse, FileToPay, Question

if TYPE_CHECKING:  # what is shown later is loaded later: the first row need not wait for it
    from batch_credits.reporter.summary import Summary
    from batch_credits.views.pilot import PilotView

PROBLEMS_SHOWN = 5  # kinds of them, before the question; check shows all


class Words(Asking):
    """What a run says to a person. With `quiet` only what needs one; `asks`: a question follows what is shown."""

    def __init__(self, *, quiet: bool, verbose: bool, asks: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._asks = asks

    def before(self, question: Question) -> None:
        """What is about to be sent."""
        match question.about:
            case FileToPay():
                lines = self._of_file(question, question.about)
            case BatchToReverse():
                lines = self._of_reversal(question, question.about)
            case _:
                assert_never(question.about)
        if lines:
            say(shown(lines, err=True), err=True, paint=painted)

    def _of_file(self, question: Question, file: FileToPay) -> list[Line]:
        plan, terms = question.plan, question.terms
        if self._quiet and not self._asks:
            lines: list[Line] = [("Look at", warning) for warning in plan.warnings]
            return lines + ([] if terms.memory.batches else memory_lines(terms.memory, terms.site))
        lines = [("File", str(file.path)), *[("Note", note) for note in file.notes]]
        lines += plan_lines(plan, problems=PROBLEMS_SHOWN)
        if plan.owed:
            lines += _pace_lines(question)
        if self._verbose:
            from batch_credits.chargebee.transport.choice import way_in_words  # here: it loads all that sends

            lines += [("Batch", plan.key), ("Requests", way_in_words(terms.settings))]
        return [*lines, *_how_and_where(question)]

    def _of_reversal(self, question: Question, batch: BatchToReverse) -> list[Line]:
        """Also for whom the balance does not cover it."""
        warnings = [("Left out", sentence) for sentence in batch.left_out]
        if batch.balances is not None:
            short = shortfall_lines(batch.balances)
            warnings += short or ([] if self._quiet else [("Balances", "cover it, for every customer")])
        elif question.plan.owed:
            warnings.append(("Balances", "were not told by Chargebee, so some may not cover it"))
        if self._quiet and not self._asks:
            return warnings
        lines = [("Reversal", f"of batch {batch.key[:8]}, {batch.file_name}")]
        if batch.business_entity_id is not None:
            lines.append(("Entity", batch.business_entity_id))
        lines += [*plan_lines(question.plan, problems=PROBLEMS_SHOWN), *warnings]
        return [*lines, *_pace_lines(question), *_how_and_where(question)]

    def pilot(self, pilot: "PilotView") -> None:
        """The pilot beside the file."""
        from batch_credits.cli.telling.pilot_table import pilot_text

        if self._asks or not self._quiet or pilot.disagreeing:
            say(pilot_text(pilot, err=True), err=True)

    def detached(self, batch: BatchRecord) -> None:
        """What is owed now, and how to follow it."""
        if not self._quiet:
            say(detached_in_words(batch))

    def after(self, summary: "Summary", stopped: RunStopped | None) -> None:
        """The last screen."""
        from batch_credits.cli.telling.result_words import painted_result, result_in_words
        from batch_credits.views.result import result_view

        if not self._quiet or summary.exit_code:
            remedy = "" if stopped is None else stopped.hint
            if remedy and sys.stdout is not None and not sys.stdout.isatty():  # for whoever reads stderr alone
                say("\n".join(told(remedy, err=True)), err=True)
            said = result_in_words(result_view(summary, given), width(), remedy=remedy)
            say(said, paint=lambda text: painted_result(text, summary.exit_code))


def _pace_lines(question: Question) -> list[Line]:
    notes = [("Note", note) for note in question.terms.notes]
    return [pace_line(question.pace, datetime.now().astimezone()), *notes]


def _how_and_where(question: Question) -> list[Line]:
    terms = question.terms
    lines = [*request_origin_lines(terms.settings), *origin_lines(terms.origins)]
    return [*lines, *memory_lines(terms.memory, terms.site), site_line(terms.site)]
