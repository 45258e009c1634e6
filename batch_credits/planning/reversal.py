"""What a reversal asks for: which credits of a batch are to be deducted again, staged in the ledger as a batch.

Its rows are those of the batch, under the same numbers and with the same cells, so that the reports of both lie
beside each other line by line. Each row deducts exactly what its own credit added, under a reference that follows
from the credit's, so the ledger's identity lets it be deducted once, whatever is reversed again or in parts. As
with a file, the same rows are the same batch: reversing again resumes, and what was credited since makes a new one.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from batch_credits.call import ENTITY_HEADER, entity_option, for_entity, headers_of
from batch_credits.chargebee.bodies import deduct_body, description_in
from batch_credits.errors import LEFT_OUT, InputError, Remedy, UsageError
from batch_credits.ledger import HeldCredit, Ledger, StagedRow, Standing
from batch_credits.loader.cut import CutRow, read_cut
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import (
    MAX_DESCRIPTION,
    MAX_REFERENCE,
    BatchRecord,
    CallKind,
    ControlTotal,
    LoadedRow,
    NewBatch,
    Problem,
    reversal_reference,
)
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.planning.plan import Counted, Plan, plan_of
from batch_credits.settings import InputOptions

PAGE_ROWS = 1_000
_AMOUNTS = ("amount", "amount_in_decimal")
_FIELDS = ("customer_id", "reference", "currency_code", *_AMOUNTS)
_CREDITED = ("credited", "already_credited")  # as results.csv says of a row that has a credit


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a batch are reversed, and of all rows asked for how each stands.

    `named` are the rows that a person named; None: all of the batch. `counts` are by standing. `calls` are those that
    made the credits which this batch sent, or say for whom a list had them, each once; None: one is not known. `taken`
    are the numbers of the rows that are reversed, rising: all that is said here is of these, and a worker may credit
    others meanwhile. `goes_on`: one will, since a run over the batch has not ended.
    """

    batch: BatchRecord
    named: frozenset[int] | None
    key: str
    counts: Counter[Standing] = field(default_factory=Counter)
    calls: frozenset[str | None] = frozenset()
    taken: Sequence[int] = ()
    goes_on: bool = False

    @property
    def rows(self) -> int:
        """How many rows are reversed."""
        return len(self.taken)

    def takes(self, row_number: int) -> bool:
        """Whether a row is reversed."""
        place = bisect_left(self.taken, row_number)
        return place < len(self.taken) and self.taken[place] == row_number

    def left_out(self) -> list[str]:
        """What a person must know of rows that were asked for and are not reversed, a sentence each."""
        counts, key = self.counts, self.batch.key[:8]
        sentences = []
        if unsettled := counts[Standing.UNSETTLED]:
            credited_by = "running the batch again would credit them"
            if self.goes_on:
                credited_by = "a run over it goes on, and whoever works for it credits them still: end that first"
            sentences.append(
                f"{_rows(unsettled)} pending, in doubt or in review, so not reversed; {credited_by}. Settle them with "
                f"batch-credits reconcile {key}, then reverse again."
            )
        if elsewhere := counts[Standing.ELSEWHERE]:
            sentences.append(f"{_rows(elsewhere)} credited by another batch: only reversing that one takes it back.")
        if (before := counts[Standing.BEFORE]) and self.named is None:
            them = "it" if before == 1 else "them"
            sentences.append(
                f"{_rows(before)} credited before this batch, not by it: name {them} with --rows to reverse {them} too."
            )
        return sentences


def _rows(number: int) -> str:
    return "1 row is" if number == 1 else f"{number:,} rows are"


def select(ledger: Ledger, batch: BatchRecord, rows_file: Path | None) -> Selection:
    """Which rows are to be reversed: all that the batch credited, or those of them that a file names.

    Raises:
        UsageError: the batch is a reversal itself.
        InputError: the file cannot be read, names other rows, or contradicts the batch.
    """
    if batch.kind is CallKind.DEDUCT:
        raise UsageError(
            f"Batch {batch.key[:8]} is a reversal itself.",
            hint="What it deducted is credited again by a file of credits, under references of their own:",
            instead=[("run", "FILE")],
        )
    named = None if rows_file is None else frozenset(_named(ledger, batch, rows_file))
    digest = hashlib.sha256(f"{CallKind.DEDUCT} {batch.key}".encode())
    counts: Counter[Standing] = Counter()
    calls: set[str | None] = set()
    taken = array("q")
    for row_number, standing, call in ledger.held_credits.standings(batch.batch_id):
        if named is None or row_number in named:
            counts[standing] += 1
            # One that was credited before its batch only if a person names it.
            if standing is Standing.CREDITED or (standing is Standing.BEFORE and named is not None):
                digest.update(b" %d" % row_number)
                taken.append(row_number)
                if standing is Standing.CREDITED or call is not None:
                    calls.add(call)
    goes_on = ledger.is_shared and batch.batch_id in ledger.teams.unfinished(ledger.teams.site_of(batch.batch_id))
    return Selection(batch, named, digest.hexdigest(), counts, frozenset(calls), taken, goes_on)


