"""A ledger on a disk that fails: always an error that says so, never a fresh start, and nothing sent after it."""

import asyncio
import random
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.bodies import add_body
from batch_credits.errors import LedgerError, LedgerVersion
from batch_credits.ledger import Claims, Ledger, StagedRow
from batch_credits.model import Finding, LoadedRow, NewBatch, PlannedCredit, RequestState
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.context import RunContext
from batch_credits.sending.session import Sending
from batch_credits.settings import InputOptions, RunSettings

SITE = "acme-test"
FAST = RunSettings(rate_per_minute=0, concurrency=4, claim_page=5, flush_seconds=0.0, timeout_seconds=2.0)


def plan(ledger: Ledger, count: int, key: str = "ab" * 32, first: int = 0) -> int:
    """An admitted batch of one credit for each of `count` customers."""
    batch = ledger.admission.begin(
        NewBatch(
            key=key,
            site=SITE,
            file_name="payout.csv",
            file_sha256="",
            headers=["customer_id"],
            columns={"customer_id": 0},
            options_json=InputOptions().as_json(),
        )
    )
    rows = []
    for number in range(first, first + count):
        request = CreditRequest(
            customer_id=f"c-{number}", reference="q3", description="Loyalty", amount=100, currency_code="USD"
        )
        row = LoadedRow(number + 2, (f"c-{number}",), request, (), f"c-{number}", "q3", request.money)
        rows.append(StagedRow(row, add_body(request)))
    ledger.admission.stage(batch, rows)
    ledger.admission.finish(batch, count, {})
    ledger.admission.admit(batch)
    return batch


def pay(ledger: Ledger, batch: int) -> None:
    """Credit every row of the batch."""
    run = ledger.runs.start(batch)
    for credit in ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1000):
        ledger.claims.commit(run, [], [credit])
        credit.credit_id = f"cr-{credit.request_id}"
        finding = Finding.about(credit, RequestState.CREDITED)
        ledger.claims.commit(run, [finding], [])


def counts(ledger: Ledger, batch: int) -> dict[str, int]:
    totals = ledger.totals.counted(batch)
    return {outcome.value: sum(t.count for t in by_currency.values()) for outcome, by_currency in totals.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


# -- The disk -----------------------------------------------------------------------------------------------


def test_a_full_disk_stops_everything_and_keeps_what_was_there(path: Path) -> None:
    with Ledger.open(path) as ledger:
        batch = plan(ledger, 20)
        pay(ledger, batch)
        pages = ledger._db._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._db._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(LedgerError, match="full") as caught:
            plan(ledger, 5000, "cd" * 32, first=100)
        assert "never delete the ledger" in caught.value.hint
    with Ledger.open(path) as ledger:
        assert [b.batch_id for b in ledger.batches.all()] == [batch]
        assert counts(ledger, batch) == {"credited": 20}


def test_a_file_that_may_not_grow_stops_everything(path: Path) -> None:
    """The system's own bound on a file's size, in a process of its own: what it committed is there afterwards."""
    script = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_ledger_faults import *
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Ledger.open(Path(sys.argv[1])) as ledger:
    batch = plan(ledger, 50)
    run = ledger.runs.start(batch)
    size = Path(sys.argv[1] + "-wal").stat().st_size + 40_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    permitted = 0
    try:
        for credit in ledger.claims.planned_page(batch, RequestState.PENDING, 0, 50):
            ledger.claims.commit(run, [], [credit])
            permitted += 1
    except LedgerError as error:
        print(permitted, error.message, flush=True)
        import os; os._exit(0)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    permitted, message = done.stdout.split(" ", 1)
    assert "The ledger" in message
    assert 0 < int(permitted) < 50
    with Ledger.open(path) as ledger:
        ledger.runs.start(1)
        in_doubt = counts(ledger, 1)["in_doubt"]
    assert in_doubt >= int(permitted)  # an attempt too many in doubt is asked about; one too few is paid twice


def test_a_full_disk_at_creation_leaves_no_ledger(path: Path) -> None:
    script = (
        "import resource, signal, sys; from pathlib import Path; from batch_credits.ledger import Ledger;"
        "from batch_credits.errors import LedgerError; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000))\n"
        "try: Ledger.open(Path(sys.argv[1]))\n"
        "except LedgerError as error: print(error.message); sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert not path.exists()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 8000
    Ledger.open(path).close()


def test_a_writer_that_nobody_expected_is_not_waited_for_for_ever(path: Path) -> None:
    with Ledger.open(path) as ledger:
        batch = plan(ledger, 3)
        ledger._db._connection.execute("PRAGMA busy_timeout = 20")
        other = sqlite3.connect(path, isolation_level=None)
        try:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LedgerError, match="locked"):
                ledger.runs.start(batch)
            other.execute("ROLLBACK")
        finally:
            other.close()
        assert ledger.runs.start(batch)


def test_a_read_only_connection_permits_nothing(path: Path) -> None:
    with Ledger.open(path) as ledger:
        batch = plan(ledger, 3)
        run = ledger.runs.start(batch)
        ledger._db._connection.execute("PRAGMA query_only = ON")
        [first, *_] = ledger.claims.planned_page(batch, RequestState.PENDING, 0, 10)
        with pytest.raises(LedgerError, match="readonly"):
            ledger.claims.commit(run, [], [first])
        assert counts(ledger, batch) == {"pending": 3}


def test_a_newer_version_is_not_touched(path: Path) -> None:
    with Ledger.open(path) as ledger:
        plan(ledger, 3)
        ledger._db._connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    for opened in (Ledger.open, Ledger.open_for_reading):
        with pytest.raises(LedgerVersion, match="version 99"):
            opened(path)
    assert path.read_bytes() == before


# -- The file -----------------------------------------------------------------------------------------------


def paid_ledger(path: Path) -> None:
    with Ledger.open(path) as ledger:
        pay(ledger, plan(ledger, 60))


@pytest.mark.parametrize("part", [0, 1, 15, 100, 4095, 4096, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_ledger_is_refused(path: Path, part: float) -> None:
    paid_ledger(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole)) if isinstance(part, float) else part])
    with pytest.raises(LedgerError):
        read_everything(path)


