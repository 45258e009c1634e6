"""What was meant by a command line that cannot be read: the whole commands that would do it.

What only the person can know stands as a word in capitals, to be replaced.
"""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

import click
from click.exceptions import BadOptionUsage, BadParameter, MissingParameter, NoSuchOption

from batch_credits.cli.commands import COMMANDS
from batch_credits.cli.telling.given import as_command, command_with, option_called
from batch_credits.cli.values import BatchId, stand_in

CHOICES_SHOWN = 3  # of an option's, a command each
MISSPELT = 0.8  # how alike a name is to what was typed, at least: `--test` is no `--yes`, nor `--rate` a `--site`


def meant(words: Sequence[str], error: click.ClickException) -> list[str]:
    """The commands, the likeliest first; at last the help of what was called, which says what it takes."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    names = _path(context) or [word for word in words[:1] if word in COMMANDS]
    match error:
        case NoSuchOption():
            found = _by_another_name(words, error.option_name, error.possibilities or ())  # see `asking_of_slips`
        case MissingParameter(param=click.Argument() as argument):
            found = [as_command([*words, stand_in(argument)])]
        case MissingParameter(param=click.Option() as option):
            found = [command_with(words, ((_long(option), stand_in(option)),))]
        case BadParameter(param=click.Argument(type=BatchId())):
            found = [as_command(["status"])]
        case BadParameter(param=click.Option() as option):
            found = [command_with(words, ((_long(option), value),)) for value in _values(option, error.message)]
        case BadOptionUsage() if (lacks := option_called(words, error.option_name)) is not None:
            found = [command_with(words, ((_long(lacks), stand_in(lacks)),))]
        case click.UsageError() if context is not None and context.parent is None and words:
            found = _by_another_name(words, words[0], _near(words[0], context))
        case click.UsageError() if words:
            found = _joined_file(words)
        case _:
            found = []
    return found or [as_command([*names, "--help"])]


def _path(context: click.Context | None) -> list[str]:
    """The names of the command and of the groups that it is in."""
    if context is None or context.parent is None:
        return []
    return [*_path(context.parent), context.info_name or ""]


def _values(option: click.Option, message: str) -> list[str]:
    """What may be given: of few choices that which is nearest to what was typed, or each of them."""
    if not isinstance(option.type, click.Choice):
        return [stand_in(option)]
    choices = [str(choice) for choice in option.type.choices]
    typed = re.match("'([^']*)'", message)
    near = difflib.get_close_matches(typed[1].lower(), choices, 1) if typed else []
    return near or choices[:CHOICES_SHOWN]


def _by_another_name(words: Sequence[str], wrong: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    right = sorted(names, key=lambda name: -_likeness(wrong, name))[0]
    is_wrong = re.compile(f"{re.escape(wrong)}(?==|$)")
    return [as_command([is_wrong.sub(right, word, count=1) if is_wrong.match(word) else word for word in words])]


def asking_of_slips(error: NoSuchOption) -> NoSuchOption:
    """The error, with those options alone that may be what was typed: another one is none that was meant, and of no
    other it asks "Did you mean ...?"."""
    typed = error.option_name
    names = error.possibilities or ()
    slips = [name for name in names if typed.lstrip("-") in name or _likeness(typed, name) >= MISSPELT]
    return NoSuchOption(typed, possibilities=slips, ctx=error.ctx)


def _likeness(typed: str, name: str) -> float:
    return difflib.SequenceMatcher(None, typed, name).ratio()


def _near(word: str, context: click.Context) -> list[str]:
    assert isinstance(context.command, click.Group)
    return difflib.get_close_matches(word, context.command.list_commands(context), 1)


def _joined_file(words: Sequence[str]) -> list[str]:
    """A file's name with blanks that was not quoted, if there is such a file."""
    command, *rest = words
    for end in range(len(rest), 1, -1):
        for start in range(end - 1):
            name = " ".join(rest[start:end])
            if Path(name).is_file():
                return [as_command([command, *rest[:start], name, *rest[end:]])]
    return []


def _long(option: click.Option) -> str:
    return next((name for name in option.opts if name.startswith("--")), option.opts[0])
