"""What an operator does at one step: with files, with the command, and with what lies around it.

An act takes the history and does one thing. What it needs and does not find it makes, or it does nothing.
"""

from collections.abc import Callable

from tests.operator import promises
from tests.operator.history import History, meant
from tests.operator.judge import Report
from tests.operator.paper import SELF_SAYING, Reading, Sheet, read_table

Act = Callable[[History], None]

CUSTOMERS = ("c-1", "c-2", "c-3", "c-4", "C-1", "Zoe\u0301", "c 5", "missing-1")
REFERENCES = ("loyalty-2026-q3", "loyalty-2026-q4", "q3", "Q3", " q3 ", "q3\u00a0x", "q3 x", "Gu\u0308te", "G\u00fcte")
AMOUNTS = {"minor": ("100", "250", "1000", "99", "7"), "major": ("1", "2.50", "10.00", "0.99", "7")}
WRONG_AMOUNTS = ("abc", "", "-5", "0", "1e3", "12.345")
LIMITS = ("1.00", "2.49", "10.00", "1000.00")


def write_sheet(history: History) -> None:
    """A new file."""
    chance = history.chance
    unit = chance.choice(("minor", "minor", "major"))
    default = chance.choice(("", "", "loyalty-2026-q3"))
    reading = Reading(unit, default, chance.random() < 0.25)
    sheet = Sheet(history.folder / f"payout-{len(history.sheets)}.csv", reading)
    sheet.rows = [_row(history, sheet) for _ in range(chance.randint(1, 7))]
    sheet.write()
    history.sheets.append(sheet)


def _row(history: History, sheet: Sheet) -> list[str]:
    chance, unit = history.chance, sheet.reading.unit
    right = AMOUNTS["major" if unit == "major" else "minor"]
    amount = chance.choice(right if chance.random() < 0.9 else WRONG_AMOUNTS)
    few = 2 if sheet.reading.numbered else None  # so that there is something to number
    reference = "" if sheet.reading.reference and chance.random() < 0.6 else chance.choice(REFERENCES[:few])
    customer = chance.choice(CUSTOMERS[:few]) if chance.random() < 0.95 else ""
    currency = chance.choice(("USD", "USD", "USD", "EUR", "JPY"))
    return [customer, amount, currency, "gift", reference, str(chance.random())]


def a_sheet(history: History) -> Sheet:
    """One of the last files; there is always one."""
    if not history.sheets:
        write_sheet(history)
    return history.chance.choice(history.sheets[-4:])


def edit(history: History) -> None:
    """One cell is written anew."""
    sheet = a_sheet(history)
    row, other = history.chance.choice(sheet.rows), _row(history, sheet)
    header = history.chance.choice(("customer_id", "amount", "reference", "note"))
    at = sheet.headers.index(header)
    if len(other) == len(row):
        row[at] = other[at]
    sheet.write()


def respell(history: History) -> None:
    """The case or the blanks of a reference change."""
    sheet = a_sheet(history)
    row, at = history.chance.choice(sheet.rows), sheet.headers.index("reference")
    row[at] = history.chance.choice((row[at].upper(), row[at].lower(), f" {row[at]} ", row[at].replace(" ", "\u00a0")))
    sheet.write()


def rearrange(history: History) -> None:
    """Rows are repeated, removed, added on top or put in another order."""
    sheet, chance = a_sheet(history), history.chance
    match chance.choice(("repeat", "remove", "above", "order")):
        case "repeat" if len(sheet.rows) < 12:
            sheet.rows.insert(chance.randrange(len(sheet.rows) + 1), list(chance.choice(sheet.rows)))
        case "remove" if len(sheet.rows) > 1:
            sheet.rows.pop(chance.randrange(len(sheet.rows)))
        case "above" if len(sheet.headers) == len(row := _row(history, sheet)):
            sheet.rows.insert(0, row)
        case _:
            chance.shuffle(sheet.rows)
    sheet.write()


def rename(history: History) -> None:
    """The file gets another name; what was run under the old one is this one."""
    sheet = a_sheet(history)
    sheet.path = sheet.path.rename(sheet.path.with_name(f"renamed {sheet.path.name}"[-60:]))


def check(history: History) -> None:
    """Look before paying."""
    sheet = a_sheet(history)
    extra = history.chance.choice(((), ("--json",), ("--online",), ("--strict",)))
    history.command("check", str(sheet.path), *meant(sheet.reading), *extra)


def run(history: History) -> None:
    """Pay a file, as it is meant to be."""
    sheet, chance = a_sheet(history), history.chance
    options = ["--yes", *meant(sheet.reading)]
    for some in (
        ("--verify-first",), ("--retry-failed",), ("--silence", "email"), ("--business-entity", "ent-1"), ("--strict",),
        ("--pilot", "1"), ("--pilot", "3"), ("--no-wait",), ("--max-failures", "0"), ("--concurrency", "1"),
        ("--max-total", f"USD={chance.choice(LIMITS)}"), ("--max-amount", f"USD={chance.choice(LIMITS)}"),
        ("--xlsx",), ("--log-format", "json"),
    ):  # fmt: skip
        if some[0] not in options and chance.random() < 0.1:
            options += some
    patience = chance.uniform(0.02, 0.15) if chance.random() < 0.06 else None
    history.run(sheet, *options, patience=patience)


def run_as_it_comes(history: History) -> None:
    """Pay a file without thinking of its options: another unit, another reference, numbers or none."""
    sheet, chance = a_sheet(history), history.chance
    options = ["--yes"] if chance.random() < 0.8 else []
    for some in (("--amount-unit", "major"), ("--reference", "loyalty-2026-q4"), ("--number-duplicates",)):
        if chance.random() < 0.3:
            options += some
    history.run(sheet, *options)


