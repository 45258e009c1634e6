"""What a file asks for: read, validated and staged in the ledger.

Nothing is owed yet. The plan is what a person sees before saying yes; `Ledger.admit` makes it real. It is for the whole
file or for nothing, so no row is sent while others are still read: a million take some six seconds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from batch_credits.chargebee.bodies import add_bodies
from batch_credits.ledger import Bucket, LargeAmount, Ledger, NewRows, ProblemGroup, Profile, numbered
from batch_credits.loader.source import Source, collector_paused
from batch_credits.model import (
    MAX_REFERENCE,
    NOTHING_TO_CREDIT,
    CallKind,
    ControlTotal,
    FileTotal,
    LoadedRow,
    NewBatch,
    Outcome,
    Parent,
    Problem,
    sum_totals,
)
from batch_credits.model.amounts import minor_in_words
from batch_credits.model.loaded import LoadedRows
from batch_credits.model.requests import STILL_OWED
from batch_credits.model.undone import Undone
from batch_credits.planning.file_totals import most_telling, refuse_unequal, totals_of_earlier_runs
from batch_credits.planning.plausibility import far_rows, unusual_batch
from batch_credits.planning.repeats import came_before, parted
from batch_credits.process.switching import quick_switches
from batch_credits.reporter.mending import doubts_about
from batch_credits.settings import InputOptions, batch_key

SWITCH_SECONDS = 0.0001
LARGEST_SHOWN = 3  # rows of each currency
CURRENCIES_SHOWN = 10  # whose largest rows are looked up: each takes a walk over the batch


@dataclass(frozen=True, slots=True)
class Plan:
    """A batch as it stands in the ledger before a run. `is_new`: staged by this process, not yet owed.

    `totals` are those of the file; `by_outcome` says what is already known of its rows, and `by_type` are those that
    are no rejected ones, by currency and credit type. `undone` are those that were credited, and deducted again.
    `spread` is how the amounts lie; `warnings` are sentences about amounts that look wrong. `of_file` are the control
    totals that stand in the file, with which its rows agree. `parents` are the batches whose rows it says to mend.
    """

    batch_id: int
    key: str
    is_new: bool
    rows: int
    totals: Mapping[str, ControlTotal]
    by_outcome: Mapping[Outcome, Mapping[str, ControlTotal]]
    by_type: Mapping[tuple[str, str], ControlTotal]
    largest: Mapping[str, int]
    largest_rows: list[LargeAmount] = field(default_factory=list)
    spread: Mapping[str, list[Bucket]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    problems: list[ProblemGroup] = field(default_factory=list)
    kind: CallKind = CallKind.ADD
    undone: Undone = field(default_factory=Undone)
    of_file: Sequence[FileTotal] = ()
    parents: Sequence[Parent] = ()

    def count(self, *outcomes: Outcome) -> int:
        """How many rows have one of these outcomes."""
        return sum(t.count for o in outcomes for t in self.by_outcome.get(o, {}).values())

    @property
    def unread(self) -> int:
        """How many rows have an amount that nobody could read: they are in no total."""
        known = sum(group.rows for group in self.problems if group.code in NOTHING_TO_CREDIT)
        return self.rows - sum(total.count for total in self.totals.values()) - known

    @property
    def owed(self) -> int:
        """How many rows a run would send or settle."""
        return self.count(*STILL_OWED)

    @property
    def owed_totals(self) -> dict[str, ControlTotal]:
        """Their money, by currency: what an order says of a file, and is held against."""
        return sum_totals(self.by_outcome.get(outcome, {}) for outcome in STILL_OWED)


def stage(ledger: Ledger, source: Source, site: str) -> Plan:
    """Bring a file into the ledger, once: content that it knows, read the same way, is the same batch.

    It is read by the options that go for it (`Source.options`), which may not be all that were given.

    Raises:
        InputError: the file changed while it was read, or holds a total with which its rows do not agree.
        LedgerError: the ledger failed.
    """
    options = source.options
    key = batch_key(site, source.file_sha256, options)
    known = ledger.batches.find(key)
    if known is not None:
        counted = Counted(known.batch_id, key, known.rows_read, known.totals, is_new=False)
        of_file = totals_of_earlier_runs(ledger, known.batch_id)
        return _with_warnings(ledger, replace(plan_of(ledger, counted), of_file=of_file), site, options)
    batch_id = ledger.admission.begin(
        NewBatch(
            key=key,
            site=site,
            file_name=source.path.name,
            file_sha256=source.file_sha256,
            headers=source.headers,
            columns=source.columns,
            options_json=options.as_json(),
        )
    )
    try:
        rows_read, totals, profile = _stage_rows(ledger, source, batch_id)
    except BaseException:
        ledger.admission.discard(batch_id)
        raise
    counted = Counted(batch_id, key, rows_read, totals, is_new=True, profile=profile)
    of_file = most_telling(source.totals.found)
    return _with_warnings(ledger, replace(plan_of(ledger, counted), of_file=of_file), site, options)


def with_failed_owed(ledger: Ledger, plan: Plan) -> Plan:
    """What failed and is to be tried again is money like any other: asked about, and held against the limits."""
    by_outcome = dict(plan.by_outcome)
    by_outcome.pop(Outcome.FAILED, None)
    owed = sum_totals([by_outcome.pop(Outcome.PENDING, {}), ledger.totals.failed(plan.batch_id)])
    return replace(plan, by_outcome={**by_outcome, Outcome.PENDING: owed})


def with_parting_told(ledger: Ledger, plan: Plan, business_entity_id: str | None) -> Plan:
    """The plan, with a warning where the rest of what was begun for one business entity goes to another's balance."""
    if plan.is_new or not plan.owed:
        return plan
    return replace(plan, warnings=[*parted(ledger, plan.batch_id, business_entity_id), *plan.warnings])


