"""Processes that wait for a run: what becomes of those that are never told of one."""

import asyncio
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from batch_credits.model.address import place
from batch_credits.sending.processes import LEDGER_FAILED, Spares

KEY = "test_key_of_nobody"
_BEGUN_AND_GONE = """
import asyncio, os
from batch_credits.sending.processes import Spares

async def main():
    async with Spares.waiting(1, "k", (int(os.environ["HELD"]),)):
        os._exit(0)

asyncio.run(main())
"""


def test_who_is_told_nothing_ends_with_the_block() -> None:
    async def main() -> list[int | None]:
        async with Spares.waiting(2, KEY, ()) as spares:
            processes = [*spares._processes]
            assert [process.returncode for process in processes] == [None, None]
        return [process.returncode for process in processes]

    assert asyncio.run(asyncio.wait_for(main(), 30)) == [0, 0]


def test_who_is_told_of_a_ledger_that_is_not_there_says_so_by_its_code(tmp_path: Path) -> None:
    async def main() -> int:
        async with Spares.waiting(1, KEY, ()) as spares:
            process = await spares.told((place(str(tmp_path / "none.sqlite3")), 1, 0))
            return await process.wait()

    assert asyncio.run(asyncio.wait_for(main(), 30)) == LEDGER_FAILED
    assert not (tmp_path / "none.sqlite3").exists()


def test_one_that_has_died_is_told_nothing_and_another_takes_its_place(tmp_path: Path) -> None:
    async def main() -> int:
        async with Spares.waiting(1, KEY, ()) as spares:
            [dead] = [*spares._processes]
            dead.send_signal(signal.SIGKILL)
            await dead.wait()
            process = await spares.told((place(str(tmp_path / "none.sqlite3")), 1, 0))
            assert process.pid != dead.pid
            return await process.wait()

    assert asyncio.run(asyncio.wait_for(main(), 30)) == LEDGER_FAILED


def test_none_outlives_the_run_that_was_killed_before_it_began() -> None:
    """Each holds the ledger's locks, so it would keep all others out."""
    held = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    assert held.stdin is not None
    descriptor = held.stdin.fileno()
    command = [sys.executable, "-c", _BEGUN_AND_GONE]
    subprocess.run(command, env={"HELD": str(descriptor)}, pass_fds=[descriptor], check=True, timeout=30)
    held.stdin.close()
    with suppress(subprocess.TimeoutExpired):
        held.wait(30)  # once nobody holds its input any more
    ended = held.poll()
    held.kill()
    held.wait()
    assert ended == 0
