"""What a person reads first: the headline, whether the totals tie out, and what to do next."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from batch_credits.model import CallKind, Outcome
from batch_credits.model.amounts import totals_in_words, unread_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.control_totals import file_total_sentence
from batch_credits.reporter.mending import open_in
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import NOT_CREDITED, Reason, totals_read
from batch_credits.text.counted import rows

REASONS_SHOWN = 5  # of each outcome
_FEW_CURRENCIES = range(1, 4)  # as many as a sentence has room for
_CODE = re.compile(r"[a-z0-9_]{1,60}")  # codes come from outside


@dataclass(frozen=True, slots=True)
class Words:
    """How a batch of one kind is spoken of: a reversal never says "credited". Its rows: `explanations.outcomes`."""

    done: str
    failed_file: str  # what failed.csv is for


_WORDS = {
    CallKind.ADD: Words("credited", "the rows not credited; mend them and run that file"),
    CallKind.DEDUCT: Words(
        "deducted", "the rows not deducted, with the reason; for batch-credits reverse --rows, never to be paid"
    ),
}


Given = Callable[[str], list[str]]  # a command's name -> options as words


def nothing_given(command: str) -> list[str]:
    """Where no command line is known, nor a ledger."""
    return []


def words_of(kind: CallKind) -> Words:
    """How batches of this kind are spoken of."""
    return _WORDS[kind]


def headline(summary: Summary) -> str:
    """The one sentence that matters most."""
    settled = summary.count(Outcome.CREDITED, Outcome.ALREADY_CREDITED)
    to_look_at = summary.count(Outcome.REVIEW, Outcome.IN_DOUBT)
    unpaid = summary.count(*NOT_CREDITED)
    done = words_of(summary.batch.kind).done
    undone = f", {summary.undone.rows:,} reversed" if summary.undone.rows else ""
    if not summary.in_balance:
        return "The totals do not tie out: a person must look"
    if summary.stopped or summary.counts[Outcome.PENDING]:
        for_whom = ", a person must look" if summary.needs_person else ""
        how = "Not at its end yet" if _goes_on(summary) else f"Stopped before the end{for_whom}"
        return f"{how}: {settled:,} of {rows(summary.rows)} {done}{undone}"
    if to_look_at:
        rest = f", {unpaid:,} more not {done}" if unpaid else ""
        return f"{rows(to_look_at)} {'needs' if to_look_at == 1 else 'need'} a person{rest}{undone}"
    if unpaid:
        mended = unpaid - summary.to_mend
        since = f", {mended:,} of them mended since" if mended else ""
        return f"{unpaid:,} of {rows(summary.rows)} not {done}{since}{undone}"
    if undone:
        return _headline_of_undone(summary)
    if not summary.rows:
        return "The file has no rows"
    if summary.counts[Outcome.ALREADY_CREDITED] == summary.rows:
        return f"All {rows(summary.rows)} were {done} before" if summary.rows > 1 else f"The row was {done} before"
    return f"All {rows(summary.rows)} {done}" if summary.rows > 1 else f"The row is {done}"


def _goes_on(summary: Summary) -> bool:
    """Whether its run may go on: nobody has said that it ended. Who was killed says nothing."""
    return summary.run is not None and summary.run.ended_at is None and not summary.stopped


def _headline_of_undone(summary: Summary) -> str:
    if summary.undone.rows < summary.rows:
        return f"{summary.undone.rows:,} of {rows(summary.rows)} reversed"
    return f"All {rows(summary.rows)} were reversed" if summary.rows > 1 else "The row was reversed"


def next_steps(summary: Summary, given: Given = nothing_given) -> list[tuple[str, str]]:
    """What to do now, most urgent first: a sentence, and the command if there is one."""
    batch = summary.batch.key[:8]
    steps = []
    if not summary.in_balance:
        steps.append(("The totals do not tie out. Ask Chargebee what exists:", _command(given, "reconcile", batch)))
    doubt = ", and settles doubt before it sends" if summary.counts[Outcome.IN_DOUBT] else ""
    if not summary.needs_person and (doubt or summary.stopped or summary.counts[Outcome.PENDING]):
        steps.append((f"Run the same command again: it carries on{doubt}.", ""))
    if review := summary.counts[Outcome.REVIEW]:
        sentence = f"Look up {rows(review)} in review at Chargebee, and say for each what you found:"
        if summary.batch.kind is CallKind.DEDUCT:
            sentence = f"Look up {rows(review)} in review at Chargebee; here --credited says that it was deducted:"
        found = _command(given, "resolve", batch, "--row", "N", "--credited", "CREDIT_ID")
        steps.append((sentence, f"{found} (or --not-credited)"))
    if summary.needs_person:
        steps.append((f"Find out why. Only then run the same command again: it carries on{doubt}.", ""))
    if summary.batch.kind is CallKind.DEDUCT:
        steps += _steps_of_reversal(summary, given)
    elif summary.to_mend:
        codes = dict.fromkeys(code for outcome in NOT_CREDITED for code, _ in _codes(summary.reasons_left, outcome))
        if codes:
            steps.append(("See what is to be mended:", f"batch-credits explain {' '.join(codes)}"))
        again = _command(given, "run", str(summary.paths.failed))
        steps.append((f"Mend {rows(summary.to_mend)} in failed.csv and run it:", again))
    for copy in summary.edited:
        sentence = f"failed{copy.suffix} was changed since it was written, and is kept as {copy.name}."
        if summary.to_mend:
            steps.append((f"{sentence} If it is mended:", _command(given, "run", str(copy))))
        else:
            steps.append((f"{sentence} All its rows were mended since: it need not be run.", ""))
    for mend in summary.mending.mends:
        if left := open_in(mend):
            sentence = f"{rows(left)} mended in {mend.file_name} {'is' if left == 1 else 'are'} not credited yet:"
            steps.append((sentence, _command(given, "report", mend.key[:8])))
    if summary.undone.rows:
        were = "row was" if summary.undone.rows == 1 else "rows were"
        sentence = f"{summary.undone.rows:,} {were} reversed by {summary.undone.batches}, and not paid again:"
        steps.append((sentence, "batch-credits explain reversed"))
    return steps or [("Nothing more to do.", "")]


def _command(given: Given, name: str, *words: str) -> str:
    """A command that can be pasted, with what was said on the command line of this one and goes for it too."""
    return shlex.join(["batch-credits", name, *words, *given(name)])


def _steps_of_reversal(summary: Summary, given: Given) -> list[tuple[str, str]]:
    """What to do about rows of a reversal that were not deducted: its failed.csv is no file to pay."""
    steps = []
    if (failed := summary.counts[Outcome.FAILED]) and summary.batch.reverses is not None:
        again = (summary.batch.reverses[:8], "--rows", str(summary.paths.failed), "--retry-failed")
        covered = "the balance covers it" if failed == 1 else "the balances cover them"
        sentence = f"{rows(failed)} could not be deducted; failed.csv says why. Once {covered}:"
        steps.append((sentence, _command(given, "reverse", *again)))
    if rejected := summary.counts[Outcome.REJECTED]:
        steps.append((f"{rows(rejected)} cannot be deducted by this command: failed.csv says why.", ""))
    return steps


def balance_in_words(summary: Summary) -> list[str]:
    """The tie-out, in sentences."""
    if summary.in_balance:
        said = ["In balance: the outcomes add up to the rows and the totals read from the file."]
    else:
        said = ["Not in balance.", *summary.differences]
    stated = stated_exponents(summary.batch)
    if unread := summary.count_unread(*Outcome):
        amounts = totals_in_words(totals_read(summary.batch), stated)
        asked = f": the file asks for at least {' + '.join(amounts)}" if len(amounts) in _FEW_CURRENCIES else ""
        said.append(f"{unread_in_words(unread)}{asked}.")
    return said + [f"The file agrees with the {file_total_sentence(each, stated)}." for each in summary.file_totals]


def reasons_of(summary: Summary, outcome: Outcome) -> list[tuple[str, int]]:
    """Error codes of an outcome with their rows, the most frequent first. What is no code is not shown."""
    return _codes(summary.reasons, outcome)[:REASONS_SHOWN]


def more_reasons_of(summary: Summary, outcome: Outcome) -> int:
    """How many kinds of reasons there are besides."""
    if not (shown := len(reasons_of(summary, outcome))):
        return 0
    return sum(each is outcome and code != "" for each, code in summary.reasons) - shown


def _codes(reasons: Mapping[Reason, int], outcome: Outcome) -> list[tuple[str, int]]:
    if outcome not in NOT_CREDITED:
        return []
    counted = [(code, number) for (each, code), number in reasons.items() if each is outcome]
    return sorted((c for c in counted if _CODE.fullmatch(c[0])), key=lambda c: -c[1])
