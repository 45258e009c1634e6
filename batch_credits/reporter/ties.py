"""What the file asked for, what the outcomes add up to, and what somebody expected: side by side, per currency."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from batch_credits.model import CallKind, ControlTotal, FileTotal, Outcome, sum_totals
from batch_credits.model.amounts import Exponents, total_in_words
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of
from batch_credits.reporter.control_totals import file_total_in_words
from batch_credits.reporter.record import ControlLineShown
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import totals_read

MAX_CURRENCIES = 40  # those with the most rows; summary.json has them all

_PLAIN = re.compile(r"[0-9]{1,40}(\.[0-9]{1,40})?")


@dataclass(frozen=True, slots=True)
class TieLine:
    """One count beside the others that it must agree with. `verdict` is "" of the first, which has no other."""

    label: str
    rows: str
    amounts: list[str]
    verdict: str
    agrees: bool = True


@dataclass(frozen=True, slots=True)
class TieGroup:
    """All counts of one currency, or of all rows."""

    title: str
    lines: list[TieLine]


def tie_groups(summary: Summary, controls: list[ControlLineShown], stated: Exponents) -> list[TieGroup]:
    """All rows, then each currency that the file has or that somebody expected."""
    asked = "Read from the file" if summary.batch.kind is CallKind.ADD else "To be deducted"
    group = partial(_group, asked=asked, stated=stated)
    read, reported = ControlTotal(summary.rows), ControlTotal(sum(summary.counts.values()))
    groups = [group("All rows", read, reported, [line for line in controls if not line.currency])]
    if unread := summary.count_unread(*Outcome):
        in_no_sum = TieLine("Without a readable amount", f"{unread:,}", ["in no sum"], "")
        groups = [replace(groups[0], lines=[*groups[0].lines, in_no_sum])]
    in_file, in_outcomes = totals_read(summary.batch), sum_totals(summary.totals.values())
    codes = in_file.keys() | in_outcomes.keys() | {line.currency for line in controls if line.currency}
    most = sorted(codes, key=lambda code: (-in_file.get(code, ControlTotal()).count, code))[:MAX_CURRENCIES]
    for code in sorted(most):
        expected = [line for line in controls if line.currency == code]
        read, reported = in_file.get(code, ControlTotal()), in_outcomes.get(code, ControlTotal())
        lines = [_of_file(total, stated) for total in summary.file_totals if (total.currency or SITE_CURRENCY) == code]
        tied = group(code, read, reported, expected, currency=code)
        groups.append(replace(tied, lines=tied.lines + lines))
    return groups


def _of_file(total: FileTotal, stated: Exponents) -> TieLine:
    """A total that stands in the file: what was read of it was held against its rows before anything was sent."""
    label = f"Control total of the file, in row {total.row}"
    return TieLine(label, f"{total.rows:,}", [file_total_in_words(total, stated)], _verdict(True))


def _group(
    title: str,
    read: ControlTotal,
    reported: ControlTotal,
    expected: list[ControlLineShown],
    *,
    asked: str,
    stated: Exponents,
    currency: str = "",
) -> TieGroup:
    amounts = [total_in_words(total, currency, stated) if currency else [] for total in (read, reported)]
    agrees = read == reported
    lines = [
        TieLine(asked, f"{read.count:,}", amounts[0], ""),
        TieLine("Sum of the outcomes", f"{reported.count:,}", amounts[1], _verdict(agrees), agrees),
    ]
    for line in expected:
        agrees = _holds(line, read, exponent_of(currency, stated))
        rows = "" if line.rows is None else f"{line.rows:,}"
        verdict = f"{_verdict(agrees)}; agreed to by {line.by}"
        lines.append(TieLine(f"Expected ({line.option})", rows, [line.amount] if line.amount else [], verdict, agrees))
    return TieGroup(title, lines)


def _verdict(agrees: bool) -> str:
    return "agrees" if agrees else "does not agree"


def _holds(expected: ControlLineShown, read: ControlTotal, exponent: int | None) -> bool:
    """Whether it still holds: it did when the run began, and neither figure may have changed since."""
    if expected.rows is not None and expected.rows != read.count:
        return False
    if not expected.amount or exponent is None or not _PLAIN.fullmatch(expected.amount):
        return True  # nothing that can be compared here: the run compared it
    return Decimal(expected.amount).scaleb(exponent) == read.amount_minor
