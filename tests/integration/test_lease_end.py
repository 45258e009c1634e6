"""A worker of a shared ledger that is stopped past its lease sends nothing when it goes on: it is dead."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

WORKER = """
import os, signal, sys, time
from pathlib import Path
from batch_credits.ledger import Ledger
from batch_credits.ledger.database import Database
from batch_credits.model import RequestState
from tests.simulation.schedule import RowPlan
from tests.simulation.world import staged_batch

Database.is_shared = True
folder, renews = Path(sys.argv[1]), sys.argv[2] == "renews"
with Ledger.open(folder / "ledger.sqlite3") as ledger:
    batch = staged_batch(ledger, 0, [RowPlan("c-1", "q3", 100, "USD")])
    run = ledger.runs.start(batch, lease_seconds=0.6)
    for _ in range(6 if renews else 0):
        time.sleep(0.3)
        ledger.claims.commit(None, [], [])
    ledger.claims.commit(run, [], ledger.claims.planned_page(batch, RequestState.PENDING, 0, 1))
    if not renews:
        os.kill(os.getpid(), signal.SIGSTOP)
    (folder / "sent").write_text("sent")  # the request leaves
    ledger.workers.end()
    time.sleep(0.8)
(folder / "ended").write_text("in order")
"""


def begun(folder: Path, how: str) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", WORKER, str(folder), how], cwd=root)


def test_who_is_stopped_between_journal_and_send_is_killed_before_it_sends(tmp_path: Path) -> None:
    process = begun(tmp_path, "is stopped")
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        time.sleep(1.0)
        process.send_signal(signal.SIGCONT)
        assert process.wait(20) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "sent").exists()


def test_who_renews_lives_and_who_has_ended_in_order_is_left_alone(tmp_path: Path) -> None:
    process = begun(tmp_path, "renews")
    assert process.wait(20) == 0
    assert (tmp_path / "sent").exists()
    assert (tmp_path / "ended").exists()
