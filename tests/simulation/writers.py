"""Two processes that send from one ledger: each claims, sends, sleeps, wakes up and dies as a seed says.

What leaves a process leaves it at once, in the step in which it is journaled: what a process does that is stopped
between these two no ledger can know.
"""

import sqlite3
from collections import Counter
from pathlib import Path
from random import Random
from unittest.mock import patch

from batch_credits.chargebee.bodies import add_body
from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import Ledger, Part, StagedRow
from batch_credits.model import Finding, Learned, LoadedRow, NewBatch, PlannedCredit, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.process import clock

SEEDS, STEPS, ROWS = 25, 100, 12
SHARDS = 64
PARTS = (Part(0, 2), Part(1, 2), Part(), Part())
LEASE_SECONDS = 10.0


class Writer:
    """One process: what it has read, and what it has sent and not recorded."""

    def __init__(self, world: "World", part: Part) -> None:
        self.world = world
        self.part = part
        self.ledger = world.opened()
        self.page: list[PlannedCredit] = []
        self.on_its_way: list[tuple[PlannedCredit, bool]] = []  # and whether an answer came
        self.holds = False

    def claim(self) -> None:
        """Take what is free, and look up what is in doubt."""
        if self.holds:
            return
        try:
            self.ledger.claims.claim(self.world.batch, self.world.run, part=self.part, lease_seconds=LEASE_SECONDS)
        except LedgerBusy:
            return
        self.holds = True
        self.world.judge_claim(self)
        self.settle_doubts()

    def settle_doubts(self) -> None:
        doubts = self.ledger.claims.planned_page(self.world.batch, RequestState.IN_DOUBT, 0, ROWS)
        self.ledger.claims.commit(self.world.run, [self.found(credit) for credit in doubts], [])

    def found(self, credit: PlannedCredit) -> Finding:
        if not self.world.paid[credit.request_id]:
            return Finding.about(credit, RequestState.PENDING, open_attempts=0)
        credit.credit_id = f"cr-{credit.request_id}"
        return Finding.about(credit, RequestState.CREDITED, Learned("found by a look"), open_attempts=0)

    def read(self) -> None:
        if self.holds:
            self.page = self.ledger.claims.planned_page(self.world.batch, RequestState.PENDING, 0, ROWS)

    def send(self) -> None:
        """One row: journaled, sent, and perhaps answered."""
        if not self.page:
            return
        credit = self.page.pop(self.world.chance.randrange(len(self.page)))
        self.ledger.claims.commit(self.world.run, [], [credit])
        credit.open_attempts += 1
        credit.attempts += 1
        chance = self.world.chance.random()
        self.world.paid[credit.request_id] += chance < 0.9
        self.on_its_way.append((credit, chance < 0.3))

    def record(self) -> None:
        """What came of what was sent. What was not answered is looked up."""
        if not self.holds:
            return
        findings = []
        for credit, is_answered in self.on_its_way:
            if is_answered:
                credit.credit_id = f"cr-{credit.request_id}"
                findings.append(Finding.about(credit, RequestState.CREDITED, open_attempts=0))
            else:
                findings.append(Finding.about(credit, RequestState.IN_DOUBT, Learned("no answer")))
        self.ledger.claims.commit(self.world.run, findings, [])
        self.on_its_way = []
        if self.world.chance.random() < 0.1:
            self.settle_doubts()


class World:
    """A ledger with one batch, two processes, and how often each credit was paid."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.chance = Random(seed)
        self.now = 1_000.0
        self.paid: Counter[int] = Counter()
        self.harms: set[str] = set()
        self.ledgers: list[Ledger] = []
        Ledger.open(path).close()
        self._connection = sqlite3.connect(path)
        ledger = self.opened()
        self.batch = _admitted(ledger)
        self.run = ledger.runs.start(self.batch, lease_seconds=None)
        self.writers = [Writer(self, self.chance.choice(PARTS)) for _ in range(2)]

    def opened(self) -> Ledger:
        self.ledgers.append(Ledger.open_beside(self.path))
        return self.ledgers[-1]

    def close(self) -> None:
        for ledger in self.ledgers:
            ledger.close()
        self._connection.close()

    def play(self) -> set[str]:
        """Returns the kinds of harm that were seen."""
        for _ in range(STEPS):
            number = self.chance.randrange(2)
            writer = self.writers[number]
            what = self.chance.choices(
                (writer.claim, writer.read, writer.send, writer.record, self.sleep, None), (5, 3, 8, 4, 2, 0.5)
            )[0]
            try:
                if what is None:
                    raise LedgerError("it dies")
                what()
            except LedgerError:  # nothing more of it; whoever comes takes over what is free
                self.writers[number] = Writer(self, self.chance.choice(PARTS))
        if max(self.paid.values(), default=0) > 1:
            self.harms.add("double")
        return self.harms

    def sleep(self) -> None:
        self.now += self.chance.uniform(0.0, 3.0 * LEASE_SECONDS)

    def judge_claim(self, claimer: Writer) -> None:
        """What is on its way for another that holds its customers still is in no doubt."""
        for writer in self.writers:
            if writer is claimer or not writer.holds:
                continue
            [(its_own,)] = self._connection.execute(
                "SELECT count(*) FROM shard WHERE owner = ?", (writer.ledger.workers.me(),)
            )
            if its_own * writer.part.of < SHARDS:
                continue  # some of it was taken over
            state_of = writer.ledger.requests.planned
            if any(state_of(c.request_id).state is not RequestState.IN_FLIGHT for c, _ in writer.on_its_way):
                self.harms.add("mistake")


def who_slept_pays_nothing_that_another_has_taken_up(folder: Path) -> set[str]:
    """Some seeds of it."""
    harms: set[str] = set()
    for seed in range(SEEDS):
        world = World(folder / f"{seed}.sqlite3", seed)
        with patch.object(clock, "boottime", lambda world=world: world.now):
            harms |= world.play()
        world.close()
    return harms


def _admitted(ledger: Ledger) -> int:
    batch = ledger.admission.begin(
        NewBatch(
            key="0" * 64, site="acme-test", file_name="payout.csv", file_sha256="", headers=(), columns={},
            options_json="{}",
        )
    )  # fmt: skip
    rows = []
    for number in range(ROWS):
        request = CreditRequest(
            customer_id=f"c-{number}", reference="q3", description="-", amount=100, currency_code="USD"
        )
        loaded = LoadedRow(number + 2, (), request, (), request.customer_id, "q3", request.money)
        rows.append(StagedRow(loaded, add_body(request)))
    ledger.admission.stage(batch, rows)
    ledger.admission.finish(batch, ROWS, {})
    ledger.admission.admit(batch)
    return batch
