"""Audit packs: what they hold of a batch, and how each is chained to the one of its site before it.

A pack is written elsewhere. The ledger keeps its digest, which stands in the next pack too: who changes one that was
given away must change all later ones, and this ledger.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.times import iso_time
from batch_credits.model import Money
from batch_credits.process.user import user_name

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class PackRecord:
    """A pack that was made. `number` counts those of its site from 1, `digest` is the SHA-256 of its
    tagmanifest-sha256.txt, `previous` that of the one before (None: it is the first). `made_at` is UTC, ISO 8601.
    `head` is the digest of the newest link of the history's chain at that time (None: before there was one).
    """

    number: int
    batch: str
    digest: str
    previous: str | None
    made_at: str
    made_by: str
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Kin:
    """A batch that has to do with another one: `what` is reverses, is_reversed_by, mends or is_mended_by."""

    key: str
    file_name: str
    file_sha256: str
    what: str


class Call(NamedTuple):
    """Something that was sent for a row, or learned of it. `at` is milliseconds since 1970 UTC. `run_id` is None
    where a person said it; `batch` is the key of the batch whose run it was. Of what was sent there is a generation,
    of what was learned the state that followed.
    """

    row_number: int
    is_attempt: bool
    at: int
    run_id: int | None
    generation: int | None
    state: str | None
    reason: str | None
    http_status: int | None
    batch: str | None
    customer_id: str
    reference: str
    kind: str
    body: str
    money: Money
    credit_type: str


class Packs:
    """The desk for packs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def newest(self, site: str) -> PackRecord | None:
        """The newest pack of a site."""
        return self._db.first("newest_pack", _pack_record, site=site)

    def holding(self, site: str, contents: str) -> PackRecord | None:
        """The newest pack of a site whose manifest has this SHA-256: it holds just the same."""
        return self._db.first("pack_of_contents", _pack_record, site=site, contents=contents)

    def note(
        self, site: str, batch_id: int, digest: str, previous: PackRecord | None, contents: str, head: str | None = None
    ) -> bool:
        """Remember a pack that was made as the one after `previous`. Returns False, and remembers nothing, where
        somebody else made one meanwhile."""
        with self._db.transaction():
            site_id = self._db.value("hold_site_of_packs", site=site)
            if self.newest(site) != previous:
                return False
            self._db.change(
                "note_pack",
                site=site_id,
                number=1 if previous is None else previous.number + 1,
                batch=batch_id,
                digest=digest,
                previous=None if previous is None else previous.digest,
                contents=contents,
                head=head,
                now=self._db.now(),
                user=user_name(),
            )
        return True

    def secret(self, site: str) -> bytes:
        """With what the packs of a site hide ids: made when it is first asked for. It is shown nowhere."""
        with self._db.transaction():
            site_id = self._db.value("hold_site_of_packs", site=site)
            found: str | None = self._db.first("pseudonym_secret", lambda row: str(row[0]), site=site)
            if found is None:
                found = secrets.token_hex(SECRET_BYTES)
                self._db.change("keep_pseudonym_secret", site=site_id, secret=found)
        return bytes.fromhex(found)

    def kin(self, batch_id: int) -> list[Kin]:
        """The batches that have to do with a batch, as far as the ledger knows them."""
        return self._db.all("kin_of_batch", lambda row: Kin(*row), batch=batch_id)

    def calls(self, batch_id: int) -> Iterator[list[Call]]:
        """What was sent for each row of a batch and learned of it, in the order of time, a list a row; rows in the
        order of the file; streamed."""
        calls = self._db.stream("calls_of_rows", _call, batch=batch_id)
        for _, of_row in groupby(calls, attrgetter("row_number")):
            yield [*of_row]


def _pack_record(row: Row) -> PackRecord:
    number, batch, digest, previous, at, made_by, head = row
    return PackRecord(number, batch, digest, previous, iso_time(at) or "", made_by, head)


def _call(row: Row) -> Call:
    *first, minor, decimal, currency, credit_type = row
    row_number, is_attempt, *rest = first
    return Call._make([row_number, bool(is_attempt), *rest, Money(minor, decimal, currency), credit_type])
