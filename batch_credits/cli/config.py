"""Settings from files. What the first of these sets, no later one changes:

    batch-credits.toml                       in the working directory
    pyproject.toml, [tool.batch-credits]     in the working directory
    batch-credits.toml                       in the user's own settings directory

`--config FILE` or BATCH_CREDITS_CONFIG takes the place of the last: whoever types it, or sets the
environment, is the user.

A working directory is anybody's who packed it: its files may say how a payout is read and what bounds it, but not
where the key goes, which ledger remembers, or that nobody is asked.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.named_file import NAMED, named_file, named_settings_file
from batch_credits.cli.settable import PREFIX, SETTABLE, SEVERAL_VALUES, variables_of
from batch_credits.cli.setting import FILES, LEASE, PROBLEMS, QUARANTINE, WINDOW, Setting
from batch_credits.errors import UsageError
from batch_credits.process.home import settings_folder

USERS_OWN = (
    "--base-url", "--ledger", "--api-key-file", "--yes", "--same-site", "--confirm-total", "--profile", "--config",
    "--metrics-file", "--metrics-port", "--metrics-host",
    "--notify", "--notify-on", "--notify-key-file", "--notify-link", "--mail-to", "--mail-from", "--mail-server",
    "--mail-password-file", "--on-finish", "--on-finish-timeout",
)  # fmt: skip
_OF_READING = frozenset(
    ["currency", "description", "credit-type", "amount-unit", "currency-exponent", "locale", "map", "header-row",
     "sheet", "hidden-rows", "delimiter", "encoding", "number-duplicates"]
)  # fmt: skip
_NAME = "batch-credits.toml"
_TABLE = "batch-credits"
PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class _File:
    """A settings file that is there."""

    path: Path
    settings: dict[str, Any]
    is_users_own: bool
    profiles: dict[str, dict[str, Any]]


def take_settings(context: click.Context) -> None:
    """Make what the settings files say the defaults of every command below this context, and note which said what.

    Where a context gathers problems, they are noted, and what is right is taken.

    Raises:
        UsageError: a file cannot be read, names an option that no command has, or may not set it; or the environment
            holds a variable of ours that sets nothing.
    """
    group = context.command
    assert isinstance(group, click.Group)
    problems = context.meta.get(PROBLEMS)
    _refuse_unknown_variables(problems)
    may_be_new = context.invoked_subcommand == "init"  # which writes it
    with _noted(problems):
        if (named := named_file(group, context.obj or [], may_be_new=may_be_new)) is not None:
            context.meta[NAMED] = named
    with context.scope(cleanup=False):
        _take_files(context, group, problems)


def _take_files(context: click.Context, group: click.Group, problems: list[Exception] | None) -> None:
    said: dict[str, str | list[str]] = {}
    sources: dict[str, str] = {}
    for file in _files(problems):
        for flag, value in _flags(file, problems).items():
            if flag in sources:
                continue
            with _noted(problems):
                sources[flag] = str(file.path)
                said[flag] = _as_typed(value, flag, f"{file.path} sets {flag[2:]}")
    context.default_map = _Defaults(group, said)  # type: ignore[assignment]  # nobody adds to them
    context.meta[FILES] = sources


class _Defaults(Mapping[str, Any]):
    """The defaults of each command of a group, as click looks for them: whichever it asks for, that one is loaded."""

    def __init__(self, group: click.Group, said: Mapping[str, str | list[str]]) -> None:
        self._group = group
        self._said = said

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        command = self._group.commands[name]
        return _Defaults(command, self._said) if isinstance(command, click.Group) else _of_command(command, self._said)

    def __iter__(self) -> Iterator[str]:
        return iter(self._group.commands)

    def __len__(self) -> int:
        return len(self._group.commands)


def _of_command(command: click.Command, said: Mapping[str, str | list[str]]) -> dict[str, Any]:
    """What is said of this command's options, by parameter."""
    settings = [each for each in command.params if isinstance(each, Setting)]
    return {each.name: said[each.flag] for each in settings if each.flag in said and each.name is not None}


