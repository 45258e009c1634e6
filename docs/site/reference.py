"""The pages of docs/reference, as the program itself would write them: commands, settings, codes and words.

`python -m docs.site.reference` (`make reference`) writes them. They are kept beside the other pages, so that whoever
has the repository alone can read them, and a test holds that they are what this would write.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from batch_credits.cli import batch_credits
from batch_credits.cli.commands import COMMANDS
from batch_credits.cli.config import USERS_OWN, leaves
from batch_credits.cli.options.sections import SECTIONS, Sectioned
from batch_credits.cli.origins import CHANGE_MONEY
from batch_credits.cli.setting import LEASE, QUARANTINE, WINDOW, Setting
from batch_credits.explanations import Explanation, Kind, all_explanations
from docs.site import interface, schemas

FOLDER = Path(__file__).parents[1] / "reference"
_MADE = "<!-- Written by `make reference` from the program. To change it, change what `--help` or `explain` says. -->"
_NAMES_OF_OTHERS = ("--help", "--version")


class Group(NamedTuple):
    """The options of a command that its help shows under one title."""

    title: str
    options: list[click.Option]


def pages() -> dict[str, str]:
    """Every page of the reference, by the name of its file."""
    commands = dict(leaves(batch_credits))
    found = {f"{name}.md": _page_of_command(name, commands) for name in COMMANDS}
    if (of_schemas := schemas.page(_MADE, _escaped)) is not None:
        found["schemas.md"] = of_schemas
    return {
        "index.md": _page_of_commands(),
        **found,
        "settings.md": _page_of_settings(commands),
        "codes.md": _page_of_codes(),
        "glossary.md": _page_of_words(),
        "python.md": interface.page(_MADE, _escaped),
    }


def write() -> list[Path]:
    """Write them all, and take away what is none of them any more."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for gone in {path.name for path in FOLDER.glob("*.md")} - wanted.keys():
        (FOLDER / gone).unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return [FOLDER / name for name in wanted]


def _page_of_commands() -> str:
    lines = [
        "# Commands",
        _MADE,
        "",
        "Each page says what a command does, and every option of it: its variable, and its name in a settings file.",
        "The same is in `batch-credits COMMAND --help`, with what a file or a variable sets at present.",
        "",
        "| command | what it does |",
        "|---|---|",
        *(f"| [`{name}`]({name}.md) | {line} |" for name, line in COMMANDS.items()),
        "",
        "- [Settings](settings.md): every option that a variable or a settings file can set, and who may set it.",
        "- [Codes](codes.md): every outcome, reason and exit code, with what to do; as `batch-credits explain CODE`.",
        "- [Words](glossary.md): what is meant by batch, payout, ledger and so on.",
        "- [Schemas](schemas.md): what the program writes for other programs.",
        "- [The Python interface](python.md): every name that a program may use.",
        "",
        "Every command ends with one of the [exit codes](../results.md#exit-codes) 0 to 5.",
    ]
    return "\n".join(lines) + "\n"


def _page_of_command(name: str, commands: dict[str, click.Command]) -> str:
    command = batch_credits.commands[name]
    lines = [f"# {name}", _MADE, ""]
    if not isinstance(command, click.Group):
        return "\n".join([*lines, *_told(name, commands[name], "##")]).rstrip() + "\n"
    lines[-1:] = [*_prose(command), ""]
    for words, each in commands.items():
        if words.startswith(f"{name} "):
            lines += [f"## {words}", "", *_told(words, each, "###")]
    return "\n".join(lines).rstrip() + "\n"


def _told(words: str, command: click.Command, heading: str) -> Iterator[str]:
    """A command's usage, its words, its options in sections, and what stands below them."""
    context = click.Context(command, info_name=f"batch-credits {words}")
    yield "```text"
    yield " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield "```"
    yield from _prose(command)
    for group in _groups(command, context):
        yield ""
        yield f"{heading} {group.title}"
        yield ""
        yield "| option | what it does | variable, name in a settings file |"
        yield "|---|---|---|"
        yield from (_row(option, context) for option in group.options)
    formatter = click.HelpFormatter(width=100)
    command.format_epilog(context, formatter)
    if epilog := formatter.getvalue().strip("\n"):
        yield from ("", f"{heading} More", "", "```text", *epilog.splitlines(), "```")
    yield ""


def _prose(command: click.Command) -> Iterator[str]:
    """What its help says: paragraphs, and the lines that are to stay as they are, as commands or as text."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        yield ""
        if not paragraph.startswith("\b\n"):
            yield _escaped(" ".join(paragraph.split()))
        else:
            examples = paragraph.removeprefix("\b\n").splitlines()
            are_commands = all(line.startswith("batch-credits ") for line in examples)
            yield "```console" if are_commands else "```text"
            yield from (f"$ {_with_comment(line)}" if are_commands else line for line in examples)
            yield "```"


def _with_comment(line: str) -> str:
    """`batch-credits check x.csv      look first` with a mark before what is no part of the command."""
    return re.sub(r"(\S {2,})(?=[a-z])", r"\1# ", line, count=1)


