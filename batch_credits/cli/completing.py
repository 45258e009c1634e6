"""What a shell is offered: batch ids that the ledger knows, and the profiles of the settings files.

Somebody waits with a key pressed, so a command's name is enough: a stand-in with the parameters that are asked for most
answers, and the command itself, with all that it loads, only where other options stand on the line. Whatever fails
offers nothing, and so does a ledger that takes too long: an error would be written into the line that is being typed.
"""

import os
from collections.abc import Callable, Sequence
from threading import Thread
from typing import TypeVar

import click
from click.shell_completion import CompletionItem

from batch_credits.process.home import data_folder

PATIENCE_SECONDS = 2.0  # a disk or a server that is away is not waited for
_DIGITS = 8  # which `status` shows, and every command takes
_VALUED = ("--ledger", "--profile", "--config")
_FILE, _BATCH = "file", "batch"

# What stands first behind a command's name. Commands that are not here complete the same, but take a second to load.
FIRST = {
    "check": _FILE,
    "run": _FILE,
    "status": _BATCH,
    "report": _BATCH,
    "reconcile": _BATCH,
    "resolve": _BATCH,
    "reverse": _BATCH,
    "pack": _BATCH,
}

T = TypeVar("T")


def offer_batches(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The batches of the ledger that the line, the environment or the settings name, the newest first: as many digits
    of each as tell it from the others, with its file, site and day. (No comma: there the script for fish cuts it.)"""
    return _patiently(context, lambda: _batches(context, incomplete.strip().lower()))


def offer_profiles(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The profiles of the settings files."""
    return _patiently(context, lambda: _profiles(incomplete))


class StandIn(click.Command):
    """In the place of a command while a shell asks: its first argument, and the options that lead to what it may be."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        is_file = FIRST[name] == _FILE
        argument = (
            click.Argument(["file"], type=click.Path(), required=False)
            if is_file
            else click.Argument(["batch"], required=False, shell_complete=offer_batches)
        )
        ledger = click.Option(["--ledger"], type=click.Path())
        profile = click.Option(["--profile"], shell_complete=offer_profiles)
        config = click.Option(["--config"], type=click.Path())
        super().__init__(name, params=[argument, ledger, profile, config], add_help_option=False)
        self._arguments = [*arguments]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options are asked for: these only the command itself knows."""
        group = ctx.parent and ctx.parent.command
        assert isinstance(group, click.Group) and self.name
        command = group.commands[self.name]
        with command.make_context(self.name, [*self._arguments], parent=ctx.parent, resilient_parsing=True) as own:
            return command.shell_complete(own, incomplete)


def take_config(context: click.Context, words: Sequence[str]) -> None:
    """Heed the settings file that these words of a line name, or the environment."""
    from batch_credits.cli.named_file import name_settings_file

    named = os.environ.get("BATCH_CREDITS_CONFIG")
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "--config":
            named = following
        elif word.startswith("--config="):
            named = word.partition("=")[2]
    if named:
        name_settings_file(context, named)


def stand_in_for(name: str, arguments: Sequence[str]) -> click.Command | None:
    """What answers for the command of this name, behind which these words stand already. None: only itself can."""
    if name not in FIRST:
        return None
    words = iter(arguments)
    for word in words:
        if word in _VALUED:
            next(words, None)
        elif word.startswith("-") and not word.startswith(tuple(f"{flag}=" for flag in _VALUED)):
            return None
    return StandIn(name, arguments)


def _batches(context: click.Context, prefix: str) -> list[CompletionItem]:
    from datetime import UTC, datetime

    from batch_credits.peek import batches_at
    from batch_credits.text.visible import visible

    seen = [batch for ledger in _ledgers(context) for batch in batches_at(ledger, prefix)]
    found = sorted(seen, key=lambda batch: batch.created_ms, reverse=True)
    digits = _telling_apart([batch.key for batch in found], max(_DIGITS, len(prefix)))
    items = []
    for batch in found:
        day = datetime.fromtimestamp(batch.created_ms / 1000, UTC).date()
        items.append(CompletionItem(batch.key[:digits], help=visible(f"{batch.file_name}  {batch.site}  {day}")))
    return items


def _telling_apart(keys: Sequence[str], fewest: int) -> int:
    """How many digits no two ids have in common."""
    digits = fewest
    while len({key[:digits] for key in keys}) < len(keys):
        digits += 1
    return digits


def _ledgers(context: click.Context) -> list[str]:
    """Where the command would look: as the line, the environment and the settings say, in this order; else in all
    ledgers of the user's data directory."""
    from batch_credits.cli.config import ledger_in_files

    typed = context.params.get("ledger") or os.environ.get("BATCH_CREDITS_LEDGER")
    profile = context.params.get("profile") or os.environ.get("BATCH_CREDITS_PROFILE")
    named = typed or ledger_in_files(profile)
    if named:
        return [str(named)]
    folder = data_folder()
    if folder is None:
        return []
    return [str(path) for pattern in ("ledger.sqlite3", "sites/*/ledger.sqlite3") for path in folder.glob(pattern)]


def _profiles(incomplete: str) -> list[CompletionItem]:
    from batch_credits.cli.config import profile_names

    return [CompletionItem(name) for name in profile_names() if name.startswith(incomplete)]


def _patiently(context: click.Context, look: Callable[[], list[T]]) -> list[T]:
    """What was found, or nothing: where it fails, or takes too long."""
    found: list[T] = []

    def seek() -> None:
        try:
            with context.scope(cleanup=False):  # which knows a settings file that was named
                found.extend(look())
        except Exception:  # a look that fails is no news: whoever runs the command is told
            found.clear()

    thread = Thread(target=seek, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return [*found] if not thread.is_alive() else []
