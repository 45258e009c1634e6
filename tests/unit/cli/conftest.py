"""The command inside this process, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_credits.cli import run_command_line

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Runs one command: its exit code, what it printed, and what it said beside that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("BATCH_CREDITS_LEDGER", str(tmp_path / "ledger.sqlite3"))
    for name in ("CHARGEBEE_SITE", "CHARGEBEE_BASE_URL", "CHARGEBEE_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run_command_line(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
