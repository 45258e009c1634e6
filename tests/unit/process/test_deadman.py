"""Nobody outlives the moment that was set, whatever it does then: tried with processes that really die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_credits.process import clock, deadman

BEGIN = """
import os, signal, sys, time
from pathlib import Path
from batch_credits.process import clock, deadman
timer = deadman.{kind}()
sent = Path(sys.argv[1])
print("begun", flush=True)
"""
KINDS = [
    pytest.param(
        "_KernelTimer", signal.SIGKILL, marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")
    ),
    pytest.param("_Alarm", signal.SIGALRM),
]
LEASE = 0.4


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Callable[[str, str], subprocess.Popen[str]]]:
    """Begins a process with a timer of this kind, which then does as it is told."""
    begun: list[subprocess.Popen[str]] = []

    def begin(kind: str, then: str) -> subprocess.Popen[str]:
        text = BEGIN.format(kind=kind) + then
        process = subprocess.Popen(
            [sys.executable, "-c", text, str(tmp_path / "sent")], stdout=subprocess.PIPE, text=True
        )
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate()


def wait_until_stopped(process: subprocess.Popen[str]) -> None:
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), status


@pytest.mark.parametrize(("kind", "killer"), KINDS)
def test_who_is_stopped_between_its_look_at_the_clock_and_its_write_never_writes(
    kind: str, killer: int, child: Any, tmp_path: Path
) -> None:
    process = child(
        kind,
        f"until = clock.boottime() + {LEASE}\n"
        "timer.arm(until)\n"
        "assert clock.boottime() < until\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
        "sent.write_text('sent')\n"
        "time.sleep(60)\n",
    )
    wait_until_stopped(process)
    time.sleep(1.5 * LEASE)
    if kind == "_Alarm":  # the kernel's own kills also who is stopped
        process.send_signal(signal.SIGCONT)
    assert process.wait(10) == -killer
    assert not (tmp_path / "sent").exists()


@pytest.mark.parametrize(("kind", "killer"), KINDS)
def test_who_goes_on_in_time_lives_on_until_the_moment(kind: str, killer: int, child: Any, tmp_path: Path) -> None:
    process = child(
        kind,
        f"timer.arm(clock.boottime() + {LEASE})\n"
        "os.kill(os.getpid(), signal.SIGSTOP)\n"
        "sent.write_text('sent')\n"
        "time.sleep(60)\n",
    )
    wait_until_stopped(process)
    process.send_signal(signal.SIGCONT)
    assert process.wait(10) == -killer
    assert (tmp_path / "sent").exists()


@pytest.mark.parametrize(("kind", "killer"), KINDS)
def test_who_is_renewed_lives_and_who_ends_in_order_is_left_alone(
    kind: str, killer: int, child: Any, tmp_path: Path
) -> None:
    process = child(
        kind,
        "for _ in range(6):\n"
        f"    timer.arm(clock.boottime() + {LEASE})\n"
        f"    time.sleep({LEASE / 3})\n"
        "timer.disarm()\n"
        f"time.sleep({1.5 * LEASE})\n"
        "sent.write_text('sent')\n",
    )
    assert process.wait(10) == 0
    assert (tmp_path / "sent").exists()


@pytest.mark.parametrize(("kind", "killer"), KINDS)
@pytest.mark.parametrize("at", ["clock.boottime() - 5.0", "0.0", "-1.0"])
def test_a_moment_that_is_over_is_now(kind: str, killer: int, at: str, child: Any) -> None:
    process = child(kind, f"timer.arm({at})\ntime.sleep(60)\n")
    assert process.wait(10) == -killer


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no better one")
def test_the_system_s_best_is_taken() -> None:
    timer = deadman.dead_man()
    assert isinstance(timer, deadman._KernelTimer)
    timer.arm(clock.boottime() + 3_600)
    timer.disarm()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is no better one")
def test_a_process_that_opens_many_ledgers_one_after_the_other_does_not_run_out_of_them(child: Any) -> None:
    process = child(
        "_KernelTimer",
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_SIGPENDING, (200, resource.getrlimit(resource.RLIMIT_SIGPENDING)[1]))\n"
        "for _ in range(1_000):\n"
        "    deadman._KernelTimer()\n",
    )
    assert process.wait(20) == 0


def test_where_the_system_has_no_such_timer_there_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name, use_errno: object())
    assert isinstance(deadman.dead_man(), deadman._Alarm)


def test_a_refusal_of_the_system_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadman, "_CLOCK_BOOTTIME", 99)
    with pytest.raises(OSError, match="Invalid argument"):
        deadman._KernelTimer()