@contextmanager
def _noted(problems: list[Exception] | None) -> Iterator[None]:
    """An error that ends the block is one of the problems, where they are gathered."""
    try:
        yield
    except UsageError as error:
        if problems is None:
            raise
        problems.append(error)


def settings_files() -> list[Path]:
    """The settings files that are there, in the order in which they are asked, whatever is wrong with them."""
    own = own_settings_file()
    return [path for path in (Path(_NAME), Path("pyproject.toml"), own) if path is not None and path.exists()]


def profile_defaults(command: click.Command, profile: str) -> tuple[dict[str, Any], dict[str, str]]:
    """What a profile makes the defaults of a command, by parameter, and which file said so, by option. Of several files
    that have the profile the first goes, as with all settings.

    Raises:
        UsageError: no file has it, or it sets what it may not, or what no command has.
    """
    files = list(_files())
    file = next((each for each in files if profile in each.profiles), None)
    if file is None:
        known = sorted({name for each in files for name in each.profiles})
        there = f"There are {', '.join(known)}." if known else "No settings file has any."
        raise UsageError(f"There is no profile {profile!r}.", hint=f"{there} Write it as [{PROFILES}.{profile}].")
    source = f"{file.path}, profile {profile}"
    of_profile = replace(file, settings=file.profiles[profile])
    taken = {each.flag for each in command.params if isinstance(each, Setting)}
    said = {
        flag: _as_typed(value, flag, f"{source} sets {flag[2:]}")
        for flag, value in _flags(of_profile).items()
        if flag in taken
    }
    return _of_command(command, said), dict.fromkeys(said, source)


def input_profiles() -> tuple[str, ...]:
    """The profiles that only say how a file is read, so that whoever uploads one may choose among them."""
    found: dict[str, bool] = {}
    for file in _files():
        for name, table in file.profiles.items():
            found.setdefault(name, {key.replace("_", "-") for key in table} <= _OF_READING)
    return tuple(sorted(name for name, is_of_reading in found.items() if is_of_reading))


def profile_names() -> list[str]:
    """The profiles of all settings files.

    Raises:
        UsageError: one of the files cannot be read.
    """
    return sorted(profile_tables())


