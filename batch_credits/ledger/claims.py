"""What may be sent, and how it went on: attempts durable before their bytes leave, answers before their rows count as
settled. Whoever sends holds the shards of its customers first, and holds them still at each commit: see `workers`.

These are synchronous verbs. `group_commit.Journal` lets many coroutines share a commit.
"""

from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Any

import orjson

from batch_credits.call import entity_option, for_entity
from batch_credits.errors import LEFT_OUT, UsageError
from batch_credits.ledger.admission import be_alone, taken_up
from batch_credits.ledger.database import Database, failure
from batch_credits.ledger.keeping import stay_here
from batch_credits.ledger.workers import LEASE_SECONDS, RENEWALS, TIMEOUT_SECONDS, Part, Workers
from batch_credits.model import CallKind, Finding, Money, PlannedCredit, RequestState

_STATES = {state.value: state for state in RequestState}  # a third of the time of an enum's call
_KINDS = {kind.value: kind for kind in CallKind}


class Claims:
    """The desk that hands out what a batch owes, and journals what is sent for it and learned of it."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._db = database
        self._workers = workers
        self._entries = 0  # commits of this process in the journal
        self._partial_owner: int | None = None  # this worker's number, where it holds not all of its site

    def check_entity(self, batch_id: int, entity: str | None, *, is_new: bool = False) -> None:
        """Refuse another business entity than that for which the batch's rows were sent and are not settled.

        Each row is looked for, and sent again, for its own; so where there are several any of them will do.
        `is_new`: the batch was staged by this process.

        Raises:
            UsageError: rows of the batch are not settled that were sent for another one, from whatever file.
        """
        entities = self.open_entities(batch_id, is_new=is_new)
        if entities and entity not in entities:
            name = entities[0]
            raise UsageError(
                f"Rows of this batch were sent {for_entity(name)}, and are not settled.",
                hint=f"Run {entity_option(name)} until they are settled: elsewhere they are not found, and would be"
                " paid again.",
                remedies=[(("--business-entity", name or LEFT_OUT),)],
            )

    def open_entities(self, batch_id: int, *, is_new: bool = False) -> list[str | None]:
        """The business entities for which rows of the batch were sent that are not settled, each once."""
        return self._db.all("open_entities", itemgetter(0), batch=batch_id, is_new=is_new)

    def ready(self) -> None:
        """Give back what this process has claimed; before a transaction in which it claims."""
        if not self._db.is_writing:
            self._workers.anew()

    def claim(
        self,
        batch_id: int,
        run_id: int | None = None,
        *,
        part: Part = Part(),  # noqa: B008 - frozen
        lease_seconds: float = LEASE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """Hold a part of the shards of the batch's site, for a run or only to ask, and have the batch answer for it.

        What whoever held them before has left in flight is in doubt from here on, in every batch of the site; what is
        in flight elsewhere is its owner's. `timeout_seconds`: how long what is sent may be on its way.

        Raises:
            LedgerBusy: somebody else holds some of them.
            LedgerError: the ledger was copied to another place, from which it is paid on.
        """
        self.ready()
        self._db.idle_ms = max(1, round(lease_seconds * 1000) // (2 * RENEWALS))
        with self._db.transaction():
            stay_here(self._db)
            be_alone(self._db, batch_id)
            site_id = self._db.value("site_of_batch", batch=batch_id)
            worker = self._workers.hold(site_id, run_id, part, lease_seconds, timeout_seconds)
            self._partial_owner = worker if part.of > 1 else None
            # Nobody else changes them: `hold` has locked the lives of those who held these shards.
            if self._db.change("note_left_in_flight", site=site_id, worker=worker, now=self._db.now()):
                self._db.change("doubt_left_in_flight", site=site_id, worker=worker)
            self._adopt(batch_id, site_id, worker)
        self._workers.kept()

    def adopt(self, batch_id: int) -> None:
        """Make the batch answer for every unsettled request of its rows that nobody has in hand, whichever batch
        planned it.
        """
        worker = self._workers.me()
        with self._db.transaction():
            self._adopt(batch_id, self._db.value("site_of_batch", batch=batch_id), worker)

    def _adopt(self, batch_id: int, site_id: int, worker: int) -> None:
        self._db.change("adopt", batch=batch_id, site=site_id, worker=worker)

    def reopen_failed(self, batch_id: int) -> int:
        """Make the batch's failed rows owed again, under the next generation. Returns how many."""
        with self._db.transaction():
            return self._db.change("reopen_failed", batch=batch_id)

    def planned_page(self, batch_id: int, state: RequestState, after: int, limit: int) -> list[PlannedCredit]:
        """The batch's requests in this state (not credited), by ascending id, after the given one."""
        page = self._db.all(
            "planned_page",
            planned_credit,
            batch=batch_id,
            state=state.value,
            after=after,
            limit=limit,
            worker=self._partial_owner,
        )
        page.sort(key=attrgetter("request_id"))
        if state is not RequestState.PENDING:
            self._note_the_lost(page)
        return page

    def _note_the_lost(self, credits: Sequence[PlannedCredit]) -> None:
        """Say of those that a worker may have sent which was lost, how late its request may still arrive."""
        ids = orjson.dumps([credit.request_id for credit in credits]).decode()
        lost = dict(self._db.all("left_by_the_lost", lambda row: (row[0], row[1]), requests=ids))
        for credit in credits:
            credit.lost_seconds = lost.get(credit.request_id, 0) / 1000

    def first_owed(self, batch_id: int, most: int) -> list[PlannedCredit]:
        """The first requests of the batch that are pending, in the order of the file."""
        return self._db.all("first_owed", planned_credit, batch=batch_id, most=most)

    def unsettled(self, batch_id: int) -> dict[RequestState, int]:
        """How many requests that the batch answers for are in each state, the credited ones not counted; at once."""
        counts = self._db.all("unsettled", lambda row: (RequestState(row[0]), row[1]), batch=batch_id)
        return dict.fromkeys(RequestState, 0) | dict(counts)

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        """Record what was learned and open new attempts, in one durable transaction; and keep what was claimed.

        The first attempt of a generation freezes `call`: later ones repeat what was frozen. With neither it is said
        from time to time that this worker lives.

        Raises:
            LeaseLost: it holds no more what it claimed.
            LedgerError: nothing of it is durable, so nothing of it may be sent.
        """
        number = self._next_entry() if findings or openings else None

        def write() -> None:
            worker, at = self._workers.fence(), self._db.now()
            if number is None:
                return
            entry = self._db.value(
                "begin_entry", worker=worker, at=at, number=number, attempts=len(openings), findings=len(findings)
            )
            if findings:
                record(self._db, run_id, findings, at, entry)
            if openings:
                assert run_id is not None, "only a run sends"
                self._open_attempts(openings, call, {"run": run_id, "at": at, "entry": entry})

        self._db.carry_out(write, lambda: self._has_entered(number), self._workers.lease_seconds / RENEWALS)
        self._workers.kept()

    def _next_entry(self) -> int:
        """The number of this life's next commit: no two have one, and so it may be found."""
        self._entries += 1
        return self._entries

    def _has_entered(self, number: int | None) -> bool:
        """Within a transaction: whether this life's commit of that number happened, now that it is over."""
        me = self._workers.me()
        self._db.first("lock_life", tuple, worker=me)
        return number is not None and self._db.first("was_entered", tuple, worker=me, number=number) is not None

    def _open_attempts(self, credits: Sequence[PlannedCredit], call: str, place: dict[str, int]) -> None:
        """Write one more attempt for each request; they may be sent once the transaction is committed.

        Raises:
            LedgerError: a request is not in a state that may be sent (the ledger was changed meanwhile), or another's.
        """
        chunk = orjson.dumps([[c.request_id, c.generation, c.open_attempts + 1, c.attempts + 1] for c in credits])
        about = {"chunk": chunk.decode(), **place}
        opened = self._db.change("open_requests", call=call, worker=self._partial_owner, **about)
        if opened != len(credits):
            raise failure(self._db.path, f"{len(credits) - opened} requests may not be sent any more")
        self._db.change("open_attempts", **about)


