"""Metrics while a command runs: at the beginning, now and then, at the end; and what fails later fails nobody."""

import socket
import threading
from pathlib import Path

import pytest

from batch_credits.errors import LedgerError, UsageError
from batch_credits.metrics import keeper
from batch_credits.metrics.keeper import kept
from batch_credits.metrics.meter import Meter
from batch_credits.metrics.reading import Whose
from batch_credits.model import RequestState


@pytest.fixture
def meter() -> Meter:
    return Meter(Whose("acme-test", "run"))


def running(path: Path) -> float:
    [line] = [line for line in path.read_text().splitlines() if line.startswith("batch_credits_running{")]
    return float(line.rpartition(" ")[2])


def test_it_is_written_as_it_begins_and_as_it_ends(tmp_path: Path, meter: Meter) -> None:
    path = tmp_path / "batch.prom"
    with kept(meter, path, None, None):
        assert running(path) == 1
        meter.ended(0)
    assert running(path) == 0


def test_it_is_written_now_and_then_and_the_ledger_is_asked(
    tmp_path: Path, meter: Meter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.01)
    asked = threading.Semaphore(0)

    def looks() -> dict[RequestState, int]:
        asked.release()
        return {RequestState.REVIEW: 1}

    path = tmp_path / "batch.prom"
    with kept(meter, path, None, looks):
        meter.take(rows={"credited": 4})
        for _ in range(3):
            assert asked.acquire(timeout=20)
        assert 'outcome="credited"' in path.read_text()
    assert 'state="review"} 1' in path.read_text()


def test_what_fails_later_fails_nobody(tmp_path: Path, meter: Meter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "EVERY_SECONDS", 0.01)
    folder, asked = tmp_path / "collector", threading.Semaphore(0)
    folder.mkdir()

    def looks() -> dict[RequestState, int]:
        asked.release()
        raise LedgerError("gone")

    with kept(meter, folder / "batch.prom", None, looks):
        (folder / "batch.prom").unlink()
        folder.rename(tmp_path / "elsewhere")
        for _ in range(3):
            assert asked.acquire(timeout=20)


def test_what_cannot_be_written_is_said_before_anything_is_done(tmp_path: Path, meter: Meter) -> None:
    with pytest.raises(UsageError) as refused, kept(meter, tmp_path / "nowhere" / "batch.prom", None, None):
        raise AssertionError("it began")
    assert "Nothing was sent" in refused.value.hint


def test_a_port_that_is_in_use_is_said_before_anything_is_done_and_no_file_says_that_it_runs(
    tmp_path: Path, meter: Meter
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = ("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(UsageError) as refused, kept(meter, tmp_path / "batch.prom", at, None):
            raise AssertionError("it began")
    assert str(at[1]) in refused.value.message and "Nothing was sent" in refused.value.hint
    assert not (tmp_path / "batch.prom").exists()


def test_an_error_of_the_command_is_the_command_s(tmp_path: Path, meter: Meter) -> None:
    with pytest.raises(LedgerError), kept(meter, tmp_path / "batch.prom", None, None):
        meter.ended(2)
        raise LedgerError("in the command")
    said = (tmp_path / "batch.prom").read_text()
    assert 'batch_credits_exit_code{command="run",profile="",site="acme-test"} 2' in said
