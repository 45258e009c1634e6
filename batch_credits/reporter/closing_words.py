"""What a person reads first of a payout: whether it is closed, what is still open, and what to do about it."""

import shlex
from collections import Counter
from typing import Any

from batch_credits.explanations.outcomes import ENDINGS
from batch_credits.model import Ending
from batch_credits.reporter.amounts import in_decimal, in_minor_units
from batch_credits.reporter.closing import Closing
from batch_credits.reporter.record import its_ledger
from batch_credits.text.counted import rows


def label_of(ending: Ending) -> str:
    """Its name as a person reads it: `left out`."""
    return ending.value.replace("_", " ")


def meaning_of(ending: Ending) -> str:
    """What it means, in a few words."""
    return ENDINGS[ending]


def headline(closing: Closing) -> str:
    """The one sentence that matters most."""
    credited, undone, totals = (closing.counts[each] for each in (Ending.CREDITED, Ending.REVERSED, Ending.TOTAL))
    if closing.differences:
        return "The payout does not tie out: a person must look"
    if closing.again:
        return f"Open: {closing.again:,} of {rows(closing.rows)} credited more than once"
    if closing.may_be_again:
        return f"Open: {closing.may_be_again:,} of {rows(closing.rows)} credited, and may be credited once more"
    if closing.open_rows:
        return f"Open: {closing.open_rows:,} of {rows(closing.rows)} not credited yet"
    if undone or totals:
        others = [f"{undone:,} reversed"] * bool(undone) + [f"{totals:,} a total of others"] * bool(totals)
        return f"Closed: of {rows(closing.rows)} {credited:,} credited, {', '.join(others)}"
    return f"Closed: all {rows(closing.rows)} credited" if closing.rows > 1 else "Closed: the row is credited"


def payout_in_words(closing: Closing) -> str:
    """Which payout it is: `payout.csv, batch 1234abcd, and 2 files mended from it`."""
    mended = len(closing.payout.files) - 1
    files = "1 file" if mended == 1 else f"{mended:,} files"
    return f"{closing.payout.first.file_name}, batch {closing.payout.first.key[:8]}, and {files} mended from it"


def closing_json(closing: Closing) -> dict[str, Any]:
    """The same for scripts: rows by ending, and by ending and currency minor units, and beside them amounts in
    decimal."""
    totals = {ending.value: closing.totals.get(ending, {}) for ending in Ending}
    return {
        "batch": closing.payout.first.key,
        "file": closing.payout.first.file_name,
        "files": [file.batch.key for file in closing.payout.files],
        "closed": closing.is_closed,
        "rows": closing.rows,
        "counts": {ending.value: closing.counts[ending] for ending in Ending},
        "totals": {name: in_minor_units(of_ending) for name, of_ending in totals.items()},
        "totals_in_decimal": {name: in_decimal(of_ending) for name, of_ending in totals.items()},
        "unreadable_amounts": sum(closing.unread.values()),
        "credited_again": closing.again,
        "may_be_credited_again": closing.may_be_again,
        "differences": list(closing.differences),
        "paths": [str(path) for path in closing.paths],
    }


def open_steps(closing: Closing) -> list[tuple[str, str]]:
    """What to do about the rows that are open, by the file in which it is done: a sentence, and the command."""
    files = {file.batch.batch_id: file for file in closing.payout.files}
    steps = []
    by_file: dict[int, Counter[Ending]] = {}
    for (ending, batch_id), count in closing.open_in.items():
        by_file.setdefault(batch_id, Counter())[ending] += count
    for batch_id, counts in sorted(by_file.items()):
        key, name = files[batch_id].batch.key[:8], files[batch_id].batch.file_name
        where = its_ledger(files[batch_id].run)
        if to_mend := counts[Ending.FAILED] + counts[Ending.REJECTED] + counts[Ending.LEFT_OUT]:
            left_out = counts[Ending.LEFT_OUT]
            said = f" ({left_out:,} left out of what was mended since)" if left_out else ""
            sentence = f"{rows(to_mend)} of {name}{said}: this writes failed.csv with the rows that are left to mend."
            steps.append((sentence, shlex.join(["batch-credits", "report", key, *where])))
        if going_on := counts[Ending.PENDING] + counts[Ending.IN_DOUBT]:
            steps.append((f"{rows(going_on)} of {name} pending or in doubt: run that file again.", ""))
        if review := counts[Ending.REVIEW]:
            sentence = f"{rows(review)} of {name} in review: look at Chargebee, and say for each what you found."
            settle = shlex.join(["batch-credits", "resolve", key, "--row", "N", "--credited", "CREDIT_ID", *where])
            steps.append((sentence, f"{settle} (or --not-credited)"))
    if closing.again:
        sentence = f"{rows(closing.again)} credited more than once: see below. To undo one credit, reverse its row."
        steps.append((sentence, ""))
    if closing.may_be_again:
        sentence = (
            f"{rows(closing.may_be_again)} credited, and mended by other rows that are pending, in doubt or in review: "
            "see below. What of these is pending is sent if its file is run again."
        )
        steps.append((sentence, ""))
    return steps
