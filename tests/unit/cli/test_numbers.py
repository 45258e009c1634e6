"""Numbers: whatever sets one, it is a number within its bounds, or nothing is done. `nan` is within any bounds."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits, run_command_line

WHOLE = (click.types.IntParamType, click.IntRange)
FRACTION = (click.types.FloatParamType, click.FloatRange)
NO_NUMBER = ["nan", "-nan", "NaN", "inf", "-inf", "infinity", "1e999", "-1", "two", "0x10", "1,5", " ", "1 2"]
NO_WHOLE_NUMBER = [*NO_NUMBER, "1.5", "1e3", "9" * 30]
Texts = Callable[[str, click.Option], list[str]]
ZERO_IS_SENSELESS = {"concurrency", "timeout", "share", "processes", "pilot", "row"}


def numeric() -> list[tuple[str, click.Option]]:
    """Every option of every command that takes a number."""
    return [
        (name, parameter)
        for name, command in sorted(batch_credits.commands.items())
        for parameter in command.params
        if isinstance(parameter, click.Option) and isinstance(parameter.type, WHOLE + FRACTION)
    ]


def no_numbers(option: click.Option) -> list[str]:
    """What the option must not take."""
    texts = NO_WHOLE_NUMBER if isinstance(option.type, WHOLE) else NO_NUMBER
    return [text for text in texts if not (option.opts[0] == "--seed" and text in ("-1", "9" * 30))]


OPTIONS = [pytest.param(name, option, id=f"{name} {option.opts[0]}") for name, option in numeric()]


def test_the_options_are_those_of_the_program() -> None:
    found = {f"{name} {option.opts[0]}" for name, option in numeric()}
    assert {"run --timeout", "check --share", "reverse --expect-rows", "resolve --row", "sandbox --port"} <= found
    assert len(found) > 25


def share(command: str, option: click.Option) -> list[str]:
    """Some of what the option must not take: its own, and always the same. All options together take all of them."""
    return random.Random(f"{command} {option.opts[0]}").sample(no_numbers(option), 4)


def test_no_text_is_left_out_of_all_shares() -> None:
    assert {text for name, option in numeric() for text in share(name, option)} == {*NO_WHOLE_NUMBER}


EACH_AND = pytest.mark.parametrize(
    "texts", [share, pytest.param(lambda _, option: no_numbers(option), marks=pytest.mark.slow)], ids=["some", "all"]
)


@EACH_AND
@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_on_the_command_line(call: Any, command: str, option: click.Option, texts: Texts) -> None:
    for text in texts(command, option):
        code, _, err = call(command, *needed(command), f"{option.opts[0]}={text}")
        assert code == 2, text
        assert option.opts[0] in err, text


@EACH_AND
@pytest.mark.parametrize(("command", "option"), [
    case for case in OPTIONS if getattr(case.values[1], "envvar", None)
])
def test_in_the_environment(
    call: Any, monkeypatch: pytest.MonkeyPatch, command: str, option: click.Option, texts: Texts
) -> None:
    for text in texts(command, option):
        monkeypatch.setenv(str(option.envvar), text)
        code, out, err = call(command, *needed(command))
        assert code == 2, text
        said = out if command == "doctor" else err  # whose answer it is
        assert option.opts[0] in said or str(option.envvar) in said, text


@pytest.mark.parametrize("as_text", [True, False], ids=["text", "number"])
@pytest.mark.parametrize(("command", "option"), [  # of a link for one person nothing is set but on the command line
    case for case in OPTIONS if case.values[0] != "approve"
])
def test_in_a_settings_file(call: Any, tmp_path: Path, command: str, option: click.Option, as_text: bool) -> None:
    texts = ["nan", "inf", "-inf", *(["1.5", "true"] if isinstance(option.type, WHOLE) else ["true"])]
    for text in texts:
        value = f'"{text}"' if as_text else text
        (tmp_path / "batch-credits.toml").write_text(f"{option.opts[0][2:]} = {value}\n")
        code, out, err = call(command, *needed(command))
        assert code == 2, (option.opts, text)
        said = out if command == "doctor" else err
        assert option.opts[0] in said or "batch-credits.toml" in said


@pytest.mark.parametrize(("command", "option"), [case for case in numeric() if case[1].opts[0][2:] in ZERO_IS_SENSELESS
                                                 and case[0] != "sandbox"])  # fmt: skip
def test_no_zero_where_it_means_nothing(call: Any, command: str, option: click.Option) -> None:
    code, _, err = call(command, *needed(command), option.opts[0], "0")
    assert code == 2
    assert option.opts[0] in err


@pytest.mark.parametrize("command", ["run", "check", "reconcile", "resolve", "reverse"])
def test_the_quarantine(call: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    for text in ("nan", "inf", "-inf", "-1", "1e999", "86401", "soon", "1,5"):
        monkeypatch.setenv("BATCH_CREDITS_QUARANTINE", text)
        code, _, err = call(command, *needed(command))
        assert code == 2
        assert f"BATCH_CREDITS_QUARANTINE is {text!r}" in err


@pytest.mark.parametrize("command", ["run", "reconcile", "reverse"])
def test_the_lease(call: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    for text in ("nan", "inf", "-1", "0", "86401", "soon"):
        monkeypatch.setenv("BATCH_CREDITS_LEASE", text)
        code, _, err = call(command, *needed(command))
        assert code == 2
        assert f"BATCH_CREDITS_LEASE is {text!r}; it must be seconds, such as 60." in err


@pytest.mark.parametrize("command", ["run", "check", "reconcile", "resolve", "reverse"])
def test_the_window(call: Any, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    for text in ("nan", "inf", "-1", "0", "86401", "soon"):
        monkeypatch.setenv("BATCH_CREDITS_WINDOW", text)
        code, _, err = call(command, *needed(command))
        assert code == 2
        assert f"BATCH_CREDITS_WINDOW is {text!r}; it must be seconds, such as 60." in err


@pytest.mark.parametrize("command", ["run", "check", "reconcile", "resolve", "reverse"])
def test_another_window_than_a_site_s_is_for_this_machine_alone(
    call: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Counted otherwise than the site counts, it would be over its limit."""
    monkeypatch.setenv("BATCH_CREDITS_WINDOW", "2.5")
    monkeypatch.setenv("CHARGEBEE_API_KEY", "test_key")
    refused = "The window (BATCH_CREDITS_WINDOW) is 2.5 s, and acme-test counts its requests in 60 s."
    for named in (["--site", "acme-test"], ["--site", "acme-test", "--base-url", "https://proxy.example"]):
        code, _, err = call(command, *needed(command), *named)
        assert (code, refused in " ".join(err.split())) == (2, True)
    code, _, err = call(command, *needed(command), "--base-url", "http://127.0.0.1:9")
    assert "window" not in err


def needed(command: str) -> list[str]:
    """What the command cannot do without."""
    words = {
        "run": ["no-file.csv"],
        "check": ["no-file.csv"],
        "pack": ["0" * 8],
        "reverse": ["0" * 8],
        "watch": ["no-folder"],
        "resolve": ["0" * 8, "--row", "2", "--not-credited"],
    }
    return words.get(command, [])


def test_a_number_that_is_none_reaches_no_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The tests above tell by the message; this one tells by what is done."""
    monkeypatch.chdir(tmp_path)
    served: list[str] = []
    monkeypatch.setattr("asyncio.run", served.append)
    assert run_command_line(["sandbox", "--rate", "nan"]) == 2
    assert not served
