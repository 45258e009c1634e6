"""Saying things to whoever still listens: money that moves must not depend on a pipe that somebody closed."""

import os
import sys

import click


def say(text: str, *, err: bool = False) -> None:
    """Show a text, unless nobody reads any more or the disk behind the stream is full."""
    try:
        click.echo(text, err=err)
    except OSError:
        _silence(err=err)


def _silence(*, err: bool) -> None:
    """Let what is left in the stream go nowhere, or Python would try again at its end and fail with its own code."""
    stream = sys.stderr if err else sys.stdout
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
