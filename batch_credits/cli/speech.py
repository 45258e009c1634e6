"""Saying things to whoever still listens: money that moves must not depend on a pipe that somebody closed."""

import os
import sys

import click

from batch_credits.cli.screen import told
from batch_credits.errors import BatchCreditsError, NotConfirmed, PersonNeeded, RunStopped
from batch_credits.reporter import ReportsNotWritten

EXIT_NOTHING_SENT = 2
EXIT_PERSON_MUST_LOOK = 3
EXIT_STOPPED = 4
_AFTER_SENDING = (RunStopped, ReportsNotWritten)  # money may have moved, so nobody may read "nothing was sent"


def say(text: str, *, err: bool = False) -> None:
    """Show a text, unless nobody reads any more or the disk behind the stream is full."""
    try:
        click.echo(text, err=err)
    except OSError:
        _silence(err=err)


def show_error(error: BatchCreditsError) -> None:
    """What happened, and what to do now."""
    mark = "" if isinstance(error, NotConfirmed) else "Error: "  # a no is no error
    say("\n".join(told(f"{mark}{error.message}", err=True)), err=True)
    if error.hint:
        say("\n".join(told(error.hint, "  ", err=True)), err=True)


def exit_code_of(error: BatchCreditsError) -> int:
    """What the process says to scripts when this error ends it."""
    if isinstance(error, PersonNeeded):
        return EXIT_PERSON_MUST_LOOK
    return EXIT_STOPPED if isinstance(error, _AFTER_SENDING) else EXIT_NOTHING_SENT


def _silence(*, err: bool) -> None:
    """Let what is left in the stream go nowhere, or Python would try again at its end and fail with its own code."""
    stream = sys.stderr if err else sys.stdout
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
