"""Saying things to whoever still listens: money that moves must not depend on a pipe that somebody closed."""

import io
import os
import re
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO

import click

from batch_credits.cli.telling.screen import told
from batch_credits.errors import (
    BatchCreditsError,
    ControlError,
    FolderBusy,
    InputError,
    LedgerBusy,
    LedgerError,
    NoPlace,
    NotBegun,
    NotConfirmed,
    PersonNeeded,
    ReportsNotWritten,
    RunStopped,
    UnclearFile,
    UsageError,
)
from batch_credits.text.colour import coloured, takes_colour
from batch_credits.text.visible import visible_lines

EXIT_NOTHING_SENT = 2
EXIT_PERSON_MUST_LOOK = 3
EXIT_STOPPED = 4
EXIT_LEDGER_IN_USE = 5
_AFTER_SENDING = (RunStopped, ReportsNotWritten)  # money may have moved, so nobody may read "nothing was sent"


Paint = Callable[[str], str]


def say(text: str, *, err: bool = False, paint: Paint | None = None) -> None:
    """Show a text of one or several lines, with nothing in it that would act on the screen but the colours of `paint`,
    where the terminal has any."""
    safe = visible_lines(text)
    click.echo(paint(safe) if paint and takes_colour(sys.stderr if err else sys.stdout) else safe, err=err)


def show_error(error: BatchCreditsError) -> None:
    """What happened, and what to do now."""
    mark = "" if isinstance(error, NotConfirmed) else "Error: "  # a no is no error
    say("\n".join(told(f"{mark}{error.message}", err=True)), err=True, paint=_painted_error)
    if isinstance(error, UnclearFile) and error.suggestions:
        say("\n".join(_suggestion_lines(error)), err=True)
    elif error.hint:
        say("\n".join(told(error.hint, "  ", err=True)), err=True)


def _suggestion_lines(unclear: UnclearFile) -> list[str]:
    """What a file seems to need, an option a line with its reason; and what to do about what only a person knows."""
    options = "these options" if len(unclear.suggestions) > 1 else "this option"
    lines = told(f"It can be read with {options}:", "  ", err=True)
    for option, value, reason, _ in unclear.suggestions:
        lines += told(f"{option} {value}: {reason}", "    ", err=True)
    if any(each.is_open for each in unclear.suggestions):
        lines += told("What stands in capitals only you can know: replace it.", "  ", err=True)
    if unclear.still:
        lines += told(f"Mend this too, or it will still be refused: {unclear.still}", "  ", err=True)
    return lines


def _painted_error(text: str) -> str:
    return re.sub(r"\AError:", lambda mark: coloured(mark[0], "red"), text)


def show_usage_error(error: click.ClickException) -> None:
    """The same for what click has against a command line, with how the command is used."""
    from batch_credits.text.masked import masked

    text = io.StringIO()
    error.show(file=text)
    say(masked(text.getvalue().rstrip("\n")), err=True)


def exit_code_of(error: BatchCreditsError) -> int:
    """What the process says to scripts when this error ends it."""
    if isinstance(error, PersonNeeded):
        return EXIT_PERSON_MUST_LOOK
    if isinstance(error, (LedgerBusy, FolderBusy)):
        return EXIT_LEDGER_IN_USE
    return EXIT_STOPPED if isinstance(error, _AFTER_SENDING) else EXIT_NOTHING_SENT


def kind_of(error: BatchCreditsError) -> str:
    """What kind of error it is, for programs: whose fault it is, and whether it may pass by itself."""
    return next(kind for of, kind in _KINDS if isinstance(error, of))


_KINDS = (
    (UnclearFile, "unclear"),
    (InputError, "input"),
    (ControlError, "control"),
    (NoPlace, "place"),
    (UsageError, "usage"),
    (LedgerError, "ledger"),
    (NotBegun, "interrupted"),
    (BatchCreditsError, "other"),
)


def unfailing(stream: TextIO | None, number: int) -> TextIO:
    """The same stream, but what nobody reads, or there is no room for, goes nowhere, and characters that it has not are
    escaped. A stream that was closed (`None`) is one that nobody reads; `number` is that of its file."""
    raw = _Unfailing(number, "wb", closefd=False)
    encoding = "utf-8" if stream is None else stream.encoding
    is_error = number == 2
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=is_error or raw.isatty()
    )


class _Unfailing(io.FileIO):
    def write(self, content: Any, /) -> int:
        """Write it, or let it and all that follows go nowhere: else Python would fail at the end with its own code."""
        try:
            while (count := super().write(content)) is None:  # the terminal is shared with one who does not wait
                select.select((), (self.fileno(),), ())
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(content).nbytes
        return count
