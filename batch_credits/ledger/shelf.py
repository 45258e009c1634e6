"""The ledgers in a user's data directory: one for each site, so that two sites' runs never wait for each other.

    ledger.sqlite3                  the one of before, for whatever site it knows
    sites/acme/ledger.sqlite3       that of the site acme
    ledgers-lock                    held while a ledger takes a site on

A site is paid from one ledger for good: another one would pay it all again. So none is chosen by its name alone:
whoever looks for a site's ledger looks into all of them, and before a site is paid from a ledger for the first time, it
is taken on there, under a lock, if no other ledger of the shelf has it. What cannot be read might have it.
"""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_credits.errors import LedgerBusy, LedgerError, UsageError
from batch_credits.ledger.engines.sqlite.glance import Glance, glance_at
from batch_credits.process.home import data_folder

FILE = "ledger.sqlite3"
SITES = "sites"
LOCK_SECONDS = 10.0  # that others may take to take a site on, which is a moment's work
_LOCK, _ASK_AGAIN_SECONDS = "ledgers-lock", 0.02
_NAME = re.compile("[a-z0-9-]{1,63}")  # of a site at Chargebee; any other is a host and perhaps a port
_MAX_HOST_LETTERS = 60


class Shelf:
    """The ledgers below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def first(self) -> Path:
        """Where the one ledger for all sites was, before each had its own."""
        return self._root / FILE

    def place_for(self, site: str, address: str) -> Path:
        """The ledger that remembers a site, or will: the one that knows it, else one of its own.

        Raises:
            UsageError: two know it, or one knows the site's address under another name.
            LedgerError: one cannot be read, and might know it.
        """
        found, unreadable = self._looked_at()
        knowing = _without_copied([each for each in found if site in each.sites])
        if len(knowing) > 1:
            raise _two(site, [each.path for each in knowing])
        own = knowing[0].path if knowing else None
        _refuse_other_name(found, own, site, address)
        if own is not None:
            return own
        _refuse_unreadable(unreadable, site)
        # The one of before was copied to another place, with all that it knew or might have come to know: it says so.
        if any(each.path == self.first and each.moved_to is not None for each in found):
            return self.first
        return self._root / SITES / _folder(site) / FILE

    def places(self) -> list[Path]:
        """All ledgers that are there, readable or not."""
        return [path for path in self._candidates() if path.exists() or path.is_symlink()]

    @contextmanager
    def taking_on(self, own: Path, site: str, address: str) -> Iterator[None]:
        """In this block the ledger at `own` notes that it pays this site from now on; no other of the shelf does.

        Raises:
            UsageError: another one does already, or knows the address under another name.
            LedgerBusy: others take a site on, and do not come to an end.
            LedgerError: one cannot be read, and might know the site.
        """
        with self._locked():
            found, unreadable = self._looked_at()
            others = [each for each in found if not _is_same(each.path, own)]
            is_known = any(site in each.sites for each in found if _is_same(each.path, own))
            knowing = _without_copied([each for each in found if site in each.sites])
            if rivals := [each.path for each in knowing if not _is_same(each.path, own)]:
                raise _two(site, [own, *rivals])
            _refuse_other_name(others, own, site, address)
            if not is_known:  # else it was found out then that no other has it
                _refuse_unreadable([each for each in unreadable if not _is_same(each[0], own)], site)
            yield

    def _looked_at(self) -> tuple[list[Glance], list[tuple[Path, LedgerError]]]:
        found, unreadable = [], []
        for path in {os.path.realpath(each): each for each in reversed(self._candidates())}.values():  # each file once
            try:
                glance = glance_at(path)
            except LedgerError as error:
                unreadable.append((path, error))
            else:
                found += [] if glance is None else [glance]
        return found, unreadable

    def _candidates(self) -> list[Path]:
        try:
            folders = sorted((self._root / SITES).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            folders = []
        except OSError as error:
            said = f"The ledgers in {self._root / SITES} cannot be listed: {error.strerror}."
            raise LedgerError(said, hint="Make the directory readable: one of them may know the site.") from error
        return [self.first, *(folder / FILE for folder in folders)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        path = self._root / _LOCK
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error
        try:
            until = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise LedgerBusy(
                            f"Another batch-credits takes a site on ({path}), for more than {LOCK_SECONDS:.0f} s.",
                            hint="Nothing was sent. See what holds that file: `fuser` names it.",
                        ) from None
                    time.sleep(_ASK_AGAIN_SECONDS)
                except OSError as error:
                    raise LedgerError(f"{path} cannot be locked: {error.strerror}.") from error
            yield
        finally:
            os.close(descriptor)


def default_root() -> Path:
    """The user's data directory, so that every working directory has the same ledgers.

    Raises:
        UsageError: the user has none.
    """
    folder = data_folder()
    if folder is None:
        raise UsageError(
            "There is no home to keep the ledger in.",
            hint="Name the ledger with --ledger or BATCH_CREDITS_LEDGER, or set HOME.",
            remedies=[(("--ledger", "FILE"),)],
        )
    return folder


def shelf_of(path: Path) -> Shelf | None:
    """The shelf on which a ledger's file stands, however it was named; None: it stands for itself."""
    for each in (Path(os.path.abspath(path)), Path(os.path.realpath(path))):  # noqa: PTH100 - which follows no link
        if each.name != FILE:
            continue
        if each.parent.parent.name == SITES:
            return Shelf(each.parent.parent.parent)
        if (each.parent / SITES).is_dir() or _is_default(each.parent):
            return Shelf(each.parent)
    return None


