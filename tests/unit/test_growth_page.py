"""docs/growth.md says what its program computes, and its formulas agree with a simulation of another making."""

import heapq
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "growth.md").read_text(encoding="utf-8")
COMPUTED = subprocess.run(
    [sys.executable, str(ROOT / "benchmarks" / "ten_million.py")], check=True, capture_output=True, text=True
).stdout


def cells_of(first: str) -> list[str]:
    """The cells of the page's line that begins so."""
    [line] = [line for line in PAGE.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_the_tables_of_the_page_are_those_of_the_program() -> None:
    for line in filter(None, COMPUTED.splitlines()):
        assert line in PAGE.splitlines()


@pytest.mark.parametrize(("plan", "slots"), [("150 a minute", 120), ("1,000 a minute", 800), ("3,500 a minute", 2_800)])
def test_a_limit_lets_through_what_the_page_says(plan: str, slots: int) -> None:
    sent, back = 0, [0.0] * slots  # when each slot is back
    while back[0] < 36_000.0:
        heapq.heapreplace(back, back[0] + 0.3 + 60.0)
        sent += 1
    days = float(cells_of(plan)[0])
    assert 10_000_000 / (sent / 36_000.0) / 86_400 == pytest.approx(days, rel=0.02)


def journaled(workers: int, group: int, sync: float, seconds: float = 120.0) -> float:
    """Rows a second of workers that prepare a group each while the one before is written, under one lock."""
    ready = [(worker * 0.001, worker) for worker in range(workers)]
    lock_is_free, rows = 0.0, 0
    while ready[0][0] < seconds:
        prepared, worker = heapq.heappop(ready)
        written = max(prepared, lock_is_free) + group * 45e-6 + sync
        lock_is_free = written
        rows += group
        heapq.heappush(ready, (max(prepared + group / 6_900, written), worker))
    return rows / seconds


@pytest.mark.parametrize(("sync", "column"), [("0.1 ms", 1), ("5 ms", 1), ("5 ms", 0), ("20 ms", 2)])
def test_one_database_ends_where_the_page_says(sync: str, column: int) -> None:
    group, milliseconds = (100, 300, 1_000)[column], float(sync.split()[0])
    most = float(cells_of(sync)[column].split()[0].replace(",", ""))
    many = journaled(12, group, milliseconds / 1_000)
    assert many == pytest.approx(most, rel=0.03)
    assert journaled(1, group, milliseconds / 1_000) < most * 1.01
    if sync == "0.1 ms":
        assert journaled(3, group, 1e-4) > 0.9 * most > 0.9 * journaled(4, group, 1e-4) * 0.99
