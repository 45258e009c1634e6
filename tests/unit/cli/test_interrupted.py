"""Ctrl-C at the very end: while what ended the command is being said."""

import pytest

from batch_credits import cli
from batch_credits.errors import BatchCreditsError


def test_ctrl_c_while_an_error_is_being_said_ends_as_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(error: BatchCreditsError) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "show_error", interrupted)
    assert cli.run_command_line(["status", "--ledger", "/nowhere/ledger.sqlite3"]) == 4
