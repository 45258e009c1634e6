"""The command line: flags to settings, errors to messages and exit codes. The only place that prints.

Precedence: command line, then environment (`BATCH_CREDITS_<OPTION>`), then settings files (see config.py), then the
default.
"""

import os
import sys
from collections.abc import Sequence

import click

from batch_credits import __version__
from batch_credits.cli.commands import Lazily, loading
from batch_credits.cli.telling.speech import (
    EXIT_NOTHING_SENT,
    EXIT_STOPPED,
    exit_code_of,
    say,
    show_error,
    show_usage_error,
)
from batch_credits.errors import BatchCreditsError


@click.group(cls=Lazily, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="batch-credits")
@click.pass_context
def batch_credits(context: click.Context) -> None:
    """Add a file of promotional credits to Chargebee customers, each one exactly once.

    \b
    batch-credits check payout.csv        look before you pay: totals and every problem
    batch-credits run payout.csv          credit every row still owed; run again to resume
    """
    # What says what to do, whatever is wrong, and what an auditor calls who has nothing but a pack.
    if context.invoked_subcommand not in ("explain", "verify"):
        with loading():
            from batch_credits.cli.config import take_settings
            from batch_credits.cli.setting import PROBLEMS
        if context.invoked_subcommand == "doctor":
            context.meta[PROBLEMS] = []  # which says all of them
        take_settings(context)

def run_command_line(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code; every error has become a message."""
    try:
        return _run_command_line(arguments)
    except KeyboardInterrupt:  # while such a message was being said
        return EXIT_STOPPED


def _run_command_line(arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else [*arguments]
    try:
        code = batch_credits.main(words, prog_name="batch-credits", standalone_mode=False, obj=words)
    except click.ClickException as error:
        show_usage_error(error)
        _show_commands(_meant(words, error))
        return EXIT_NOTHING_SENT
    except click.Abort as abort:
        if not isinstance(abort.__cause__, KeyboardInterrupt):
            say("Nothing was sent: the question had no answer.", err=True)
            return EXIT_NOTHING_SENT
        say("Interrupted. Run the same command again to carry on.", err=True)
        return EXIT_STOPPED
    except BatchCreditsError as error:
        show_error(error)
        _show_commands(_again(words, error))
        return exit_code_of(error)
    except Exception as error:  # a bug of ours: even then a sentence, and what happened to the money
        show_error(_unexpected(error))
        return EXIT_STOPPED
    return int(code or 0)


def _show_commands(commands: Sequence[str]) -> None:
    """The whole commands that would do what was meant, each on one line, however narrow the screen."""
    for command in commands:
        say(command, err=True)


def _again(words: Sequence[str], error: BatchCreditsError) -> list[str]:
    from batch_credits.cli.telling.given import again

    return again(words, error)


def _meant(words: Sequence[str], error: click.ClickException) -> list[str]:
    from batch_credits.cli.telling.meant import meant

    return meant(words, error)


def _unexpected(error: Exception) -> BatchCreditsError:
    import tempfile
    import traceback

    carry_on = "The ledger knows what was sent: running again carries on."
    try:
        descriptor, path = tempfile.mkstemp(prefix="batch-credits-", suffix=".txt")  # private, as mkstemp makes them
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            traceback.print_exception(error, file=stream)
    except OSError as no_place:
        details = f"The details cannot be written down: {no_place.strerror or no_place}."
    else:
        details = f"The details, for a bug report: {path}"
    if isinstance(error, OSError):  # nobody's bug, where a disk is full or a file went away
        said = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
        return BatchCreditsError(f"The system refused something: {said}.", hint=f"Mend it. {carry_on} {details}")
    return BatchCreditsError(f"This is a bug in batch-credits: {type(error).__name__}.", hint=f"{carry_on} {details}")
