"""Which batches there are. Nothing here writes."""

import orjson

from batch_credits.errors import UnknownBatch
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.times import iso_time
from batch_credits.ledger.totals import decoded_totals
from batch_credits.model import BatchRecord, CallKind

_LISTED, _STATUS = "`batch-credits status` lists them.", [("status",)]


class Batches:
    """The desk for finding a batch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[BatchRecord]:
        """Every admitted batch, oldest first."""
        return self._db.all("batches", _batch_record, prefix="")

    def find(self, key: str) -> BatchRecord | None:
        """The admitted batch with this key, if there is one."""
        return self._db.first("batches", _batch_record, prefix=key)

    def one(self, prefix: str) -> BatchRecord:
        """The admitted batch whose id begins with `prefix`.

        Raises:
            UnknownBatch: there is none, or more than one.
        """
        found = self._db.all("batches", _batch_record, prefix=prefix.strip().lower())
        if len(found) == 1:
            return found[0]
        if not found:
            raise UnknownBatch(f"The ledger holds no batch {prefix!r}.", hint=_LISTED, instead=_STATUS)
        keys = ", ".join(batch.key[:12] for batch in found[:5])
        said = f"{len(found)} batches begin with {prefix!r}: {keys}."
        raise UnknownBatch(said, hint="Give more of the id.", instead=_STATUS)

    def staged(self, batch_id: int) -> BatchRecord:
        """A batch that this ledger holds, admitted or not."""
        return self._db.one("batch", _batch_record, batch=batch_id)


def _batch_record(row: Row) -> BatchRecord:
    batch_id, key, site, file_name, sha256, headers, columns, options, created_at, rows_read, totals, *rest = row
    kind, reverses = rest
    return BatchRecord(
        batch_id=batch_id,
        key=key,
        site=site,
        file_name=file_name,
        file_sha256=sha256,
        headers=tuple(orjson.loads(headers)),
        columns=orjson.loads(columns),
        options_json=options,
        created_at=iso_time(created_at) or "",
        rows_read=rows_read,
        totals=decoded_totals(totals),
        kind=CallKind(kind),
        reverses=reverses,
    )
