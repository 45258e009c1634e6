"""Settings from every place they may come from, and those that a place must not give."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.config import take_settings
from batch_credits.cli.options.places import ledger_path
from batch_credits.cli.setting import Setting
from batch_credits.errors import UsageError

# Not from a file that somebody may have put beside the credits.
USERS_OWN = {
    "--base-url", "--ledger", "--api-key-file", "--yes", "--same-site", "--confirm-total", "--profile", "--config",
    "--metrics-file", "--metrics-port", "--metrics-host",
    "--notify", "--notify-on", "--notify-key-file", "--notify-link", "--mail-to", "--mail-from", "--mail-server",
    "--mail-password-file", "--on-finish", "--on-finish-timeout",
}  # fmt: skip

def settings() -> list[tuple[str, Setting]]:
    """Every option of every command that can be set other than on the command line."""
    return [
        (name, parameter)
        for name, command in sorted(batch_credits.commands.items())
        for parameter in command.params
        if isinstance(parameter, Setting)
    ]


def settings_of(command: str) -> list[Setting]:
    """Those of one command."""
    return [parameter for name, parameter in settings() if name == command]


SHARE = 3  # each third of them with every `make test`; the others are slow
SETTINGS = [
    pytest.param(name, parameter, id=f"{name} {parameter.flag}", marks=[pytest.mark.slow] if at % SHARE else [])
    for at, (name, parameter) in enumerate(settings())
    if parameter.flag not in ("--profile", "--config")  # which set others: test_profiles.py, test_named_config.py
]
COMMANDS = sorted({name for name, _ in settings()})
TYPICAL = {
    "NAME=VALUE": "amount=Betrag",
    "USD=1234.50": "USD=5.50",
    "CLP=0": "CLP=0",
    "email,webhook,actions": "email,actions",
    "EMAIL": "ann@example.com",
    "TEXT": "a laptop",
    "IP": "203.0.113.7",
    "TIME": "2099-01-01T06:00+00:00",
    "SECONDS": "90s",
    "datetime": "2026-10-01",
    "webhook": "https://a.example/x",
    "link": "https://a.example/x",
    "mail server": "smtp://a.example",
    "command": "/bin/true",
    "EVENTS": "ended",
    "ADDRESS": "ann@example.com",
}


def sample(parameter: Setting, folder: Path) -> str:
    """A value that the option takes, and that is not its default."""
    if parameter.is_flag:
        return "true"
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[-1])
    if isinstance(parameter.type, click.types.IntParamType | click.IntRange):
        return "2"
    if isinstance(parameter.type, click.FloatRange):
        return "0.5"
    if isinstance(parameter.type, click.Path):
        path = folder / f"for {parameter.name}"
        path.touch() if parameter.type.file_okay else path.mkdir(exist_ok=True)
        return str(path)
    return TYPICAL.get(parameter.type.name, "text")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, and beside it the home of a user who has set nothing."""
    for variable in list(os.environ):
        if variable.startswith(("BATCH_CREDITS_", "CHARGEBEE_")):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "batch-credits").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def own(folder: Path) -> Path:
    return folder / "config" / "batch-credits" / "batch-credits.toml"


def parsed(name: str, *arguments: str) -> click.Context:
    """A call as far as its options go."""
    root = click.Context(batch_credits, **batch_credits.context_settings)
    take_settings(root)
    command = batch_credits.commands[name]
    needed = ["x" if p.name != "batch" else "0" * 8 for p in command.params if isinstance(p, click.Argument)]
    needed += ["--row", "1"] if name == "resolve" else []
    return command.make_context(name, [*arguments, *needed], parent=root)


def in_toml(parameter: Setting, text: str) -> str:
    value = text if parameter.is_flag or text in ("2", "0.5") else f"'{text}'"
    key = parameter.flag[2:].replace("-", "_")
    return f"{key} = [{value}]\n" if parameter.multiple else f"{key} = {value}\n"


def take(root: str) -> Callable[[Path, Setting, str, Any], str]:
    """Writes a setting into a file, and says which."""

    def write(folder: Path, parameter: Setting, text: str, patch: Any) -> str:
        path = own(folder) if root == "own" else Path(root)
        table = "[tool.batch-credits]\n" if root == "pyproject.toml" else ""
        path.write_text(table + in_toml(parameter, text))
        return str(path)

    return write


def by_environment(folder: Path, parameter: Setting, text: str, patch: Any) -> str:
    patch.setenv(str(parameter.envvar), text)
    return str(parameter.envvar)


