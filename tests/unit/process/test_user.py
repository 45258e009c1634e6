"""Whoever runs it is named, somehow."""

import os

import pytest

from batch_credits.process.user import user_name


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no username set")])
def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def nobody() -> str:
        raise error

    monkeypatch.setattr("getpass.getuser", nobody)
    assert user_name() == f"uid {os.getuid()}"
