"""What the workbook library says past Python stays off the terminal, and what it raises is one error of ours."""

import os
from pathlib import Path

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.workbook.calamine import calamine_translated


class Panic(BaseException):
    """As Rust's panics come to Python."""


def test_a_report_below_python_is_not_shown_and_ours_are_again(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(InputError, match=r"payout\.xls cannot be read .*index 64"),
        calamine_translated(Path("payout.xls")),
    ):
        os.write(2, b"thread panicked")
        raise Panic("index 64")
    os.write(2, b"ours")
    assert capfd.readouterr() == ("", "ours")


@pytest.mark.parametrize("error", [InputError("ours"), MemoryError(), KeyboardInterrupt(), SystemExit()])
def test_what_is_no_fault_of_the_file_passes(error: BaseException) -> None:
    with pytest.raises(type(error)), calamine_translated(Path("payout.xls")):
        raise error


def test_a_process_without_an_error_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: int) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    monkeypatch.setattr("sys.stderr", None)
    with pytest.raises(InputError), calamine_translated(Path("payout.xls")):
        raise Panic
