"""What the site may still count of earlier runs: the only place where the wall clock decides anything.

It decides little: how long a slot of the limit stays taken, from not at all to a minute, whatever the clock does.
"""

from collections.abc import Sequence
from operator import itemgetter

import orjson

from batch_credits.ledger.database import Database
from batch_credits.ledger.sites import site_id_of
from batch_credits.settings import WINDOW_SECONDS

_MOST = 10_000  # attempts that are counted; more than any site's limit


class Slots:
    """The desk for what is taken of a site's limit."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def note(self, site: str, ages: Sequence[tuple[float, int]], under_way: int) -> None:
        """Remember the requests answered within the last minute, as (seconds ago, how many), and those under way."""
        with self._db.transaction():
            now, newest = self._db.now(), self._db.value("newest_attempt")
            answered = [[now - round(age * 1000), requests] for age, requests in ages]
            recent = orjson.dumps({"at": now, "attempt": newest, "under_way": under_way, "answered": answered})
            self._db.change("note_slots", recent=recent.decode(), site=site_id_of(self._db, site))

    def taken(
        self, site: str, timeout_seconds: float, window_seconds: float = WINDOW_SECONDS
    ) -> list[tuple[float, int]]:
        """The requests of earlier runs that the site may still count, as (seconds until it does not, how many).

        What a killed process had under way may have arrived until its timeout at the latest.
        """
        with self._db.transaction():  # so that both are of one moment
            noted = self._db.first("noted_slots", itemgetter(0), site=site)
            if noted is None:
                return []
            recent = orjson.loads(noted)
            later, newest = self._db.one("attempts_since", tuple, attempt=recent["attempt"], site=site, most=_MOST)
            last_ms = max(recent["at"], newest) + timeout_seconds * 1000
            now = self._db.now()
            ends = [*recent["answered"], [last_ms, recent["under_way"] + later]]
            waits = [(min(window_seconds, (at - now) / 1000 + window_seconds), requests) for at, requests in ends]
            return sorted((wait, requests) for wait, requests in waits if wait > 0 and requests)
