"""The command lines that cannot be read, and what was meant by them: as the last lines say it."""

from pathlib import Path
from typing import Any

import pytest

PAYOUT = "customer_id,amount,currency_code,description,reference\nc,100,USD,Loyalty,q3\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a file whose name has a blank."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pay out.csv").write_text(PAYOUT)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("run p.csv --refrence q3", ["run p.csv --reference q3"]),
        ("run p.csv --refrence=q3", ["run p.csv --reference=q3"]),
        ("run p.csv --zzz", ["run --help"]),
        ("run p.csv --test", ["run --help"]),  # it was `--yes`
        ("watch folder --rate 0", ["watch --help"]),  # and `--site 0`
        ("run p.csv --unit major", ["run --help"]),
        ("run", ["run FILE"]),
        ("run --yes", ["run --yes FILE"]),
        ("stauts", ["status"]),
        ("xyzzy", ["--help"]),
        ("run pay out.csv --yes", ["run 'pay out.csv' --yes"]),
        ("run a.csv b.csv", ["run --help"]),
        ("run p.csv --rate many", ["run p.csv --rate N"]),
        ("run p.csv --rate", ["run p.csv --rate N"]),
        ("run p.csv --amount-unit majr", ["run p.csv --amount-unit major"]),
        ("check p.csv --hidden-rows never", ["check p.csv --hidden-rows pay", "check p.csv --hidden-rows skip"]),
        ("run p.csv --max-total 500 --max-total EUR=6", ["run p.csv --max-total EUR=6 --max-total USD=VALUE"]),
        ("reverse 3f9", ["status"]),
        ("ledger copy a b --ledger c", ["ledger copy --help"]),
        ("ledger check --zzz", ["ledger check --help"]),
        ("ledger check --ledgr x", ["ledger check --ledger x"]),
        ("resolve 3f9a2b1c --not-credited", ["resolve 3f9a2b1c --not-credited --row N"]),
    ],
)
def test_the_last_lines_are_the_commands_that_were_meant(
    call: Any, folder: Path, words: str, meant: list[str]
) -> None:
    code, _, err = call(*words.split(" "))
    assert code == 2
    assert err.splitlines()[-len(meant) :] == [f"batch-credits {command}" for command in meant]


def test_no_word_at_all_shows_what_there_is(call: Any) -> None:
    code, _, err = call()
    assert code == 2
    assert "Commands:" in err
    assert err.endswith("\nbatch-credits --help\n")


@pytest.mark.parametrize("words", ["", "run", "ledger", "ledger check"])
def test_help_has_two_names_everywhere(call: Any, words: str) -> None:
    code, out, _ = call(*words.split(), "-h")
    assert (code, out.split()[0]) == (0, "Usage:")


def test_a_value_of_a_variable_is_beaten_by_the_command(
    call: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BATCH_CREDITS_RATE", "many")
    code, _, err = call("check", "pay out.csv")
    assert code == 2
    assert "It comes from BATCH_CREDITS_RATE." in err
    assert err.endswith("\nbatch-credits check 'pay out.csv' --rate N\n")
    monkeypatch.setenv("BATCH_CREDITS_RATE", "10")
    monkeypatch.setenv("BATCH_CREDITS_MAX_TOTAL", "USD=0.001")
    code, _, err = call("check", "pay out.csv")
    assert code == 2
    assert "--max-total comes from BATCH_CREDITS_MAX_TOTAL." in err
    assert err.endswith("\nbatch-credits check 'pay out.csv' --max-total USD=AMOUNT\n")


def test_nobody_is_asked_whether_a_test_means_yes(call: Any, folder: Path) -> None:
    _, _, err = call("run", "p.csv", "--test")
    assert "No such option '--test'." in err and "--yes" not in err
