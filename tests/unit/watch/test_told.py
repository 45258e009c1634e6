"""Who listens far away hears of each file that the watch itself does not pay, once."""

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from batch_credits.notices.reasons import OF_WATCH
from batch_credits.planning.repeats import Repeat
from batch_credits.watch import taking
from tests.unit.watch.conftest import World, summary


def test_who_hears_it_of_the_run_is_not_told_again(world: World) -> None:
    error = {"event": "error", "kind": "input", "message": "It is empty.", "hint": "", "exit_code": 2}
    world.runs = [([summary()], 0), ([summary(1)], 1), ([summary(3)], 3), ([error], 2)]
    for name in "abcd":
        world.drop(f"{name}.csv", name)
    world.watch()
    assert len(world.paid) == 4 and world.told == []


def test_what_came_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Repeat("The same content came before.", "To go on, say so:", None)
    monkeypatch.setattr("batch_credits.watch.known.Known.refusal", lambda self, sha256, reference: refused)
    world.drop("again.csv")
    assert world.watch() == 2
    assert world.told == [("repeat", "again.csv", 2)]


def test_what_cannot_be_read_or_has_no_control_file(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.csv", "a.control.csv", "a.csv.control.csv"):
        world.drop(name, name)
    world.watch(control_seconds=30)
    world.drop("b.csv", "b")
    world.watch(control_seconds=30)
    assert world.told == [("no_control", "a.csv", 2), ("no_control", "b.csv", 2)]
    monkeypatch.setattr("batch_credits.watch.lookout.why_unreadable", lambda path: "Permission denied")
    world.drop("c.csv", "c")
    world.watch()
    assert world.told[2:] == [("unreadable", "c.csv", 2)]


@pytest.mark.parametrize("code", [-9, 1, 3])
def test_a_run_that_could_not_say_a_word(world: World, code: int) -> None:
    world.runs = [([], code)]
    world.drop("a.csv")
    world.watch(tries=2)
    assert world.told == [("no_word", "a.csv", 3 if code == 3 else 4)]


def test_a_last_step_that_is_done_again_tells_rather_than_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the watch were killed between the two."""
    world.runs = [([], -9)]
    world.drop("a.csv")
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr("batch_credits.watch.jobs.Jobs.drop", lambda self, job: exit(9))
        world.watch(tries=1)
    world.watch(tries=1)
    assert world.told == [("no_word", "a.csv", 4)] * 2 and len(world.paid) == 1


def test_what_is_left_where_it_lies_is_told_once_however_often_it_is_looked_for(world: World) -> None:
    link = world.folder / "link.csv"
    link.symlink_to("/etc/hostname")
    os.mkfifo(world.folder / "pipe.csv.part")  # nobody would ask why
    world.drop("a.csv.control.csv")
    world.at[200] = lambda: setattr(world, "signals", 1)
    world.watch(once=False)
    both = [("left_alone", "link.csv", None), ("left_alone", "a.csv.control.csv", None)]
    assert world.told == both
    world.signals = 0
    for _ in range(3):
        world.watch()
    assert world.told == both
    link.unlink()
    world.watch()
    link.symlink_to("/etc/hostname")
    world.watch()
    assert world.told == [*both, ("left_alone", "link.csv", None)]


def test_names_that_are_no_text(world: World) -> None:
    (world.folder / "a\udcff\n.csv").symlink_to("/etc/hostname")
    world.watch()
    world.watch()
    assert world.told == [("left_alone", "a\udcff\n.csv", None)]


def test_what_another_ledgers_watch_took(world: World) -> None:
    world.drop("payout.csv")
    taking.move_out(replace(world.settings(), site="other"), "payout.csv", "payout.csv-1")
    world.watch()
    world.watch()
    assert world.told == [("another_ledger", "payout.csv", None)]


def test_what_is_not_known(world: World) -> None:
    odd = world.folder / "working" / "odd"
    odd.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (odd / name).write_text(name)
    world.watch()
    assert world.told == [("unknown_file", "odd", 3)]


def test_what_cannot_be_read_in_working_keeps_no_other_file_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.folder / "working" / "locked").mkdir(parents=True)
    usual = Path.iterdir

    def iterdir(self: Path) -> Iterator[Path]:
        if self.name == "locked":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return usual(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    world.drop("a.csv")
    assert [world.watch(), world.watch()] == [3, 3]
    assert [job.name for job in world.paid] == ["a.csv"]
    assert world.heard("locked is left alone: Permission denied.") == 2
    assert world.told == [("unknown_file", "locked", None)]


def test_what_is_in_the_way_for_long_is_told_once(world: World) -> None:
    aside = world.folder.with_name("aside")
    world.at[3] = lambda: world.folder.rename(aside)
    world.at[500] = lambda: aside.rename(world.folder)
    world.at[1000] = lambda: world.folder.rename(aside)
    world.at[5000] = lambda: setattr(world, "signals", 1)
    world.watch(once=False)
    assert world.told == [("in_the_way", None, None)]


def test_a_disk_that_is_full_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("batch_credits.watch.carrying.copied", full)
    world.drop("a.csv")
    world.at[5000] = lambda: setattr(world, "signals", 1)
    world.watch(once=False)
    assert world.told == [("in_the_way", None, None)]
    world.signals, world.told = 0, []
    assert world.watch() == 4  # which says it to the scheduler
    assert world.told == []


def test_no_word_of_what_stands_in_a_row_or_an_answer_is_in_it() -> None:
    assert all(code == each.code and "{" not in each.sentence + each.to_do for code, each in OF_WATCH.items())
    assert not any(Path(word).is_absolute() for each in OF_WATCH.values() for word in each.to_do.split())
