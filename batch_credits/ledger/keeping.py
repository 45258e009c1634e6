"""What a ledger says of itself: what keeps it, how much it holds, whether it is whole, and whether it was moved."""

from datetime import UTC, datetime
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.errors import LedgerError
from batch_credits.ledger.database import Database
from batch_credits.model.address import Place


class Harm(NamedTuple):
    """Something that is not as it must be, and how often."""

    what: str
    times: int


class Keeping:
    """The desk for whoever looks after the ledger."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def about(self) -> dict[str, str]:
        """What keeps it: names and words for people."""
        found: dict[str, str] = orjson.loads(self._db.value("about"))
        return found

    def counts(self) -> dict[str, int]:
        """How many sites, batches, rows, requests and runs it holds, and how many requests are in each state."""
        names = ("sites", "batches", "rows", "requests", "runs")
        counts = dict(zip(names, self._db.one("counts", tuple), strict=True))
        return counts | dict(self._db.all("requests_by_state", tuple))

    def harms(self) -> list[Harm]:
        """All that is not as it must be, told of one moment. It reads the whole ledger."""
        with self._db.transaction(writes=False):
            return [
                *(Harm(what, 1) for what in self._db.all("not_kept_well", itemgetter(0))),
                *(harm for harm in self._db.all("not_whole", lambda row: Harm(*row)) if harm.times),
            ]

    def moved_to(self) -> tuple[str, str] | None:
        """Where it was copied to, and when (UTC); None: it was not."""
        found = self._db.first("moved_to", tuple)
        if found is None:
            return None
        place, at = found
        return place, datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")

    def refuse_moved(self) -> None:
        """Refuse to go on in a ledger that was copied to another place.

        Raises:
            LedgerError: it was.
        """
        if (moved := self.moved_to()) is not None:
            raise moved_away(self._db.path, *moved)

    def reopen(self) -> bool:
        """Go on in this one, whatever was copied: a person said so. Returns whether it was marked as moved."""
        with self._db.transaction():
            return self._db.change("unmark_moved") > 0


def moved_away(path: Place, place: str, at: str) -> LedgerError:
    """What is raised where a ledger was copied to another place: from both the same would be paid twice."""
    return LedgerError(
        f"The ledger {path} was copied to {place} ({at}), from which it is paid on. Nothing was sent.",
        hint="Name that one. If nothing was paid from it, and this one is to go on:"
        " batch-credits ledger upgrade --reopen",
        remedies=[(("--ledger", place),)],
    )
