"""The last screen of a run: what became of the batch, what to do next, and where the reports are."""

import textwrap

from batch_credits.model import CallKind
from batch_credits.model.amounts import at_least
from batch_credits.text.colour import Colour, coloured
from batch_credits.text.counted import kinds, rows
from batch_credits.views.amounts import Total, UndoneView
from batch_credits.views.result import OutcomeView, ResultView

SCREEN_WIDTH = 78
TABLE_WIDTH = 56  # columns that a line of the table may have
NARROWEST = 20


def result_in_words(result: ResultView, width: int = SCREEN_WIDTH, *, remedy: str = "") -> str:
    """Headline, counts and totals, the tie-out, what to do next, and the reports.

    `width` is that of the terminal; commands and paths stay whole, so that they can be pasted. `remedy` is what to do
    about whatever stopped the run.
    """
    width = min(width, SCREEN_WIDTH)
    is_narrow = width < TABLE_WIDTH
    to = "to" if result.kind is CallKind.ADD else "at"
    site = f"{result.site} ({'LIVE site' if result.is_live else 'TEST site'})"
    table = [line for outcome in result.outcomes for line in _outcome_lines(outcome, is_narrow=is_narrow)]
    blocks = [
        _wrapped(f"{result.headline}.", width),
        _wrapped(f"{result.file_name} {to} {site}, batch {result.key[:8]}", width),
        _wrapped(f"Stopped: {result.stopped}", width) if result.stopped else "",
        _wrapped(remedy, width) if remedy else "",
        "\n".join([*table, *_undone_lines(result.undone, is_narrow=is_narrow)]),
        "\n".join(_wrapped(sentence, width) for sentence in result.payout),
        "\n".join(_wrapped(sentence, width) for sentence in result.balance),
        "\n".join(
            _wrapped(step.sentence, width) + (f"\n  {step.command}" if step.command else "") for step in result.steps
        ),
        "\n".join(f"  {path}" for path in result.reports),
    ]
    return "\n\n".join(block for block in blocks if block)


def painted_result(text: str, exit_code: int) -> str:
    """The same, for a terminal with colours: the headline by what it means."""
    first, _, rest = text.partition("\n\n")
    colour: Colour = "green" if exit_code == 0 else "yellow" if exit_code == 1 else "red"
    return f"{coloured(first, colour)}\n\n{rest}"


def _outcome_lines(outcome: OutcomeView, *, is_narrow: bool) -> list[str]:
    """Its rows with their totals one below the other, and why rows are not credited."""
    amounts, reasons = at_least(_words_of(outcome.totals), outcome.unread), outcome.reasons
    more = kinds(outcome.more_reasons) if outcome.more_reasons else ""
    if is_narrow:
        texts = [*amounts, *(f"{number:,} {code}" for code, number in reasons), *([f"and {more}"] if more else [])]
        return [f"  {outcome.label}: {rows(outcome.rows)}", *(f"    {text}" for text in texts)]
    lines = []
    head = f"  {outcome.label:<17}{outcome.rows:>10,}"
    for amount in amounts or [""]:
        lines.append(f"{head}  {amount:>24}".rstrip())
        head = " " * len(head)
    lines += [f"  {'':<17}{number:>10,}  {code}" for code, number in reasons]
    return [*lines, f"  {'':<17}{'':>10}  and {more}"] if more else lines


def _undone_lines(undone: UndoneView, *, is_narrow: bool) -> list[str]:
    """What of the above was deducted again, by batch."""
    lines = []
    for by in undone.by:
        amounts = _words_of(by.totals)
        if is_narrow:
            lines.append(f"  of them reversed by {by.key[:8]}: {rows(by.rows)}")
            lines += [f"    {text}" for text in amounts]
            continue
        head = f"  {'of them reversed':<17}{by.rows:>10,}"
        for amount in amounts:
            lines.append(f"{head}  {amount:>24}")
            head = " " * len(head)
        lines.append(f"{'':<29}  by {by.key[:8]}")
    return lines


def _words_of(totals: tuple[Total, ...]) -> list[str]:
    return [words for total in totals for words in total.words]


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, max(width, NARROWEST), break_long_words=False, break_on_hyphens=False)
