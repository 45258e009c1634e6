"""Rows that are not paid: what the ledger keeps of them, and how a staged row loses its request."""

import orjson

from batch_credits.ledger.database import Database
from batch_credits.model import Money, Problem


def rejected_json(
    problems: tuple[Problem, ...],
    reference: str | None,
    money: Money | None,
    restated: tuple[tuple[str, str], ...] | None = None,
) -> str:
    """What the ledger keeps of a rejected row beside its cells; `restated` of one that the loader rejected."""
    reasons = [[p.field, p.code, p.message] for p in problems]
    kept = {"problems": reasons, "reference": reference, "money": money and [*money]}
    return orjson.dumps(kept if restated is None else kept | {"restated": restated}).decode()


def reject(database: Database, batch_id: int, row_number: int, request_id: int | None, why: str) -> None:
    """Take the request of a staged row away, if it has one, and keep why; within the caller's transaction."""
    database.change("store_rejection", batch=batch_id, row=row_number, why=why)
    database.change("forget_request", request=request_id)
