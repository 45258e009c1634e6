"""A check on one screen: totals, the kinds of problems with their first rows, and what to do next."""

import shlex
from collections.abc import Sequence

from batch_credits.cli.telling.given import PROGRAM, as_run, command_with
from batch_credits.cli.telling.picture import (
    PROBLEM,
    Line,
    origin_lines,
    pace_line,
    plan_lines,
    problem_in_words,
    shown,
    site_line,
)
from batch_credits.loader.wording import shown as quoted
from batch_credits.model import Outcome
from batch_credits.text.counted import rows
from batch_credits.views.check import ROWS_SHOWN, CheckView, CustomersView, Problems, RowWithProblem

KINDS_SHOWN = 20  # of problems; rejected.csv has all
_BELOW = "    "  # before a row of a kind


def check_in_words(found: CheckView) -> str:
    """The file, its totals, every kind of problem with its first rows, and what to do next but for the commands."""
    plan = found.plan
    lines = [("File", str(found.file.path)), ("Print", f"sha256 {found.file.sha256}")]
    lines += [("Note", note) for note in found.file.notes]
    lines += [*plan_lines(plan, rejected=_rejected_lines(found)), *origin_lines(found.origins)]
    if found.site is not None:
        there = "" if found.ledger_is_there else ", which is not there yet"
        lines += [("Ledger", f"{found.ledger}{there}"), site_line(found.site)]
    lines.append(pace_line(found.pace))
    lines += [("Note", sentence) for sentence in found.differences]
    if found.customers is not None:
        lines += _customer_lines(found.customers)
    if found.order is not None:
        lines.append(("Order", f"{found.order.path}: {found.order.what}"))
    return shown([*lines, *_next_lines(found)])


def next_commands(words: Sequence[str], found: CheckView) -> list[str]:
    """The whole commands that can follow this check, as the last of its lines names them."""
    rejected, owed = found.plan.counts[Outcome.REJECTED], found.plan.owed
    if found.suggestions:
        return [command_with(words, tuple((each.option, each.value) for each in found.suggestions))]
    again = [shlex.join([PROGRAM, *words])] if rejected else []
    if found.order is not None:
        again.append(shlex.join([PROGRAM, "approve", str(found.order.path)]))
    return again + ([as_run(words)] if owed else [])


def _next_lines(found: CheckView) -> list[Line]:
    """What to do now; the commands come below, each on a line that can be pasted."""
    if found.refusal is not None:
        return []  # which says it
    rejected, owed = found.plan.counts[Outcome.REJECTED], found.plan.owed
    if found.suggestions:
        lines = [("Suggested", f"{each.option} {each.value}: {each.reason}") for each in found.suggestions]
        return [*lines, ("Next", "check it so, if that is what is meant; or mend the rows:")]
    if rejected:
        others, these = "row" if owed == 1 else rows(owed), "it" if rejected == 1 else "these"
        pay = f"; or pay the other {others} now, and mend {these} in the failed.csv of that run" if owed else ""
        return [("Next", f"mend {rows(rejected)} in your file, and check it again{pay}:")]
    if found.order is not None:
        return [("Next", "have another person approve it; then pay it:")]
    return [("Next", "pay it:")] if owed else [("Next", "nothing: no row is owed")]


def _rejected_lines(found: CheckView) -> list[Line]:
    if not found.problems:
        return []
    where = f"; all, with all their problems, in {found.rejected_csv}" if found.rejected_csv else ""
    rejected = found.plan.counts[Outcome.REJECTED]
    lines = [("Rejected", f"{rows(rejected)}, which {'is' if rejected == 1 else 'are'} not sent{where}")]
    for problems in found.problems[:KINDS_SHOWN]:
        lines += _problem_lines(problems)
    if (more := len(found.problems) - KINDS_SHOWN) > 0:
        lines.append((PROBLEM, f"and {more} more {'kind' if more == 1 else 'kinds'} of problems"))
    return lines


def _problem_lines(problems: Problems) -> list[Line]:
    """The kind with its remedy, said once if it is the same for all of its first rows, and its code for `explain`; and
    each of these rows."""
    group, first = problems.group, problems.first
    if group.rows == 1:
        return [(PROBLEM, f"{problem_in_words(group)}: {group.message} [{group.code}]")]
    if len({_without_value(row) for row in first}) > 1:
        lines = [(PROBLEM, f"{problem_in_words(group)} [{group.code}]")]
        lines += [_row_line(row.row_number, row.message) for row in first]
    else:
        lines = [(PROBLEM, f"{problem_in_words(group)}: {group.message} [{group.code}]")]
        if not any(row.value for row in first):
            numbers = ", ".join(f"{row.row_number}" for row in first)
            more = f" and {group.rows - ROWS_SHOWN:,} more" if group.rows > ROWS_SHOWN else ""
            return [*lines, (_BELOW[1:], f"in rows {numbers}{more}")]
        lines += [_row_line(row.row_number, quoted(row.value)) for row in first]
    return [*lines, *_more_lines(group.rows - ROWS_SHOWN)]


def _without_value(row: RowWithProblem) -> str:
    """What is said of it, whatever stands there."""
    return row.message.replace(quoted(row.value), "") if row.value else row.message


def _customer_lines(customers: CustomersView) -> list[Line]:
    said = [f"{rows(count)}: customer {code.replace('_', ' ')}" for code, count in customers.counts.items()]
    lines = [("Customers", f"{customers.asked:,} asked for, {'; '.join(said) or 'nothing to say of them'}")]
    for code, count in customers.counts.items():
        found = [finding for finding in customers.findings if finding.code == code][:ROWS_SHOWN]
        lines += [_row_line(finding.row_number, finding.message) for finding in found]
        lines += _more_lines(count - len(found))
    return lines


def _row_line(number: int, text: str) -> Line:
    return f"{_BELOW}row {number}:", text


def _more_lines(more: int) -> list[Line]:
    return [(_BELOW[1:], f"and {rows(more)} more")] if more > 0 else []
