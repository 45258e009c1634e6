"""A shell is offered batch ids and profiles, at once, and never an error."""

import gzip
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits import peek
from batch_credits.cli import batch_credits, completing, run_command_line
from batch_credits.cli.completing import FIRST, stand_in_for
from batch_credits.cli.config import leaves
from batch_credits.cli.options.places import ledger_path
from batch_credits.cli.values import BatchId
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.model.address import Address, Place, place
from batch_credits.peek import MOST, batches_at
from batch_credits.planning.plan import stage
from batch_credits.settings import InputOptions
from tests.unit.cli.commands.test_loading import FOREIGN, loaded_by

ROWS = "customer_id,amount,currency_code,description,reference\nc-1,{amount},USD,Loyalty,q3\n"
OLD = Path(__file__).parents[1] / "ledger" / "data"
OF_BATCHES = sorted(
    words for words, command in leaves(batch_credits) if any(isinstance(p.type, BatchId) for p in command.params)
)

Ask = Callable[..., list[str]]


def paid(where: Place, folder: Path, amount: int, site: str = "acme-test") -> str:
    """Admits a batch of one row. Returns its id."""
    path = folder / f"payout-{amount}.csv"
    path.write_text(ROWS.format(amount=amount))
    with Ledger.open(where) as ledger:
        plan = stage(ledger, open_source(path, InputOptions()), site)
        ledger.admission.admit(plan.batch_id)
    return plan.key


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast this machine is decides nothing."""
    monkeypatch.setattr(completing, "PATIENCE_SECONDS", 60.0)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Ask:
    """What zsh gets for the words of a line, the last of which is being typed: type, word and help of each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("BATCH_CREDITS_LEDGER", str(tmp_path / "ledger.sqlite3"))

    def asked(*words: str, shell: str = "zsh") -> list[str]:
        monkeypatch.setenv("_BATCH_CREDITS_COMPLETE", f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", " ".join(["batch-credits", *words]))
        monkeypatch.setenv("COMP_CWORD", words[-1] if shell == "fish" else str(len(words)))
        with pytest.raises(SystemExit):
            run_command_line([])
        said = capfd.readouterr()
        assert said.err == ""
        return str(said.out).split("\n")[:-1]

    return asked


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The id of the ledger's only batch."""
    return paid(tmp_path / "ledger.sqlite3", tmp_path, 100)


@pytest.mark.parametrize("command", OF_BATCHES)
@pytest.mark.parametrize("typed", [0, 3, 12])
def test_every_command_that_takes_a_batch_is_offered_those_of_the_ledger(
    ask: Ask, key: str, command: str, typed: int
) -> None:
    kind, word, about = ask(*command.split(), key[:typed].upper())
    assert (kind, word) == ("plain", key[: max(8, typed)])
    assert about.startswith("payout-100.csv  acme-test  20")
    assert ask(*command.split(), "zz") == [""]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_in_three_shells(ask: Ask, key: str, shell: str) -> None:
    said = "\n".join(ask("reverse", key[:4], shell=shell))
    assert key[:8] in said
    assert (f"{key[:8]}\tpayout" in said) == (shell == "fish"), said


def test_behind_other_options_too(ask: Ask, key: str) -> None:
    assert ask("report", "--xlsx", key[:2])[1] == ask("report", "--reports", "r", "--xlsx", "")[1] == key[:8]


def test_the_newest_come_first_and_as_many_digits_as_tell_them_apart(ask: Ask, tmp_path: Path) -> None:
    keys = [paid(tmp_path / "ledger.sqlite3", tmp_path, amount) for amount in (1, 2, 3)]
    assert ask("status", "")[1::3] == [key[:8] for key in reversed(keys)]
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as ledger, ledger:
        for number, old in enumerate(keys):
            ledger.execute("UPDATE batch SET key = ? WHERE key = ?", (f"0123456789{number}{old[11:]}", old))
    assert ask("status", "")[1::3] == ["01234567892", "01234567891", "01234567890"]


def test_of_many_only_the_newest(tmp_path: Path, key: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    with closing(sqlite3.connect(path)) as ledger, ledger:
        copied = "key, site_id, kind, file_name, file_sha256, headers, columns, options, admitted, created_at"
        for number in range(MOST + 5):
            of_one = copied.replace("key", f"'{number:064x}'", 1)
            ledger.execute(f"INSERT INTO batch ({copied}) SELECT {of_one} FROM batch LIMIT 1")
        ledger.execute("UPDATE batch SET admitted = 0 WHERE key = ?", (f"{MOST + 4:064x}",))
    seen = [int(batch.key, 16) for batch in batches_at(str(path), "")]
    assert seen == list(range(MOST + 3, 3, -1)), "what was not confirmed is no batch yet"


def test_which_ledger_the_line_the_variable_or_the_users_own_settings_say(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config" / "batch-credits" / "batch-credits.toml"
    own.parent.mkdir(parents=True)
    own.write_text('ledger = "own.sqlite3"\n[profiles.eu]\nledger = "eu.sqlite3"\n')
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    usual = tmp_path / "batch-credits" / "ledger.sqlite3"
    assert usual == ledger_path(None)
    known = {
        name: paid(tmp_path / name, tmp_path, number)[:8]
        for number, name in enumerate(("typed.sqlite3", "own.sqlite3", "eu.sqlite3", "ledger.sqlite3", str(usual)), 1)
    }
    assert ask("status", "--ledger", "typed.sqlite3", "")[1] == known["typed.sqlite3"]
    assert ask("status", "--profile", "eu", "")[1] == known["ledger.sqlite3"], "the variable beats the files"
    monkeypatch.delenv("BATCH_CREDITS_LEDGER")
    assert ask("status", "--profile", "eu", "")[1] == known["eu.sqlite3"]
    monkeypatch.setenv("BATCH_CREDITS_PROFILE", "eu")
    assert ask("status", "")[1] == known["eu.sqlite3"]
    monkeypatch.delenv("BATCH_CREDITS_PROFILE")
    assert ask("status", "")[1] == known["own.sqlite3"]
    other = tmp_path / "other.toml"
    other.write_text('ledger = "typed.sqlite3"\n[profiles.other]\nledger = "eu.sqlite3"\n')
    for words in (("--config", "other.toml"), ("--config=other.toml",)):
        assert ask("status", *words, "")[1] == known["typed.sqlite3"]
        assert ask("status", *words, "--profile", "other", "")[1] == known["eu.sqlite3"]
        assert ask("status", *words, "--json", "--profile", "other", "")[1] == known["eu.sqlite3"]
        assert ask("run", *words, "--profile", "")[1::3] == ["other"]
    monkeypatch.setenv("BATCH_CREDITS_CONFIG", str(other))
    assert ask("status", "")[1] == known["typed.sqlite3"]
    monkeypatch.delenv("BATCH_CREDITS_CONFIG")
    own.unlink()
    assert ask("status", "")[1] == known[str(usual)]
    of_a_site = paid(usual.parent / "sites" / "acme" / usual.name, tmp_path, 9)
    assert ask("status", "")[1::3] == [of_a_site[:8], known[str(usual)]], "one for each site: the newest batches first"


def test_a_working_directory_chooses_no_server_to_call(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file may have come with the credits; and PGPASSWORD goes to whatever server is called."""
    monkeypatch.delenv("BATCH_CREDITS_LEDGER")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    usual = tmp_path / "batch-credits" / "ledger.sqlite3"
    usual.parent.mkdir()
    usual.touch()
    asked: list[str] = []
    monkeypatch.setattr(peek, "batches_at", lambda ledger, prefix: asked.append(ledger) or [])
    there = 'ledger = "postgresql://elsewhere/x"\n'
    Path("batch-credits.toml").write_text(f"{there}[profiles.eu]\n{there}")
    ask("status", "")
    ask("status", "--profile", "eu", "")
    assert asked == [str(usual)] * 2


def test_profiles_by_name(ask: Ask) -> None:
    Path("batch-credits.toml").write_text("[profiles.loyalty]\n[profiles.refunds]\n[profiles.last-year]\n")
    assert ask("run", "--profile", "l")[1::3] == ["last-year", "loyalty"]
    assert ask("work", "--profile", "")[1::3] == ["last-year", "loyalty", "refunds"]
    Path("batch-credits.toml").write_text("[profiles")
    assert ask("run", "--profile", "l") == [""]


@pytest.mark.parametrize("words", [("run", "pay"), ("check", "--locale", "de_DE", "pay"), ("ledger", "copy", "pay"),
                                   ("status", "--ledger", "pay"), ("work", "--api-key-file", "pay")])  # fmt: skip
def test_files_are_the_shells_own(ask: Ask, words: tuple[str, ...]) -> None:
    assert ask(*words)[:2] == ["file", "pay"]


def test_options_are_the_commands_own(ask: Ask) -> None:
    assert ask("reverse", "--ledger", "x.sqlite3", "--pi")[1::3] == []
    assert ask("run", "--profile", "eu", "--pi")[1::3] == ["--pilot"]
    assert ask("report", "--x")[1::3] == ["--xlsx"]


@pytest.mark.parametrize("content", [None, b"", b"nonsense" * 512, "link", "folder", "fifo"])
def test_what_is_no_ledger_offers_nothing_and_makes_nothing(ask: Ask, tmp_path: Path, content: Any) -> None:
    path = tmp_path / "ledger.sqlite3"
    match content:
        case "link":
            path.symlink_to(tmp_path / "nowhere")
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case bytes():
            path.write_bytes(content)
        case _:
            assert content is None
    before = sorted(tmp_path.iterdir())
    assert ask("status", "") == [""]
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.glob("*.gz")))
def test_a_ledger_of_an_older_version_is_only_looked_at(ask: Ask, tmp_path: Path, name: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    with gzip.open(OLD / name) as packed, path.open("wb") as file:
        shutil.copyfileobj(packed, file)
    before = path.read_bytes()
    assert ask("status", "")[1:2] != [] and path.read_bytes() == before


def test_a_ledger_that_does_not_answer_is_not_waited_for(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(completing, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(peek, "batches_at", lambda ledger, prefix: over.wait(60) and [])
    try:
        assert ask("status", "") == [""]
    finally:
        over.set()


def test_nothing_of_a_run_is_loaded(tmp_path: Path, key: str) -> None:
    for name, first in FIRST.items():
        loaded = loaded_by(
            _BATCH_CREDITS_COMPLETE="zsh_complete", COMP_WORDS=f"batch-credits {name} {key[:2]}", COMP_CWORD="2",
            BATCH_CREDITS_LEDGER=str(tmp_path / "ledger.sqlite3"), HOME=str(tmp_path),
        )  # fmt: skip
        assert not {module.partition(".")[0] for module in loaded} & (FOREIGN - {"platformdirs"}), name
        assert ("sqlite3" in loaded) == (first == "batch")
        assert "batch_credits.ledger" not in loaded


def test_a_stand_in_takes_first_what_its_command_takes() -> None:
    for name, first in FIRST.items():
        arguments = [p for p in batch_credits.commands[name].params if isinstance(p, click.Argument)]
        assert isinstance(arguments[0].type, BatchId if first == "batch" else click.Path), name
        assert {"--ledger", "--profile"} <= {flag for p in batch_credits.commands[name].params for flag in p.opts}
    assert stand_in_for("report", ["--ledger", "x", "--profile=eu"]) is not None
    assert stand_in_for("report", ["--reports"]) is stand_in_for("explain", []) is None


@pytest.mark.postgres
def test_a_ledger_in_postgresql(ask: Ask, tmp_path: Path, new_database: Address) -> None:
    key = paid(new_database, tmp_path, 100)
    assert ask("reverse", "--ledger", new_database.url, key[:2])[1] == key[:8]
    assert [batch.key for batch in batches_at(str(place(new_database.url)), "")] == [key]
    assert ask("reverse", "--ledger", "postgresql://127.0.0.1:1/nowhere", "") == [""]