def read_everything(path: Path) -> dict[str, int]:
    """What a run would read; raises if the ledger cannot be trusted."""
    with Ledger.open(path) as ledger:
        [batch] = ledger.batches.all()
        ledger.runs.start(batch.batch_id)
        for state in RequestState:
            ledger.claims.planned_page(batch.batch_id, state, 0, 1000)
        rows = list(ledger.reports.rows(batch.batch_id))
        assert len(rows) == sum(counts(ledger, batch.batch_id).values())
        return counts(ledger, batch.batch_id)


def test_whatever_bits_are_flipped_no_other_error_comes_and_nobody_is_owed_again(path: Path) -> None:
    """Found by the file's own structure, or by what the rows must be; a flipped letter in a name is neither."""
    paid_ledger(path)
    whole = path.read_bytes()
    chance = random.Random(20261123)
    refused = 0
    for _ in range(120):
        harmed = bytearray(whole)
        for _ in range(8):
            harmed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        path.write_bytes(harmed)
        for name in ("-wal", "-shm"):
            path.with_name(path.name + name).unlink(missing_ok=True)
        try:
            found = read_everything(path)
        except LedgerError:
            refused += 1
        else:
            assert found.get("pending", 0) == 0
    assert refused > 10


@pytest.mark.parametrize("garbage", [b"\0", b"\xff"])
def test_a_page_of_garbage_is_refused(path: Path, garbage: bytes) -> None:
    paid_ledger(path)
    whole = bytearray(path.read_bytes())
    for page in range(1, len(whole) // 4096):
        harmed = bytearray(whole)
        harmed[page * 4096 : (page + 1) * 4096] = garbage * 4096
        path.write_bytes(harmed)
        try:
            found = read_everything(path)
        except LedgerError:
            continue
        assert found == {"credited": 60}  # nothing that was read lay on this page


def killed_ledger(path: Path, *, paid: int) -> None:
    """A ledger whose process was killed: its newest commits are in the write-ahead log alone."""
    script = (
        "import os, sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]); from test_ledger_faults import *;"
        "ledger = Ledger.open(Path(sys.argv[1])); pay(ledger, plan(ledger, int(sys.argv[3]))); os._exit(9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(Path(__file__).parent), str(paid)],
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 9


def test_a_write_ahead_log_cut_anywhere_gives_a_state_that_was_once_committed(path: Path, tmp_path: Path) -> None:
    killed_ledger(path, paid=6)
    log = path.with_name(path.name + "-wal").read_bytes()
    base = path.read_bytes()
    assert len(log) > 40_000
    credited = []
    for length in sorted({0, 31, 32, 33, *range(32, len(log), 5 * 4120 + 7), len(log) - 1, len(log)}):
        here = tmp_path / f"cut-{length}" / "ledger.sqlite3"
        here.parent.mkdir()
        here.write_bytes(base)
        here.with_name("ledger.sqlite3-wal").write_bytes(log[:length])
        with Ledger.open(here) as ledger:
            found = ledger.batches.all()
            credited.append(counts(ledger, found[0].batch_id).get("credited", 0) if found else 0)
    assert credited == sorted(credited)
    assert credited[-1] == 6


def test_a_flipped_bit_in_the_write_ahead_log_is_never_taken_for_a_commit(path: Path, tmp_path: Path) -> None:
    killed_ledger(path, paid=6)
    log = path.with_name(path.name + "-wal").read_bytes()
    base = path.read_bytes()
    chance = random.Random(7)
    for number in range(25):
        harmed = bytearray(log)
        harmed[chance.randrange(len(log))] ^= 1 << chance.randrange(8)
        here = tmp_path / f"flip-{number}" / "ledger.sqlite3"
        here.parent.mkdir()
        here.write_bytes(base)
        here.with_name("ledger.sqlite3-wal").write_bytes(harmed)
        with Ledger.open(here) as ledger:
            assert ledger._db._connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# -- Nothing is sent after a failed write -------------------------------------------------------------------


class Site:
    """Credits whatever it is asked to, and counts."""

    def __init__(self) -> None:
        self.posts: list[bytes] = []
        self.on_post: Callable[[], None] = lambda: None

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        await asyncio.sleep(0)
        if method == "GET":
            return Answer(200, {}, b'{"list": []}')
        assert body is not None
        self.posts.append(body)
        self.on_post()
        fields = dict(part.split("=") for part in body.decode().split("&"))
        item = {**fields, "id": f"cr-{len(self.posts)}", "type": "increment", "amount": int(fields["amount"])}
        return Answer(200, {}, orjson.dumps({"promotional_credit": item}))


class FailingClaims(Claims):
    """Its disk fails once so many commits are done, as a disk does: for good, or for one commit alone."""

    commits_left = 10**9
    is_brief = False
    failed_at: int | None = None
    site: Site

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str = "{}"
    ) -> None:
        self.commits_left -= 1
        if self.commits_left < 0 and not (self.is_brief and self.failed_at is not None):
            self.failed_at = len(self.site.posts) if self.failed_at is None else self.failed_at
            raise LedgerError("disk I/O error", hint="mend it")
        super().commit(run_id, findings, openings, call)


@contextmanager
def failing_ledger(path: Path) -> Iterator[tuple[Ledger, FailingClaims]]:
    """A ledger, and the desk of it that will fail."""
    with Ledger.open(path) as ledger:
        ledger.claims = claims = FailingClaims(ledger._db, ledger.workers)
        yield ledger, claims


async def on_the_spot(work: Callable[[], Any]) -> Any:
    await asyncio.sleep(0)
    return work()


def issue(ledger: Ledger, site: Site, settings: RunSettings = FAST) -> Any:
    async def main() -> Any:
        [batch] = ledger.batches.all()
        run_id = ledger.runs.start(batch.batch_id)
        run = RunContext(ledger, batch, run_id, settings, SilentProgress(), lambda: 0.5)
        sending = Sending(run, site, on_the_spot)
        return await asyncio.wait_for(sending.run(), 20)

    return asyncio.run(main())


def test_a_sound_disk_credits_everybody(path: Path) -> None:
    with Ledger.open(path) as ledger:
        batch, site = plan(ledger, 30), Site()
        assert issue(ledger, site).stopped is None
        assert counts(ledger, batch) == {"credited": 30}
        assert len(set(site.posts)) == len(site.posts) == 30


@pytest.mark.parametrize("is_brief", [False, True], ids=["for good", "for one commit"])
def test_wherever_the_journal_fails_the_run_ends_with_it_and_sends_no_more(path: Path, is_brief: bool) -> None:
    with Ledger.open(path) as ledger:
        plan(ledger, 60)
    template = path.read_bytes()
    for commits in range(1000):
        path.write_bytes(template)
        with failing_ledger(path) as (ledger, claims):
            claims.commits_left, claims.is_brief, claims.site = commits, is_brief, Site()
            try:
                issue(ledger, claims.site)
            except LedgerError as error:
                assert error.message == "disk I/O error"
            sent = len(claims.site.posts)
            if claims.failed_at is None:
                break  # the run needs no more commits than that
            on_their_way = FAST.concurrency  # calls that had begun before the disk failed
            assert sent <= claims.failed_at + on_their_way
            assert sent == len(set(claims.site.posts))
            assert ledger._db._connection.execute("SELECT count(*) FROM attempt").fetchone()[0] >= sent
        with Ledger.open(path) as again:
            [batch] = again.batches.all()
            again.runs.start(batch.batch_id)
            known = counts(again, batch.batch_id)
            assert known.get("credited", 0) + known.get("in_doubt", 0) >= sent
    assert commits > 4


def test_a_failure_of_the_very_last_answers_is_not_swallowed(path: Path) -> None:
    with failing_ledger(path) as (ledger, claims):
        batch, claims.site = plan(ledger, 1), Site()
        claims.commits_left = 1
        with pytest.raises(LedgerError, match="disk I/O error"):
            issue(ledger, claims.site)
        assert len(claims.site.posts) == 1
        assert counts(ledger, batch) == {"in_doubt": 1}
