"""A ledger copied whole to another place, whatever keeps either: identities, history and reports are the same there.

The copy is one transaction of the other ledger, and the mark that this one was moved is durable before it: whatever
breaks off in between, there are never two ledgers from which the same is paid. Rows go by in chunks.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from batch_credits.errors import LedgerBusy, LedgerError, UsageError
from batch_credits.ledger.database import Database, Row, failure

CHUNK = 5_000  # rows that are held at once

# What reads each table, in an order in which none refers to a later one, and the columns as it gives them.
TABLES: dict[str, Sequence[str]] = {
    "read_site": ("site_id", "name", "address", "recent"),
    "read_worker": (
        "worker_id", "host", "pid", "user", "started_at", "until", "ended_at", "told", "lease_ms", "timeout_ms",
    ),
    "read_batch": (
        "batch_id", "key", "site_id", "kind", "reverses", "file_name", "file_sha256", "headers", "columns", "options",
        "admitted", "created_at", "rows_read", "totals", "worker_id",
    ),
    "read_run": (
        "run_id", "batch_id", "started_at", "ended_at", "version", "user", "requests", "throttled", "retries",
        "stopped", "settings", "needs_person", "site_began_ms", "halted",
    ),
    "read_pack": ("site_id", "number", "batch_id", "digest", "previous", "contents", "at", "made_by", "head"),
    "read_pseudonym": ("site_id", "secret"),
    "read_restored": ("restored_id", "at", "why", "known_until"),
    "read_tied_out": ("site_id", "restored_id"),
    "read_shard": ("site_id", "shard", "epoch", "lost_ms"),
    "read_credit_request": (
        "request_id", "site_id", "kind", "customer_id", "reference", "amount_minor", "amount_in_decimal",
        "currency_code", "credit_type", "body", "generation", "batch_id", "row_number", "current", "state", "call",
        "look_first", "key_spoiled", "open_attempts", "attempts", "credit_id", "closing_balance", "http_status",
        "error_code", "error_param", "error", "finished_at",
    ),
    "read_identity": ("site_id", "customer_id", "reference", "request_id"),
    "read_respelt": ("site_id", "customer_form", "reference_form", "request_id"),
    "read_row": ("batch_id", "row_number", "cells", "request_id", "rejected"),
    "read_mended": ("batch_id", "row_number", "of_batch", "of_row"),
    "read_sealed": ("batch_id", "block", "totals"),
    "read_entry": (
        "entry_id", "worker_id", "at", "number", "first_attempt", "last_attempt", "first_finding", "last_finding",
    ),
    "read_attempt": ("attempt_id", "request_id", "run_id", "generation", "at", "entry_id"),
    "read_finding": ("finding_id", "request_id", "run_id", "state", "reason", "http_status", "at"),
    "read_probe": (
        "probe_id", "name", "site_id", "customer_id", "currency_code", "user", "version", "started_at", "ended_at",
        "facts",
    ),
    "read_probe_call": (
        "probe_id", "number", "kind", "reference", "amount_minor", "body", "key", "call", "takes_back", "state",
        "credit_id", "reason", "sent_at",
    ),
    "read_link": (
        "link_id", "kind", "ids", "rows", "content", "marks", "at", "made_by", "note", "previous", "digest",
    ),
}  # fmt: skip


def copy_whole(source: Database, target: Database) -> dict[str, int]:
    """Copy all that a ledger holds to one that holds nothing, and mark it as moved there. Both are held, or shared.

    Returns how many rows each table has.

    Raises:
        LedgerBusy: somebody uses one of them, or may still have something on its way. Nothing was copied.
        UsageError: the target holds something. Nothing was copied.
        LedgerError: one of them failed, or what was written is not what was read.
    """
    is_marked = False
    try:
        with target.transaction():
            _make_ready(target)
            with source.transaction():
                source.change("keep_others_out")
                _refuse_living(source)
                copied = {name.removeprefix("read_"): _copy_table(source, target, name) for name in TABLES}
                _join_workers_to_runs(source, target)
                for name in target.after_a_copy:
                    target.change(name)
                _compare(target, copied)
                source.change("mark_moved", place=str(target.path), now=source.now())
            is_marked = True
    except LedgerError as error:
        if not is_marked:
            raise
        raise LedgerError(
            error.message,
            hint=f"Whether {target.path} has it all is not known, so {source.path} says that it was moved. Look with"
            f" `batch-credits ledger check --ledger {shlex.quote(str(target.path))}`. If that holds no batch:"
            f" `batch-credits ledger upgrade --reopen --ledger {shlex.quote(str(source.path))}`, and copy again.",
        ) from error
    return copied


def _make_ready(target: Database) -> None:
    target.change("keep_others_out")
    _refuse_living(target)
    if target.value("holds_anything"):
        raise UsageError(
            f"The ledger {target.path} is not empty: it holds a batch.",
            hint="Name a place where there is no ledger yet, or an empty one. Two ledgers are never made one.",
        )
    for name in ("clear_slot", "clear_shard", "clear_tied_out", "clear_restored", "clear_worker", "clear_pseudonym",
                 "clear_site", "clear_link"):  # fmt: skip
        target.change(name)


def _refuse_living(database: Database) -> None:
    found = database.first("who_lives", tuple)
    if found is not None:
        host, pid = found
        raise LedgerBusy(
            f"Another batch-credits (process {pid} on {host}) uses the ledger {database.path}, or did a moment ago.",
            hint="Nothing was copied. Wait until it has finished; one that died is known to be over two minutes later.",
        )


def _copy_table(source: Database, target: Database, name: str) -> int:
    rows = source.stream(name, tuple, shared=target.is_shared, now=source.now())
    count = 0
    for chunk in _chunks(rows):
        columns: Mapping[str, Sequence[Any]] = dict(zip(TABLES[name], zip(*chunk, strict=True), strict=True))
        target.insert_columns(name.removeprefix("read_"), columns)
        count += len(chunk)
    return count


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _join_workers_to_runs(source: Database, target: Database) -> None:
    """Which come later in the order of the tables, since a run has a batch, and a batch has whoever staged it."""
    runs = source.stream("runs_of_workers", lambda row: {"worker": row[0], "run": row[1]})
    target.change_each("note_run_of_worker", runs)


def _compare(target: Database, copied: Mapping[str, int]) -> None:
    there = dict(zip(copied, target.one("rows_of_tables", tuple), strict=True))
    if there != copied:
        differing = ", ".join(name for name in copied if there[name] != copied[name])
        raise failure(target.path, f"it does not hold what was copied ({differing})")
