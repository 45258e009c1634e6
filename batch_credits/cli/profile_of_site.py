"""Which profile a refused command should have taken: a profile brings a site's address and key with its name, so
another `--site` beside it would call the wrong place.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import click

from batch_credits.addresses import site_name
from batch_credits.cli.config import profile_tables
from batch_credits.cli.named_file import name_settings_file
from batch_credits.cli.settable import variables_of
from batch_credits.errors import LEFT_OUT, Remedy, UsageError

[_PROFILE], [_CONFIG] = variables_of("--profile"), variables_of("--config")
_BEAT_PROFILES = [*variables_of("--site"), *variables_of("--base-url")]


def with_profile(remedy: Remedy, typed: Mapping[str, str]) -> Remedy:
    """A remedy that names another site, as one that takes the profile of that site, or, where there is none, no
    profile; any other as it is. `typed` are the options of the refused command, by their long names.

    Where a variable names the site, no profile can: the remedy stays, and so does one of a profile that names none.
    """
    site = dict(remedy).get("--site")
    profile = typed.get("--profile") or os.environ.get(_PROFILE)
    if site is None or profile is None or "--site" in typed or any(name in os.environ for name in _BEAT_PROFILES):
        return remedy
    config = typed.get("--config") or os.environ.get(_CONFIG)
    sites = _sites(config)
    if sites.get(profile) in (None, site):
        return remedy
    others = [each for each in remedy if each[0] != "--site"]
    fitting = next((name for name, of in sites.items() if of == site), None)
    if fitting is not None:
        return (*others, ("--profile", fitting))
    return (*others, ("--profile", LEFT_OUT), ("--site", site))


def _sites(config: str | None) -> dict[str, str]:
    """The site of each profile that names one, by the profile's name."""
    tables: Mapping[str, Mapping[str, Any]] = {}
    with click.Context(click.Command("again")) as context, suppress(UsageError):
        if config:
            name_settings_file(context, config)
        tables = profile_tables()
    found: dict[str, str] = {}
    for name, table in tables.items():
        with suppress(UsageError):
            if "site" in table:
                found[name] = site_name(str(table["site"]))
    return found
