"""Profiles: named tables of settings, one for each kind of export or site, of which a command takes one.

    [profiles.loyalty]
    encoding = "cp1252"
    map = ["customer_id=Kundennummer", "amount=Betrag"]

What a profile sets goes before what its file sets for every command; the environment and the command line go before
both. A profile of a working directory may set no more than its file may.
"""

import json
import os
import re
import tomllib
from pathlib import Path

import click

from batch_credits.cli.completing import offer_profiles
from batch_credits.cli.config import PROFILES, own_settings_file, profile_defaults
from batch_credits.cli.setting import FILES, UNEXPOSED, apply, option
from batch_credits.errors import Remedy, UsageError

_TAKEN = f"{__name__}.taken"  # where a context remembers it
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def take_profile(context: click.Context, parameter: click.Parameter, name: str | None) -> None:
    """Make what the profile says the defaults of this command.

    Raises:
        UsageError: there is no such profile.
    """
    if name is None:
        return
    _remember(context, parameter, name)
    context.meta[_TAKEN] = name
    defaults, sources = profile_defaults(context.command, name)
    context.default_map = {**(context.default_map or {}), **defaults}
    context.meta[FILES] = {**context.meta.get(FILES, {}), **sources}


def profile_taken(context: click.Context) -> str | None:
    """The profile whose settings this command took."""
    return context.meta.get(_TAKEN)


def _remember(context: click.Context, parameter: click.Parameter, value: object) -> None:
    """The command itself is not given it; whoever says what was set is."""
    if value is not None:
        context.meta[UNEXPOSED] = {**context.meta.get(UNEXPOSED, {}), parameter.name: value}


# Which settings a command takes. They are read before all other options, since they say what these default to;
# `--config` even before the command's own, by config.py.
config_option = option(
    "--config", metavar="FILE", is_eager=True, expose_value=False, callback=_remember,
    type=click.Path(dir_okay=False, path_type=Path), help="The settings file, in the place of your own.",
)  # fmt: skip

profile_option = apply(
    option(
        "--profile", metavar="NAME", is_eager=True, expose_value=False, callback=take_profile,
        shell_complete=offer_profiles, help="Take the settings of [profiles.NAME] of a settings file.",
    ),
    config_option,
)  # fmt: skip


def refuse_name(name: str) -> str | None:
    """What is wrong with a name for a new profile of the user's own; None if it is a good one."""
    if not _NAME.fullmatch(name):
        return "A name has letters, digits, hyphens and underscores."
    path = own_settings_file()
    if path is None:
        return "There is no home to keep it in."
    try:
        known = tomllib.loads(_text_of(path)).get(PROFILES, {})
    except ValueError:  # it could be read as the command began
        return f"{path} has been changed, and is no settings file any more."
    if name in known:
        return f"{path} has a profile {name} already."
    return None


def keep_profile(name: str, remedy: Remedy) -> Path:
    """Write the options into the user's own settings file as a profile, below what stands there; and say where.

    Raises:
        UsageError: the file cannot be written, or could not be read then.
    """
    path = own_settings_file()
    assert path is not None, "asked before"
    several: dict[str, list[str]] = {}
    for flag, value in remedy:
        several.setdefault(flag.removeprefix("--").replace("-", "_"), []).append(value)
    lines = [f"[{PROFILES}.{name}]"]
    for key, values in several.items():
        lines.append(f"{key} = {toml_text(values if key == 'map' else values[0])}")
    append_to_settings(path, "\n".join(lines) + "\n")
    return path


def toml_text(value: str | list[str]) -> str:
    """A text, or several, as a settings file has them."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")  # which JSON takes as it is, and TOML does not


def append_to_settings(path: Path, text: str) -> None:
    """Write a profile below what stands in a settings file, which stays as it is; or into a new one.

    Raises:
        UsageError: the file cannot be written, or could not be read then.
    """
    before = _text_of(path)
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    added = gap + text
    try:
        tomllib.loads(before + added)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"With the profile {path} would be no settings file any more ({error}), so it was not written.",
            hint="Write it into the file by hand, or take another name.",
        ) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "a", encoding="utf-8", opener=_private) as file:
            file.write(added)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
