"""The tables of a pack that the reports do not have: each row's money in one unit, and all that was sent for it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import TextIO

from batch_credits.ledger import Call
from batch_credits.ledger.requests import SAYS
from batch_credits.ledger.times import iso_time
from batch_credits.model import CallKind, PlannedCredit, ReportRow, idempotency_key
from batch_credits.pack.bag import sha256
from batch_credits.pack.masks import Mask
from batch_credits.reporter.tables import csv_writer

CREDITS = (
    "credit_row", "outcome", "customer_id", "reference", "credit_type", "currency_code", "amount_minor",
    "amount_in_decimal", "credit_id", "attempts", "finished_at", "error_code", "reversed_by",
)  # fmt: skip
ATTEMPTS = (
    "credit_row", "sent_at", "run", "batch", "call", "generation", "key", "request_sha256", "customer_id", "reference",
    "credit_type", "currency_code", "amount_minor", "amount_in_decimal", "answered_at", "http_status", "finding",
    "reason",
)  # fmt: skip
FINDINGS = ("credit_row", "at", "run", "batch", "state", "http_status", "reason")
RESOLUTIONS = ("credit_row", "at", "state", "said")


def table(stream: TextIO, columns: Sequence[str]) -> Callable[[Sequence[str]], None]:
    """Begin a table: what writes a line of it, with nothing in it that a spreadsheet would run."""
    write = csv_writer(stream)
    write(columns)
    return write


def credit_line(row: ReportRow, customer: str, kind: CallKind, mask: Mask) -> list[str]:
    """A row as it stands: what it asks for, and what became of it."""
    return [
        str(row.row_number),
        kind.name_of(row.outcome),
        mask.customer(customer),
        mask.reference(row.reference or ""),
        row.credit_type or "",
        *(_money(row.money) if row.money is not None else ("", "", "")),
        row.credit_id or "",
        str(row.attempts),
        row.finished_at or "",
        row.error_code or "",
        row.reversed_by or "",
    ]


def attempt_lines(site: str, calls: Sequence[Call], mask: Mask) -> Iterator[list[str]]:
    """What was sent for one row, each with what was learned first afterwards."""
    for sent, learned in answered(calls):
        request = PlannedCredit(
            0, sent.customer_id, sent.reference, sent.money, sent.credit_type, sent.body.encode("ascii"),
            sent.generation or 0, kind=CallKind(sent.kind),
        )  # fmt: skip
        found = ("", "", "", "") if learned is None else (_time(learned), *_found(learned, mask))
        yield [
            str(sent.row_number), _time(sent), _text(sent.run_id), sent.batch or "", sent.kind, _text(sent.generation),
            mask.digest(idempotency_key(site, request)), mask.digest(sha256(request.body)),
            mask.customer(sent.customer_id), mask.reference(sent.reference), sent.credit_type, *_money(sent.money),
            found[0], found[2], found[1], found[3],
        ]  # fmt: skip


def answered(calls: Iterable[Call]) -> Iterator[tuple[Call, Call | None]]:
    """What was sent for a row, and what was learned between that and the next sending, by time. Of the same moment an
    answer is that of what waits for one, else of what is sent then."""
    events = [*calls]
    findings = deque(call for call in events if not call.is_attempt)
    attempts = [call for call in events if call.is_attempt]
    ends = [*(call.at for call in attempts[1:]), inf]
    for sent, end in zip(attempts, ends, strict=False):  # of a row that was never sent there is an end alone
        while findings and findings[0].at < sent.at:
            findings.popleft()
        yield sent, findings.popleft() if findings and findings[0].at <= end else None


def finding_lines(calls: Iterable[Call], mask: Mask) -> Iterator[list[str]]:
    """All that was learned of one row."""
    for call in calls:
        if not call.is_attempt:
            yield [
                str(call.row_number), _time(call), _text(call.run_id), call.batch or "", *_found(call, mask)
            ]  # fmt: skip


def resolution_lines(calls: Iterable[Call], mask: Mask) -> Iterator[list[str]]:
    """What persons said of one row."""
    for call in calls:
        who, says, word = (call.reason or "").partition(SAYS)
        if not call.is_attempt and call.run_id is None and says:
            if mask.is_on:  # how it is known may name somebody
                word = " ".join(word.split(" ")[: 2 if word.startswith("not ") else 3]).rstrip(",;:.")
            yield [str(call.row_number), _time(call), call.state or "", f"{who}{says}{word}"]


def _found(call: Call, mask: Mask) -> tuple[str, str, str]:
    return call.state or "", _text(call.http_status), mask.sentence(call.reason)


def _money(money: tuple[int | None, str | None, str | None]) -> tuple[str, str, str]:
    minor, in_decimal, currency = money
    return currency or "", _text(minor), in_decimal or ""


def _time(call: Call) -> str:
    return iso_time(call.at) or ""


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