def _is_default(folder: Path) -> bool:
    try:
        return _is_same(folder, default_root())
    except UsageError:
        return False


def _is_same(path: Path, other: Path) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)


def _folder(site: str) -> str:
    """A name for a directory that no other site has: a host's may be long, and have what file systems do not like."""
    if _NAME.fullmatch(site):
        return site
    readable = re.sub("[^a-z0-9.-]", "_", site)[:_MAX_HOST_LETTERS]
    return f"{readable}_{hashlib.sha256(site.encode()).hexdigest()[:12]}"


def _without_copied(knowing: list[Glance]) -> list[Glance]:
    """Without those that were copied to another of these, and so pay nothing any more. Never none of several."""
    left = [
        each
        for each in knowing
        if each.moved_to is None
        or not any(other is not each and _is_same(other.path, Path(each.moved_to)) for other in knowing)
    ]
    return left or knowing


def _refuse_other_name(found: list[Glance], own: Path | None, site: str, address: str) -> None:
    """What is paid to a site under one name is paid again under another. (Its own ledger says so itself.)"""
    for each in found:
        others = [name for name, known in each.sites.items() if known == address and name != site]
        if others and each.path != own:
            raise UsageError(
                f"The ledger {each.path} knows {address} as site {others[0]}, and this run would take it for site"
                f" {site}.",
                hint=f"Set CHARGEBEE_SITE={others[0]}: under another name all would be paid again."
                " If it is another site behind the same address, such as another sandbox, name another --ledger.",
                remedies=[(("--site", others[0]),), (("--ledger", "FILE"),)],
            )


def _refuse_unreadable(unreadable: list[tuple[Path, LedgerError]], site: str) -> None:
    for _, error in unreadable:
        raise LedgerError(
            f"{error.message} It might know site {site}, so nothing is paid from another ledger.",
            hint=error.hint or "Make it readable again.",
        )


def _two(site: str, paths: list[Path]) -> UsageError:
    first, second, *_ = map(str, paths)
    return UsageError(
        f"Two ledgers know site {site}: {first} and {second}. Each would pay again what the other has paid.",
        hint="Look at both (`batch-credits status --ledger FILE`), and keep the one that knows more. Move the other's"
        " folder or file elsewhere, with its -wal if there is one, while nothing runs; then `batch-credits reconcile"
        " --since DATE`, with a date before the other's first payout, learns what was paid from that.",
        instead=[("status", "--ledger", first), ("status", "--ledger", second)],
    )