PLACES = {
    "environment": by_environment,
    "batch-credits.toml": take("batch-credits.toml"),
    "pyproject.toml": take("pyproject.toml"),
    "own": take("own"),
}


@pytest.mark.parametrize(("command", "parameter"), SETTINGS)
def test_every_option_from_every_place(folder: Path, command: str, parameter: Setting) -> None:
    name = str(parameter.name)
    text = sample(parameter, folder)
    typed = parsed(command, parameter.flag if parameter.is_flag else f"{parameter.flag}={text}")
    assert parameter.source_in(typed) is None
    unset = parsed(command)
    assert typed.params[name] != unset.params[name], "a sample that is the default would show nothing"
    for place, write in PLACES.items():
        with pytest.MonkeyPatch.context() as patch:
            source = write(folder, parameter, text, patch)
            if parameter.flag in USERS_OWN and place.endswith(".toml"):
                with pytest.raises(UsageError) as refused:
                    parsed(command)
                assert place in refused.value.message and parameter.flag[2:].replace("-", "_") in refused.value.message
                assert str(own(folder)) in refused.value.hint and str(parameter.envvar) in refused.value.hint
            else:
                found = parsed(command)
                assert found.params == typed.params, place
                assert parameter.source_in(found) == source
        Path(source).unlink(missing_ok=True)


def test_those_that_only_the_user_may_set_are_options() -> None:
    assert {parameter.flag for _, parameter in settings()} >= USERS_OWN


# -- Precedence -----------------------------------------------------------------------------------------------


