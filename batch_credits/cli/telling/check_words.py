"""A check on one screen."""

from batch_credits.cli.telling.picture import Line, origin_lines, pace_line, plan_lines, shown, site_line
from batch_credits.model import Outcome
from batch_credits.reporter.words import rows
from batch_credits.views.check import PROBLEMS_SHOWN, CheckView, CustomersView


def check_in_words(found: CheckView) -> str:
    """The file, its totals, every kind of problem, and the first rows with theirs."""
    plan = found.plan
    lines = [("File", str(found.file.path)), ("Print", f"sha256 {found.file.sha256}")]
    lines += [("Note", note) for note in found.file.notes]
    lines += [*plan_lines(plan), *origin_lines(found.origins)]
    if found.site is not None:
        there = "" if found.ledger_is_there else ", which is not there yet"
        lines += [("Ledger", f"{found.ledger}{there}"), site_line(found.site)]
    lines.append(pace_line(found.pace))
    if found.customers is not None:
        lines += _customer_lines(found.customers)
    for row in found.rows:
        lines += [_row_line(row.row_number, f"{p.field}: {p.message} [{p.code}]") for p in row.problems]
    lines += [("Suggested", f"{each.option} {each.value}: {each.reason}") for each in found.suggestions]
    if found.rejected_csv is not None:
        rejected = rows(plan.counts[Outcome.REJECTED])
        lines.append(("Rejected", f"{rejected}, all their problems in {found.rejected_csv}"))
    return shown(lines)


def _customer_lines(customers: CustomersView) -> list[Line]:
    said = [f"{rows(count)}: customer {code.replace('_', ' ')}" for code, count in customers.counts.items()]
    lines = [("Customers", f"{customers.asked:,} asked for, {'; '.join(said) or 'nothing to say of them'}")]
    return lines + [_row_line(f.row_number, f"customer_id: {f.message}") for f in customers.findings[:PROBLEMS_SHOWN]]


def _row_line(number: int, text: str) -> Line:
    return f"row {number}:", text
