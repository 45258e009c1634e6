"""What was said on this command line and must be said again in the next: which ledger, which site, which folder.

A command that is shown to be pasted would else run against another ledger, which knows nothing of what was paid.
"""

import click
from click.core import ParameterSource

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
