"""What was said on this command line and must be said again in the next: which ledger, which site, which folder.

A command that is shown to be pasted would else run against another ledger, which knows nothing of what was paid.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click
from click.core import ParameterSource

from batch_credits.cli.setting import UNEXPOSED, Secret
from batch_credits.cli.values import stand_in
from batch_credits.errors import (
    LEFT_OUT,
    BatchCreditsError,
    ControlError,
    NotConfirmed,
    Remedy,
    ReportsNotWritten,
    RunStopped,
)
from batch_credits.text.masked import masked

PROGRAM = "batch-credits"
_KEPT = ("profile", "config", "sandbox", "site", "base_url", "api_key_file", "business_entity_id", "ledger", "reports")
_KEPT_FLAGS = (
    "--profile", "--config", "--sandbox", "--site", "--base-url", "--api-key-file", "--business-entity", "--ledger",
    "--reports",
)  # fmt: skip


def given(command: str) -> list[str]:
    """The options of this call that the named command takes, too, as words. The environment needs no repeating."""
    context = click.get_current_context()
    group = context.find_root().command
    assert isinstance(group, click.Group)
    known = {parameter.name for parameter in group.commands[command].params}
    values = context.params | context.meta.get(UNEXPOSED, {})
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        was_said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if was_said and name in known and name in _KEPT:
            value = values[name]
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return words


def again(words: Sequence[str], error: BatchCreditsError) -> list[str]:
    """The whole commands that would do what these `words` were meant to do: with one of the error's remedies, or those
    that it names instead; else, once what it says is mended, the command as it was given, or the look that shows more.

    None where a person said no, or something was sent.
    """
    remedies = [_in_its_profile(words, remedy) for remedy in error.remedies]
    found = [command_with(words, remedy) for remedy in remedies if _can_be_typed(words, remedy)]
    found += [as_command([*instead, *_kept(words, _command_of(instead))]) for instead in error.instead]
    if found or isinstance(error, (NotConfirmed, RunStopped, ReportsNotWritten)):
        return found
    if isinstance(error, ControlError) and words[:1] == ["run"]:
        return [as_command(_as("check", words))]
    return [as_command(words)]


def _in_its_profile(words: Sequence[str], remedy: Remedy) -> Remedy:
    from batch_credits.cli.profile_of_site import with_profile

    return with_profile(remedy, {part.option: part.value for part in _parts(words, _command_of(words))})


def _can_be_typed(words: Sequence[str], remedy: Remedy) -> bool:
    """Whether a remedy changes the command: what a file or the environment says cannot be left out here, and the same
    words again would be refused again; and so would an option that the command does not have."""
    known = {name for each in _options_of(_command_of(words)) for name in (*each.opts, *each.secondary_opts)}
    if not all(option in known for option, _ in remedy):
        return False
    return any(value != LEFT_OUT for _, value in remedy) or words_with(words, remedy) != [*words]


def as_run(words: Sequence[str]) -> str:
    """The whole command that pays the file which these words check."""
    return as_command(_as("run", words))


def as_command(words: Sequence[str]) -> str:
    """These words as one line to paste, without what no person gives and what may be a secret."""
    name = _command_of(words)
    options = {_long(each): each for each in _options_of(name)}
    shown: list[str] = []
    for part in _parts(words, name):
        known = options.get(part.option)
        if known is None:
            shown += map(masked, part.words)
        elif isinstance(known, Secret):
            shown += [part.option, stand_in(known)]
        elif not known.hidden:
            shown += part.words
    return shlex.join([PROGRAM, *shown])


def command_with(words: Sequence[str], remedy: Remedy) -> str:
    """The whole command of these `words` with the options of the remedy in place of what they replace."""
    return as_command(words_with(words, remedy))


def words_with(words: Sequence[str], remedy: Remedy) -> list[str]:
    """The same as words."""
    changed = [*words]
    for option, value in remedy:
        changed = _with(changed, option, value)
    return changed


@dataclass(frozen=True, slots=True)
class _Part:
    """An option with its value, or a word that is none. `option` is its long name; "" of any other word."""

    option: str
    value: str
    words: list[str]


def _parts(words: Sequence[str], command: str) -> Iterator[_Part]:
    """The words of a command line, each option with its value. What is no option of the command stands alone."""
    options = {name: each for each in _options_of(command) for name in each.opts}
    rest = iter(words)
    for word in rest:
        if word == "--":  # what follows are no options
            yield _Part("", "", [word, *rest])
            return
        name, equals, value = word.partition("=")
        known = options.get(name)
        if known is None:
            yield _Part("", "", [word])
        elif equals or known.is_flag:
            yield _Part(_long(known), value, [word])
        else:
            value = next(rest, "")
            yield _Part(_long(known), value, [word, value] if value else [word])


def _with(words: Sequence[str], option: str, value: str) -> list[str]:
    known = {_long(each): each for each in _options_of(_command_of(words))}.get(option)
    name, equals, _ = value.partition("=")
    replaces_one = known is not None and known.multiple and value != LEFT_OUT
    replaced = f"{name}{equals}" if replaces_one else ""  # of several, that of the same name
    kept: list[str] = []
    after: list[str] = []
    for part in _parts(words, _command_of(words)):
        if part.words[0] == "--":
            after = part.words
        elif part.option != option or (replaced and "=" in part.value and not part.value.startswith(replaced)):
            kept += part.words
    new = [] if value == LEFT_OUT else [option, value] if value else [option]
    return [*kept, *new, *after]


def _kept(words: Sequence[str], command: str) -> list[str]:
    """What these words say of ledger, site and folder, as far as the command takes it."""
    known = {_long(each) for each in _options_of(command)} & set(_KEPT_FLAGS)
    return [word for part in _parts(words, _command_of(words)) if part.option in known for word in part.words]


def _as(command: str, words: Sequence[str]) -> list[str]:
    """The words of one command as those of another for the same file, with what that takes of their options."""
    known = {_long(each) for each in _options_of(command)}
    parts = _parts(words[1:], _command_of(words))
    return [command, *(word for part in parts if not part.option or part.option in known for word in part.words)]


def option_called(words: Sequence[str], name: str) -> click.Option | None:
    """The option of the command that these words call, by any of its names."""
    return next((each for each in _options_of(_command_of(words)) if name in each.opts), None)


def _command_of(words: Sequence[str]) -> str:
    """The command's name; of one in a group both, with a blank between."""
    return " ".join(words[:2] if isinstance(_found("".join(words[:1])), click.Group) else words[:1])


def _options_of(command: str) -> list[click.Option]:
    found = _found(command)
    return [] if found is None else [each for each in found.params if isinstance(each, click.Option)]


def _found(command: str) -> click.Command | None:
    from batch_credits.cli.commands import Loaded  # which load what they say in turn

    first, _, second = command.partition(" ")
    found = Loaded().get(first)
    return found.commands.get(second) if second and isinstance(found, click.Group) else found


def _long(option: click.Option) -> str:
    return next((name for name in option.opts if name.startswith("--")), option.opts[0])
