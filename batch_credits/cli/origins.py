"""Where settings come from that nobody typed: a variable or a file, which may have been left by somebody else.

What changes which money goes where is said with its origin before the question, and kept for the reports.
"""

import os
import re
from dataclasses import replace
from typing import Any

import click

from batch_credits.cli.config import own_settings_file
from batch_credits.cli.setting import QUARANTINE, UNEXPOSED, Setting
from batch_credits.errors import BatchCreditsError
from batch_credits.settings import ControlLimits, Origin

# How rows are read, what bounds them, where they go and as what, and what guards them.
CHANGE_MONEY = frozenset(
    [
        "--reference", "--currency", "--description", "--credit-type", "--amount-unit", "--currency-exponent",
        "--locale", "--map", "--header-row", "--sheet", "--hidden-rows", "--delimiter", "--encoding",
        "--number-duplicates", "--rows",
        "--strict", "--expect-rows", "--expect-total", "--control", "--max-amount", "--max-total", "--max-failures",
        "--pilot", "--site", "--base-url", "--api-key-file", "--same-site", "--sandbox", "--business-entity",
        "--confirm-total", "--origin-user", "--origin-device", "--origin-ip", "--silence", "--verify-first",
        "--retry-failed", "--yes", "--refuse-repeat", "--order",
    ]
)  # fmt: skip
OF_A_SITE = frozenset(["--site", "--base-url", "--api-key-file", "--same-site"])  # which --sandbox does not ask for


def origins(context: click.Context, *, every: bool = False) -> tuple[Origin, ...]:
    """The settings of this call that were not typed, in the order in which it takes them: those that change money, or
    all of them (`every`)."""
    unheeded = OF_A_SITE if context.params.get("sandbox") else frozenset()
    values = context.params | context.meta.get(UNEXPOSED, {})
    found = [
        Origin(parameter.flag, parameter.shown(_text(values[parameter.name])), source)
        for parameter in context.command.params
        if isinstance(parameter, Setting) and parameter.name and parameter.flag not in unheeded
        if every or parameter.flag in CHANGE_MONEY
        if (source := parameter.source_in(context)) is not None
    ]
    quarantine = os.environ.get(QUARANTINE)
    return (*found, *([Origin("quarantine", quarantine, QUARANTINE)] if quarantine is not None else []))


def say_where_from(error: BatchCreditsError, context: click.Context) -> None:
    """Add to an error where the options that it names come from, if nobody typed them."""
    for parameter in context.command.params:
        if not isinstance(parameter, Setting) or (source := parameter.source_in(context)) is None:
            continue
        if re.search(rf"(?<![\w-]){parameter.flag}(?![\w-])", error.message) and source not in error.message:
            error.message += f" {parameter.flag} comes from {source}."


def source_of_ledger(context: click.Context) -> str | None:
    """Where the ledger's name comes from, if it was not typed; None: nowhere, it is the user's own."""
    [parameter] = [each for each in context.command.params if isinstance(each, Setting) and each.flag == "--ledger"]
    return parameter.source_in(context)


def stated_by_the_user(context: click.Context, limits: ControlLimits) -> ControlLimits:
    """The limits without the totals that a settings file of the working directory states, as --expect-total or in a
    control file: who packed the file to pay may have packed that, too, so it stands in for no total to type."""
    own = own_settings_file()
    of_others = {
        parameter.flag
        for parameter in context.command.params
        if isinstance(parameter, Setting) and (source := parameter.source_in(context)) is not None
        if source != str(parameter.envvar) and (own is None or source.partition(", profile ")[0] != str(own))
    }
    return replace(
        limits,
        expect_total=() if "--expect-total" in of_others else limits.expect_total,
        control=None if "--control" in of_others else limits.control,
    )


def _text(value: Any) -> str:
    """The value as it would be typed; nothing for a flag that is set."""
    if isinstance(value, bool):
        return "" if value else "no"
    if not isinstance(value, tuple):
        return str(value)
    pairs = ["=".join(map(str, part)) for part in value if isinstance(part, tuple)]
    return " ".join(pairs) if pairs else ",".join(map(str, value))
