"""What must hold, at every step and at the end. Nothing here looks at the product's own opinion of itself
without holding it against the site's truth.
"""

from collections import Counter, defaultdict
from math import ceil
from typing import TYPE_CHECKING, Any

from batch_credits.chargebee.client import LookFailed
from batch_credits.errors import DoubleCreditAlarm, RunStopped
from batch_credits.model import is_of_reversal, reversal_reference
from batch_credits.reconciler.tie_out import TieOut
from batch_credits.sending.issued import Issued
from tests.simulation.answers import HARMLESS

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

_COLUMNS = "customer_id, reference, amount_minor, state, credit_id, open_attempts, attempts, generation, error"


class Judge:
    """Collects violations: (kind, what happened)."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._calls: dict[str, tuple[bytes, str]] = {}
        self._payloads: dict[tuple[str, str], bytes] = {}
        self._sends: Counter[tuple[str, str]] = Counter()
        self._keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.violations: list[tuple[str, str]] = []
        self.outcomes: Counter[str] = Counter()
        self.reviews: Counter[str] = Counter()
        self.credits = 0

    @property
    def kinds(self) -> set[str]:
        """The kinds of violation that were found."""
        return {kind for kind, _what in self.violations}

    def expect(self, holds: bool, kind: str, what: str) -> None:
        """Note a violation unless it holds."""
        if not holds:
            self._world.trace(f"VIOLATION {kind}: {what}")
            self.violations.append((kind, what))

    # -- While it goes on ----------------------------------------------------------------------------------

    def leaves(self, operation: str, key: str, body: bytes, headers: str) -> str:
        """A POST is about to leave. Returns its customer."""
        fields = self._world.site.parse(body)
        identity = fields["customer_id"], fields["reference"]
        self.expect("amount" in fields, "drained", f"{operation} of {identity} names no amount")
        wanted = "deduct" if is_of_reversal(identity[1]) else "add"
        self.expect(operation == wanted, "payload", f"{identity} is sent to {operation}")
        self._sends[identity] += 1
        self._keys[identity].add(key)
        call = body, "" if self._world.schedule.restores else headers  # a copy has forgotten what was frozen
        self.expect(self._calls.setdefault(key, call) == call, "payload", f"two calls under one key of {identity}")
        same = self._payloads.setdefault(identity, body) == body
        self.expect(same, "payload", f"two payloads for {identity}")
        found = self._world.connection.execute(
            "SELECT state, (SELECT count(*) FROM attempt WHERE request_id = r.request_id) FROM credit_request r"
            " WHERE customer_id = ? AND reference = ? AND current = 1",
            identity,
        ).fetchone()
        self.expect(found[0] == "in_flight", "journal", f"{identity} leaves while the ledger says {found[0]}")
        return identity[0]

    def run_ended(self, process: "Process", outcome: Issued | TieOut | BaseException | None) -> None:
        """A process ended by itself, by an exception, or (None) by death."""
        if isinstance(outcome, Issued):
            alarm = isinstance(outcome.stopped, DoubleCreditAlarm)
            self.expect(not alarm, "double", f"alarm: {outcome.stopped}")
        elif isinstance(outcome, TieOut):
            self._tied_out(process, outcome)
        elif process.plan.reconciles and isinstance(outcome, RunStopped | LookFailed):
            self.expect(not isinstance(outcome, DoubleCreditAlarm), "double", f"alarm: {outcome}")
        elif outcome is not None:
            twice = process.plan.interrupt_twice and type(outcome).__name__ == "CancelledError"
            self.expect(twice, "failed", f"the run failed: {outcome!r} {outcome.__cause__!r}")
        budget = process.settings.budget_per_minute
        arrivals = sorted(process.wire.arrivals)
        for first, beyond in zip(arrivals, arrivals[budget:], strict=False):
            if budget and beyond - first < 60.0 - 1e-6:
                self.expect(False, "limiter", f"more than {budget} arrivals between {first:.3f} and {beyond:.3f}")
                break
        self._doubles()

    def _tied_out(self, process: "Process", result: TieOut) -> None:
        """A tie-out may be wrong about what a list hides, and about nothing else."""
        if not result.ties_out:
            return
        now, site = self._world.now, self._world.site
        self.expect(result.since is None, "lie", "a whole tie-out looked at a part")
        for customer, reference, state in self._world.connection.execute(
            "SELECT r.customer_id, r.reference, r.state FROM row w JOIN credit_request r USING (request_id)"
            " WHERE w.batch_id = ?",
            (process.batch_id,),
        ):
            # What is credited is found under whatever form of its id the site knows the customer by; what else, not.
            asked = {} if state == "credited" else {"customer_id[is]": customer}
            shown = site.visible(asked, None, now)
            of_ours = [
                one.credit_id
                for one in shown
                if (one.customer_id, one.reference, one.kind) == (customer, reference, "increment")
            ]
            wanted = 1 if state == "credited" else 0
            if process.born <= site.plan.deleted_at.get(customer, -1.0) <= now:
                continue  # it was asked for before that, and its credits may be hidden since
            if site.plan.form in HARMLESS and not site.plan.is_scoped and not is_of_reversal(reference):
                self.expect(len(of_ours) == wanted, "lie", f"ties out, {customer} {reference} {state}: {of_ours}")

    def owed(self) -> int:
        """Rows that the ledger says are not settled."""
        query = "SELECT count(*) FROM credit_request WHERE state IN ('pending', 'in_flight', 'in_doubt')"
        return int(self._world.connection.execute(query).fetchone()[0])

    # -- At the end ----------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Hold the ledger against the truth."""
        self._doubles()
        rows = self._world.connection.execute(f"SELECT {_COLUMNS} FROM credit_request WHERE current = 1").fetchall()
        by_identity = {(row[0], row[1]): row for row in rows}
        ours = self._ours()
        for planned in dict.fromkeys((row.customer_id, row.reference) for row in self._world.rows):
            row = by_identity.get(planned)
            if row is None:
                self.expect(False, "lost", f"{planned} is not in the ledger")
            else:
                self._judge_row(row, ours[planned])
        self._judge_reversals(by_identity, ours)
        shared = Counter(row[4] for row in rows if row[3] == "credited")
        self.expect(not shared or max(shared.values()) == 1, "lost", f"one credit settles several rows: {shared}")
        if not self._world.schedule.restores:  # a copy has forgotten attempts
            self._judge_attempts()

    def _judge_reversals(self, by_identity: dict[tuple[str, str], Any], ours: dict[tuple[str, str], list[Any]]) -> None:
        """Each credit undone at most once, never more than it was, and all of those that were to be undone."""
        for identity, credits in ours.items():
            if not is_of_reversal(identity[1]):
                continue
            credited = ours.get((identity[0], identity[1].removeprefix(reversal_reference(""))), [])
            taken, given = (sum(credit.amount for credit in each) for each in (credits, credited))
            self.expect(taken <= given, "double", f"{identity} took {taken} of a credit of {given}")
        for customer, reference in self._to_be_undone():
            identity = customer, reversal_reference(reference)
            row = by_identity.get(identity)
            if row is None:
                self.expect(False, "lost", f"{identity} is not in the ledger")
            else:
                self._judge_row(row, ours[identity])

    def _to_be_undone(self) -> list[tuple[str, str]]:
        """What the batches credited that were reversed."""
        batches = [self._world.batch_id(number) for number in self._world.schedule.undone]
        found = self._world.connection.execute(
            "SELECT customer_id, reference FROM credit_request WHERE state = 'credited' AND attempts > 0"
            f" AND batch_id IN ({','.join('?' * len(batches))})",
            batches,
        )
        return [*found]

    def _ours(self) -> defaultdict[tuple[str, str], list[Any]]:
        ours: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
        for credit in self._world.site.credits:
            if not credit.is_foreign:
                ours[credit.customer_id, credit.reference].append(credit)
        self.credits = sum(map(len, ours.values()))
        return ours

    def _doubles(self) -> None:
        if "double" not in self.kinds:
            for identity, credits in self._ours().items():
                if len(credits) > 1:
                    ids = [(c.credit_id, round(c.created, 3)) for c in credits]
                    self.expect(False, "double", f"{identity} was applied {len(credits)} times: {ids}")

    def _judge_row(self, row: tuple[Any, ...], credits: list[Any]) -> None:
        customer, reference, amount, state, credit_id, open_attempts, _attempts, _generation, why = row
        identity = customer, reference
        self.outcomes[state] += 1
        if state == "credited":
            found = self._world.site.by_id.get(credit_id)
            kind = "decrement" if is_of_reversal(reference) else "increment"
            right = found is not None and (found.customer_id, found.reference, found.amount) == (*identity, amount)
            right = right and found is not None and found.kind == kind
            self.expect(right and found in credits, "lost", f"{identity} is credited as {credit_id}, which is {found}")
            self.expect(open_attempts == 0, "ledger", f"{identity} is credited with {open_attempts} open attempts")
        elif state == "failed":
            # A refusal that an old copy remembers may be outdated: then nothing is sent, and nothing proven.
            is_proof = not self._world.schedule.restores
            self.expect(not credits or not is_proof, "mistake", f"{identity} is failed and credited: {credits}")
            self.expect(identity in self._world.site.refused, "lost", f"{identity} is failed, and was never refused")
            self.expect(open_attempts == 0, "ledger", f"{identity} is failed with {open_attempts} open attempts")
        elif state == "review":
            self.reviews[_kind_of_review(why)] += 1
            self.expect(self._may_review(identity, why), "review", f"{identity} is in review: {why}")
        else:
            self.expect(False, "lost", f"{identity} is still {state} after healthy runs")

    def _may_review(self, identity: tuple[str, str], why: str) -> bool:
        site = self._world.site
        match _kind_of_review(why):
            case "deleted":
                return identity[0] in site.plan.deleted_at
            case "other money":
                others = {(customer, reversal_reference(name)) for customer, name in site.plan.other_deductions}
                changed = site.plan.form not in HARMLESS  # a cut reference may be another row's very text
                named = self._may_be_garbled()  # for another row: an answer to that one may have named our credit
                return changed or named or identity in site.plan.other_money | others
            case "unwitnessed":
                return True  # nothing was listed, and the process that sent it is gone or its key is spent
            case "lagging":
                settings = self._world.schedule.last_settings
                # Each witness may need as many looks as the lag has minutes, and a better one may come once.
                needed = 2 * ceil(site.plan.lag / settings.look_again_seconds)
                return site.list_lagged or needed >= settings.max_looks or site.plan.hides_deleted
            case "named":  # an answer named a credit, and was spoiled or is another's
                changed = site.plan.form not in HARMLESS or site.plan.echo not in (None, *HARMLESS)
                return changed or self._may_be_garbled()
            case "unattributed":
                beside = any(customer == identity[0] for customer, _amount, _created in site.plan.neighbours)
                if is_of_reversal(identity[1]):  # not known to be older, where our first send is at no known time
                    beside = beside or identity[0] in site.taken_by_others
                # Somebody else's under the name of a row: then two are listed of it, and whose is which is not certain.
                beside = beside or any(customer == identity[0] for customer, _reference in site.plan.other_money)
                forgotten = self._world.schedule.restores or bool(site.plan.lost)  # credits of ours that it cannot know
                return beside or forgotten or site.plan.form != "exact" or self._may_be_garbled()
            case _:
                return False

    def _may_be_garbled(self) -> bool:
        """Whether an answer may have named any credit at all."""
        plan = self._world.site.plan
        return bool(plan.outages) or any("garbled" in fault for fault in plan.post_faults)

    def _judge_attempts(self) -> None:
        counted = self._world.connection.execute(
            "SELECT r.customer_id, r.reference, count(*), count(DISTINCT a.generation) FROM attempt a"
            " JOIN credit_request r USING (request_id) GROUP BY 1, 2"
        )
        attempts = {(customer, reference): (n, keys) for customer, reference, n, keys in counted}
        for identity, sends in self._sends.items():
            journaled, generations = attempts.get(identity, (0, 0))
            self.expect(sends <= journaled, "journal", f"{identity} was sent {sends} times, journaled {journaled}")
            keys = len(self._keys[identity])
            self.expect(keys <= generations, "payload", f"{identity} used {keys} keys in {generations} generations")


def _kind_of_review(why: str) -> str:
    for words, kind in (
        ("deleted", "deleted"),
        ("under this reference, ", "unattributed"),
        ("under this reference", "other money"),
        ("no other credit exists", "unwitnessed"),
        ("does not show a credit", "lagging"),
        ("belongs to no row", "unattributed"),
        ("answered with another credit", "named"),
        ("answered that it is credited", "named"),
    ):
        if words in why:
            return kind
    return "other"
