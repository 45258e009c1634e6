"""Which Chargebee is called by which name, so that one is never taken for another."""

from contextlib import AbstractContextManager, nullcontext
from operator import itemgetter
from pathlib import Path

from batch_credits.errors import UsageError
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.shelf import shelf_of
from batch_credits.model import RequestState


class Sites:
    """The desk for sites and their addresses."""

    def __init__(self, database: Database, named: Path | None = None) -> None:
        """`named`: the file, as whoever opened it called it; None: it is none, or thrown away."""
        self._db = database
        self._named = named

    def check_address(self, site: str, address: str, *, is_same_site: bool = False) -> None:
        """Refuse to take one Chargebee for another, or for two: what is paid in a sandbox is not paid on the site, and
        what is paid to a site under one name is paid again under another. A site that the ledger knows may move
        (`is_same_site`: the operator says so); a name that it does not know has no place at a known address.

        Raises:
            UsageError: the ledger knows the site at another address, or another site at this address.
        """
        known = self._db.first("address", itemgetter(0), site=site)
        other = self._db.first("other_site", itemgetter(0), site=site, address=address)
        if known == address or (known is not None and is_same_site):
            return
        if known is not None:
            raise UsageError(
                f"The ledger knows site {site} at {known}, and this run would call it at {address}.",
                hint="If that is another Chargebee, such as a sandbox, name another --ledger or another CHARGEBEE_SITE;"
                " if it is the same, say --same-site.",
                remedies=[(("--ledger", "FILE"),), (("--same-site", ""),)],
            )
        if other is not None:
            raise UsageError(
                f"The ledger knows {address} as site {other}, and this run would take it for site {site}.",
                hint=f"Set CHARGEBEE_SITE={other}: under another name all would be paid again."
                " If it is another site behind the same address, such as another sandbox, name another --ledger.",
                remedies=[(("--site", other),), (("--ledger", "FILE"),)],
            )

    def number(self, site: str) -> int | None:
        """The number of a site; None: the ledger does not know it yet."""
        return known_site_id(self._db, site)

    def open_requests(self, site: str) -> dict[RequestState, int]:
        """How many requests of a site are in each state that is not settled, over all its batches."""
        site_id = known_site_id(self._db, site)
        if site_id is None:
            return {}
        return dict(self._db.all("open_requests_of_site", _state, site=site_id))

    def note_address(self, site: str, address: str) -> None:
        """Remember where the site is called, before anything is owed to it: from then on it is paid from this ledger,
        and from no other of its shelf.

        Raises:
            UsageError: another one pays it already, or knows the address under another name.
            LedgerError: one cannot be read, and might know the site.
        """
        with self._being_taken_on(site, address), self._db.transaction():
            self._db.change("note_address", address=address, site=site_id_of(self._db, site))

    def _being_taken_on(self, site: str, address: str) -> AbstractContextManager[None]:
        if self._named is None or (shelf := shelf_of(self._named)) is None:
            return nullcontext()
        return shelf.taking_on(self._named, site, address)


def site_id_of(database: Database, site: str) -> int:
    """The number of a site, which it is given if it has none, within the caller's transaction."""
    database.change("add_site", site=site)
    return int(database.value("site_id", site=site))


def known_site_id(database: Database, site: str) -> int | None:
    """The number of a site that the ledger knows."""
    found: int | None = database.first("site_id", itemgetter(0), site=site)
    return found


def _state(row: Row) -> tuple[RequestState, int]:
    state, number = row
    return RequestState(state), number
