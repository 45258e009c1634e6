"""What became of a batch: the last screen of a run, and what a page says of it first."""

from dataclasses import dataclass
from pathlib import Path

from batch_credits.explanations.outcomes import label_of
from batch_credits.model import CallKind, Outcome
from batch_credits.reporter import closing_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.mending import mending_in_words
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.words import (
    Given,
    balance_in_words,
    headline,
    more_reasons_of,
    next_steps,
    nothing_given,
    reasons_of,
)
from batch_credits.views.amounts import Total, UndoneView, totals_of, undone_view


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """The rows of one outcome, under the name that reports give it and the label that people read. `unread` of them
    have an amount that nobody could read, so they are in no total. `reasons` are error codes with their rows, the most
    frequent first, of rows that were not credited; `more_reasons` says how many kinds there are besides."""

    name: str
    label: str
    rows: int
    totals: tuple[Total, ...]
    unread: int
    reasons: tuple[tuple[str, int], ...]
    more_reasons: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do now, and the command that does it; "" where there is none to paste."""

    sentence: str
    command: str


@dataclass(frozen=True, slots=True)
class ResultView:
    """The conclusions. `outcomes` are those that have rows; `payout` says, a sentence each, whose rows the batch mends
    or reverses, what became of its own that later files mend, and how their payouts closed; `steps` are what to do, the
    most urgent first; `stopped` is why the latest run ended early, if it did; `reports` are the files that were
    written."""

    headline: str
    key: str
    kind: CallKind
    file_name: str
    site: str
    is_live: bool
    stopped: str | None
    outcomes: tuple[OutcomeView, ...]
    undone: UndoneView
    payout: tuple[str, ...]
    balance: tuple[str, ...]
    steps: tuple[Step, ...]
    reports: tuple[Path, ...]
    exit_code: int


def result_view(summary: Summary, given: Given = nothing_given) -> ResultView:
    """The conclusions of a summary. `given` says which options of this command line (which ledger, which site) the
    commands to paste need too."""
    batch = summary.batch
    stated = stated_exponents(batch)
    return ResultView(
        headline=headline(summary),
        key=batch.key,
        kind=batch.kind,
        file_name=batch.file_name,
        site=batch.site,
        is_live=summary.live,
        stopped=summary.stopped,
        outcomes=tuple(
            OutcomeView(
                batch.kind.name_of(outcome),
                label_of(batch.kind, outcome),
                summary.counts[outcome],
                totals_of(summary.totals[outcome], stated),
                summary.count_unread(outcome),
                tuple(reasons_of(summary, outcome)),
                more_reasons_of(summary, outcome),
            )
            for outcome in Outcome
            if summary.counts[outcome]
        ),
        undone=undone_view(summary.undone, stated),
        payout=tuple(_payout(summary)),
        balance=tuple(balance_in_words(summary)),
        steps=tuple(Step(sentence, command) for sentence, command in next_steps(summary, given)),
        reports=(*summary.paths.written, *(path for closing in summary.closings for path in closing.paths)),
        exit_code=summary.exit_code,
    )


def _payout(summary: Summary) -> list[str]:
    said = [] if summary.batch.reverses is None else [f"This reverses batch {summary.batch.reverses[:8]}."]
    said += mending_in_words(summary.mending)
    for closing in summary.closings:
        said.append(f"Payout of {closing_words.payout_in_words(closing)}. {closing_words.headline(closing)}.")
    return said
