"""Settings from a file: `batch-credits.toml`, or the `[tool.batch-credits]` table of pyproject.toml, in this folder."""

import tomllib
from pathlib import Path
from typing import Any

import click

from batch_credits.errors import UsageError


def config_defaults(group: click.Command) -> dict[str, dict[str, Any]]:
    """The options of each command that a settings file gives.

    Raises:
        UsageError: the file is no TOML, or names an option that no command has.
    """
    found = _read()
    if found is None:
        return {}
    path, table = found
    assert isinstance(group, click.Group)
    defaults: dict[str, dict[str, Any]] = {name: {} for name in group.commands}
    for key, value in table.items():
        flag = f"--{key.replace('_', '-')}"
        takers = [(name, parameter) for name, parameter in _options(group) if flag in parameter.opts]
        if not takers:
            raise UsageError(f"{path} sets {key!r}, which is no option of any command.", hint="Correct its name.")
        for name, parameter in takers:
            assert parameter.name is not None
            defaults[name][parameter.name] = [str(v) for v in value] if isinstance(value, list) else value
    return defaults


def _options(group: click.Group) -> list[tuple[str, click.Option]]:
    return [
        (name, parameter)
        for name, command in group.commands.items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
    ]


def _read() -> tuple[Path, dict[str, Any]] | None:
    for name, keys in (("batch-credits.toml", ()), ("pyproject.toml", ("tool", "batch-credits"))):
        path = Path(name)
        if not path.is_file():
            continue
        try:
            table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            if keys:
                continue  # somebody else's file, which may not concern us
            raise UsageError(f"{path} cannot be read: {error}.", hint="Correct it, or remove it.") from None
        for key in keys:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict) and table:
            return path, table
    return None
