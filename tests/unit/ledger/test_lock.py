"""The ledger is held under whatever name it is reached, and by the file itself."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import Ledger
from batch_credits.ledger.engines.sqlite.lock import holder_of
from tests.acceptance.harness import said_by


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite3"


def told_elsewhere(path: Path) -> str:
    """What another process is told that opens the ledger under this name."""
    script = (
        "import sys, pathlib; from batch_credits.ledger import Ledger; from batch_credits.errors import LedgerError\n"
        "try: Ledger.open(pathlib.Path(sys.argv[1])).close()\n"
        "except LedgerError as error: print(type(error).__name__, error.message)"
    )
    return said_by(script, path)


@pytest.mark.parametrize("second", [True, False], ids=["by its second name", "by its first name"])
@pytest.mark.parametrize("linked_first", [True, False])
def test_a_file_with_two_names_is_no_ledger(path: Path, second: bool, linked_first: bool) -> None:
    """SQLite would look for the newest entries beside the one name, and find none beside the other."""
    Ledger.open(path).close()
    other = path.with_name("other.sqlite3")
    if linked_first:
        other.hardlink_to(path)
        with pytest.raises(LedgerError, match="2 names"):
            Ledger.open(path)
        assert "2 names" in told_elsewhere(other if second else path)
    else:
        with Ledger.open(path):
            other.hardlink_to(path)
            assert ("2 names" in told_elsewhere(other)) if second else ("LedgerBusy" in told_elsewhere(path))
    with pytest.raises(LedgerError, match="2 names"):
        Ledger.open_for_reading(other if second else path)
    other.unlink()
    Ledger.open(path).close()


def test_a_ledger_that_was_renamed_is_still_held(path: Path) -> None:
    other = path.with_name("other.sqlite3")
    with Ledger.open(path) as ledger:
        path.rename(other)
        assert "LedgerBusy" in told_elsewhere(other)
        assert ledger.batches.all() == []
        other.rename(path)
    assert told_elsewhere(path) == ""


def test_a_ledger_whose_lock_file_was_removed_is_still_held(path: Path) -> None:
    with Ledger.open(path):
        path.with_name("ledger.sqlite3-lock").unlink()
        assert "LedgerBusy" in told_elsewhere(path)
    assert told_elsewhere(path) == ""


def test_the_lock_of_the_file_leaves_sqlites_own_locks_alone(path: Path) -> None:
    """The process must not close the file anywhere while its connection is open: those locks would be gone."""
    with Ledger.open(path):
        assert _locked_by_this_process(path)
    assert not _locked_by_this_process(path)


def test_where_a_file_cannot_be_held_its_name_still_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fcntl, "F_OFD_SETLK")
    with Ledger.open(path) as ledger:
        assert "LedgerBusy" in told_elsewhere(path)
        assert len(ledger.lock_descriptors()) == 2  # open all the same, so that closing it keeps its order
    assert told_elsewhere(path) == ""


def test_where_no_name_can_be_held_nothing_is_paid(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network file systems have no locks. That is no other process, and no reason to wait for one."""

    def refused(*arguments: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(LedgerError, match="cannot be locked where it lies: No locks available") as raised:
        Ledger.open(path)
    assert not isinstance(raised.value, LedgerBusy)


def _locked_by_this_process(path: Path) -> bool:
    """Whether this process holds SQLite's shared lock on the file, by what another one is told that asks for it."""
    script = (
        "import fcntl, struct, sys; file = open(sys.argv[1], 'r+')\n"
        "asked = struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0x40000002, 510, 0)\n"
        "found = struct.unpack('hhqqi4x', fcntl.fcntl(file, fcntl.F_GETLK, asked))\n"
        "print(found[0] != fcntl.F_UNLCK and found[4])"
    )
    return said_by(script, path).strip() == str(os.getpid())


def test_who_holds_a_ledger_is_known_without_holding_it(tmp_path: Path) -> None:
    place = tmp_path / "l.sqlite3"
    Ledger.open(place).close()
    assert Ledger.holder_at(place) is None
    holding = "import sys; from batch_credits.ledger import Ledger; from pathlib import Path;"
    holding += "held = Ledger.open(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert Ledger.holder_at(place) == str(process.pid)
        (tmp_path / "l.sqlite3-lock").unlink()
        assert Ledger.holder_at(place) == "somebody"
        process.communicate()
    assert Ledger.holder_at(place) is None
    Ledger.open(place).close()  # nobody was kept out by having asked


def test_where_the_system_cannot_say_it_nobody_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fcntl, "F_OFD_GETLK", raising=False)
    with Ledger.open(path):
        assert holder_of(path) is None
