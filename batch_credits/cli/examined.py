"""What `doctor` says of settings: which files there are, what each value is and where it comes from, and what is wrong
with them. Values are shown of options that hold no secret; the key is none of them.
"""

import difflib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.config import own_settings_file, profile_defaults, settings_files
from batch_credits.cli.origins import CHANGE_MONEY
from batch_credits.cli.profiles import profile_taken
from batch_credits.cli.setting import FILES, PROBLEMS, Setting
from batch_credits.doctor.signs import Mark, Sign, good, sign_of, warning
from batch_credits.errors import UsageError

_HINT = "Correct it, or leave it out."
_OURS = ("CHARGEBEE_SITE", "CHARGEBEE_API_KEY", "CHARGEBEE_BASE_URL")


def settings_signs(context: click.Context) -> Iterator[Sign]:
    """The settings files, each value that nobody typed, and every problem with them."""
    yield from _file_signs(context)
    if (profile := profile_taken(context)) is not None:
        yield good("settings", f"profile {profile} is taken")
    problems = [*problem_signs(context), *_run_problems(context)]
    for parameter, value, source in _set_elsewhere(context):
        if not any(parameter.flag in problem.found for problem in problems):  # which shows what it was set to
            yield good("setting", f"{parameter.flag} {value}, from {source}")
    yield from _variable_signs()
    yield from problems


def _set_elsewhere(context: click.Context) -> Iterator[tuple[Setting, str, str]]:
    """The options of this command and of `run` that a variable or a file sets, to what, and which of them."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    own, said = {each.name for each in context.command.params}, set[str]()
    for command in (context.command, root.command.commands["run"]):
        for parameter in command.params:
            if not isinstance(parameter, Setting) or parameter.flag in said:
                continue
            said.add(parameter.flag)
            found = parameter.set_elsewhere(context)
            if found is None and command is not context.command:
                of_run = _of_run(context).get(parameter.name or "")
                found = None if of_run is None else (_text(of_run[0]), of_run[1])
            if found is not None:
                is_shown = parameter.name in own or parameter.flag in CHANGE_MONEY
                yield parameter, found[0] if is_shown else "(set)", found[1]


def _of_run(context: click.Context) -> dict[str, tuple[Any, str]]:
    """What the files and the profile set of `run`, by parameter, and which of them."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    flags = {each.name: each.flag for each in root.command.commands["run"].params if isinstance(each, Setting)}
    of_files: dict[str, str] = context.meta.get(FILES, {})
    found = {
        name: (value, of_files[flags[name]])
        for name, value in (root.default_map or {}).get("run", {}).items()
        if flags.get(name) in of_files
    }
    if (profile := profile_taken(context)) is not None:
        with suppress(UsageError):  # which is said of the profile itself
            values, sources = profile_defaults(root.command.commands["run"], profile)
            found |= {name: (value, sources[flags[name]]) for name, value in values.items()}
    return found


def _run_problems(context: click.Context) -> Iterator[Sign]:
    """What a run would refuse of its own settings, which this command has not: each as the run would say it."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    own, set_elsewhere = {each.name for each in context.command.params}, _of_run(context)
    for parameter in root.command.commands["run"].params:
        if not isinstance(parameter, Setting) or parameter.name in own:
            continue
        source = str(parameter.envvar)
        try:
            value = parameter.value_from_envvar(context)
            if value is None and parameter.name in set_elsewhere:
                value, source = set_elsewhere[parameter.name]
            if value is not None:
                parameter.type_cast_value(context, value)
        except click.UsageError as error:
            error = click.BadParameter(f"{error.message} It comes from {source}.", context, parameter)
            yield sign_of("settings", UsageError(error.format_message(), hint=_HINT), Mark.BAD)
        except UsageError as error:
            yield sign_of("settings", error, Mark.BAD)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _file_signs(context: click.Context) -> Iterator[Sign]:
    files, sources = settings_files(), set(context.meta.get(FILES, {}).values())
    used = [path for path in files if any(source.partition(", profile ")[0] == str(path) for source in sources)]
    for path in used:
        yield good("settings", f"{_whole(path)} is read")
    own = own_settings_file()
    if not used:
        yield good("settings", f"no settings file sets anything; your own would be {own or 'nowhere, without a home'}")


def _whole(path: Path) -> Path:
    return path if path.is_absolute() else Path.cwd() / path


def _variable_signs() -> Iterator[Sign]:
    """Variables that are nearly ours, which nobody reads."""
    for name in sorted(os.environ):
        if name.startswith("CHARGEBEE") and name not in _OURS:
            near = difflib.get_close_matches(name, _OURS, 1, cutoff=0.8)
            if near:
                yield warning("variables", f"{name} is set, and this program does not read it",
                              f"If {near[0]} is meant, call it so.")  # fmt: skip


def problem_signs(context: click.Context) -> Iterator[Sign]:
    """What is wrong with settings, each once."""
    said = set()
    for problem in context.meta.get(PROBLEMS, []):
        error = problem
        if isinstance(problem, click.UsageError):
            error = UsageError(problem.format_message(), hint=_HINT)
        if error.message not in said:
            said.add(error.message)
            yield sign_of("settings", error, Mark.BAD)
