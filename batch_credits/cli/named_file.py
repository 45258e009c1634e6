"""The settings file that is named, by `--config` or BATCH_CREDITS_CONFIG: looked for before any option is read."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from batch_credits.cli.settable import variables_of
from batch_credits.errors import UsageError
from batch_credits.process.home import expanded

NAMED = f"{__name__}.named"  # where a context remembers it


def named_settings_file() -> Path | None:
    """The settings file that was named on this command line or by the environment, if one was."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(NAMED)


def name_settings_file(context: click.Context, named: str) -> None:
    """Note a file that `--config` or the environment names, while a shell asks what could be typed next: no command is
    run then, and nothing is said of a file that is not there."""
    context.meta[NAMED] = Path(named).expanduser().absolute()


def named_file(group: click.Group, words: Sequence[str], *, may_be_new: bool) -> Path | None:
    """The settings file that is named: typed, or by the environment.

    Raises:
        UsageError: there is none of that name, or the name is empty or begins with nobody's home.
    """
    [variable] = variables_of("--config")
    text, source = _typed(group, words), "--config"
    if text is None:
        text, source = os.environ.get(variable), variable
    if text is None:
        return None
    if not text.strip():
        said = "has an empty value" if source == "--config" else "is set, but empty"
        raise UsageError(f"{source} {said}.", hint="Name a settings file, or leave it out.")
    path = Path(os.path.abspath(expanded(text)))  # noqa: PTH100 - which follows no link
    if not (path.is_file() or (may_be_new and not path.exists())):
        raise UsageError(
            f"{source} names the settings file {text!r}, and there is no such file.",
            hint="Its limits would not hold. Correct it, or leave it out.",
            remedies=[(("--config", "FILE"),)],
        )
    return path


def _typed(group: click.Group, words: Sequence[str]) -> str | None:
    """What `--config` says on this command line, read as click will read it."""
    command: click.Command = group
    context, rest = _reading(group, None), [*words]
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(rest)
        _, found, rest = command.resolve_command(context, rest) if rest else (None, None, rest)
        if found is None:
            return None
        command, context = found, _reading(found, context)
    options, _, _ = command.make_parser(context).parse_args(rest)
    text = options.get("config")
    return text if isinstance(text, str) else None


def _reading(command: click.Command, parent: click.Context | None) -> click.Context:
    """A context to read words in, as click would make it: a command keeps what the first one says its help is called
    by. What is wrong is said at its place."""
    return click.Context(command, parent, resilient_parsing=True, **command.context_settings)
