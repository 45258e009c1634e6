"""The pages that people read, and what they speak of: links, commands, options, variables, codes, make targets."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from batch_credits.cli import batch_credits
from batch_credits.cli.config import leaves

ROOT = Path(__file__).parents[3]
TOP = ("README.md", "CONTRIBUTING.md")
OTHERS = ("sample_data/README.md",)
FENCE = re.compile(r"^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2 *$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
COMMANDS = dict(leaves(batch_credits))
GROUPS = {words.partition(" ")[0] for words in COMMANDS if " " in words}


@dataclass(frozen=True)
class Page:
    """A page, by its name in the repository."""

    name: str
    text: str

    @property
    def prose(self) -> str:
        """Its text without fenced code."""
        return FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What stands in it as code within a sentence, each on one line."""
        return [" ".join(span.split()) for span in SPAN.findall(self.prose)]

    def blocks(self, language: str) -> list[str]:
        """Its fenced code of this language."""
        return [text for _, _, of, text in FENCE.findall(self.text) if of == language]


@cache
def pages() -> tuple[Page, ...]:
    """All that are kept to the program. The changelog is not: it tells of what was."""
    names = [*TOP, *OTHERS, *(str(path.relative_to(ROOT)) for folder in ("docs", "deploy") for path in
                              sorted((ROOT / folder).rglob("*.md")))]  # fmt: skip
    return tuple(Page(name, (ROOT / name).read_text(encoding="utf-8")) for name in names)


def typed(block: str) -> Iterator[list[str]]:
    """The words of each command of ours that is typed in a console block."""
    for line in re.sub(r"\\\n\s*", " ", block).splitlines():
        if line.startswith("$ "):
            yield from ours(line.removeprefix("$ "))


def ours(line: str) -> Iterator[list[str]]:
    """The words after `batch-credits` of each such command in a line of a shell."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="|&;()<>")
    reader.whitespace_split = True
    reader.commenters = "#" if re.search(r"(^|\s)#", line) else ""
    command: list[str] = []
    for word in [*reader, ";"]:
        if not re.fullmatch(r"[|&;()<>]+", word):
            command.append(word)
            continue
        while command and (re.fullmatch(r"\w+=.*", command[0]) or command[0] in ("exec", "time", "nice", "sudo")):
            command.pop(0)
        if command and Path(command[0]).name == "batch-credits":
            yield command[1:]
        command = []


def parse(words: list[str]) -> None:
    """Read a command as the program would, without running it or looking at a file.

    Raises:
        click.UsageError: it would be refused.
    """
    if not words or words[0] in ("--help", "--version", "-h"):
        return
    name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
    if name not in COMMANDS:
        if words[0] in GROUPS and words[1:] in ([], ["--help"]):
            return
        raise click.UsageError(f"there is no command {name!r}")
    if "--help" in words:
        return
    command = COMMANDS[name]
    context = click.Context(command, info_name=name)
    given, left, _ = command.make_parser(context).parse_args(words[len(name.split()) :])
    if left:
        raise click.UsageError(f"{name} takes no {left}")
    for parameter in command.params:
        value = given.get(parameter.name or "")
        if parameter.required and not _is_there(value):
            raise click.MissingParameter(ctx=context, param=parameter)
        if _is_there(value) and not isinstance(parameter.type, click.Path | click.File):
            parameter.type_cast_value(context, value)


def _is_there(value: object) -> bool:
    return value is not None and value != () and type(value).__name__ != "Sentinel"
