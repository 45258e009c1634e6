"""The rows that need a person, by reason: what happened, what it means for the money, what to do, which they are."""

from dataclasses import dataclass, replace

from batch_credits.explanations import Kind, explained
from batch_credits.explanations.outcomes import Sentences, label_of, sentences_of
from batch_credits.model import CallKind, Outcome, ReportRow
from batch_credits.model.amounts import Exponents, money_in_words
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.display import MAX_WORD_LETTERS, clip
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import ReasonGroup, Tally
from batch_credits.text.counted import rows as rows_in_words

ROWS_UNFOLDED = 5  # of each reason; the others are there to be unfolded

_KINDS = {Outcome.REJECTED: Kind.REJECTED, Outcome.FAILED: Kind.CHARGEBEE}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One row that needs a person."""

    row_number: int
    customer: str
    amount: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonGroup:
    """Rows that need a person for the same reason.

    `reason` is what is said of every row that is shown; else `reasons_differ`, and each line has its own. `folded` are
    the lines after the first ones; `more` says where the others are, if there are any.
    """

    outcome: str
    label: str
    code: str
    rows: str
    happened: str
    money: str
    to_do: str
    reason: str
    reasons_differ: bool
    lines: list[PersonLine]
    folded: list[PersonLine]
    more: str


def person_groups(summary: Summary, tally: Tally) -> list[PersonGroup]:
    """Every reason, the most urgent first, with as many rows as a page has room for."""
    stated = stated_exponents(summary.batch)
    return [_group(group, summary, stated) for group in tally.reason_groups]


def rows_shown(tally: Tally, groups: list[PersonGroup]) -> str:
    """How many of the rows that need a person are named here."""
    in_all, shown = tally.reasons_left.total(), sum(len(group.lines) + len(group.folded) for group in groups)
    if shown == in_all:
        return f"{rows_in_words(in_all)}, numbered as a spreadsheet shows them."
    return f"{shown:,} of {rows_in_words(in_all)}, numbered as a spreadsheet shows them."


def _group(group: ReasonGroup, summary: Summary, stated: Exponents) -> PersonGroup:
    known = _sentences(group.outcome, group.code, summary.batch.kind)
    hidden = group.rows - len(group.shown)
    file = "failed.csv" if group.outcome in _KINDS else "results.csv"
    lines = [_line(row, summary, stated) for row in group.shown]
    reasons = {line.reason for line in lines}
    return PersonGroup(
        outcome=group.outcome.value,
        label=label_of(summary.batch.kind, group.outcome),
        code=clip(group.code, MAX_WORD_LETTERS),
        rows=rows_in_words(group.rows),
        happened=known.happened,
        money=known.money,
        to_do=known.to_do,
        reason="" if len(reasons) > 1 else lines[0].reason,
        reasons_differ=len(reasons) > 1,
        lines=_said_once(lines[:ROWS_UNFOLDED]),
        folded=_said_once(lines[ROWS_UNFOLDED:]),
        more=f"{hidden:,} more in {file}" if hidden else "",
    )


def _sentences(outcome: Outcome, code: str, kind: CallKind) -> Sentences:
    """What is known of the outcome, and of the code where it says more: of credits, for no code is about deductions."""
    of_outcome = sentences_of(kind, outcome)
    if kind is CallKind.DEDUCT or not code:
        return of_outcome
    of_code = [each for each in explained(code) if each.kind is _KINDS.get(outcome)]
    return replace(of_outcome, happened=of_code[0].happened, to_do=of_code[0].to_do) if of_code else of_outcome


def _line(row: ReportRow, summary: Summary, stated: Exponents) -> PersonLine:
    """An amount that could not be read shows as it came."""
    amount = money_in_words(row.money, stated) if row.money else cell(row, summary, "amount", "amount_in_decimal")
    return PersonLine(
        row_number=row.row_number,
        customer=clip(cell(row, summary, "customer_id")),
        amount=clip(amount),
        reference=clip(row.reference or ""),
        reason=clip(row.error or ""),
    )


def _said_once(lines: list[PersonLine]) -> list[PersonLine]:
    """A reason that is that of the row above is not said again."""
    before = ["", *(line.reason for line in lines)]
    return [
        replace(line, reason="as above") if line.reason and line.reason == above else line
        for line, above in zip(lines, before, strict=False)
    ]


def cell(row: ReportRow, summary: Summary, *fields: str) -> str:
    """The row's own text of the first of these fields that has any."""
    for field in fields:
        index = summary.batch.columns.get(field)
        if index is not None and index < len(row.cells) and row.cells[index].strip():
            return row.cells[index]
    return ""
