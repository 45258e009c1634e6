"""Looking after a ledger: whether it is sound, bringing it up to date, and copying it to another place."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from batch_credits.errors import LedgerBusy, LedgerError, LedgerVersion, UsageError
from batch_credits.ledger import Chained, Harm, Ledger
from batch_credits.model.address import Address, Place


@dataclass(frozen=True, slots=True)
class Health:
    """How a ledger is. `about` and `counts` are in words and numbers for people; `moved` is where to, and when;
    `restored` why it may have forgotten what was paid, and when that was noticed; `not_allowed` what the role that asks
    may not do with it. `head_is` says which link has the head that was given, and when it was made; None: none has it,
    or none was given."""

    place: Place
    version: int
    about: dict[str, str]
    counts: dict[str, int]
    harms: tuple[Harm, ...]
    moved: tuple[str, str] | None
    restored: tuple[str, str] | None
    not_allowed: tuple[str, ...]
    history: Chained
    head_is: tuple[int, str] | None = None

    @property
    def is_good(self) -> bool:
        """Whether it is whole, kept well, and the one to pay from."""
        return not self.harms and not self.history.breaks and self.moved is None


def look_at(place: Place, head: str | None = None) -> Health:
    """How a ledger is; nothing of it is changed. It is read whole. `head`: the digest of a link that it must have, as
    somebody noted it elsewhere.

    Raises:
        LedgerError: there is none, or it cannot be read.
    """
    with Ledger.open_for_reading(place) as ledger:
        version = Ledger.version_at(place)
        assert version is not None  # it is open
        keeping, head_is = ledger.keeping, None
        history = keeping.chained()
        if head is not None and (head_is := keeping.sealed_by(head)) is None:
            history.breaks.append(
                f"No link has the head {head}: links were removed or made anew since it was noted, or it is another"
                " ledger's."
            )
        return Health(
            place, version, keeping.about(), keeping.counts(), tuple(keeping.harms()), keeping.moved_to(),
            keeping.restored(), tuple(keeping.not_allowed()), history, head_is,
        )  # fmt: skip


def bring_up_to_date(place: Place, *, is_reopened: bool = False) -> tuple[int | None, int]:
    """Bring a ledger up to date; a database that has none gets one. Returns the versions it had (None: there was none)
    and has.

    Raises:
        LedgerBusy: somebody uses the file.
        LedgerError: there is no such file, or it cannot be brought up to date.
    """
    before = Ledger.version_at(place)
    if before is None and not isinstance(place, Address):
        raise LedgerError(
            f"There is no ledger at {place}.", hint="The first run makes one; or --ledger names another one."
        )
    Ledger.open(place, is_reopened=is_reopened).close()
    if isinstance(place, Address):
        from batch_credits.sending.queue.jobs import prepare  # with the extra alone

        asyncio.run(prepare(place.url))
    after = Ledger.version_at(place)
    assert after is not None
    return before, after


def take_back_copy(place: Place) -> str:
    """Before a ledger that was copied is reopened: have its copy refuse to pay, since from both the same would be paid
    twice. Returns what became of it, as a sentence; "" where there is none.

    Raises:
        LedgerBusy: somebody uses the copy.
        LedgerError: there is no such ledger, or it cannot be read.
    """
    try:
        with Ledger.open_for_reading(place) as opened:
            # As the copy has it: under its own name, whatever link or folder it was named by here.
            here = opened.path if isinstance(place, Address) else Path(os.path.realpath(place))
            end, moved = opened.chain.head(), opened.keeping.moved_to()
    except LedgerVersion:  # from before there were copies; or a later one, which is refused as it is reopened
        return ""
    while moved is not None:
        copy: Place = Address.read(moved[0]) if "://" in moved[0] else Path(moved[0])
        try:
            if _is_one(copy, here) or Ledger.version_at(copy) is None:
                return ""
            with Ledger.open_for_reading(copy) as read:
                is_copy, further = read.keeping.was_copied_from(here, end and end.digest), read.keeping.moved_to()
            if not is_copy:
                return ""
            if further is None:
                with Ledger.open(copy) as opened:
                    opened.keeping.give_back(here)
                return f"Its copy {copy} refuses to pay from now on."
            moved = further
        except LedgerBusy:
            raise
        except LedgerError as error:
            return f"Its copy {copy} cannot be told: see to it that nobody pays from that any more. {error.message}"
    return ""


def copy_ledger(source: Place, target: Place) -> dict[str, int]:
    """Copy a ledger to a place where there is none, or an empty one. Returns how many rows each table has.

    Raises:
        LedgerBusy: somebody uses one of them.
        UsageError: both are one, or the target holds something.
        LedgerError: there is nothing to copy, or one of them failed.
    """
    if _is_one(source, target):
        raise UsageError(f"The ledger {source} cannot be copied to itself.", hint="Name another place.")
    if Ledger.version_at(source) is None:
        raise LedgerError(f"There is no ledger at {source}.", hint="Name the ledger that is to be copied first.")
    with Ledger.open(source) as opened, Ledger.open(target) as other:
        return opened.copy_to(other)


def _is_one(source: Place, target: Place) -> bool:
    if isinstance(source, Address) or isinstance(target, Address):
        return source == target
    return os.path.realpath(source) == os.path.realpath(target)
