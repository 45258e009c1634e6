"""Whether a file may be paid at all: not if its very content was paid before, under whatever name, nor if the reference
that its name gives is that of another content.

The first would pay twice, where rows take their reference from the name; of the second every customer who is in both
files would seem to be paid already, and be left out.

The ledger knows the hash of all that it ever was asked to pay, by whomever. What lies in `done` and `attention` says
the same once more, so that a ledger that was lost or exchanged is noticed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batch_credits.children.files import read_document
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind, Outcome
from batch_credits.model.identity import same_text
from batch_credits.views.batches import BatchView, batches_view
from batch_credits.watch.settings import WatchSettings

RECORD = ".batch-credits.json"  # what lies beside each file that is through; no file of such a name is taken
_SETTLED = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)
_OWED = (Outcome.PENDING, Outcome.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file is not paid: what it is about, and what to do. `batch` is the one that it was paid as."""

    what: str
    hint: str
    batch: str | None
    reference: str | None  # with which to go on by hand; None: there is nothing to go on with


@dataclass(frozen=True, slots=True)
class _Put:
    """A file that is through, as it is told where it was put."""

    file: str
    at: str
    batch: str
    folder: Path


class Known:
    """What was paid before: by the ledger, and by what lies in the folders."""

    def __init__(self, settings: WatchSettings) -> None:
        self._settings = settings
        self._put: dict[str, list[_Put]] | None = None  # by hash; read once, and kept up to date by `add`

    def refusal(self, sha256: str, reference: str | None) -> Refused | None:
        """Why a content is not to be paid with this reference for its rows that have none; None: it may be.

        A content that was begun and not finished may be gone on with, under the same reference: the ledger knows which
        of its rows are owed.

        Raises:
            BatchCreditsError: the ledger cannot be asked.
            OSError: the folders cannot be read.
        """
        settings = self._settings
        if not Ledger.is_at(settings.ledger):
            return self._paid_elsewhere(sha256, set())
        with Ledger.open_for_reading(settings.ledger) as ledger:
            batches = [
                each for each in ledger.batches.all() if each.site == settings.site and each.kind is CallKind.ADD
            ]
            same = [each for each in batches if each.file_sha256 == sha256]
            for batch in same:
                [view] = batches_view(ledger, batch.key)
                if (refused := _same_content(batch, view, reference)) is not None:
                    return refused
        if refused := self._paid_elsewhere(sha256, {batch.key for batch in batches}):
            return refused
        return None if same or reference is None else _other_content(batches, reference)

    def add(self, sha256: str, file: str, at: str, batch: str | None, folder: Path) -> None:
        """A file is through, and lies there now."""
        if self._put is not None and batch is not None:
            self._put.setdefault(sha256, []).append(_Put(file, at, batch, folder))

    def _paid_elsewhere(self, sha256: str, known: set[str]) -> Refused | None:
        if self._put is None:
            self._put = {}
            for found_sha, put in self._read():
                self._put.setdefault(found_sha, []).append(put)
        for put in self._put.get(sha256, ()):
            if put.batch not in known:
                return Refused(
                    f"{put.folder} says that the same content was paid as {put.file} on {put.at[:10]}, batch"
                    f" {put.batch[:8]}, and the ledger {self._settings.ledger} does not know that batch.",
                    "Is it the right ledger? If that one is lost, let this one learn first what Chargebee has:"
                    " batch-credits reconcile --since DATE.",
                    put.batch,
                    None,
                )
        return None

    def _read(self) -> Iterator[tuple[str, _Put]]:
        """What the folders say of this site; what is no record of ours says nothing."""
        for target in (self._settings.done, self._settings.attention):
            for folder in sorted(target.iterdir()) if target.is_dir() else ():
                said = read_document(folder / RECORD) or {}
                sha256, batch = said.get("sha256"), said.get("batch")
                if said.get("site") == self._settings.site and isinstance(sha256, str) and isinstance(batch, str):
                    yield sha256, _Put(str(said.get("file")), str(said.get("ended_at")), batch, folder)


def _same_content(batch: BatchRecord, view: BatchView, reference: str | None) -> Refused | None:
    taken = _reference_of(batch)
    counts = {outcome: sum(total.rows for total in totals) for outcome, totals in view.outcomes.items()}
    owed = sum(counts.get(outcome, 0) for outcome in _OWED)
    if counts.get(Outcome.REJECTED, 0) == batch.rows_read or (owed and taken in (None, reference)):
        return None  # nothing of it was ever sent, or there is something to go on with
    at = f"{batch.created_at[:16].replace('T', ' ')} UTC"
    what = (
        f"The same content came before, as {batch.file_name}: batch {batch.key[:8]} of {at},"
        f" {_in_words(counts, batch.rows_read)}{', reversed since' if view.undone.rows else ''}. Nothing was sent."
    )
    if owed:
        return Refused(what, f"Its rows took the reference {taken!r} then. To go on, say so:", batch.key, taken)
    hint = "Nothing is to be done; if it is meant to be paid once more, give its rows references of their own."
    if sum(counts.get(outcome, 0) for outcome in _SETTLED) < batch.rows_read:
        hint = f"What was not credited is in its failed.csv: batch-credits report {batch.key[:8]} writes it again."
    return Refused(what, hint, batch.key, None)


def _other_content(batches: list[BatchRecord], reference: str) -> Refused | None:
    for batch in batches:
        taken = _reference_of(batch)
        if taken is not None and same_text(taken, reference):
            return Refused(
                f"Its name gives its rows the reference {reference!r}, which the rows of another file have:"
                f" {batch.file_name}, batch {batch.key[:8]} of {batch.created_at[:10]}. Who is in both would seem to be"
                " paid. Nothing was sent.",
                "Is it another payout? Give the file another name, and put it into the folder again. Is it the same"
                " one, corrected? Then mend the failed.csv of that batch instead.",
                None,
                None,
            )
    return None


def _reference_of(batch: BatchRecord) -> str | None:
    """The reference of its rows that had none."""
    reference: str | None = json.loads(batch.options_json).get("reference")
    return reference


def _in_words(counts: dict[Outcome, int], rows: int) -> str:
    said = [f"{count:,} {outcome.value.replace('_', ' ')}" for outcome, count in counts.items() if count]
    return f"{rows:,} row{'' if rows == 1 else 's'} ({', '.join(said)})"
