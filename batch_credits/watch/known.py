"""Whether a file may be paid at all: not if its content was paid before, nor if the reference that its name gives is
that of another content (`planning/repeats.py`).

The ledger knows the hash of all that it ever was asked to pay, by whomever, and the run that pays the file asks it
again when nobody else can write. This is the look before, which knows what to say of a watched folder. What lies in
`done` and `attention` is looked at besides, so that a ledger that was lost or exchanged is noticed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from batch_credits.children.files import read_document
from batch_credits.ledger import Ledger
from batch_credits.planning.repeats import Repeat, repeat_of
from batch_credits.watch.settings import WatchSettings

RECORD = ".batch-credits.json"  # what lies beside each file that is through; no file of such a name is taken


def is_of_record(name: str) -> bool:
    """Whether a file of this name is a record, or what a watch left that was killed as it wrote one."""
    return name == RECORD or name.startswith(f".{RECORD}.")


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

    def refusal(self, sha256: str, reference: str | None) -> Repeat | None:
        """Why a content is not to be paid with this reference for its rows that have none; None: it may be.

        Raises:
            BatchCreditsError: the ledger cannot be asked.
            OSError: the folders cannot be read.
        """
        settings = self._settings
        if not Ledger.is_at(settings.ledger):
            return self._paid_elsewhere(sha256, set())
        with Ledger.open_for_reading(settings.ledger) as ledger:
            batches = [each for each in ledger.batches.all() if each.site == settings.site]
            repeat = repeat_of(ledger, batches, sha256, reference)
        if repeat is not None:
            hint = repeat.hint
            if repeat.batch is None:
                hint = f"{hint} A file's name gives its rows their reference: to pay it, give it another name."
            return replace(repeat, what=f"{repeat.what} Nothing was sent.", hint=hint)
        return self._paid_elsewhere(sha256, {batch.key for batch in batches})

    def add(self, sha256: str, file: str, at: str, batch: str | None, folder: Path) -> None:
        """A file is through, and lies there now."""
        if self._put is not None and batch is not None:
            self._put.setdefault(sha256, []).append(_Put(file, at, batch, folder))

    def _paid_elsewhere(self, sha256: str, known: set[str]) -> Repeat | None:
        if self._put is None:
            self._put = {}
            for found_sha, put in self._read():
                self._put.setdefault(found_sha, []).append(put)
        for put in self._put.get(sha256, ()):
            if put.batch not in known:
                return Repeat(
                    f"{put.folder} says that the same content was paid as {put.file} on {put.at[:10]}, batch"
                    f" {put.batch[:8]}, and the ledger {self._settings.ledger} does not know that batch.",
                    "Is it the right ledger? If that one is lost, let this one learn first what Chargebee has:"
                    " batch-credits reconcile --since DATE.",
                    put.batch,
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
