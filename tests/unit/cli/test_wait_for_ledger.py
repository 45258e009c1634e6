"""A ledger that is in use: exit code 5, or waited for as long as was said."""

import threading
from pathlib import Path
from typing import Any

import pytest

from batch_credits.ledger import Ledger

COMMANDS = {
    "run": ("run", "payout.csv", "--yes"),
    "reverse": ("reverse", "0" * 8, "--yes"),
    "reconcile": ("reconcile",),
    "resolve": ("resolve", "0" * 8, "--row", "2", "--not-credited"),
}
ON_THIS_MACHINE = ("--base-url", "http://127.0.0.1:9")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARGEBEE_API_KEY", "test_key")
    (tmp_path / "payout.csv").write_text("customer_id,amount,currency_code,reference,description\nc-1,100,USD,q3,-\n")
    return tmp_path / "ledger.sqlite3"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_ledger_in_use_is_exit_code_5(call: Any, path: Path, command: str) -> None:
    with Ledger.open(path):
        code, _, err = call(*COMMANDS[command], *ON_THIS_MACHINE)
    assert code == 5, err
    assert "is using the ledger" in " ".join(err.split())
    assert err.splitlines()[-1].endswith("--wait-for-ledger SECONDS")


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_waited_for_as_long_as_was_said_and_no_longer(
    call: Any, path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    with Ledger.open(path):
        code, _, err = call(*COMMANDS[command], *ON_THIS_MACHINE, "--wait-for-ledger", "30")
    said = " ".join(err.split())
    assert code == 5, err
    assert said.count("Waiting until it is free, 30 s at most.") == 1
    assert "It was waited for 30 s." in said
    assert 130.0 <= now[0] <= 130.5


def test_once_it_is_free_the_command_goes_on(call: Any, path: Path) -> None:
    held = Ledger.open(path)
    later = threading.Timer(0.5, held._lock.close)  # type: ignore[union-attr]  # the connection is this thread's
    later.start()
    code, _, err = call("reconcile", *ON_THIS_MACHINE, "--wait-for-ledger", "30")
    later.join()
    held.close()
    assert code == 2
    assert "Waiting until it is free" in err
    assert "holds no batch of site 127.0.0.1:9" in " ".join(err.split())


@pytest.mark.parametrize("text", ["-1", "nan", "soon", "86401"])
def test_how_long_must_be_seconds(call: Any, path: Path, text: str) -> None:
    code, _, err = call("run", "payout.csv", *ON_THIS_MACHINE, "--wait-for-ledger", text)
    assert (code, "--wait-for-ledger" in err) == (2, True)
