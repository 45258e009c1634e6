"""A settings file that is named stands in the place of the user's own, and is as much theirs."""

import os
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.cli.config import own_settings_file, take_settings
from batch_credits.cli.origins import origins, stated_by_the_user
from batch_credits.errors import UsageError
from batch_credits.settings import ControlLimits, Origin

OWN, NAMED = Path("config/batch-credits/batch-credits.toml"), Path("jobs.toml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory whose user has a settings file, and another one beside it."""
    for variable in list(os.environ):
        if variable.startswith(("BATCH_CREDITS_", "CHARGEBEE_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    OWN.parent.mkdir(parents=True)
    OWN.write_text('rate = 1\nshare = 0.5\n[profiles.job]\nsite = "of-the-own"\n')
    NAMED.write_text('rate = 2\nyes = true\n[profiles.job]\nsite = "acme"\nledger = "/srv/acme.sqlite3"\n')


def called(*words: str) -> click.Context:
    """A call as far as its options go."""
    root = click.Context(batch_credits, obj=[*words])
    take_settings(root)
    return batch_credits.commands[words[0]].make_context(words[0], [*words[1:]], parent=root)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "x", "--config", "jobs.toml"),
        ("run", "--config=jobs.toml", "x"),
        ("run", "--config", "jobs.toml", "--", "x"),
    ],
)
def test_it_takes_the_place_of_the_users_own(words: tuple[str, ...]) -> None:
    found = called(*words)
    assert (found.params["rate"], found.params["yes"], found.params["share"]) == (2, True, 0.8)
    assert Origin("--yes", "", str(NAMED.absolute())) in origins(found)


def test_the_environment_names_it_too_and_is_beaten_by_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_CREDITS_CONFIG", str(NAMED))
    assert called("run", "x").params["rate"] == 2
    assert called("run", "x", "--config", str(OWN)).params["rate"] == 1
    assert called("sandbox").params["rate"] == 2, "of a command, too, that has no such option"


def test_what_only_looks_like_it_names_nothing() -> None:
    for words in (("run", "--", "--config=nowhere"), ("run", "x", "--reference", "--config")):
        assert called(*words).params["rate"] == 1


def test_its_profiles_may_say_where_the_money_goes_and_the_others_are_not_there() -> None:
    found = called("run", "x", "--config", "jobs.toml", "--profile", "job").params
    assert (found["site"], found["ledger"]) == ("acme", Path("/srv/acme.sqlite3"))
    NAMED.write_text("rate = 2\n")
    with pytest.raises(UsageError, match="There is no profile 'job'"):
        called("run", "x", "--config", "jobs.toml", "--profile", "job")


def test_a_working_directorys_file_may_still_not(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("batch-credits.toml").write_text("yes = true\n")
    with pytest.raises(UsageError, match="must not decide") as refused:
        called("run", "x", "--config", "jobs.toml")
    assert str(NAMED.absolute()) in refused.value.hint
    assert called("run", "x", "--config", "batch-credits.toml").params["yes"] is True, "unless it is the one named"


@pytest.mark.parametrize("place", [OWN, Path("batch-credits.toml"), NAMED])
def test_a_settings_file_names_no_other(place: Path) -> None:
    place.write_text('config = "other.toml"\n')
    with pytest.raises(UsageError, match=r"names no other|must not decide"):
        called("run", "x", "--config", "jobs.toml") if place is NAMED else called("run", "x")


def test_its_totals_are_stated_by_the_user() -> None:
    NAMED.write_text('expect_total = ["USD=5"]\n')
    with called("run", "x", "--config", "jobs.toml") as found:
        assert own_settings_file() == NAMED.absolute()
        limits = ControlLimits(expect_total=(("USD", "5"),))
        assert stated_by_the_user(found, limits) == limits


@pytest.mark.parametrize("name", ["nowhere.toml", ".", "/dev/null", "spoiled.toml", "locked.toml"])
@pytest.mark.parametrize("is_typed", [True, False])
def test_what_cannot_be_read_ends_the_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, is_typed: bool
) -> None:
    Path("spoiled.toml").write_text("rate = = 1\n")
    Path("locked.toml").write_text("rate = 1\n")
    whole = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "locked.toml":  # also where root runs the tests
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    if not is_typed:
        monkeypatch.setenv("BATCH_CREDITS_CONFIG", name)
    for command in ("run", "status", "template"):
        if is_typed and command == "template":
            continue
        assert run_command_line([command, *(["x"] if command == "run" else []), *(["--config", name] * is_typed)]) == 2
        said = capsys.readouterr().err
        assert name in said and "ts limits would not hold" in said


def test_it_is_said_with_all_that_was_not_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_CREDITS_CONFIG", str(NAMED))
    monkeypatch.setenv("BATCH_CREDITS_PROFILE", "job")
    said: dict[str, Any] = {each.option: (each.value, each.source) for each in origins(called("run", "x"), every=True)}
    assert said["--config"] == ("jobs.toml", "BATCH_CREDITS_CONFIG")
    assert said["--profile"] == ("job", "BATCH_CREDITS_PROFILE")
    assert said["--site"] == ("acme", f"{NAMED.absolute()}, profile job")


def test_of_a_group_of_commands_too(capsys: pytest.CaptureFixture[str]) -> None:
    NAMED.write_text('ledger = "nothing.sqlite3"\n[profiles.job]\nledger = "of-job.sqlite3"\n')
    for words, ledger in (((), "nothing"), (("--profile", "job"), "of-job")):
        assert run_command_line(["ledger", "check", "--config", "jobs.toml", *words]) == 2
        said = capsys.readouterr().err
        assert f"There is no ledger at {ledger}.sqlite3" in said and "--config jobs.toml" in said
