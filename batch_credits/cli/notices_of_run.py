"""Whom `run` would tell, by variables, files and the profile: for what starts runs, or says what one would do."""

from dataclasses import fields
from typing import Any

import click

from batch_credits.cli.config import profile_defaults
from batch_credits.cli.options.notices import VALUES, NoticeChoice
from batch_credits.cli.profiles import profile_taken
from batch_credits.cli.setting import FILES, PROBLEMS


def notices_of_run(context: click.Context) -> NoticeChoice:
    """The choice that `run` would have.

    Raises:
        click.UsageError, UsageError: it would be refused.
    """
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    run = root.command.commands["run"]
    of_run = click.Context(run, parent=root, info_name="run")
    if (profile := profile_taken(context)) is not None:
        of_profile, sources = profile_defaults(run, profile)
        context.meta[FILES] = {**context.meta.get(FILES, {}), **sources}  # which an error names
        of_run.default_map = {**(of_run.default_map or {}), **of_profile}
    names = {field.name for field in fields(NoticeChoice)}
    problems: list[Exception] = context.meta.get(PROBLEMS, [])
    before = len(problems)
    for parameter in run.params:
        if parameter.name in names:
            parameter.handle_parse_result(of_run, {}, [])
    if problems[before:]:
        raise problems[before]
    # Newer releases of click have a mark of their own for what nobody set.
    read: dict[str, Any] = {name: value for name, value in of_run.params.items() if isinstance(value, VALUES)}
    return NoticeChoice(**read)
