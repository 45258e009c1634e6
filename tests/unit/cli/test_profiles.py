"""Profiles: named tables of settings, of which a command takes one."""

import os
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.config import take_settings
from batch_credits.cli.origins import origins, stated_by_the_user
from batch_credits.cli.profiles import keep_profile, refuse_name
from batch_credits.errors import UsageError
from batch_credits.settings import ControlLimits, Origin

OWN = Path("config/batch-credits/batch-credits.toml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory whose user has set nothing."""
    for variable in list(os.environ):
        if variable.startswith(("BATCH_CREDITS_", "CHARGEBEE_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    OWN.parent.mkdir(parents=True)


def called(*arguments: str, name: str = "check") -> click.Context:
    root = click.Context(batch_credits, **batch_credits.context_settings)
    take_settings(root)
    needed = ["x"] if name in ("check", "run") else []
    return batch_credits.commands[name].make_context(name, [*arguments, *needed], parent=root)


def currency(*arguments: str) -> Any:
    return called(*arguments).params["currency"]


def test_a_profile_goes_before_its_file_and_after_what_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("batch-credits.toml").write_text('currency = "USD"\n[profiles.de]\ncurrency = "EUR"\n')
    assert (currency(), currency("--profile", "de")) == ("USD", "EUR")
    monkeypatch.setenv("BATCH_CREDITS_CURRENCY", "GBP")
    assert (currency("--profile=de"), currency("--profile", "de", "--currency", "CHF")) == ("GBP", "CHF")


def test_the_environment_may_name_it_and_its_place_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    OWN.write_text('[profiles.de]\ncurrency = "EUR"\nmap = ["amount=Betrag"]\nlog_format = "json"\n')
    monkeypatch.setenv("BATCH_CREDITS_PROFILE", "de")
    found = called()
    assert found.params["header_map"] == (("amount", "Betrag"),)
    assert Origin("--currency", "EUR", f"{Path.cwd() / OWN}, profile de") in origins(found)
    assert called(name="status").params.keys()  # which has none of these options


def test_the_first_file_that_has_it_is_taken() -> None:
    Path("batch-credits.toml").write_text('[profiles.de]\ncurrency = "EUR"\n')
    OWN.write_text('[profiles.de]\ncurrency = "CHF"\n[profiles.own]\ncurrency = "SEK"\n')
    assert (currency("--profile", "de"), currency("--profile", "own")) == ("EUR", "SEK")
    Path("batch-credits.toml").unlink()
    Path("pyproject.toml").write_text('[tool.batch-credits.profiles.de]\ncurrency = "USD"\n')
    assert currency("--profile", "de") == "USD"


@pytest.mark.parametrize("key", ["base_url", "ledger", "api_key_file", "yes", "same_site", "profile"])
def test_a_working_directory_sets_no_more_by_a_profile_than_without(key: str) -> None:
    content = f"[profiles.evil]\n{key} = 'x'\n"
    Path("batch-credits.toml").write_text(content)
    with pytest.raises(UsageError, match="must not decide"):
        called("--profile", "evil")
    assert called().params["currency"] is None  # nobody takes it


def test_a_working_directory_cannot_take_the_users_own_profile() -> None:
    OWN.write_text('[profiles.live]\nsite = "acme"\n')
    Path("batch-credits.toml").write_text('profile = "live"\n')
    with pytest.raises(UsageError, match="must not decide"):
        called()
    Path("batch-credits.toml").unlink()
    OWN.write_text('profile = "live"\n[profiles.live]\nsite = "acme"\n')
    assert called().params["site"] == "acme"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "There is no profile"),
        ("[profiles.fr]\ncurrency = 'EUR'\n", "There is no profile"),
        ("[profiles.de]\ncurency = 'EUR'\n", "is no option"),
        ("profiles = 3\n", "holds no tables"),
        ("[profiles]\nde = 3\n", "holds no tables"),
        ("[profiles.de]\ncurrency = ['EUR']\n", "takes one value"),
    ],
)
def test_what_is_wrong_with_one(content: str, said: str) -> None:
    Path("batch-credits.toml").write_text(content)
    with pytest.raises(UsageError) as refused:
        called("--profile", "de")
    assert said in refused.value.message and refused.value.hint
    if "fr" in content:
        assert "There are fr." in refused.value.hint


@pytest.mark.parametrize(
    ("place", "lines", "arguments", "is_stated"),
    [
        ("batch-credits.toml", 'expect_total = ["USD=5"]', (), False),
        ("batch-credits.toml", '[profiles.de]\nexpect_total = ["USD=5"]', ("--profile", "de"), False),
        ("batch-credits.toml", 'expect_total = ["USD=5"]', ("--expect-total", "USD=5"), True),
        (OWN, 'expect_total = ["USD=5"]', (), True),
        (OWN, '[profiles.de]\nexpect_total = ["USD=5"]', ("--profile", "de"), True),
    ],
)
def test_a_working_directory_states_no_total_in_the_place_of_a_person(
    place: Path | str, lines: str, arguments: tuple[str, ...], is_stated: bool
) -> None:
    Path(place).write_text(lines)
    context = called(*arguments, name="run")
    limits = ControlLimits(expect_total=context.params["expect_total"])
    assert limits.expect_total == (("USD", "5"),)
    assert bool(stated_by_the_user(context, limits).expect_total) is is_stated


@pytest.mark.parametrize(
    ("before", "remedy"),
    [
        ('profiles = { de = { currency = "EUR" } }\n', (("--currency", "USD"),)),
        ("[profiles.'de']\n", (("--currency", "USD"),)),
    ],
)
def test_a_profile_that_would_spoil_the_file_is_not_kept(before: str, remedy: Any) -> None:
    OWN.write_text(before)
    with pytest.raises(UsageError, match="would be no settings file any more"):
        keep_profile("de", remedy)
    assert OWN.read_text() == before


def test_a_header_with_what_toml_does_not_take_is_kept() -> None:
    keep_profile("de", (("--map", "amount=Be\x7ftrag"),))
    assert called("--profile", "de").params["header_map"] == (("amount", "Be\x7ftrag"),)


def test_a_file_that_was_spoilt_meanwhile_takes_no_profile() -> None:
    for content in (b"[profiles", b"site = '\xff'"):
        OWN.write_bytes(content)
        assert "no settings file any more" in (refuse_name("de") or "")


@pytest.mark.parametrize(
    "content", ["[profiles.de]\n", "[profiles . 'de']\n", "profiles = {de = {}}\n", "[profiles]\nde = {}\n"]
)
def test_a_name_is_taken_however_its_table_is_written(content: str) -> None:
    OWN.write_text(content)
    assert "has a profile de already" in (refuse_name("de") or "")
    assert refuse_name("fr") is None
