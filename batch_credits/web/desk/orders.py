"""Orders that wait for another person, or were turned down: of each batch the newest, for all servers over one ledger.

FOLDER/<batch>/order.json      the order, with the approvals that it has
FOLDER/<batch>/submitted.json  which upload it is of, who submitted it and when
FOLDER/<batch>/rejected.json   who turned it down, when and why; then the other two count no more
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from batch_credits.approval.order import Sealed, iso
from batch_credits.children.files import make_folder, read_document, write_document, write_text
from batch_credits.errors import UsageError

_ORDER, _SUBMITTED, _REJECTED = "order.json", "submitted.json", "rejected.json"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Who turned an order down, when (UTC, ISO 8601), and why."""

    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """An order that waits."""

    key: str
    path: Path
    upload_id: str
    sealed: Sealed

    @property
    def number(self) -> str:
        """By what runs know it."""
        return self.sealed.order.number

    @property
    def has_expired(self) -> bool:
        """Whether its time is over."""
        return self.sealed.order.has_expired()


class Orders:
    """The folder of all that was submitted."""

    def __init__(self, folder: Path) -> None:
        self._folder = make_folder(folder)

    def submit(self, key: str, upload_id: str, made: Path) -> None:
        """Let an order that a check made wait for others."""
        folder = make_folder(self._folder / key)
        (folder / _REJECTED).unlink(missing_ok=True)
        write_text(folder / _ORDER, made.read_text(encoding="ascii"))
        write_document(folder / _SUBMITTED, {"upload_id": upload_id, "at": iso(datetime.now(UTC))})

    def waiting(self, key: str) -> Submitted | None:
        """The order of a batch that waits, or was approved and is carried out; None: there is none."""
        folder = self._folder / key
        submitted = read_document(folder / _SUBMITTED)
        if submitted is None or (folder / _REJECTED).exists():
            return None
        try:
            sealed = Sealed.read((folder / _ORDER).read_bytes(), _ORDER)
        except (OSError, UsageError):  # somebody's hand was there: it counts for nothing, and can be submitted anew
            return None
        return Submitted(key, folder / _ORDER, submitted["upload_id"], sealed)

    def open(self, key: str) -> Submitted | None:
        """The same, if its time is not over: then it can be submitted anew."""
        submitted = self.waiting(key)
        return None if submitted is None or submitted.has_expired else submitted

    def uploads(self) -> set[str]:
        """The uploads that can still be approved, by id: an order may be good for longer than an upload is kept."""
        opened = (self.open(folder.name) for folder in self._folder.iterdir())
        return {submitted.upload_id for submitted in opened if submitted is not None}

    def keep(self, submitted: Submitted, sealed: Sealed) -> Sealed:
        """Write down an order with one more approval. Returns it with all that it has: another server over the same
        folder may have taken one in the same moment."""
        with _alone(submitted.path.parent / "lock"):
            now = self.waiting(submitted.key)
            known = now.sealed.approvals if now is not None and now.sealed.order == sealed.order else ()
            added = [each for each in sealed.approvals if each not in known]
            together = Sealed(sealed.order, (*known, *added))
            write_text(submitted.path, together.content.decode("ascii"))
        return together

    def reject(self, key: str, by: str, reason: str) -> None:
        """Turn an order down."""
        document = {"by": by, "at": iso(datetime.now(UTC)), "reason": reason}
        write_document(self._folder / key / _REJECTED, document)

    def rejection(self, key: str) -> Rejection | None:
        """Why the newest order of a batch was turned down; None: it was not."""
        content = read_document(self._folder / key / _REJECTED)
        return None if content is None else Rejection(**content)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other servers out, for a moment."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
