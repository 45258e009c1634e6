"""Which batch is meant: an unset shell variable, or half a word, must not undo, settle or report the only batch."""

from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.values import BatchId
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.model import Outcome
from batch_credits.planning.plan import stage
from batch_credits.settings import InputOptions

ROWS = "customer_id,amount,currency_code,description,reference\nc-1,100,USD,Loyalty,q3\n"
MORE = {"resolve": ("--row", "2", "--not-credited"), "reverse": ("--yes",)}
COMMANDS = sorted(
    name for name, command in batch_credits.commands.items() if any(p.name == "batch" for p in command.params)
)
READS_ONLY = ("status",)
NO_ID = ["", " ", "\t\n", "\u00a0"]
NO_HEX = ["zzzzzzzz", "0x12345678", "12345678 12345678", "-1234567", "\uff11" * 8, "f" * 65, "%", "1234567_"]
SHORT = ["a", "1234567", "ABCDEF0"]


@pytest.fixture
def key(tmp_path: Path) -> str:
    """The id of the only batch, of site acme-test."""
    path = tmp_path / "payout.csv"
    path.write_text(ROWS)
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        plan = stage(ledger, open_source(path, InputOptions()), "acme-test")
        ledger.admission.admit(plan.batch_id)
    return plan.key


@pytest.fixture
def ask(call: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("CHARGEBEE_SITE", "another-test")
    monkeypatch.setenv("CHARGEBEE_API_KEY", "test_key")

    def run(command: str, batch: str) -> tuple[int, str]:
        code, out, err = call(command, "--", batch) if command in READS_ONLY else call(command, *MORE.get(command, ()),
                                                                                     "--", batch)  # fmt: skip
        return code, out + err

    return run


def test_every_command_that_takes_a_batch_is_tried_here() -> None:
    assert COMMANDS == ["pack", "reconcile", "report", "resolve", "reverse", "status"]
    for name in COMMANDS:
        [argument] = [p for p in batch_credits.commands[name].params if isinstance(p, click.Argument)]
        assert isinstance(argument.type, BatchId)
        assert argument.type.fewest == (1 if name in READS_ONLY else 8)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_batch_id(ask: Any, tmp_path: Path, key: str, command: str) -> None:
    for batch in NO_ID + NO_HEX:
        code, said = ask(command, batch)
        assert code == 2, batch
        assert repr(batch) in said and "batch-credits status" in said
        assert_untouched(tmp_path, key)


@pytest.mark.parametrize("command", COMMANDS)
def test_too_few_digits_change_nothing(ask: Any, tmp_path: Path, key: str, command: str) -> None:
    for length in range(1, 8):
        code, said = ask(command, key[:length])
        if command in READS_ONLY:
            assert code == 0 and key[:8] in said
        else:
            assert code == 2
            assert f"{key[:length]!r} has {length} digits of a batch's id; give at least 8" in said
        assert_untouched(tmp_path, key)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_id_that_the_ledger_does_not_know(ask: Any, tmp_path: Path, key: str, command: str) -> None:
    foreign = "0123456789abcdef" * 4
    assert foreign != key
    for batch in foreign[:8], foreign:
        code, said = ask(command, batch)
        assert code == 2 and f"holds no batch {batch!r}" in said
    assert_untouched(tmp_path, key)


@pytest.mark.parametrize("command", ["reconcile", "resolve", "reverse"])
def test_a_batch_of_another_site(ask: Any, tmp_path: Path, key: str, command: str) -> None:
    code, said = ask(command, key[:8])
    assert code == 2
    assert "belongs to site acme-test" in said and "another-test" in said
    assert_untouched(tmp_path, key)


@pytest.mark.parametrize("shape", [str.upper, str.lower, lambda key: f" {key[:8]}\n", lambda key: key[:9].upper()])
def test_an_id_as_it_may_be_pasted(ask: Any, key: str, shape: Any) -> None:
    code, said = ask("report", shape(key))
    assert code == 4, "it is still owed"
    assert "payout.csv to acme-test" in said


def assert_untouched(folder: Path, key: str) -> None:
    """The batch is still owed, it is the only one, and nothing was written."""
    with Ledger.open(folder / "ledger.sqlite3") as ledger:
        [batch] = ledger.batches.all()
        assert batch.key == key
        assert ledger.totals.counted(batch.batch_id).keys() == {Outcome.PENDING}
        assert ledger.runs.last(batch.batch_id) is None
    assert not (folder / "reports").exists()