def record(
    database: Database, run_id: int | None, findings: Sequence[Finding], at: int, entry: int | None = None
) -> None:
    """Write what was learned, and the state that follows, for each request, within the caller's transaction.
    `entry`: the commit of the journal that it is of; None: a person said it.

    Raises:
        LedgerError: another request stands in the place of one that was failed.
    """
    newest = {finding.request_id: finding for finding in findings}
    if len(newest) == len(findings):
        told = [[*finding] for finding in findings]
    else:  # UPDATE FROM takes any one of several rows about the same request: the others are marked by one field more
        told = [[*each] if newest[each.request_id] is each else [*each, True] for each in findings]
    about = {"run": run_id, "at": at, "entry": entry, "chunk": orjson.dumps(told).decode()}
    if database.change("record_requests", **about) != len(newest):
        raise taken_up()  # what follows from it is for the request that stands in its place
    database.change("record_findings", **about)


def planned_credit(row: Sequence[Any]) -> PlannedCredit:
    """A request as the statements give it that name all of its columns."""
    request_id, customer, reference, minor, decimal, currency, credit_type, body, generation, *progress = row
    spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first = progress
    return PlannedCredit(
        request_id=request_id,
        customer_id=customer,
        reference=reference,
        money=Money(minor, decimal, currency),
        credit_type=credit_type,
        body=body.encode("ascii"),
        generation=generation,
        key_spoiled=bool(spoiled),
        open_attempts=open_attempts,
        attempts=attempts,
        state=_STATES[state],
        kind=_KINDS[kind],
        call=call,
        credit_id=credit_id,
        look_first=bool(look_first),
    )
