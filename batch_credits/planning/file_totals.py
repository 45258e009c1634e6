"""The control totals that stand in a file: one with which its rows do not agree refuses it, the others are kept.

They are kept with each run, as those are that an operator gives: every report has them, also of a run that carries on
without reading the file again.
"""

import json
from collections.abc import Sequence

from batch_credits.errors import InputError
from batch_credits.ledger import Ledger
from batch_credits.loader.source import Source
from batch_credits.model import FileTotal
from batch_credits.model.amounts import total_in_words
from batch_credits.reporter.control_totals import file_total_in_words, file_totals_of

MOST_KEPT = 40
MOST_NAMED = 5  # of those that do not agree


def refuse_unequal(source: Source) -> None:
    """Refuse a file whose rows, all read by now, do not add up to a total in it.

    Raises:
        InputError: there is such a total; each is named with what the rows say.
    """
    unequal = source.totals.unequal
    if not unequal:
        return
    stated = dict(source.options.currency_exponents)
    sentences = []
    for total in unequal[:MOST_NAMED]:
        if not total.pairs:
            sentences.append(f"row {total.row} is a control total, and no row has an amount that it could be of.")
            continue
        said = " or ".join(file_total_in_words(says, stated) for says, _ in total.pairs)
        found = " and ".join(
            words for says, rows in total.pairs for words in total_in_words(rows, says.currency, stated)
        )
        sentences.append(f"row {total.row} is a control total of {said}, and the rows above it add up to {found}.")
    if more := len(unequal) - MOST_NAMED:
        sentences += [f"So it is with {more:,} more."] if more > 0 else []
    if unread := unequal[0].unread:
        sentences.append(f"The amounts of {unread:,} row{'' if unread == 1 else 's'} could not be read.")
    raise InputError(
        f"{source.path.name}, {' '.join(sentences)}",
        hint="Nothing was sent. Find out which of the two is right, and correct the file.",
    )


def most_telling(totals: Sequence[FileTotal]) -> list[FileTotal]:
    """Those of the most rows, as many as are kept, in the order of the file."""
    return sorted(sorted(totals, key=lambda total: (-total.rows, -total.row))[:MOST_KEPT])


def totals_of_earlier_runs(ledger: Ledger, batch_id: int) -> list[FileTotal]:
    """Those of a batch whose file is not read again."""
    last = ledger.runs.history(batch_id).last_run
    return file_totals_of(json.loads(last.settings_json)) if last else []