def _stage_rows(ledger: Ledger, source: Source, batch_id: int) -> tuple[int, dict[str, ControlTotal], Profile | None]:
    """How many rows, their totals, and what they look like if all that are not rejected are new."""
    rows_read = 0
    new_rows = NewRows(LARGEST_SHOWN)
    with collector_paused():  # what is handed from one to the next is in no cycle either
        for rows in _overlapped(source, partial(_stage_chunk, ledger, batch_id, source.options)):
            rows_read += len(rows)
            new_rows.add(rows)
    refuse_unequal(source)
    totals = source.totals.read
    known = ledger.admission.finish(batch_id, rows_read, totals)
    return rows_read, totals, None if known else new_rows.profile()


def _stage_chunk(
    ledger: Ledger, batch_id: int, options: InputOptions, chunk: LoadedRows, bodies: Sequence[str]
) -> LoadedRows:
    if options.number_duplicates:
        rows = list(chunk)
        chunk = LoadedRows.of(_numbered(rows, ledger.admission.number(batch_id, rows)))
        bodies = add_bodies(chunk.requests)
    ledger.admission.stage_columns(batch_id, chunk, bodies)
    return chunk


def _overlapped(source: Source, stage_chunk: Callable[[LoadedRows, Sequence[str]], LoadedRows]) -> Iterator[LoadedRows]:
    """Stage each chunk in a thread while the next one is read: SQLite works without Python's lock.

    One chunk at a time is staged, in order; when reading fails, the chunk on its way is waited for.
    """
    with quick_switches(SWITCH_SECONDS), ThreadPoolExecutor(1, thread_name_prefix="staging") as thread:
        before: Future[LoadedRows] | None = None
        for chunk in source.chunks():
            bodies = add_bodies(chunk.requests)  # here, as the thread has more to do
            staged = None if before is None else before.result()
            before = thread.submit(stage_chunk, chunk, bodies)
            if staged is not None:
                yield staged
        if before is not None:
            yield before.result()


@dataclass(frozen=True, slots=True)
class Counted:
    """A batch, and what was counted as it was staged."""

    batch_id: int
    key: str
    rows: int
    totals: Mapping[str, ControlTotal]
    is_new: bool
    profile: Profile | None = None  # None: ask the ledger


def plan_of(ledger: Ledger, counted: Counted, kind: CallKind = CallKind.ADD) -> Plan:
    """A batch that the ledger holds, as a person sees it before saying yes; without warnings."""
    batch_id = counted.batch_id
    profile = counted.profile or ledger.profiles.of(batch_id)
    currencies = sorted(profile.largest)[:CURRENCIES_SHOWN]
    largest_rows = [
        row
        for code in currencies
        for row in profile.largest_rows.get(code) or ledger.profiles.largest_rows(batch_id, code, LARGEST_SHOWN)
    ]
    return Plan(
        batch_id=batch_id,
        key=counted.key,
        is_new=counted.is_new,
        rows=counted.rows,
        totals=counted.totals,
        by_outcome=profile.by_outcome,
        by_type=profile.by_type,
        largest=profile.largest,
        largest_rows=largest_rows,
        spread=profile.spread,
        problems=ledger.reports.problem_groups(batch_id) if Outcome.REJECTED in profile.by_outcome else [],
        kind=kind,
        undone=ledger.totals.undone(batch_id) if kind is CallKind.ADD and counted.profile is None else Undone(),
        parents=ledger.payouts.parents(batch_id) if kind is CallKind.ADD else (),
    )


def _with_warnings(ledger: Ledger, plan: Plan, site: str, options: InputOptions) -> Plan:
    in_words = partial(minor_in_words, stated=dict(options.currency_exponents))
    return replace(
        plan,
        warnings=[
            *(came_before(ledger, plan.batch_id) if plan.owed else ()),
            *doubts_about(plan.parents, site),
            *far_rows(plan.spread, plan.largest_rows, in_words),
            *unusual_batch(plan.spread, ledger.profiles.earlier_amounts(site, plan.batch_id), in_words),
        ],
    )


def _numbered(rows: list[LoadedRow], numbers: list[int]) -> list[LoadedRow]:
    """Give the second and later rows of one identity their own reference: `reference #2`, `#3` ..."""
    return [
        row if row.reference is None or number < 2 else _with_reference(row, numbered(row.reference, number))
        for row, number in zip(rows, numbers, strict=True)
    ]


def _with_reference(row: LoadedRow, reference: str) -> LoadedRow:
    request, problems = row.request, row.problems
    if request is not None and len(reference) > MAX_REFERENCE:
        request = None
        message = f"With its number the reference has {len(reference)} characters; Chargebee takes {MAX_REFERENCE}."
        problems = (*problems, Problem("reference", "too_long", message))
    if request is not None:
        request = request.model_copy(update={"reference": reference})
    return row._replace(request=request, problems=problems, reference=reference)
