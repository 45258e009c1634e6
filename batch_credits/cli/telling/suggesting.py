"""What a file seems to need to be read, offered at a terminal one by one. Nothing is taken without a yes."""

import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click

from batch_credits.cli.profiles import keep_profile, refuse_name
from batch_credits.cli.setting import Setting
from batch_credits.cli.telling.screen import told
from batch_credits.cli.telling.speech import say, show_error
from batch_credits.errors import InputError, Remedy, Suggestion, UnclearFile
from batch_credits.loader.opening import open_source
from batch_credits.loader.source import Source
from batch_credits.loader.suggestions.reading import check_value, with_options
from batch_credits.model.amounts import money_in_words
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.settings import InputOptions

ROWS_SHOWN = 3
_NOT_TAKEN = "-"
# Kept in a profile, the reference would be the next payout's too, which then seems paid; and the sheet may be last
# month's, which stands in the next workbook as well and would be paid once more.
_OF_ONE_PAYOUT = ("--reference", "--sheet")


class Opened(NamedTuple):
    """A source, the options that it was read with, and those of them that a person said yes to just now."""

    source: Source
    options: InputOptions
    taken: Remedy = ()


def open_or_ask(path: Path, options: InputOptions, *, may_ask: bool) -> Opened:
    """Open a file; where it is not clear how to read it, and there is a terminal, ask a person and open it so.

    Raises:
        InputError: the file is refused, or the person took too little.
        click.Abort: Ctrl-C, or the end of the input.
    """
    try:
        return Opened(open_source(path, options), options)
    except UnclearFile as unclear:
        if not (may_ask and unclear.suggestions and sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
            raise
        show_error(unclear)
        say("", err=True)
        if not click.confirm("Take them one by one now?", default=True, err=True):
            raise
        taken = _taken(unclear.suggestions)
    chosen = with_options(options, taken)
    source = open_source(path, chosen)
    _show_rows(source)
    return Opened(source, chosen, taken)


def offer_profile(taken: Remedy) -> None:
    """Offer to keep what was taken, for the next file of the kind."""
    kept = tuple(each for each in taken if each[0] not in _OF_ONE_PAYOUT)
    if not kept:
        return
    say("", err=True)
    question = "Keep these options as a profile for the next file of this kind? Its name, or Enter for none"
    while name := click.prompt(question, default="", show_default=False, err=True).strip():
        if (wrong := refuse_name(name)) is None:
            path = keep_profile(name, kept)
            say("\n".join(told(f"Kept in {path}. Next time: --profile {name} and a --reference.", err=True)), err=True)
            return
        say(f"{wrong} Give another.", err=True)


def _taken(suggestions: tuple[Suggestion, ...]) -> Remedy:
    """What a person takes: each as it is suggested, or with a value of their own, or not at all."""
    say("\n".join(told(f"Enter takes what stands in brackets; {_NOT_TAKEN} takes nothing.", err=True)), err=True)
    taken = []
    for number, suggestion in enumerate(suggestions, 1):
        what, suggested = _asked(suggestion)
        say("\n".join(told(suggestion.reason, f"  {number} of {len(suggestions)}  ", err=True)), err=True)
        default = None if suggestion.is_open else suggested
        text = click.prompt(f"  {what}", default=default, err=True, value_proc=_value_of(suggestion))
        if text != _NOT_TAKEN:
            taken.append((suggestion.option, _as_typed(suggestion, text)))
    return tuple(taken)


def _asked(suggestion: Suggestion) -> tuple[str, str]:
    """What is asked for, and its suggested value: of a mapping the column alone."""
    if suggestion.option != "--map":
        return suggestion.option, suggestion.value
    field, _, header = suggestion.value.partition("=")
    return f"column for {field}", header


def _as_typed(suggestion: Suggestion, text: str) -> str:
    return f"{suggestion.value.partition('=')[0]}={text}" if suggestion.option == "--map" else text


def _value_of(suggestion: Suggestion) -> Callable[[str], str]:
    """Judges what is typed as the option itself would, so that a slip is said at once."""
    context = click.get_current_context()
    [parameter] = [p for p in context.command.params if isinstance(p, Setting) and p.flag == suggestion.option]

    def value(text: str) -> str:
        plain = text.strip()
        if plain != _NOT_TAKEN:
            parameter.type.convert(_as_typed(suggestion, plain), parameter, context)
            try:
                check_value(suggestion.option, plain)
            except InputError as error:
                raise click.BadParameter(f"{error.message} {error.hint}".rstrip(), context, parameter) from None
        return plain

    return value


def _show_rows(source: Source) -> None:
    read = (row for chunk in source.chunks() for row in chunk if row.request is not None)
    lines = []
    for row in islice(read, ROWS_SHOWN):
        assert row.request is not None, "chosen so"
        lines += told(_in_words(row.request, source), f"  row {row.row_number}: ", err=True)
    say("\n".join(["So read, the first rows would be paid like this:", *lines, ""]), err=True)


def _in_words(request: CreditRequest, source: Source) -> str:
    money = money_in_words(request.money, dict(source.options.currency_exponents))
    return f"{money} to {request.customer_id}, reference {request.reference}, described as {request.description!r}"
