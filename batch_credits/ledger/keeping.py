"""What a ledger says of itself: what keeps it, how much it holds, whether it is whole, and whether it was moved.

And whether it may have forgotten what was paid, since it was restored or is another server's. Then nothing that it
knows of a site, or does not, proves that a row is not credited yet: each row is looked at before it is sent, until all
that the site lists since the last known commit was learned, and every batch of the site ties out.

So it may where an operator had it learn what a site lists (`reconcile --since`, after a lost ledger) and that has not
come to its end. Such a mark is one of this site alone, and lifted as soon as all was learned since that day. A list may
be that of one business entity alone (UNKNOWN), so what was learned for one is no proof for another.
"""

import re
import shlex
from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.call import entity_option, for_entity
from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.times import iso_time
from batch_credits.ledger.unbroken import Chained, verify_chain
from batch_credits.model.address import Place, real

_DAY_MS = 86_400_000
_LEARNING = re.compile(
    r"`reconcile --since (\S+)` of (\S+) has not come to its end"
    r"(?: (?:for business entity (.+)|without a business entity))?"
)
_END = "has not come to its end"
_LEARNED = re.compile(r"`reconcile --since (\S+)` of (\S+) has come to its end (.+)")  # no more than for whom


class Harm(NamedTuple):
    """Something that is not as it must be, and how often."""

    what: str
    times: int


class _Forgotten(NamedTuple):
    """Something that may have been forgotten, and until when the ledger knew all."""

    restored_id: int
    why: str
    known_until_ms: int

    @property
    def is_learned(self) -> bool:
        """Whether it says only for whom a list was learned."""
        return _LEARNED.fullmatch(self.why) is not None

    @property
    def unlearned_site(self) -> str | None:
        """Whose list was not learned, where no more is the matter than that."""
        begun = _LEARNING.fullmatch(self.why)
        return None if begun is None else begun[2]