def profile_tables() -> dict[str, dict[str, Any]]:
    """What each profile of all settings files sets. Of several files that have a profile the first goes.

    Raises:
        UsageError: one of the files cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in _files():
        for name, table in file.profiles.items():
            found.setdefault(name, table)
    return found


def ledger_in_files(profile: str | None) -> str | None:
    """The ledger that the user's own settings file names, without a look at any command: for a shell that completes a
    word. A working directory's file may name none: a key that is pressed there must not reach a server of its choice.

    Raises:
        UsageError: one of the files cannot be read.
    """
    own = [file for file in _files() if file.is_users_own]
    tables = [table for file in own for table in (file.profiles.get(profile or "", {}), file.settings)]
    return next((str(table["ledger"]) for table in tables if "ledger" in table), None)


def own_settings_file() -> Path | None:
    """Where the user's own settings file lies, if it exists: the one that was named, or that of the user's settings
    directory; None for a user without a home."""
    return named_settings_file() or usual_settings_file()


def usual_settings_file() -> Path | None:
    """Where the user's own settings file lies where none is named; None for a user without a home."""
    folder = settings_folder()
    return None if folder is None else folder / _NAME


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """The commands that do something, by their words: `ledger check` is one of a group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _refuse_unknown_variables(problems: list[Exception] | None) -> None:
    """A limit whose name is mistyped must not look as if it held."""
    known = {variable for flag in SETTABLE for variable in variables_of(flag)} | {QUARANTINE, LEASE, WINDOW}
    for variable in sorted(os.environ.keys() - known):
        if variable.startswith(PREFIX):
            with _noted(problems):
                raise UsageError(f"{variable} sets no option of any command.", hint=_remedy(variable, known))


def _remedy(name: str, known: set[str]) -> str:
    from difflib import get_close_matches  # of no use but here

    near = get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}? Else remove it." if near else "Correct its name, or remove it."


def _files(problems: list[Exception] | None = None) -> Iterator[_File]:
    own = own_settings_file()
    for path, keys in ((Path(_NAME), ()), (Path("pyproject.toml"), ("tool", _TABLE)), (own, ())):
        found = None
        with _noted(problems):
            found = None if path is None else _file(path, keys, own)
        if found is not None:
            yield found


def _file(path: Path, keys: tuple[str, ...], own: Path | None) -> _File | None:
    """The settings file at a path; None: there is none, or it sets nothing."""
    content = _content(path)
    if content is None or (path != own and _is_same(path, own)):
        return None  # the user's own comes at its own place
    settings = _table(path, content, keys)
    if not settings:
        return None
    profiles = settings.pop(PROFILES, {})
    if not isinstance(profiles, dict) or not all(isinstance(table, dict) for table in profiles.values()):
        raise UsageError(f"In {path}, {PROFILES} holds no tables.", hint=f"Write [{PROFILES}.NAME].")
    return _File(path, settings, path == own, profiles)


def _is_same(path: Path, own: Path | None) -> bool:
    try:
        return own is not None and path.samefile(own)
    except OSError:  # there is none, or it cannot be read, which is said at its place
        return False


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except NotADirectoryError:
        return None
    except FileNotFoundError:
        if not path.is_symlink():
            return None
        reason = "it is a link to nothing"
    except OSError as error:
        reason = error.strerror or str(error)
    raise UsageError(f"The settings file {path} cannot be read: {reason}.", hint=_MEND)


def _table(path: Path, content: bytes, keys: tuple[str, ...]) -> dict[str, Any]:
    """The settings of a file, or of that table of it."""
    try:
        table: Any = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"The settings file {path} is no UTF-8 (at line {line}).", hint=_MEND) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The settings file {path} cannot be read: {error}.", hint=_MEND) from None
    for key in keys:
        for name in table:
            if name != key and key == _TABLE and name.replace("_", "-").lower() == key:
                raise UsageError(f"{path} has a table {name!r}, which nobody reads.", hint=f"Call it {key!r}.")
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise UsageError(f"In {path}, {key} is no table.", hint=_MEND)
    return dict(table)


_MEND = "Correct it, or remove it: its limits would not hold."


def _flags(file: _File, problems: list[Exception] | None = None) -> dict[str, Any]:
    """What a file sets, by the option's name on the command line."""
    found: dict[str, Any] = {}
    for key, value in file.settings.items():
        with _noted(problems):
            flag = f"--{key.replace('_', '-')}"
            _refuse_key(file, key, flag)
            if flag in found:
                said = f"{file.path} sets {key!r} twice, with a hyphen and without."
                raise UsageError(said, hint="Remove one of them.")
            found[flag] = value
    return found


def _refuse_key(file: _File, key: str, flag: str) -> None:
    if flag not in SETTABLE:
        names = {known[2:].replace("-", "_") for known in SETTABLE}
        raise UsageError(f"{file.path} sets {key!r}, which is no option of any command.", hint=_remedy(key, names))
    if flag == "--config":
        raise UsageError(f"{file.path} sets {key!r}, and a settings file names no other.", hint="Remove it.")
    if flag in USERS_OWN and not file.is_users_own:
        raise UsageError(
            f"{file.path} sets {key!r}, which a working directory must not decide.",
            hint=f"Move it to your own settings file, {own_settings_file()}, or give {flag} or "
            f"{variables_of(flag)[0]}.",
        )


def _as_typed(value: Any, flag: str, what: str) -> str | list[str]:
    """The text that would be typed, or several where the option is given several times: one parser reads them all."""
    if isinstance(value, list) != (flag in SEVERAL_VALUES):
        if isinstance(value, list):
            raise UsageError(f"{what} to a list, and it takes one value.", hint='Write it as text: "...".')
        value = [value]
    if isinstance(value, list):
        return [_text(each, what) for each in value]
    return _text(value, what)


def _text(value: Any, what: str) -> str:
    if isinstance(value, dict | list):
        raise UsageError(f"{what} to a table or a list of lists, and it takes a value.", hint=_MEND)
    return str(value).lower() if isinstance(value, bool) else str(value)
