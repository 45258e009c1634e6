"""The command line: flags to settings, errors to messages and exit codes. The only place that prints.

Precedence: command line, then environment (`BATCH_CREDITS_<OPTION>`), then settings files (see config.py), then the
default.
"""

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

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
from batch_credits.errors import BatchCreditsError, NotConfirmed, UsageError


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
    except Exception as raised:
        error = raised
        if isinstance(raised, click.NoSuchOption):
            from batch_credits.cli.telling.meant import asking_of_slips

            error = asking_of_slips(raised)
        ending = _ending_of(error, words)
        if _says_events(words):
            from batch_credits.cli.telling.events import error_event

            error_event(*ending)
        else:
            _say_ending(error, ending)
        return ending.exit_code
    return int(code or 0)


class _Ending(NamedTuple):
    """What ended a command, as an error of ours, and the whole commands that would do what was meant."""

    error: BatchCreditsError
    exit_code: int
    commands: Sequence[str] = ()


def _ending_of(error: Exception, words: Sequence[str]) -> _Ending:
    match error:
        case click.ClickException():
            from batch_credits.cli.telling.meant import meant
            from batch_credits.text.masked import masked

            return _Ending(UsageError(masked(error.format_message())), EXIT_NOTHING_SENT, meant(words, error))
        case click.Abort() if isinstance(error.__cause__, KeyboardInterrupt):
            said = "Interrupted. Run the same command again to carry on."
            return _Ending(BatchCreditsError(said), EXIT_STOPPED)
        case click.Abort():
            return _Ending(NotConfirmed("Nothing was sent: the question had no answer."), EXIT_NOTHING_SENT)
        case BatchCreditsError():
            from batch_credits.cli.telling.given import again

            return _Ending(error, exit_code_of(error), again(words, error))
        case _:  # a bug of ours: even then a sentence, and what happened to the money
            return _Ending(_unexpected(error), EXIT_STOPPED)


def _say_ending(error: Exception, ending: _Ending) -> None:
    """Say it to a person."""
    match error:
        case click.ClickException():
            show_usage_error(error)
        case click.Abort():
            say(ending.error.message, err=True)
        case _:
            show_error(ending.error)
    for command in ending.commands:  # each on one line, however narrow the screen
        say(command, err=True)


def _says_events(words: Sequence[str]) -> bool:
    """Whether events were asked for, as far as that is known of a command line that may not be readable."""
    if words[:1] not in (["run"], ["reverse"]):
        return False
    given = [after for option, after in pairwise([*words, ""]) if option == "--log-format"]
    given += [word.partition("=")[2] for word in words if word.startswith("--log-format=")]
    return (given or [os.environ.get("BATCH_CREDITS_LOG_FORMAT", "")])[-1].lower() == "json"


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
