"""The page that `man batch-credits` shows, as the program itself would write it.

`python -m docs.man.manual` (`make man`) writes docs/man/batch-credits.1, which the wheel carries to share/man/man1. It
is kept beside the other pages, since a wheel is built where the program cannot run yet; a test holds that it is what
this would write.
"""

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from batch_credits import __version__
from batch_credits.cli import batch_credits
from batch_credits.cli.commands import COMMANDS
from batch_credits.cli.config import leaves
from batch_credits.cli.options.sections import SECTIONS, Sectioned
from batch_credits.cli.setting import Setting
from batch_credits.explanations import Explanation, Kind, all_explanations

PAGE = Path(__file__).with_name("batch-credits.1")
_MADE = r'.\" Written by `make man` from the program. To change it, change what --help or explain says.'
_VARIABLES = (
    ("CHARGEBEE_SITE", "The site, as --site."),
    ("CHARGEBEE_API_KEY", "Its key, which is never an argument; or a file that --api-key-file names."),
    ("CHARGEBEE_BASE_URL", "Scheme and host, as --base-url."),
    ("BATCH_CREDITS_<OPTION>", "Each option that names its variable above; the command line goes before it."),
)
_FILES = (
    ("~/.config/batch-credits/batch-credits.toml", "The user's own settings, and [profiles.NAME]."),
    ("./batch-credits.toml, ./pyproject.toml", "Those of a working directory, which may set less."),
    ("~/.local/share/batch-credits/", "The ledger, the program's only memory: back it up."),
)


def page() -> str:
    """The whole page, in the macros of man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _MADE
    yield f'.TH BATCH\\-CREDITS 1 "" "batch\\-credits {__version__}" "User commands"'
    summary, *more = _paragraphs(batch_credits)
    yield from (".SH NAME", "batch\\-credits \\-", *_filled(summary[0].lower() + summary[1:].rstrip(".")))
    yield from (".SH SYNOPSIS", ".B batch\\-credits", ".I COMMAND", "[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]")
    yield ".SH DESCRIPTION"
    for paragraph in more:
        yield from _shown(paragraph)
    yield from _told((name.replace("-", r"\-"), line) for name, line in COMMANDS.items())
    yield ".PP"
    yield from _filled("--version says which version it is; -h and --help, behind any command too, what it does.")
    yield ".SH COMMANDS"
    for words, command in leaves(batch_credits):
        yield from _command(words, command)
    yield ".SH EXIT STATUS"
    yield from _told((each.code, _in_full(each)) for each in all_explanations() if each.kind is Kind.EXIT)
    yield ".SH ENVIRONMENT"
    yield from _told((_text(name), text) for name, text in _VARIABLES)
    yield ".SH FILES"
    yield from _told((_text(name), text) for name, text in _FILES)
    yield ".SH SEE ALSO"
    yield from _filled("batch-credits explain, which says of every code what it means and what to do.")


def _command(words: str, command: click.Command) -> Iterator[str]:
    """A command: how it is called, what it does, and its options in the sections that its help has."""
    context = click.Context(command, info_name=f"batch-credits {words}")
    yield f".SS {_text(words)}"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f".B {_text(usage)}"
    for paragraph in _paragraphs(command):
        yield from (".PP", *_shown(paragraph))
    for title, options in _groups(command):
        yield from (".PP", f"\\fI{_text(title)}\\fR")
        yield from _told((_flags(each, context), _help(each, context)) for each in options)
    formatter = click.HelpFormatter(width=78)
    command.format_epilog(context, formatter)
    if epilog := formatter.getvalue().strip("\n"):
        yield from (".PP", *_example(epilog.splitlines()))


def _groups(command: click.Command) -> Iterator[tuple[str, list[click.Option]]]:
    """All options but --help, by title."""
    left = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    for title, flags in SECTIONS.items() if isinstance(command, Sectioned) else ():
        named = [each for flag in flags for each in left if flag in each.opts]
        if named:
            yield title, named
            left = [each for each in left if each not in named]
    if left:
        yield "Options", left


def _flags(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in [*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} \\fI{_text(option.make_metavar(context))}\\fR"


def _help(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    said = "" if record is None else record[1]
    return f"{said}  [{option.envvar}]" if isinstance(option, Setting) and str(option.envvar) not in said else said


def _in_full(explanation: Explanation) -> str:
    return f"{explanation.happened} {explanation.money} {explanation.to_do}"


def _paragraphs(command: click.Command) -> list[str]:
    return inspect.cleandoc(command.help or "").split("\n\n")


def _shown(paragraph: str) -> list[str]:
    """A paragraph: as text, or as lines that stay as they are."""
    if not paragraph.startswith("\b\n"):
        return _filled(paragraph)
    return _example(paragraph.removeprefix("\b\n").splitlines())


def _example(lines: list[str]) -> list[str]:
    return [".RS", ".nf", *map(_text, lines), ".fi", ".RE"]


def _told(pairs: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Names, already in the macros' own words, each with its text."""
    for name, text in pairs:
        yield from (".TP", name, *_filled(text))


def _filled(text: str) -> list[str]:
    """A text whose lines are joined again, however wide the screen. A long line is bad manners in a page's source."""
    return [_text(line) for line in textwrap.wrap(text, 66, break_long_words=False, break_on_hyphens=False)]


def _text(text: str) -> str:
    """A text that says itself: no letter of it is a command, and hyphens can be copied into a shell."""
    said = re.sub(r"[\\\-`'^~\"]", lambda mark: _SPELT[mark[0]], text)
    return f"\\&{said}" if said.startswith((".", "'", "\\(aq")) else said


_SPELT = {"\\": r"\e", "-": r"\-", "`": r"\(ga", "'": r"\(aq", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
