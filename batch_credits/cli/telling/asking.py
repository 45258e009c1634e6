"""What a run asks: always in words, for it asks a person, and only where there is one."""

import sys
import termios
from contextlib import suppress

import click

from batch_credits.cli.telling.picture import question_in_words
from batch_credits.cli.telling.pilot_table import pilot_question
from batch_credits.cli.telling.screen import NO_BREAK, told
from batch_credits.cli.telling.speech import say
from batch_credits.errors import NotConfirmed
from batch_credits.text.visible import visible
from batch_credits.views.pilot import PilotView
from batch_credits.views.question import Question


class Asking:
    """Asks, whoever tells the rest."""

    def ask_before(self, question: Question) -> bool:
        """Whether the person says yes to all that was shown."""
        return _ask(question_in_words(question))

    def ask_after_pilot(self, pilot: PilotView) -> bool:
        """Whether the person says yes to the rest."""
        return _ask(pilot_question(pilot))


def refuse_without_terminal() -> None:
    """Refuse to go on where nobody can be asked.

    Raises:
        NotConfirmed: there is no terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise NotConfirmed(
            "Nothing was sent: there is no terminal to ask, and --yes was not given.",
            hint="Look at the totals above; if they are right, run again with --yes.",
        )


def _ask(text: str) -> bool:
    """A question whose last line takes the answer. No is the default, and what was typed before it shows is no answer.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    *lines, last = told(f"{text}{NO_BREAK}[y/N]:", err=True)  # no fold before what asks for the answer
    if lines:
        say("\n".join(lines), err=True)
    with suppress(termios.error):  # no terminal after all
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    return click.confirm(visible(last), default=False, show_default=False, prompt_suffix=" ", err=True)
