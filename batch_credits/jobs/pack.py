"""An audit pack: written whole beside its final name, chained to the one before it, remembered, and only then there.

    write_contents(...)      all of data/, from the ledger
    payload.finish(...)      the manifests, and the digest of the newest pack of the site
    ledger.packs.note(...)   this one's digest, if no other pack was made meanwhile
    rename                   the folder is there, whole

What the ledger knows of a batch is packed once: the same contents are the same pack again, and no new link of the
chain.
"""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from batch_credits.errors import ReportsNotWritten, UsageError
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord
from batch_credits.pack.bag import PAYLOAD, TAGS, Payload, make_durable, sha256_of
from batch_credits.pack.contents import Wish, write_contents
from batch_credits.pack.documents import Input
from batch_credits.pack.masks import Mask, Pseudonyms
from batch_credits.pack.verify import verify
from batch_credits.pack.zipped import write_zip
from batch_credits.reporter.files import STALE_SECONDS, make_private_directory, report_directory

MAX_RACES = 20  # how often somebody else may make a pack of the site while one is finished


class InChain(NamedTuple):
    """Where a pack is among those of its site: its number and digest, and the digest of the one before. `head` is that
    of the ledger's history when it was made; None: there was none."""

    number: int
    digest: str
    previous: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that lies where it was to. `zip` is None unless it was asked for, `was_there` says that nothing was
    written."""

    folder: Path
    zip: Path | None
    place: InChain
    source: Input
    was_there: bool

    @property
    def is_whole(self) -> bool:
        """Whether the source file is in it, where the batch has one and it was not left out on purpose."""
        return self.source.path is not None or not self.source.is_due


def mask_of(ledger: Ledger, batch: BatchRecord, *, pseudonyms: bool) -> Mask:
    """What a pack says of customers.

    Raises:
        LedgerError: the secret of the pseudonyms cannot be read or kept.
    """
    return Pseudonyms(ledger.packs.secret(batch.site)) if pseudonyms else Mask()


def where_it_was_read(ledger: Ledger, batch: BatchRecord) -> Path | None:
    """Where the newest run read the file, if something lies there still; else under its name in the working
    directory."""
    for run in reversed(ledger.runs.every(batch.batch_id)):
        place = json.loads(run.settings_json).get("source")
        if place and Path(place).is_file():
            return Path(place)
    here = Path(batch.file_name)
    return here if here.name == batch.file_name and here.is_file() else None


def make_pack(ledger: Ledger, batch: BatchRecord, wish: Wish, to: Path, *, as_zip: bool = False) -> Packed:
    """Write the pack of a batch below a folder, for its owner alone.

    Raises:
        UsageError: the file that was named is not the one that was paid; or another pack lies there.
        LedgerError: the ledger failed.
        ReportsNotWritten: the disk refused; the ledger has it all.
    """
    try:
        make_private_directory(to)
        head = ledger.seal()
        with _beside(to) as folder:
            data = folder / PAYLOAD
            data.mkdir(mode=0o700)
            source = write_contents(ledger, batch, wish, data)
            payload = Payload(folder)
            whole = "yes" if source.path or not source.is_due else f"no, the source file is missing: {source.why_not}"
            link = _chained(ledger, batch, payload, whole, head)
            make_durable(folder)
            name = f"{_ascii(report_directory(batch, to).name)}-{link.number:04d}"
            was_there = _place(folder, to / name, link.digest)
            zipped = to / f"{name}.zip" if as_zip else None
            if zipped is not None:
                _zip(to / name, zipped)
    except OSError as error:
        raise ReportsNotWritten(
            f"The pack cannot be written to {to}: {error.strerror or error}.",
            hint="The ledger has it all. Mend this, then write it once more.",
            instead=[("pack", batch.key[:8])],
        ) from error
    return Packed(to / name, zipped, link, source, was_there)


@contextmanager
def _beside(to: Path) -> Iterator[Path]:
    """A folder on the same disk, which is gone at the end unless it was renamed."""
    folder = Path(tempfile.mkdtemp(prefix=".pack-", suffix=".tmp", dir=to))  # mode 0700
    now = folder.stat().st_mtime  # the file system's own clock
    for left in to.glob(".pack-*.tmp"):  # by a process that was killed
        if now - left.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chained(ledger: Ledger, batch: BatchRecord, payload: Payload, whole: str, head: str | None) -> InChain:
    """Finish a pack as the one after the newest, and remember it; or as it was, if it was made before. `head` is that
    of the ledger's history now.

    Raises:
        UsageError: others make packs without end.
    """
    for _ in range(MAX_RACES):
        known = ledger.packs.holding(batch.site, payload.contents)
        if known is not None:
            digest = payload.finish(batch.site, batch.key, known.number, known.previous, whole, known.head)
            if digest == known.digest:
                return InChain(known.number, digest, known.previous, known.head)
        newest = ledger.packs.newest(batch.site)
        number, previous = (1, None) if newest is None else (newest.number + 1, newest.digest)
        digest = payload.finish(batch.site, batch.key, number, previous, whole, head)
        if ledger.packs.note(batch.site, batch.batch_id, digest, newest, payload.contents, head):
            return InChain(number, digest, previous, head)
    raise UsageError("Others make packs of this site all the time.", hint="Try again.")


def _place(folder: Path, target: Path, digest: str) -> bool:
    """Rename a finished pack to its place. Returns whether it lies there already.

    Raises:
        UsageError: something else lies there.
    """
    if not target.exists() and not target.is_symlink():
        folder.rename(target)
        return False
    try:
        is_same = sha256_of(target / TAGS) == digest and not verify(target, is_whole=False).problems
    except (OSError, UsageError):
        is_same = False
    if not is_same:
        raise UsageError(
            f"{target} is there, and is not this pack: it was changed, or is another ledger's.",
            hint="Keep it, and name another folder with --to.",
            remedies=[(("--to", "DIRECTORY"),)],
        )
    return True


def _zip(folder: Path, path: Path) -> None:
    new = path.with_name(f".{path.name}.tmp")
    try:
        write_zip(folder, new)
        new.replace(path)
    except ValueError as error:
        raise UsageError(
            f"{folder} is too large for a plain zip ({error}).",
            hint="The folder is written; give that away.",
        ) from None
    finally:
        new.unlink(missing_ok=True)


def _ascii(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)