def run_without_yes(history: History) -> None:
    """Nobody is there to be asked."""
    sheet = a_sheet(history)
    history.run(sheet, *meant(sheet.reading))


def run_against_controls(history: History) -> None:
    """Control totals that are not the file's."""
    sheet = a_sheet(history)
    wrong = history.chance.choice((("--expect-total", "USD=98765432.10"), ("--expect-rows", "999")))
    history.must_refuse("wrong control totals", "run", str(sheet.path), "--yes", *meant(sheet.reading), *wrong)


def run_mended(history: History) -> None:
    """Mend a failed.csv with Python's csv, and run it."""
    report = _report(history)
    if report is None or report.is_reversal or report.batch not in history.readings:
        return
    headers, rows = read_table(report.folder / "failed.csv")
    if not rows:
        return
    chance = history.chance
    at = {name: headers.index(name) for name in ("customer_id", "amount", "reference") if name in headers}
    for row in rows:
        if chance.random() < 0.7:
            row[at["customer_id"]] = row[at["customer_id"]].replace("missing-1", "c-4") or "c-2"
            if row[at["amount"]] in WRONG_AMOUNTS:
                row[at["amount"]] = "5"
    reading = Reading() if SELF_SAYING in headers else history.readings[report.batch]
    sheet = Sheet(history.folder / f"mended-{len(history.sheets)}.csv", reading, headers, rows)
    sheet.write()
    history.sheets.append(sheet)
    if chance.random() < 0.5:  # mended where it lies; the command may write over it later
        sheet = Sheet(report.folder / "failed.csv", reading, headers, rows)
        sheet.write()
    history.run(sheet, "--yes", *meant(reading))


def run_a_report(history: History) -> None:
    """Take another of our files for the one to pay."""
    report = _report(history)
    if report is not None and not report.is_reversal and report.rows and promises.REPORTS_ARE_NO_SOURCES:
        name = history.chance.choice(("results.csv", "results.csv", "rejected.csv"))
        path = report.folder / name
        if not path.exists():
            return
        unit = history.chance.choice(((), ("--amount-unit", "major")))
        headers, rows = read_table(path)
        if SELF_SAYING in headers:  # rejected.csv is a failed.csv before a run
            history.run(Sheet(path, Reading(), headers, rows), "--yes", *unit)
            return
        history.must_refuse(f"{name} for a source", "run", str(path), "--yes", *unit)
        history.judge_truth()


def _report(history: History) -> Report | None:
    reports = history.own_reports()
    return history.chance.choice(reports) if reports else None


def report_again(history: History) -> None:
    """Write a batch's reports again, and see what the ledger has."""
    report = _report(history)
    if report is not None:
        _said, reports = history.command("report", report.batch[: history.chance.choice((8, 12, 64))])
        for each in reports:
            history.judge_report(each)
    history.command("status")


def reconcile(history: History) -> None:
    """Ask Chargebee; often of everything."""
    report = _report(history)
    batch = [report.batch[:8]] if report is not None and history.chance.random() < 0.6 else []
    whole = ["--whole"] if history.chance.random() < 0.3 else []
    _said, reports = history.command("reconcile", *batch, *whole)
    for each in reports:
        history.judge_report(each)
    history.judge_truth()


def resolve(history: History) -> None:
    """Settle a row in review; or try what must not be settled so."""
    chance, report = history.chance, _report(history)
    if report is None or report.is_reversal or report.batch not in history.readings:
        return
    reviewed = [row for row in report.rows if row["credit_outcome"] == "review"] or report.rows
    row = chance.choice(reviewed)
    meaning = history.readings[report.batch].meaning(row)
    there = history.branch.place.everything()
    others = [each.id for each in there if meaning is None or each.customer.lower() != row["customer_id"].lower()]
    right = [each.id for each in there if each.meaning == meaning and not each.is_deduction]
    batch, number = report.batch[:8], ("--row", row["credit_row"])
    match chance.choice(("right", "other", "unknown", "not") if promises.A_PERSONS_WORD_IS_CHECKED else ("right",)):
        case "right" if right:
            history.command("resolve", batch, *number, "--credited", chance.choice(right))
        case "other" if others:
            history.must_not_settle("somebody else's credit", batch, *number, "--credited", chance.choice(others))
        case "not":
            history.command("resolve", batch, *number, "--not-credited")
        case _ if promises.A_PERSONS_WORD_IS_CHECKED:
            history.must_not_settle("an unknown id", batch, *number, "--credited", "NOSUCHCREDIT0000")


def reverse(history: History) -> None:
    """Undo a batch or a part of it."""
    report, chance = _report(history), history.chance
    if report is None or report.is_reversal:
        return
    if chance.random() < 0.5:
        history.reverse(report)
        return
    headers, _rows = read_table(report.folder / "results.csv")
    rows = [row for row in report.rows if chance.random() < 0.5]
    cut = Sheet(history.folder / "cut.csv", Reading(), headers, [[row[name] for name in headers] for row in rows])
    if rows and len(set(headers)) == len(headers):
        cut.write()
        history.reverse(report, "--rows", str(cut.path), rows=rows)


def reverse_what_is_not(history: History) -> None:
    """The id of a batch is empty, too short, or of none here."""
    report, chance = _report(history), history.chance
    known = report.batch if report is not None else "3f9a2b1c"
    batch = chance.choice(("", " ", known[:1], known[:4], known[:6], known[:7], "00000000", known[:8] + "zz", "f" * 64))
    history.must_refuse(f"the batch {batch!r}", "reverse", batch, "--yes")
    history.judge_truth()
