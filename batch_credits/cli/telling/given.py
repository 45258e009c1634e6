"""What was said on this command line and must be said again in the next: which ledger, which site, which folder.

A command that is shown to be pasted would else run against another ledger, which knows nothing of what was paid.
"""

import shlex
from collections.abc import Sequence

import click
from click.core import ParameterSource

from batch_credits.errors import BatchCreditsError, InputError, Remedy

_SEVERAL = ("--map", "--currency-exponent")  # NAME=VALUE, once for each name
_KEPT = ("sandbox", "site", "base_url", "api_key_file", "business_entity_id", "ledger", "reports")


def given(command: str) -> list[str]:
    """The options of this call that the named command takes, too, as words. The environment needs no repeating."""
    context = click.get_current_context()
    group = context.find_root().command
    assert isinstance(group, click.Group)
    known = {parameter.name for parameter in group.commands[command].params}
    words: list[str] = []
    for parameter in context.command.params:
        name = parameter.name or ""
        was_said = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if was_said and name in known and name in _KEPT:
            value = context.params[name]
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return words


def again(words: Sequence[str], error: BatchCreditsError) -> list[str]:
    """The whole commands that would do what these `words` were meant to do, one for each remedy of the error.

    What the remedy replaces is left out; all else stands as it was given.
    """
    remedies = error.remedies if isinstance(error, InputError) else ()
    return [command_with(words, remedy) for remedy in remedies]


def command_with(words: Sequence[str], remedy: Remedy) -> str:
    """The whole command of these `words` with the options of the remedy in place of what they replace."""
    changed = [*words]
    for option, value in remedy:
        changed = _with(changed, option, value)
    return shlex.join(["batch-credits", *changed])


def _with(words: Sequence[str], option: str, value: str) -> list[str]:
    name, equals, _ = value.partition("=")
    replaced = f"{name}{equals}" if option in _SEVERAL else ""  # of an option that is given for each name, the same one
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":  # what follows are no options
            return [*kept, option, value, word, *rest]
        if word == option:
            given_value = next(rest, "")
            if not given_value.startswith(replaced):
                kept += [word, given_value]
        elif not word.startswith(f"{option}={replaced}"):
            kept.append(word)
    return [*kept, option, value]
