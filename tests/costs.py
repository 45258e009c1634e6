"""A plugin of pytest, for `make costs`: how much CPU each file of tests takes, programs that it starts included.

Seconds on the wall say how busy a machine is; CPU seconds are nearly the same on each day.
"""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SHOWN = 40  # files, and tests
_seconds: dict[str, float] = {}  # by test


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Count what is spent until a test has ended. A fixture of many is paid by the first that asks for it."""
    before = _spent()
    result = yield
    _seconds[item.nodeid] = _spent() - before
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it has counted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["costs"] = _seconds


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a worker has counted."""
    _seconds.update(getattr(node, "workeroutput", {}).get("costs", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the dearest files, and the dearest tests."""
    all_of_it = _spent()
    files: dict[str, float] = defaultdict(float)
    files["(to start, and to find the tests)"] = all_of_it - sum(_seconds.values())
    for name, seconds in _seconds.items():
        files[name.partition("::")[0]] += seconds
    for what, costs in (("files", files), ("tests", _seconds)):
        terminalreporter.section(f"{all_of_it:.0f} CPU seconds: the dearest {what}")
        for name, seconds in sorted(costs.items(), key=lambda cost: -cost[1])[:_SHOWN]:
            terminalreporter.write_line(f"{seconds:8.2f}  {name}")


def _spent() -> float:
    """CPU seconds of this process, of those that it has waited for, and of those that came from it and live."""
    waited = os.times()
    return time.process_time() + waited.children_user + waited.children_system + sum(map(_of, _children(os.getpid())))


def _of(process_id: int) -> float:
    """CPU seconds of another process and of all that came from it."""
    fields = _read(Path(f"/proc/{process_id}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS_A_SECOND + sum(map(_of, _children(process_id)))


def _children(process_id: int) -> list[int]:
    threads = Path("/proc").glob(f"{process_id}/task/*/children")
    return [int(child) for thread in threads for child in _read(thread).split()]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended since
        return ""