def test_what_beats_what(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rate(*arguments: str) -> object:
        return parsed("run", *arguments).params["rate"]

    assert rate() is None
    own(folder).write_text("rate = 1\nshare = 0.1\n")
    assert rate() == 1
    Path("pyproject.toml").write_text("[tool.batch-credits]\nrate = 2\nconcurrency = 2\n")
    assert rate() == 2
    Path("batch-credits.toml").write_text("rate = 3\n")
    assert rate() == 3
    monkeypatch.setenv("BATCH_CREDITS_RATE", "4")
    assert rate() == 4
    assert rate("--rate", "5") == 5
    assert parsed("run").params["share"] == 0.1, "what another file does not set is not forgotten"
    assert parsed("run").params["concurrency"] == 2


def test_a_limit_of_a_file_is_not_dropped_for_another_file(folder: Path) -> None:
    Path("pyproject.toml").write_text('[tool.batch-credits]\nmax_total = ["USD=1"]\n')
    Path("batch-credits.toml").write_text("rate = 3\n")
    assert parsed("run").params["max_total"] == (("USD", "1"),)


def test_the_users_own_file_is_theirs_also_where_they_stand_beside_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own(folder).write_text('yes = true\nledger = "/somewhere/ledger.sqlite3"\n')
    monkeypatch.chdir(own(folder).parent)
    assert parsed("run").params["yes"] is True
    monkeypatch.chdir(folder / "work")
    Path("batch-credits.toml").symlink_to(own(folder))
    assert parsed("run").params["ledger"] == Path("/somewhere/ledger.sqlite3")


@pytest.mark.parametrize("home", ["relative", "~/.config/batch-credits", None])
def test_nobody_without_a_home_has_settings_or_a_ledger_of_their_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    """Else a folder of the working directory would be believed, and each would have a memory of its own."""

    def find(*_: object, **__: object) -> str:
        if home is None:
            raise RuntimeError("could not determine the home directory")
        return home

    monkeypatch.setattr("platformdirs.user_config_dir", find)
    monkeypatch.setattr("platformdirs.user_data_dir", find)
    path = Path(home or "nowhere") / "batch-credits.toml"
    path.parent.mkdir(parents=True)
    path.write_text("yes = true\n")
    assert parsed("run").params["yes"] is False
    with pytest.raises(UsageError, match="no home") as refused:
        ledger_path(None)
    assert "BATCH_CREDITS_LEDGER" in refused.value.hint
    assert ledger_path(Path("mine.sqlite3")) == Path("mine.sqlite3")


# -- What is refused ------------------------------------------------------------------------------------------

SPOILED = {
    "no TOML": (b"rate = 1\nmax_total = = 3\n", "line 2"),
    "no UTF-8": (b"rate = 1\n# \xff\n", "line 2"),
    "unknown": (b"max_totl = ['USD=1']\n", "max_totl"),
    "unknown, in upper case": (b"RATE = 1\n", "RATE"),
    "twice": (b"max_total = ['USD=1']\nmax-total = ['USD=2']\n", "max-total"),
    "an argument": (b"batch = '00000000'\n", "batch"),
    "what only a command line says": (b"not_credited = true\n", "not_credited"),
    "a list for one value": (b"reference = ['a', 'b']\n", "reference"),
    "a list for numbers": (b"silence = ['email', 'webhook']\n", "silence"),
    "a table": (b"[max_total]\nUSD = 1\n", "max"),
    "a list of lists": (b"max_total = [['USD=1']]\n", "max-total"),
    "an empty list": (b"max_total = []\n", "max-total"),
    "an empty text": (b"reference = ''\n", "reference"),
    "an empty limit": (b"max_total = ['']\n", "max-total"),
    "a flag that is no flag": (b"strict = 'perhaps'\n", "strict"),
}


@pytest.mark.parametrize("name", ["batch-credits.toml", "pyproject.toml", "own"])
@pytest.mark.parametrize("case", SPOILED)
def test_a_file_that_is_not_understood_is_not_passed_over(folder: Path, case: str, name: str) -> None:
    content, said = SPOILED[case]
    path = own(folder) if name == "own" else Path(name)
    if name == "pyproject.toml":
        content = b"[tool.batch-credits]\n" + content.replace(b"[max_total]", b"[tool.batch-credits.max_total]")
        said = said.replace("line 2", "line 3")
    path.write_bytes(content)
    with pytest.raises((UsageError, click.UsageError)) as refused:
        parsed("run")
    error = refused.value
    message = error.format_message() if isinstance(error, click.UsageError) else str(error)
    assert said in message
    if case not in ("an empty list", "an empty text", "an empty limit"):
        assert str(path) in message


@pytest.mark.parametrize("name", ["batch-credits.toml", "pyproject.toml", "own"])
def test_a_file_that_cannot_be_read(folder: Path, name: str) -> None:
    path = own(folder) if name == "own" else Path(name)
    path.mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        parsed("run")
    path.rmdir()
    path.symlink_to("nowhere")
    with pytest.raises(UsageError, match="link to nothing"):
        parsed("run")


@pytest.mark.parametrize("content", ["", "[project]\nname = 'x'\n", "[tool.ruff]\nline-length = 100\n", "tool = {}"])
def test_a_project_that_is_not_about_us(folder: Path, content: str) -> None:
    Path("pyproject.toml").write_text(content)
    assert parsed("run").params["rate"] is None


@pytest.mark.parametrize("table", ["[tool.batch_credits]", "[tool.Batch-Credits]"])
def test_a_table_that_is_nearly_ours(folder: Path, table: str) -> None:
    Path("pyproject.toml").write_text(f'{table}\nmax_total = ["USD=1"]\n')
    with pytest.raises(UsageError, match="which nobody reads"):
        parsed("run")


@pytest.mark.parametrize("content", ["tool = 3", "[tool]\nbatch-credits = 3\n"])
def test_a_table_that_is_none(folder: Path, content: str) -> None:
    Path("pyproject.toml").write_text(content)
    with pytest.raises(UsageError, match="is no table"):
        parsed("run")


# -- The environment ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_a_variable_that_is_set_but_empty(folder: Path, command: str) -> None:
    """`BATCH_CREDITS_MAX_TOTAL="$LIMIT"`, where LIMIT is misspelt, holds nothing."""
    for parameter in settings_of(command):
        for text in ["", " \t"] if parameter.multiple else [""]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(str(parameter.envvar), text)
                with pytest.raises(UsageError, match=f"{parameter.envvar} is set, but empty"):
                    parsed(command)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_is_given_but_empty(folder: Path, command: str) -> None:
    for parameter in settings_of(command):
        if not parameter.is_flag:
            with pytest.raises(UsageError, match=f"{parameter.flag} has an empty value"):
                parsed(command, f"{parameter.flag}=")


@pytest.mark.parametrize(
    ("variable", "near"),
    [("BATCH_CREDITS_MAX_TOTALS", "MAX_TOTAL"), ("BATCH_CREDITS_EXPECTROWS", "EXPECT_ROWS"), ("BATCH_CREDITS_X", "")],
)
def test_a_variable_that_sets_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, near: str
) -> None:
    monkeypatch.setenv(variable, "USD=1")
    with pytest.raises(UsageError, match=variable) as refused:
        parsed("run")
    assert near in refused.value.hint


def test_what_explains_is_told_whatever_is_wrong(call: Any, tmp_path: Path) -> None:
    (tmp_path / "batch-credits.toml").write_text("= = =")
    assert call("explain", "2")[0] == 0
    assert call("status")[0] == 2
