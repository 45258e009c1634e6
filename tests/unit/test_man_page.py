"""The page for `man`: what the program says of itself, all of it."""

import re

import click

from batch_credits import __version__
from batch_credits.cli import batch_credits
from batch_credits.cli.config import leaves
from docs.man.manual import PAGE, page
from tests.each import each

KEPT = PAGE.read_text(encoding="utf-8")
COMMANDS = dict(leaves(batch_credits))


def plain(roff: str) -> str:
    """The page's words, as a screen shows them."""
    text = re.sub(r"\\f[BIR]|\\&|^\.[A-Za-z]+ ?", "", roff, flags=re.MULTILINE)
    for spelt, letter in (("aq", "'"), ("ga", "`"), ("ha", "^"), ("ti", "~"), ("dq", '"')):
        text = text.replace(rf"\({spelt}", letter)
    return " ".join(text.replace(r"\-", "-").replace(r"\e", "\\").split())


def test_it_is_what_the_program_would_write() -> None:
    assert page() == KEPT, "run `make man`"
    assert f"batch\\-credits {__version__}" in KEPT and KEPT.isascii()


@each("words", COMMANDS)
def test_every_command_with_every_option_and_what_it_does(words: str) -> None:
    [(said)] = re.findall(rf"^\.SS {re.escape(words)}\n(.*?)(?=^\.S[SH] )", KEPT, re.MULTILINE | re.DOTALL)
    said = plain(said)
    command = COMMANDS[words]
    shown = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
    for option in shown:
        assert all(f"{name} " in f"{said} " or f"{name}," in said for name in option.opts), option.opts
        assert " ".join((option.help or "").split()) in said, option.opts
    assert " ".join((command.help or "").replace("\b", "").split())[:200] in said


def test_no_line_is_taken_for_a_macro() -> None:
    macros = {line.split()[0] for line in KEPT.splitlines() if line.startswith((".", "'"))}
    assert macros <= {'.\\"', ".TH", ".SH", ".SS", ".B", ".I", ".PP", ".TP", ".RS", ".RE", ".nf", ".fi"}
    assert {line for line in COMMANDS if line not in plain(KEPT)} == set()
