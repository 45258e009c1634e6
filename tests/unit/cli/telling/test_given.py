"""Commands that are shown to be pasted run against the same ledger and the same site."""

from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.telling.given import again, given
from batch_credits.errors import (
    LEFT_OUT,
    BatchCreditsError,
    ControlError,
    InputError,
    KeyRefused,
    NotConfirmed,
    ReportsNotWritten,
    UsageError,
)
from tests.each import each


def asked(name: str, *arguments: str) -> click.Context:
    """The context of a call."""
    command = batch_credits.commands[name]
    parent = click.Context(batch_credits, **batch_credits.context_settings)  # commands keep the help they had first
    return command.make_context(name, list(arguments), parent=parent)


@pytest.mark.parametrize(
    ("arguments", "run", "resolve"),
    [
        (["payout.csv"], [], []),
        (["payout.csv", "--yes", "--rate", "5", "--reference", "q3"], [], []),
        (["payout.csv", "--sandbox", "--ledger", "my ledger"], ["--sandbox", "--ledger", "my ledger"],
         ["--ledger", "my ledger"]),
        (["payout.csv", "--base-url", "http://127.0.0.1:1", "--reports", "out"],
         ["--base-url", "http://127.0.0.1:1", "--reports", "out"], ["--base-url", "http://127.0.0.1:1"]),
        (["payout.csv", "--business-entity", "emea", "--site", "acme"], ["--business-entity", "emea", "--site", "acme"],
         ["--business-entity", "emea", "--site", "acme"]),
    ],
)  # fmt: skip
def test_what_was_said_is_said_again_where_it_is_taken(
    monkeypatch: Any, arguments: list[str], run: list[str], resolve: list[str]
) -> None:
    monkeypatch.setenv("BATCH_CREDITS_REPORTS", "elsewhere")  # which the next command sees by itself
    with asked("run", *arguments):
        assert given("run") == run
        assert given("resolve") == resolve


def test_a_report_of_another_ledger_names_it_too() -> None:
    with asked("report", "3f9a2b1c", "--ledger", "l"):
        assert (given("run"), given("reconcile"), given("reverse")) == (["--ledger", "l"],) * 3


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["check", "my file.csv", "--strict"], "batch-credits check 'my file.csv' --strict --header-row 4"),
        (["check", "--header-row", "2", "a.csv"], "batch-credits check a.csv --header-row 4"),
        (["check", "--header-row=2", "a.csv"], "batch-credits check a.csv --header-row 4"),
        (["check", "--", "-a.csv"], "batch-credits check --header-row 4 -- -a.csv"),
    ],
)
def test_the_command_is_said_again_with_what_it_lacked(words: list[str], command: str) -> None:
    assert again(words, InputError("no", remedies=[(("--header-row", "4"),)])) == [command]


RUN = ["run", "my file.csv", "-y", "--max-total", "USD=5", "--max-total=EUR=6", "--rate", "10", "--ledger", "l"]


@each(
    "error, commands",
    [
        (UsageError("no"), ["run 'my file.csv' -y --max-total USD=5 --max-total=EUR=6 --rate 10 --ledger l"]),
        (ControlError("no"), ["check 'my file.csv' --max-total USD=5 --max-total=EUR=6 --rate 10 --ledger l"]),
        (UsageError("no", instead=[("status",)]), ["status --ledger l"]),
        (UsageError("no", remedies=[(("--yes", LEFT_OUT), ("--rate", "0"))]),
         ["run 'my file.csv' --max-total USD=5 --max-total=EUR=6 --ledger l --rate 0"]),
        (ControlError("no", remedies=[(("--max-total", "USD=AMOUNT"),), (("--max-total", LEFT_OUT),)]),
         ["run 'my file.csv' -y --max-total=EUR=6 --rate 10 --ledger l --max-total USD=AMOUNT",
          "run 'my file.csv' -y --rate 10 --ledger l"]),
        (UsageError("no", remedies=[(("--deadline", "TIME"),), (("--deadline", LEFT_OUT),)]),  # of a profile's
         ["run 'my file.csv' -y --max-total USD=5 --max-total=EUR=6 --rate 10 --ledger l --deadline TIME"]),
        (NotConfirmed("no", remedies=[(("--yes", ""),)]),
         ["run 'my file.csv' --max-total USD=5 --max-total=EUR=6 --rate 10 --ledger l --yes"]),
        (NotConfirmed("Nothing was sent."), []),
        (KeyRefused("no"), []),
        (ReportsNotWritten("no"), []),
    ],
)  # fmt: skip
def test_what_was_refused_ends_with_a_command(error: BatchCreditsError, commands: list[str]) -> None:
    assert again(RUN, error) == [f"batch-credits {command}" for command in commands]


@pytest.mark.parametrize(
    "words",
    [
        ["check", "a.csv", "--map", "amount=Sum", "--map", "reference=No", "--encoding", "cp437"],
        ["check", "a.csv", "--map=amount=Sum", "--map=reference=No", "--encoding=cp437"],
    ],
)
def test_one_remedy_may_be_several_options_and_spares_other_columns(words: list[str]) -> None:
    remedy = (("--encoding", "cp1252"), ("--map", "amount=Betrag"), ("--map", "customer_id=Kunde"))
    [command] = again(words, InputError("no", remedies=[remedy]))
    kept = "--map reference=No" if "--map" in words else "--map=reference=No"
    assert command == (
        f"batch-credits check a.csv {kept} --encoding cp1252 --map amount=Betrag --map customer_id=Kunde"
    )


def test_an_option_that_the_command_does_not_have_is_no_remedy() -> None:
    elsewhere = UsageError("It was copied.", remedies=[(("--ledger", "l"),)])
    assert again(["ledger", "copy", "a", "b"], elsewhere) == ["batch-credits ledger copy a b"]
    assert again(["ledger", "check", "--ledger", "k"], elsewhere) == ["batch-credits ledger check --ledger l"]
