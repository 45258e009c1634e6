"""What a run asks: always in words, for it asks a person, and only where there is one."""

import sys
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import click

from batch_credits.cli.telling.picture import question_in_words
from batch_credits.cli.telling.screen import NO_BREAK, told
from batch_credits.cli.telling.speech import say
from batch_credits.errors import NotConfirmed, Remedy
from batch_credits.model.amounts import is_amount_of
from batch_credits.text.visible import visible
from batch_credits.views.amounts import Total
from batch_credits.views.question import Question

if TYPE_CHECKING:  # few runs have one
    from batch_credits.views.pilot import PilotView

TRIES = 3  # to type a total


class Asking:
    """Asks, whoever tells the rest."""

    def ask_before(self, question: Question) -> bool:
        """Whether the person says yes to all that was shown: with a word, or by typing the totals that must be."""
        text = question_in_words(question)
        return _ask_totals(text, question.to_type) if question.to_type else _ask(text)

    def ask_after_pilot(self, pilot: "PilotView") -> bool:
        """Whether the person says yes to the rest."""
        from batch_credits.cli.telling.pilot_table import pilot_question

        return _ask(pilot_question(pilot))


class Agreed(Protocol):
    """Somebody has agreed elsewhere to just what is to be sent."""

    @property
    def actor(self) -> str:
        """Who."""

    def refuse_other(self, question: Question) -> None:
        """Refuse to send anything else.

        Raises:
            NotConfirmed: it is something else.
        """


def said_yes_of(*, yes: bool, handed: Agreed | None) -> str:
    """How somebody says yes, for the record."""
    if handed is not None and yes:
        return f"typed on the page by {handed.actor}"
    return "--yes" if yes else "asked at the terminal"


def require_consent(asking: Asking, question: Question, *, yes: bool, handed: Agreed | None = None) -> None:
    """Go on only if somebody said yes to what was shown: at the terminal, or before (`yes`), or to just this on a page
    that handed it over. A total that must be typed is said with --expect-total by whoever said yes before.

    Raises:
        NotConfirmed: nobody did.
        click.Abort: Ctrl-C, or the end of the input.
    """
    if handed is not None and yes:
        handed.refuse_other(question)
        return
    if not question.plan.owed:
        return
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        if not asking.ask_before(question):
            raise NotConfirmed("Nothing was sent.")
    elif question.to_type:
        raise NotConfirmed(
            f"Nothing was sent: the total of {_names(question.to_type)} must be typed (--confirm-total), and "
            f"{'--yes does not say it' if yes else 'there is no terminal to ask'}.",
            hint="Look at the totals above. Say of each what the file's total is to be:",
            remedies=[_stated(question.to_type, yes=yes)],
        )
    elif not yes:
        raise NotConfirmed(
            "Nothing was sent: there is no terminal to ask, and --yes was not given.",
            hint="Look at the totals above. If they are right:",
            remedies=[(("--yes", ""),)],
        )


def _stated(totals: tuple[Total, ...], *, yes: bool) -> Remedy:
    stated = [("--expect-total", f"{total.currency}=TOTAL") for total in totals]
    return (*stated, *(() if yes else [("--yes", "")]))


def _names(totals: tuple[Total, ...]) -> str:
    return " and of ".join(total.currency for total in totals)


def _ask_totals(text: str, totals: tuple[Total, ...]) -> bool:
    """The question, then one for each total. Nothing typed is no.

    Raises:
        NotConfirmed: what was typed is not the total.
        click.Abort: Ctrl-C, or the end of the input.
    """
    say("\n".join(told(text, err=True)), err=True)
    for total in totals:
        for words in total.words:
            for _ in range(TRIES):
                typed = _prompt(f"If so, type the total in {total.currency}:")
                if not typed:
                    return False
                if is_amount_of(typed, words):
                    break
                say("\n".join(told(f"That is not {words}.", err=True)), err=True)
            else:
                raise NotConfirmed(f"Nothing was sent: the total in {total.currency} was not typed.")
    return True


def _prompt(text: str) -> str:
    _forget_what_was_typed()
    typed: str = click.prompt(
        visible(told(text, err=True)[-1]), default="", show_default=False, prompt_suffix=" ", err=True
    )
    return typed.strip()


def say_yes(question: str) -> bool:
    """Whether the person at the terminal says yes to a question that stands alone. No is the default.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    return _ask(question)


def _ask(text: str) -> bool:
    """A question whose last line takes the answer. No is the default, and what was typed before it shows is no answer.

    Raises:
        click.Abort: Ctrl-C, or the end of the input.
    """
    *lines, last = told(f"{text}{NO_BREAK}[y/N]:", err=True)  # no fold before what asks for the answer
    if lines:
        say("\n".join(lines), err=True)
    _forget_what_was_typed()
    return click.confirm(visible(last), default=False, show_default=False, prompt_suffix=" ", err=True)


def _forget_what_was_typed() -> None:
    with suppress(termios.error):  # no terminal after all
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
