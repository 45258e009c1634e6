"""What reports say of a batch's kin: the batches whose rows it mends, and the files that mend its own."""

from collections.abc import Sequence
from typing import Any

from batch_credits.model import CallKind, Mend, Mending, Outcome, Parent

_SETTLED = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)


def doubts_about(parents: Sequence[Parent], site: str) -> list[str]:
    """What a person must know of what a file says to mend, before it is paid on this site; "" is none."""
    sentences = []
    for parent in parents:
        rows, key = _rows(parent.rows), parent.key[:8]
        if parent.site is None and site:
            sentences.append(
                f"{rows} of this file mend{_s(parent.rows)} batch {key}, which this ledger does not know: what another "
                "ledger has paid of it is not held against these rows"
            )
        elif parent.site is not None and parent.site != site and site:
            sentences.append(
                f"{rows} of this file mend{_s(parent.rows)} {parent.file_name}, batch {key}, of site {parent.site}, "
                f"and would be paid on site {site}: that closes nothing there"
            )
        elif missing := parent.site and parent.rows - parent.rows_there:
            sentences.append(
                f"{_rows(missing)} of this file name{_s(missing)} a row that {parent.file_name}, batch {key}, does not "
                "have: was credit_row changed?"
            )
        if again := parent.rows_again:
            sentences.append(
                f"{_rows(again)} of this file mend{_s(again)} a row of batch {key} that another row mends: of "
                "several under different customers or references the first is paid, and the others are rejected"
            )
    return sentences


def mend_in_words(mend: Mend) -> str:
    """`24 rows mended in failed.csv, batch ab12cd34: 20 credited, 4 rejected`."""
    counts = ", ".join(
        f"{mend.counts[outcome]:,} {CallKind.ADD.name_of(outcome).replace('_', ' ')}"
        for outcome in Outcome
        if mend.counts[outcome]
    )
    undone = "".join(f"; {rows:,} of them reversed by {key[:8]}" for key, rows in mend.reversed_by.items())
    return f"{_rows(mend.rows)} mended in {mend.file_name}, batch {mend.key[:8]}: {counts}{undone}"


def mending_in_words(mending: Mending) -> list[str]:
    """All that a report says of a batch's kin, a sentence each."""
    return [
        *(f"This file mends {parent_in_words(parent)}." for parent in mending.parents),
        *(f"{mend_in_words(mend)}." for mend in mending.mends),
    ]


def open_in(mend: Mend) -> int:
    """How many of the rows that a file mends are not credited yet."""
    return mend.rows - sum(mend.counts[outcome] for outcome in _SETTLED)


def mending_json(mending: Mending) -> dict[str, Any]:
    """The same for scripts: `mends` are the batches whose rows it mends, `mended_in` the files that mend its own."""
    return {
        "mends": [parent_json(parent) for parent in mending.parents],
        "mended_in": [
            {
                "batch": mend.key,
                "file": mend.file_name,
                "rows": mend.rows,
                "counts": {outcome.value: mend.counts[outcome] for outcome in Outcome},
                "reversed_by": dict(mend.reversed_by),
            }
            for mend in mending.mends
        ],
    }


def parent_json(parent: Parent) -> dict[str, Any]:
    """One batch that is mended; `file` and `site` are null where the ledger does not know it."""
    return {"batch": parent.key, "file": parent.file_name, "site": parent.site, "rows": parent.rows}


def parent_in_words(parent: Parent) -> str:
    """`24 rows of payout.csv, batch 1234abcd`."""
    file = f"{parent.file_name}, " if parent.file_name is not None else ""
    undone = ""
    if parent.reversed_rows:
        was = "was" if parent.reversed_rows == 1 else "were"
        undone = f"; {_rows(parent.reversed_rows)} of that batch {was} reversed by {parent.reversed_by}"
    return f"{_rows(parent.rows)} of {file}batch {parent.key[:8]}{undone}"


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def _s(number: int) -> str:
    return "s" if number == 1 else ""
