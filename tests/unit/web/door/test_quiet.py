"""Promise: what goes wrong is told to the operator alone, and no stranger can fill the log or the disk with it."""

import stat
import tempfile
from pathlib import Path

import pytest

from batch_credits.web.door import quiet


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(quiet, "_kept", [])
    return tmp_path


def test_details_go_to_a_private_file_that_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quiet.keep_details(RuntimeError("what nobody else may see \udcff"))
    [kept] = folder.iterdir()
    said = capsys.readouterr().err
    assert str(kept) in said
    assert "nobody else" not in said
    assert "what nobody else may see" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_only_the_first_faults_are_written_down(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(100):
        quiet.keep_details(RuntimeError("again"))
    assert len(list(folder.iterdir())) == 20
    assert len(capsys.readouterr().err.splitlines()) == 20


def test_without_a_place_for_details_it_is_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    quiet.keep_details(RuntimeError("x"))
    assert "nowhere (No such file or directory)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("context", "is_told"),
    [
        ({"message": "closed"}, False),
        ({"exception": ConnectionResetError()}, False),
        ({"exception": TimeoutError()}, False),
        ({"exception": ValueError("Invalid IPv6 URL"), "protocol": object()}, False),
        ({"exception": ValueError("a task of ours")}, True),
        ({"exception": RuntimeError("x"), "protocol": object()}, True),
    ],
)
def test_of_what_happens_between_requests_only_faults_are_told(
    folder: Path, context: dict[str, object], is_told: bool
) -> None:
    quiet.on_loop_error(None, context)
    assert len(list(folder.iterdir())) == is_told


def test_the_logger_of_the_server_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    quiet.quiet_logger().error("a token")
    assert not caplog.records
