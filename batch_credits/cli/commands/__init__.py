"""The commands, each in the module of its name, which is imported when the command is used: a pool, tables and a web
client are much to load for a line of help.
"""

import gc
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import cast

import click
from click.exceptions import Exit
from click.shell_completion import CompletionItem

from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT

COMPLETING = "_BATCH_CREDITS_COMPLETE"  # with which click asks for what could be typed next

# What each does, in one line of `batch-credits --help`.
COMMANDS = {
    "check": "Load and validate a file; send nothing.",
    "run": "Credit every row still owed; run again to resume.",
    "work": "Send what a team's ledger owes, with others.",
    "status": "The batches in the ledger.",
    "report": "Write a batch's reports again, and close its payout.",
    "reconcile": "Ask Chargebee: settle doubt, then tie out.",
    "resolve": "Settle a row in review.",
    "reverse": "Undo a batch: deduct what it credited, each credit once.",
    "pack": "Write all of a batch as a sealed pack for an auditor.",
    "verify": "Whether a pack was changed, and adds up.",
    "ledger": "Look after the ledger: check, upgrade, copy.",
    "doctor": "What a first run could fail on, and what to do; sends nothing.",
    "explain": "What a code or a word means.",
    "template": "Write a file to fill in.",
    "approve": "Approve an order that another person made.",
    "approvers": "Who may approve: enrol, list, remove.",
    "init": "Write a profile of a site, by asking.",
    "watch": "Pay the files that are dropped into a folder.",
    "web": "Serve the page for finance: upload, check, send.",
    "sandbox": "Serve a local Chargebee on 127.0.0.1.",
}


@contextmanager
def loading() -> Iterator[None]:
    """While modules are imported, which takes a moment, Ctrl-C means that nothing was sent. They hold no garbage, and
    to look for it would take a tenth of that moment."""
    was_enabled, known = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    except KeyboardInterrupt:
        raise Exit(EXIT_NOTHING_SENT) from None
    finally:
        if len(sys.modules) > known:
            gc.freeze()
        if was_enabled:
            gc.enable()


class Loaded(Mapping[str, click.Command]):
    """The commands by name; to take one out is to load it."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in COMMANDS:
            raise KeyError(name)
        with loading():
            module = import_module(f"{__name__}.{name}")
        return cast(click.Command, getattr(module, name))

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Lazily(click.Group):
    """A group of all commands that names and describes them without loading one."""

    def __init__(self, *arguments: object, **attributes: object) -> None:
        super().__init__(*arguments, **attributes)  # type: ignore[arg-type]
        self.commands = Loaded()  # type: ignore[assignment]  # nobody adds to them

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their lines."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or while a shell asks what could be typed next, what answers for it sooner."""
        if ctx.resilient_parsing and COMPLETING in os.environ:  # others read a line so, too
            from batch_credits.cli.completing import stand_in_for, take_config

            take_config(ctx, args[1:])
            if (command := stand_in_for(args[0], args[1:])) is not None:
                return args[0], command, args[1:]
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands whose names begin so, with their lines; then the options of the group."""
        names = (name for name in self.list_commands(ctx) if name.startswith(incomplete))
        found = [CompletionItem(name, help=COMMANDS[name]) for name in names]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]
