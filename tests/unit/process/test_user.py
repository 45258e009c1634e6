"""Whoever runs it is named, by what the system knows and not by what an environment says."""

import os
import pwd

import pytest

from batch_credits.process import user
from batch_credits.process.user import act_for, user_name


def test_the_environment_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "the-boss")
    assert user_name() == pwd.getpwuid(os.getuid()).pw_name != "the-boss"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert user_name() == f"uid {os.getuid()}"


def test_a_process_acts_for_whom_its_server_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user, "_acts_for", [])
    act_for("Ada Lovelace")
    act_for("Grace Hopper")
    assert user_name() == "Grace Hopper"