def stage_reversal(ledger: Ledger, selection: Selection) -> Plan:
    """Bring a reversal into the ledger, once: the same rows of a batch are the same reversal.

    Raises:
        LedgerError: the ledger failed.
    """
    batch = selection.batch
    options = InputOptions.from_json(batch.options_json)
    known = ledger.batches.find(selection.key)
    if known is not None:
        counted = Counted(known.batch_id, known.key, known.rows_read, known.totals, is_new=False)
        return plan_of(ledger, counted, CallKind.DEDUCT)
    batch_id = ledger.admission.begin(
        NewBatch(
            key=selection.key,
            site=batch.site,
            file_name=f"reversal of {batch.file_name}",
            file_sha256=batch.file_sha256,
            headers=batch.headers,
            columns=batch.columns,
            options_json=options.as_json(),
            kind=CallKind.DEDUCT,
            reverses=batch.key,
        )
    )
    try:
        totals: dict[str, ControlTotal] = {}
        for page in _pages(ledger, selection):
            rows = [deduction_of(credit) for credit in page]
            ledger.admission.stage(batch_id, [StagedRow(row, _body(row)) for row in rows])
            for row in rows:
                if row.money is not None:
                    totals.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
        ledger.admission.finish(batch_id, selection.rows, totals)
    except BaseException:
        ledger.admission.discard(batch_id)
        raise
    counted = Counted(batch_id, selection.key, selection.rows, totals, is_new=True)
    return plan_of(ledger, counted, CallKind.DEDUCT)


def _pages(ledger: Ledger, selection: Selection) -> Iterator[list[HeldCredit]]:
    after = 0
    while page := ledger.held_credits.page(selection.batch.batch_id, after, PAGE_ROWS):
        after = page[-1].row_number
        yield [credit for credit in page if selection.takes(credit.row_number)]


def business_entity_of(ledger: Ledger, selection: Selection, named: str | None) -> str | None:
    """The business entity for which the rows were credited: its balance is the one that has the credits.

    The one that is `named`, perhaps by a setting for payouts, never pays for what another one got; it counts where the
    ledger knows none.

    Raises:
        UsageError: there are several, or it is another one than is named.
    """
    batch = selection.batch
    calls = (call or "{}" for call in selection.calls if call is not None or named is None)
    entities = sorted({headers_of(call).get(ENTITY_HEADER) for call in calls}, key=lambda entity: entity or "")
    if not entities and named is None:  # of what was there before nothing but the batch itself says for whom
        entities = ledger.held_credits.entities(batch.batch_id) or ledger.runs.looked_for(batch.batch_id)
    if len(entities) > 1:
        names = ", ".join(entity or "none" for entity in entities)
        raise UsageError(
            f"Batch {batch.key[:8]} was credited for several business entities: {names}.",
            hint="Reverse it in parts: name the entity with --business-entity, and its rows with --rows.",
            remedies=[(("--business-entity", entity), ("--rows", "FILE")) for entity in entities if entity],
        )
    if entities and named not in (None, entities[0]):
        own = entities[0]
        raise UsageError(
            f"Batch {batch.key[:8]} was credited {for_entity(own)}, not for {named}.",
            hint=f"Run it {entity_option(own)}: the balance of another has not got these credits.",
            remedies=[(("--business-entity", own or LEFT_OUT),)],
        )
    return entities[0] if entities else named