class Keeping:
    """The desk for whoever looks after the ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def about(self) -> dict[str, str]:
        """What keeps it: names and words for people."""
        found: dict[str, str] = orjson.loads(self._db.value("about"))
        return found

    def counts(self) -> dict[str, int]:
        """How many sites, batches, rows, requests, runs and packs it holds, and how many requests are in each state."""
        names = ("sites", "batches", "rows", "requests", "runs", "packs")
        counts = dict(zip(names, self._db.one("counts", tuple), strict=True))
        return counts | dict(self._db.all("requests_by_state", tuple))

    def not_allowed(self) -> list[str]:
        """What the role that asks may not do with it, in words. The ledger may be whole nevertheless."""
        return self._db.all("not_allowed", itemgetter(0))

    def harms(self) -> list[Harm]:
        """All that is not as it must be, but for the chain. It reads the whole ledger, as far as that can be read."""
        found: list[Harm] = []
        for name, read in (("not_kept_well", _once), ("not_whole", Harm._make), ("broken_packs", _once)):
            try:
                found += [harm for harm in self._db.all(name, read) if harm.times]
            except LedgerError as error:
                found.append(Harm(f"it cannot all be read ({error.__cause__ or error})", 1))
        return found

    def chained(self) -> Chained:
        """Whether the history is what was sealed, told of one moment. It reads all of it."""
        with self._db.transaction(writes=False):
            return verify_chain(self._db)

    def sealed_by(self, head: str) -> tuple[int, str] | None:
        """Which link of the chain has this digest, and when it was made (UTC); None: there is none."""
        return self._db.first("head_is_known", lambda row: (int(row[0]), _said(row[1])), digest=head)

    def moved_to(self) -> tuple[str, str] | None:
        """Where it was copied to, and when (UTC); None: it was not."""
        return _moved_to(self._db)

    def refuse_moved(self) -> None:
        """Refuse to go on in a ledger that was copied to another place.

        Raises:
            LedgerError: it was.
        """
        _refuse_moved(self._db)

    def restored(self) -> tuple[str, str] | None:
        """Why the ledger may have forgotten what was paid, and when that was noticed last, UTC, ISO 8601. None: never;
        or what had not come to its end has by now."""
        unlearned: dict[str, set[int]] = {}  # by site: each learning leaves a mark, so they may be many
        for noted, at in self._marks():
            if noted.is_learned:
                continue
            if (site := noted.unlearned_site) is not None and site not in unlearned:
                unlearned[site] = {each.restored_id for each in self._forgotten(site)}
            if site is None or noted.restored_id in unlearned[site]:
                return noted.why, iso_time(at) or ""
        return None

    def why_unproven(self, site: str, business_entity_id: str | None = None) -> str | None:
        """Why each row of a site is to be looked at before it is sent for a business entity; None: nothing of it was
        forgotten."""
        found = sorted(self._forgotten(site), key=lambda each: (each.unlearned_site is None, each.restored_id))
        return found[-1].why if found else self._why_unlearned(site, business_entity_id)

    def begin_learning(self, site: str, since: datetime) -> None:
        """All that the site lists since then is to be learned: somebody knows that it may have been forgotten. Until
        all was `learned`, nothing that is known of the site is proof."""
        why = f"`reconcile --since {since.date()}` of {site} has not come to its end"
        with self._db.transaction():
            if not any(each.why == why for each in self._forgotten(site)):
                self._db.change("note_learning", now=self._db.now(), why=why, known_until=_until_ms(since))

    def learned(
        self, site: str, since: datetime, *, ties_out: bool, business_entity_id: str | None = None
    ) -> bool:
        """All that the site lists since then for a business entity was learned, and (`ties_out`) all its batches tie
        out whole: from here on what is known of it is proof again for that one, if nothing was forgotten that is older.
        Returns whether that is so.

        Where it does not tie out that lifts no more than what `begin_learning` marked."""
        with self._db.transaction():
            forgotten = self._forgotten(site)
            is_proof = all(
                each.known_until_ms >= _until_ms(since) and (ties_out or each.unlearned_site is not None)
                for each in forgotten
            )
            if not (forgotten and is_proof):
                return False
            self._db.change("note_tied_out", site=site, restored=forgotten[-1].restored_id)
            learned_for, restored = self._learned_for(site)
            is_early = restored is None or restored.known_until_ms >= _until_ms(since)
            if is_early and (whose := for_entity(business_entity_id)) not in learned_for:
                why = f"`reconcile --since {since.date()}` of {site} has come to its end {whose}"
                self._db.change("note_learning", now=self._db.now(), why=why, known_until=_until_ms(since))
            return True

    def _forgotten(self, site: str) -> list[_Forgotten]:
        """What may have been forgotten of a site, and was not learned since; the oldest first."""
        found = self._db.all("forgotten_of_site", lambda row: _Forgotten(*row), site=site)
        return [each for each in found if each.unlearned_site in (None, site) and not each.is_learned]

    def _marks(self) -> list[tuple[_Forgotten, int]]:
        """All that was ever noted, and when; the newest first."""
        return self._db.all("all_restored", lambda row: (_Forgotten(*row[:3]), row[3]))

    def _learned_for(self, site: str) -> tuple[dict[str, str], _Forgotten | None]:
        """For whom what a site lists was learned since the ledger was restored last, and since which day; and that
        restoring: what was learned before it is no proof any more."""
        found: dict[str, str] = {}
        for mark, _at in self._marks():
            learned = _LEARNED.fullmatch(mark.why)
            if learned is None and mark.unlearned_site is None:
                return found, mark
            if learned is not None and learned[2] == site:
                found[learned[3]] = learned[1]
        return found, None

    def _why_unlearned(self, site: str, business_entity_id: str | None) -> str | None:
        """Why what was learned of a site is no proof for this business entity; None: it is, or nothing was."""
        learned, _restored = self._learned_for(site)
        whose = for_entity(business_entity_id)
        if not learned or whose in learned:
            return None
        return f"`reconcile --since {min(learned.values())}` of {site} has not come to its end {whose}"

    def is_of_one_history_with(self, other: "Keeping") -> bool:
        """Whether one of them is a copy of the other, or both are of a third, by whatever names they are called. What
        was copied while it was empty tells it by its note alone."""
        first = other._db.first("oldest_link", itemgetter(0))
        if first is not None and self.sealed_by(first) is not None:
            return True
        return self._is_noted_as_copy_of(other) or other._is_noted_as_copy_of(self)

    def _is_noted_as_copy_of(self, other: "Keeping") -> bool:
        return bool(self._db.value("was_copied_from", note=copied_from(real(other._db.path))))

    def give_back(self, place: Place) -> None:
        """It is paid on from there, of which this one is a copy: nobody pays from it any more.

        Raises:
            LedgerBusy: somebody uses it.
        """
        with self._db.transaction():
            self._db.change("keep_others_out")
            if self._db.first("who_lives", tuple) is not None:
                raise LedgerBusy(
                    f"Somebody uses the copy {self._db.path}, or did a moment ago.",
                    hint="Nothing was changed: from both the same would be paid twice. End that first.",
                )
            self._db.change("mark_moved", place=str(place), now=self._db.now())

    def reopen(self) -> bool:
        """Go on in this one, whatever was copied: a person said so. Returns whether it was marked as moved. What was
        paid from the copy is not known here."""
        with self._db.transaction():
            if not self._db.change("unmark_moved"):
                return False
            self._db.change("note_restored", now=self._db.now(), why="it was copied, and is used again")
            return True


def copied_from(place: Place) -> str:
    """What the history of a copy says of the ledger that it was made of."""
    return f"copied from {place}"


def what_mends(why: str) -> str:
    """What makes a ledger know all again that may have forgotten something."""
    begun = _LEARNING.fullmatch(why)
    if begun is not None:
        option = "" if why.endswith(_END) else f" {entity_option(begun[3])}"
        return f"`reconcile --since {begun[1]}`{option} has come to its end"
    return "`reconcile --whole --since DATE` ties out, DATE two days before the ledger's last commit"


def _until_ms(since: datetime) -> int:
    """Until when the ledger must have known all, if all since then was learned. (A day is for clocks that differ.)"""
    return round(since.timestamp() * 1000) + _DAY_MS


def _once(row: Row) -> Harm:
    return Harm(str(row[0]), 1)


def stay_here(database: Database) -> None:
    """From here to the end of the caller's transaction the ledger is copied to no other place: for whoever makes
    anything owed, or begins to send. It may have been, while a person thought, or a process was stopped.

    Raises:
        LedgerError: it was.
    """
    database.change("keep_copies_out")
    _refuse_moved(database)


def _refuse_moved(database: Database) -> None:
    if (moved := _moved_to(database)) is not None:
        raise moved_away(database.path, *moved)


def _moved_to(database: Database) -> tuple[str, str] | None:
    found = database.first("where_moved", tuple)
    if found is None:
        return None
    place, at = found
    return place, _said(at)


def _said(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def moved_away(path: Place, place: str, at: str) -> LedgerError:
    """What is raised where a ledger was copied to another place: from both the same would be paid twice."""
    return LedgerError(
        f"The ledger {path} was copied to {place} ({at}), from which it is paid on. Nothing was sent.",
        hint="Name that one. If nothing was paid from it, and this one is to go on:"
        f" batch-credits ledger upgrade --reopen --ledger {shlex.quote(str(path))}",
        remedies=[(("--ledger", place),)],
    )
