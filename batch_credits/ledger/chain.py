"""The history's chain: what was sent, learned, said and packed, sealed so that nobody changes it unnoticed.

Nothing is hashed while a run sends: what was added is sealed by its ranges of ids afterwards, by whoever ends a run,
opens the ledger for writing, or closes it. What a process that was killed has left, the next one seals. See links.py
for what a link is, and unbroken.py for how the chain is verified.
"""

from collections.abc import Iterator, Sequence
from itertools import islice

from batch_credits.ledger.database import Database
from batch_credits.ledger.links import GROUP_ROWS, KINDS, NOTE, RUN_END, Kind, Link, Said, Told, link_after, said_of
from batch_credits.process.user import user_name

GROUPS_AT_ONCE = 10  # that are sealed within one transaction
LAST = 2**62  # above every id


class Chain:
    """The desk that seals the history."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def head(self) -> Link | None:
        """The newest link, without its marks; None: nothing is sealed yet."""
        return newest_link(self._db)

    def seal(self) -> Link | None:
        """Seal all that was added and changes no more. Returns the newest link.

        Raises:
            LedgerError: the ledger failed, or somebody keeps others from reading it for long.
        """
        for kind in KINDS:
            until = self._closed(kind)
            while until and self._seal_some(kind, until):
                pass
        return self.head()

    def note(self, text: str) -> None:
        """Add a link that only says something."""
        with self._db.transaction():
            self._add(NOTE, Said(), text)

    def seal_end_again(self, run_id: int) -> None:
        """Within a transaction in which the end of a run was written again: seal it again, if it was sealed. What was
        sealed last counts."""
        self._db.first("stand_in_line", tuple)
        if run_id in covered(self._db, RUN_END):
            [row] = rows_between(self._db, RUN_END, run_id, run_id)
            self._add(RUN_END.name, said_of([row.row_id], [row.text], RUN_END), "it ended again")

    def _closed(self, kind: Kind) -> int:
        """Up to which id rows may be sealed; 0: there are none that are not."""
        if not kind.last:
            return LAST
        if self._db.value(kind.last) <= _last_covered(self._db, kind):
            return 0
        with self._db.transaction():  # a short one: others wait for its end
            self._db.first("close_history", tuple, table=kind.name)
            return int(self._db.value(kind.last))

    def _seal_some(self, kind: Kind, until: int) -> bool:
        """Seal some of what is not sealed. Returns whether there may be more."""
        with self._db.transaction():
            self._db.first("stand_in_line", tuple)
            self._db.first("go_by_ids", tuple)
            groups = 0
            for ids, texts in islice(self._unsealed(kind, until), GROUPS_AT_ONCE):
                self._add(kind.name, said_of(ids, texts, kind))
                groups += 1
            return groups == GROUPS_AT_ONCE

    def _unsealed(self, kind: Kind, until: int) -> Iterator[tuple[Sequence[int], Sequence[bytes]]]:
        if kind.last:
            after = _last_covered(self._db, kind)
            yield from self._db.texts(kind.told, first=after + 1, last=until, most=GROUP_ROWS)
            return
        known = covered(self._db, kind)
        rows = (row for row in rows_between(self._db, kind, 0, until) if row.row_id not in known)
        while group := [*islice(rows, GROUP_ROWS)]:
            yield [row.row_id for row in group], [row.text for row in group]

    def _add(self, kind: str, said: Said, note: str = "") -> None:
        self._db.first("stand_in_line", tuple)
        link = link_after(self.head(), kind, said, self._db.now(), user_name(), note)
        self._db.change("add_link", **link._asdict())


def newest_link(database: Database) -> Link | None:
    """The newest link, without its marks."""
    return database.first("newest_link", Link._make)


def covered(database: Database, kind: Kind) -> set[int]:
    """The ids of a kind that are sealed."""
    links = database.all("covered", lambda row: _ranges(row[0]), kind=kind.name)
    return {row_id for ranges in links for first, last in ranges for row_id in range(first, last + 1)}


def rows_between(database: Database, kind: Kind, first: int, last: int) -> Iterator[Told]:
    """The rows of a kind between two ids, by rising ids; streamed."""
    for ids, texts in database.texts(kind.told, first=first, last=last, most=GROUP_ROWS):
        yield from map(Told, ids, texts)


def _last_covered(database: Database, kind: Kind) -> int:
    ranges = database.first("covered_last", lambda row: _ranges(row[0]), kind=kind.name)
    return ranges[-1][1] if ranges else 0


def _ranges(ids: str) -> list[tuple[int, int]]:
    return Link(0, "", ids, 0, "", "", 0, "", "", "", "").ranges
