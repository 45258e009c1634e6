"""Not every user has a home, and nobody else's is taken for it."""

import pwd
from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.process.home import data_folder, expanded, settings_folder


def test_whoever_has_one_has_folders_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder() == tmp_path / ".local/share/batch-credits"
    assert settings_folder() == tmp_path / ".config/batch-credits"
    assert expanded("~/a b") == tmp_path / "a b" and expanded(Path("/x/~")) == Path("/x/~")


def test_a_number_in_a_container_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert (data_folder(), settings_folder()) == (None, None)


def test_nobody_s_home_is_named() -> None:
    with pytest.raises(UsageError, match="~no-such-user in ~no-such-user/key is nobody's home"):
        expanded("~no-such-user/key")