def deduction_of(credit: HeldCredit) -> LoadedRow:
    """The row that deducts a credit: its own money under the reference that follows from its own.

    The currency is the one that the request named. Where it named none Chargebee took the site's only one, and does
    again: a site with several refuses a request without any.
    """
    reference = reversal_reference(credit.reference)
    money = credit.money
    if len(reference) > MAX_REFERENCE:
        problem = Problem(
            "reference",
            "too_long",
            f"Its reversal's reference would have {len(reference)} characters, and Chargebee takes {MAX_REFERENCE}: "
            f"deduct credit {credit.credit_id} by hand in Chargebee.",
        )
        return LoadedRow(credit.row_number, credit.cells, None, (problem,), credit.customer_id, reference, money)
    description = f"Reversal of {description_in(credit.body) or credit.reference}"[:MAX_DESCRIPTION]
    fields = {
        "customer_id": credit.customer_id,
        "reference": reference,
        "description": description,
        "amount": money.amount_minor,
        "amount_in_decimal": money.amount_in_decimal,
        "currency_code": money.currency_code,
        "credit_type": credit.credit_type,
    }
    try:
        request = CreditRequest.model_validate(fields)
    except ValidationError as error:  # a credit that was taken over from Chargebee's list may be unlike any of ours
        field_name = str(error.errors()[0]["loc"][0])
        problem = Problem(
            field_name, "invalid", f"{field_name} is {shown(str(fields[field_name]))}: deduct it by hand in Chargebee."
        )
        return LoadedRow(credit.row_number, credit.cells, None, (problem,), credit.customer_id, reference, money)
    return LoadedRow(credit.row_number, credit.cells, request, (), credit.customer_id, reference, money)


def _body(row: LoadedRow) -> bytes | None:
    return None if row.request is None else deduct_body(row.request)


# -- The rows that a file names -----------------------------------------------------------------------------


_ANOTHER_CUT: list[Remedy] = [(("--rows", "FILE"),)]


def _named(ledger: Ledger, batch: BatchRecord, path: Path) -> Iterator[int]:
    """The row numbers of a cut, each of them a row of the batch that the cut does not contradict."""
    lines = read_cut(path)
    is_empty = True
    while chunk := list(islice(lines, PAGE_ROWS)):
        is_empty = False
        known = ledger.held_credits.rows_by_number(batch.batch_id, [line.row_number for line in chunk])
        for line in chunk:
            if line.row_number not in known:
                raise InputError(
                    f"{path.name}, record {line.line}: batch {batch.key[:8]} has no row {line.row_number}.",
                    hint="Is it a cut of another batch's results?",
                    remedies=_ANOTHER_CUT,
                )
            for name, theirs, ours, is_amount in _compared(batch, line, *known[line.row_number]):
                if not _is_same(theirs, ours, is_amount):
                    raise InputError(
                        f"{path.name}, record {line.line}: {name} is {shown(theirs)}, but in row {line.row_number} of "
                        f"batch {batch.key[:8]} it is {shown(ours)}.",
                        hint="Is it a cut of another batch's results? The file's column credit_row alone would do.",
                        remedies=_ANOTHER_CUT,
                    )
            yield line.row_number
    if is_empty:
        hint = "Cut results.csv of the batch, with its headers."
        raise InputError(f"{path.name} names no rows.", hint=hint, remedies=_ANOTHER_CUT)


def _compared(
    batch: BatchRecord, line: CutRow, cells: tuple[str, ...], credit: HeldCredit | None
) -> Iterator[tuple[str, str, str, bool]]:
    """What the cut and the batch both say of a row: what, the cut's text, the batch's, and whether it is an amount."""
    for name, index in _identifying(batch):
        header = batch.headers[index].strip(EDGE_BLANKS)
        if header in line.cells and index < len(cells):
            yield header, line.cells[header], cells[index], name in _AMOUNTS
    if credit is None:
        return
    said = {"credit_reference": credit.reference}
    if line.cells.get("credit_outcome", "") in _CREDITED:
        said["credit_id"] = credit.credit_id
    elif line.cells.get("credit_reference") == reversal_reference(credit.reference):
        said.clear()  # a cut of the reversal's own results
    values = (credit.customer_id, credit.reference, credit.money.currency_code or "", *credit.money[:2])
    named = {name: str(value) for name, value in zip(_FIELDS, values, strict=True) if value is not None}
    said |= {name: text for name, text in named.items() if name not in batch.headers}
    for name, text in said.items():
        if line.cells.get(name):
            yield name, line.cells[name], text, name in _AMOUNTS


def _identifying(batch: BatchRecord) -> Iterable[tuple[str, int]]:
    """The fields that say whom a row pays and how much, and their columns, where their headers are unmistakable."""
    return [
        (name, index)
        for name, index in batch.columns.items()
        if name in _FIELDS and batch.headers.count(batch.headers[index]) == 1
    ]


def _is_same(theirs: str, ours: str, is_amount: bool) -> bool:
    """The same text; or the same number where a spreadsheet wrote an amount its own way (10.5 for 10.50)."""
    one, other = theirs.strip(EDGE_BLANKS), ours.strip(EDGE_BLANKS)
    if one == other:
        return True
    try:
        return is_amount and Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False