def _groups(command: click.Command, context: click.Context) -> Iterator[Group]:
    """The options in the sections of help; those of a command without sections in one."""
    options = {
        next(name for name in each.opts if name.startswith("--")): each
        for each in command.get_params(context)
        if isinstance(each, click.Option) and not each.hidden
    }
    for name in _NAMES_OF_OTHERS:
        options.pop(name, None)
    if isinstance(command, Sectioned):
        for title, flags in SECTIONS.items():
            if shown := [options.pop(flag) for flag in flags if flag in options]:
                yield Group(title, shown)
    if options:
        yield Group("Options", list(options.values()))


def _row(option: click.Option, context: click.Context) -> str:
    flags = ", ".join(f"`{name}`" for name in [*reversed(option.opts), *option.secondary_opts])
    if isinstance(option.type, click.Choice) and option.metavar is None:
        flags += " " + " or ".join(f"`{choice}`" for choice in option.type.choices)
    elif not option.is_flag:
        flags += f" `{option.make_metavar(context)}`"
    text, _, noted = (option.help or "").partition("  [")
    extra = option.get_help_extra(context)
    default = noted.rstrip("]").removeprefix("default: ") or extra.get("default")
    said = _escaped(text)
    if extra.get("required"):
        said += " *Required.*"
    elif default and not noted.startswith("env: "):
        said += f" *Default: {_escaped(default)}.*"
    return f"| {flags} | {said} | {_set_by(option)} |"


def _set_by(option: click.Option) -> str:
    """Its variable and its name in a settings file, a line each."""
    return f"`{option.envvar}`<br>`{_key(option.flag)}`" if isinstance(option, Setting) else "none"


def _key(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _escaped(text: str) -> str:
    """Text as Markdown that says the same: what would be a mark is none."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _plain(part) for part in parts)


def _plain(text: str) -> str:
    for mark in "\\*_|[]<":
        text = text.replace(mark, f"\\{mark}")
    return re.sub(r"(?<![\w\\-])(--[a-z][a-z-]+)", r"`\1`", text)


def _page_of_settings(commands: dict[str, click.Command]) -> str:
    takers: dict[str, tuple[Setting, list[str]]] = {}
    for words, command in commands.items():
        for each in command.params:
            if isinstance(each, Setting):
                takers.setdefault(f"{each.flag} {each.envvar}", (each, []))[1].append(words)
    lines = [
        "# Settings",
        _MADE,
        "",
        "Every option that a variable or a settings file can set as well. What goes before what, and where the files",
        "lie, is in [For operators](../operators.md#settings).",
        "",
        "*Money*: it changes what is paid, to whom or as what. Where such an option was not typed, it is shown with",
        "its origin before anything is sent. *Own only*: a settings file in the working directory may not set it.",
        "",
        "| option | variable, name in a settings file | commands | changes money |",
        "|---|---|---|---|",
    ]
    for option, names in sorted(takers.values(), key=lambda each: each[0].flag):
        marks = ["money"] * (option.flag in CHANGE_MONEY) + ["own only"] * (option.flag in USERS_OWN)
        links = ", ".join(f"[{name}]({_anchor(name)})" for name in names)
        lines.append(f"| `{option.flag}` | {_set_by(option)} | {links} | {', '.join(marks) or 'no'} |")
    lines += [
        "",
        "## Variables without an option",
        "",
        "| variable | what it is |",
        "|---|---|",
        "| `CHARGEBEE_API_KEY` | the API key, where no `--api-key-file` names a file with it; never an argument |",
        f"| `{QUARANTINE}` | seconds, 420 by default: how long a request may still be under way |",
        f"| `{LEASE}` | seconds, 60 by default: how long a process holds customers without a sign of life |",
        f"| `{WINDOW}` | seconds, 60 by default, that `--rate` counts over; another value is for a sandbox here |",
    ]
    return "\n".join(lines) + "\n"


def _anchor(words: str) -> str:
    """Where a command is told: a group's on its page."""
    group, _, name = words.partition(" ")
    return f"{group}.md" + (f"#{group}-{name}" if name else "")


def _page_of_codes() -> str:
    lines = [
        "# Codes",
        _MADE,
        "",
        "Every code that stands in a report, and every exit code: what happened, what it means for the money,",
        "and what to do. `batch-credits explain CODE` says the same at a terminal.",
    ]
    for kind in Kind:
        if kind is not Kind.WORD:
            lines += ["", f"## {kind.value[0].upper()}{kind.value[1:].replace('_', chr(92) + '_')}"]
            lines += _explained([each for each in all_explanations() if each.kind is kind])
    return "\n".join(lines) + "\n"


def _page_of_words() -> str:
    lines = ["# Words", _MADE, "", "The words that this program uses in a meaning of their own."]
    lines += _explained([each for each in all_explanations() if each.kind is Kind.WORD])
    return "\n".join(lines) + "\n"


def _explained(found: Sequence[Explanation]) -> Iterator[str]:
    for each in found:
        status = f" (HTTP {each.status})" if each.status and str(each.status) != each.code else ""
        yield from ("", f"### {each.code.replace('_', chr(92) + '_')}{status}", "")
        yield _escaped(each.happened)
        yield ""
        yield f"- **The money**: {_escaped(each.money)}"
        yield f"- **What to do**: {_escaped(each.to_do)}"


if __name__ == "__main__":
    for path in write():
        print(path)
