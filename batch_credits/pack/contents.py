"""What stands in data/: written from the ledger in one walk over the rows and one over the history, a row in memory
at a time.

The same ledger gives the same bytes: there is no time of writing and nothing of this machine in it.
"""

import gzip
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePath
from typing import TextIO

from batch_credits.chargebee.bodies import customer_in
from batch_credits.errors import UsageError
from batch_credits.ledger import History, Ledger
from batch_credits.model import BatchRecord, ReportRow
from batch_credits.model.orders import approved_orders
from batch_credits.pack.accounts import COLUMNS as JOURNAL_COLUMNS
from batch_credits.pack.accounts import Chosen, Journal
from batch_credits.pack.bag import sha256_of, write_private
from batch_credits.pack.documents import (
    LEFT_OUT,
    README,
    Input,
    batch_document,
    is_without_file,
    runs_document,
    stopped_as_said,
)
from batch_credits.pack.masks import Mask
from batch_credits.pack.tables import (
    ATTEMPTS,
    CREDITS,
    FINDINGS,
    RESOLUTIONS,
    attempt_lines,
    credit_line,
    finding_lines,
    resolution_lines,
    table,
)
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.writing import write_reports_into

ROWS_AT_ONCE = 1_000
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """How a pack is to be. `source` is the file that was paid, if anybody knows where it is; `is_named`: a person said
    so."""

    source: Path | None
    is_named: bool
    mask: Mask
    debit: Chosen
    credit: Chosen


def write_contents(ledger: Ledger, batch: BatchRecord, wish: Wish, data: Path) -> Input:
    """Write all files of data/, an empty folder. Returns what became of the source file.

    Raises:
        UsageError: the file that a person named is not the one that was paid.
        LedgerError: the ledger failed.
        OSError: the disk refused.
    """
    source = _take_input(batch, wish, data)
    with ledger.payouts.one_moment():
        _write_rows(ledger, batch, wish, data)
        _write_history(ledger, batch, wish.mask, data)
        documents = {
            "batch.json": batch_document(batch, source, ledger.packs.kin(batch.batch_id), wish.mask),
            "runs.json": runs_document(ledger.runs.every(batch.batch_id), wish.mask),
            "readme.txt": README,
        }
    # What another person approved, with their signatures; where a run was of another order, each with a number.
    for number, (order, approvers) in enumerate(approved_orders(ledger.runs.every(batch.batch_id)), 1):
        which = "" if number == 1 else f"-{number}"
        documents[f"order{which}.json"] = order
        if approvers is not None:
            documents[f"approvers{which}.toml"] = approvers
    for name, text in documents.items():
        write_private(data / name, text.encode("utf-8", "backslashreplace"))
    return source


def _take_input(batch: BatchRecord, wish: Wish, data: Path) -> Input:
    """Copy the source file, and hold the copy against the hash of what was paid."""
    if is_without_file(batch):
        return Input(None, "the batch has no file of its own", is_due=False)
    if wish.mask.is_on:
        return Input(None, LEFT_OUT, is_due=False)
    if wish.source is None:
        return Input(None, "nobody said where it is, and it is not where it was read")
    suffix = "".join(PurePath(batch.file_name).suffixes[-2:]).lower()
    copy = data / f"input{suffix if _SUFFIX.fullmatch(suffix) else '.dat'}"
    try:
        with wish.source.open("rb") as stream, open(copy, "xb", opener=_private) as target:
            shutil.copyfileobj(stream, target)
    except OSError as error:
        copy.unlink(missing_ok=True)
        if wish.is_named:
            raise UsageError(f"{wish.source} cannot be read: {error.strerror or error}.") from None
        return Input(None, "it is not where it was read")
    if is_paid_file(copy, batch.file_sha256):
        return Input(f"data/{copy.name}")
    copy.unlink()
    if wish.is_named:
        raise UsageError(
            f"{wish.source} is not the file that was paid: its SHA-256 is not {batch.file_sha256}.",
            hint="Name the file as it was then, or leave it out: the pack says then that it is missing.",
            remedies=[(("--input", "FILE"),)],
        )
    return Input(None, "what lies where it was read is another file now")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def is_paid_file(path: Path, digest: str) -> bool:
    """Whether a file has this SHA-256, or what is packed in it."""
    if sha256_of(path) == digest:
        return True
    with path.open("rb") as stream:
        if stream.read(len(_GZIP)) != _GZIP:
            return False
    found = hashlib.sha256()
    try:
        with gzip.open(path) as packed:
            while block := packed.read(_BLOCK):
                found.update(block)
    except (OSError, EOFError):
        return False
    return found.hexdigest() == digest


def _write_rows(ledger: Ledger, batch: BatchRecord, wish: Wish, data: Path) -> None:
    """The reports, and beside them credits.csv and journal.csv."""
    mask, journal = wish.mask, Journal(batch, stated_exponents(batch), wish.debit, wish.credit)
    history = _masked(ledger.runs.history(batch.batch_id), mask)
    with ExitStack() as stack:
        credit = table(_opened(stack, data / "credits.csv"), CREDITS)

        def rows() -> Iterator[ReportRow]:
            for row, customer in _with_customers(ledger, batch):
                credit(credit_line(row, customer, batch.kind, mask))
                journal.add(row)
                yield mask.row(row, customer, batch.columns)

        write_reports_into(data, batch, history, rows(), ledger.payouts.mending(batch.batch_id))
    with ExitStack() as stack:
        line = table(_opened(stack, data / "journal.csv"), JOURNAL_COLUMNS)
        for cells in journal.lines():
            line(cells)


def _write_history(ledger: Ledger, batch: BatchRecord, mask: Mask, data: Path) -> None:
    with ExitStack() as stack:
        attempt, finding, resolution = (
            table(_opened(stack, data / name), columns)
            for name, columns in (
                ("attempts.csv", ATTEMPTS), ("findings.csv", FINDINGS), ("resolutions.csv", RESOLUTIONS)
            )
        )  # fmt: skip
        for calls in ledger.packs.calls(batch.batch_id):
            for cells in attempt_lines(batch.site, calls, mask):
                attempt(cells)
            for cells in finding_lines(calls, mask):
                finding(cells)
            for cells in resolution_lines(calls, mask):
                resolution(cells)


def _opened(stack: ExitStack, path: Path) -> TextIO:
    return stack.enter_context(
        open(path, "x", encoding="utf-8", errors="backslashreplace", newline="", opener=_private)
    )


def _with_customers(ledger: Ledger, batch: BatchRecord) -> Iterator[tuple[ReportRow, str]]:
    """Every row, and whose it is: as it was sent, or of a rejected row as its cell says."""
    rows, at = ledger.reports.rows(batch.batch_id), batch.columns.get("customer_id")
    while page := [*islice(rows, ROWS_AT_ONCE)]:
        bodies = ledger.reports.bodies(batch.batch_id, page[0].row_number, page[-1].row_number)
        for row in page:
            body = bodies.get(row.row_number)
            cell = "" if at is None or at >= len(row.cells) else row.cells[at].strip()
            yield row, (customer_in(body) if body else "") or cell


def _masked(history: History, mask: Mask) -> History:
    """The history without sentences that may name a customer."""
    if not mask.is_on:
        return history
    decisions = [each._replace(reason=LEFT_OUT) for each in history.decisions]
    runs = [replace(run, stopped=stopped_as_said(run, mask)) for run in history.runs]
    return replace(history, decisions=decisions, runs=runs)
