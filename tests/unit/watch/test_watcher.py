"""What becomes of files that are dropped, grown, taken away and found again, by a clock that only the test moves."""

import errno
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.children.locks import try_lock
from batch_credits.errors import FolderBusy, LedgerError, UsageError
from batch_credits.planning.repeats import Repeat
from batch_credits.watch import taking
from batch_credits.watch.folder import LOCK, Folder
from batch_credits.watch.jobs import Job, Jobs
from batch_credits.watch.sightings import Shape
from batch_credits.watch.watcher import worst
from tests.each import each
from tests.unit.watch.conftest import KEY, World, summary


def test_a_file_is_done(world: World) -> None:
    world.drop("payout.csv")
    assert world.watch() == 0
    assert list(world.lies("done")) == ["payout.csv"]
    [place] = (world.folder / "done").iterdir()
    assert place.name == "payout.csv-20261128T010010Z"  # it took ten seconds to see that it does not grow
    assert sorted(path.name for path in place.iterdir()) == [
        ".batch-credits.json", "NOTE.txt", f"payout-{KEY[:8]}", "payout.csv"
    ]  # fmt: skip
    assert (place / f"payout-{KEY[:8]}" / "results.csv").read_text() == "results\n"
    assert f"said of {place}/payout.csv" in world.lies("done")["payout.csv"]
    assert [path.name for path in world.folder.iterdir() if path.is_file()] == [LOCK]
    assert not list((world.folder / "working").iterdir()) and not list((world.state / "jobs").iterdir())


def test_all_that_is_made_is_private(world: World) -> None:
    world.drop("payout.csv").chmod(0o600)
    world.watch()
    for folder, names, files in os.walk(world.folder / "done"):
        assert all(Path(folder, name).stat().st_mode & 0o777 == 0o700 for name in names)
        assert all(Path(folder, name).stat().st_mode & 0o777 == 0o600 for name in files)
    assert (world.folder / "done").stat().st_mode & 0o777 == 0o700


def test_a_file_that_grows_is_left_alone(world: World) -> None:
    path = world.drop("payout.csv", "customer_id,amount\n")

    def grow() -> None:
        with path.open("a") as file:
            file.write("c,1\n")

    for second in range(8, 80, 8):
        world.at[second] = grow
    assert world.watch() == 0
    [job] = world.paid
    assert job.taken_at == "2026-11-28T01:01:25+00:00"  # a look every five seconds, and ten since the last was other
    assert world.heard("still changes") == 0


def test_one_that_never_stops_is_left_for_the_next_time(world: World) -> None:
    path = world.drop("payout.csv")

    def grow() -> None:
        path.write_text(path.read_text() + "c,1\n")
        world.at[world.seconds + 5] = grow

    world.at[4] = grow
    world.drop("other.csv")
    assert world.watch() == 0
    assert list(world.lies("done")) == ["other.csv"] and path.exists()
    assert world.heard("it is left for the next time") == 1


def test_a_clock_of_the_share_that_is_years_away(world: World) -> None:
    for name, year in (("new.csv", 4_000_000_000), ("old.csv", 1000)):
        os.utime(world.drop(name, name), (year, year))
    assert world.watch() == 0
    assert [job.name for job in world.paid] == ["old.csv", "new.csv"]
    assert world.seconds < 15


def test_what_is_not_whole_or_no_file_stays(world: World) -> None:
    for name in ("a.csv.part", "~$b.xlsx", ".c.csv", "d.tmp"):
        world.drop(name)
    (world.folder / "sub").mkdir()
    (world.folder / "sub" / "e.csv").write_text("x")
    (world.folder / "link.csv").symlink_to("/etc/hostname")
    os.mkfifo(world.folder / "pipe.csv")
    assert world.watch() == 0
    assert world.paid == [] and world.heard("link.csv is a link") == 1 and world.heard("pipe.csv is a link") == 1
    assert len(list(world.folder.iterdir())) == 8


def test_an_empty_file_may_yet_be_written(world: World) -> None:
    world.runs = [([{"event": "error", "kind": "input", "message": "It is empty.", "hint": "", "exit_code": 2}], 2)]
    world.drop("payout.csv", "")
    assert world.watch() == 2
    assert world.seconds >= 100 and "It is empty." in world.lies("attention")["payout.csv"]


def test_one_that_goes_away_by_itself(world: World) -> None:
    world.at[3] = world.drop("payout.csv").unlink
    assert world.watch() == 0
    assert world.paid == []


def test_one_that_cannot_be_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("payout.csv")
    monkeypatch.setattr("batch_credits.watch.lookout.why_unreadable", lambda path: "Permission denied")
    assert world.watch() == 2
    assert world.paid == [] and world.seconds >= 100
    assert world.heard("payout.csv cannot be read: Permission denied. It is waited for.") == 1
    assert "It cannot be read: Permission denied." in world.lies("attention")["payout.csv"]


def test_one_that_somebody_has_open_on_a_windows_share(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("a.csv", "a")
    world.drop("b.csv", "b")
    usual, is_open = Path.rename, [True]

    def rename(self: Path, target: Path) -> Path:
        if self.name == "a.csv" and is_open[0]:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return usual(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    world.at[40] = lambda: is_open.__setitem__(0, False)
    world.at[70] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert [job.name for job in world.paid] == ["b.csv", "a.csv"]
    assert world.heard("a.csv cannot be taken out of the folder") == 1


def test_stopped_runs_are_tried_again_ever_later_and_not_for_ever(world: World) -> None:
    world.drop("payout.csv")
    world.runs = [([summary(4, may_pass=True, stopped="no answer")], 4)]
    assert world.watch(tries=4) == 4
    assert len(world.paid) == 4 and 10 + 60 + 120 + 240 <= world.seconds < 10 + 60 + 120 + 240 + 10
    note = world.lies("attention")["payout.csv"]
    [place] = (world.folder / "attention").iterdir()
    assert "It was tried 4 times." in note and "no answer" in note
    assert f"batch-credits run {place}/payout.csv --ledger=" in note and f"--reports={place}" in note
    assert world.heard("no answer. It is tried again in 60 seconds.") == 1


def test_a_stopped_run_that_comes_through(world: World) -> None:
    world.drop("payout.csv")
    world.runs = [([], -9), ([summary(4, may_pass=True)], 4), ([summary()], 0)]
    assert world.watch() == 0
    assert len(world.paid) == 3 and list(world.lies("done")) == ["payout.csv"]


def test_a_pilot_that_disagrees_is_not_tried_again(world: World) -> None:
    world.drop("payout.csv")
    world.runs = [([summary(4, may_pass=False, stopped="the pilot differs")], 4)]
    assert world.watch() == 4
    assert len(world.paid) == 1 and "the pilot differs" in world.lies("attention")["payout.csv"]


def test_a_run_that_cannot_be_started_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, fails = try_lock, iter(range(5))

    def full(path: Path) -> int | None:
        if path.parent.parent.name == "jobs" and next(fails, None) is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return usual(path)

    monkeypatch.setattr("batch_credits.watch.carrying.try_lock", full)
    world.drop("payout.csv")
    assert world.watch() == 0
    assert world.heard("its run cannot be started: No space left on device") == 1
    assert list(world.lies("done")) == ["payout.csv"]


def test_what_is_known_of_a_file_and_cannot_be_read_now_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails for a moment, or what root wrote: with it the reports of the file would go."""
    world.drop("payout.csv")
    world.runs = [([summary(4, may_pass=True)], 4), ([summary()], 0)]
    world.at[15] = lambda: setattr(world, "signals", 1)
    assert world.watch() == 4
    world.signals = 0
    [document] = (world.state / "jobs").glob("*/job.json")
    aside = document.rename(document.with_name("aside"))
    document.mkdir()  # reading it is refused, to root as well
    world.at[50] = lambda: (document.rmdir(), aside.rename(document))
    assert world.watch() == 0
    assert world.heard("what is known of the files that were taken cannot be read") == 2
    assert len(world.paid) == 2 and list(world.lies("done")) == ["payout.csv"]


def test_a_ledger_in_use_is_waited_for_without_end(world: World) -> None:
    world.drop("payout.csv")
    busy = ([{"event": "error", "kind": "ledger", "message": "In use.", "hint": "", "exit_code": 5}], 5)
    world.runs = [busy] * 50 + [([summary()], 0)]
    assert world.watch(tries=2) == 0
    assert world.heard("In use.") == 1


def test_a_single_pass_waits_for_it_as_long_as_it_was_told(world: World) -> None:
    world.drop("payout.csv")
    world.drop("other.csv", "other")
    world.runs = [([{"event": "error", "kind": "ledger", "message": "In use.", "hint": "", "exit_code": 5}], 5)]
    assert world.watch(ledger_seconds=30.0) == 5
    assert world.seconds < 60
    world.runs = [([summary()], 0)]
    assert world.watch() == 0  # the next pass finds both
    assert sorted(world.lies("done")) == ["other.csv", "payout.csv"]


def test_a_reference_of_the_name(world: World) -> None:
    world.drop("q3.csv")
    world.watch(template="loyalty-{name}")
    assert [job.reference for job in world.paid] == ["loyalty-q3"]


def test_what_was_paid_before_is_not_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Repeat("The same content came before.", "To go on, say so:", KEY, "the-old-one")
    monkeypatch.setattr("batch_credits.watch.known.Known.refusal", lambda self, sha256, reference: refused)
    world.drop("again.csv")
    assert world.watch(template="{name}") == 2
    assert world.paid == []
    note = world.lies("attention")["again.csv"]
    assert "The same content came before." in note and "--reference=the-old-one" in note


def test_a_ledger_that_cannot_be_asked_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [LedgerError("It is broken.", hint="Mend it."), LedgerError("It is broken.", hint="Mend it.")]

    def refusal(self: object, sha256: str, reference: str | None) -> None:
        if answers:
            raise answers.pop()

    monkeypatch.setattr("batch_credits.watch.known.Known.refusal", refusal)
    world.drop("payout.csv")
    assert world.watch() == 0
    assert world.heard("It is broken. Mend it.") == 1 and len(world.paid) == 1


CONTROL = "currency,total\nUSD,1.00\n"


def test_a_control_file_goes_with_its_file(world: World) -> None:
    world.drop("a.csv", "a")
    world.drop("a.csv.control.csv", CONTROL)
    world.drop("b.csv", "b")
    assert world.watch() == 0
    assert {job.name: job.control for job in world.paid} == {"a.csv": "a.csv.control.csv", "b.csv": None}
    [place] = (world.folder / "done").glob("a.csv-*")
    assert (place / "a.csv.control.csv").read_text() == CONTROL


def test_a_control_file_that_comes_later_is_waited_for(world: World) -> None:
    world.drop("a.csv", "a")
    world.at[60] = lambda: world.drop("a.control.json", "{}")
    assert world.watch(control_seconds=100.0) == 0
    assert [job.control for job in world.paid] == ["a.control.json"]
    assert world.seconds >= 70 and world.heard("waits for its control file") == 1


def test_without_a_control_file_nothing_is_paid(world: World) -> None:
    world.drop("a.csv", "a")
    assert world.watch(control_seconds=100.0) == 2
    assert world.paid == [] and "No control file came beside it within 100 seconds" in world.lies("attention")["a.csv"]


def test_two_control_files_are_one_too_many(world: World) -> None:
    for name in ("a.csv", "a.control.csv", "a.csv.control.csv", "b.csv", "b.xlsx", "b.control.csv"):
        world.drop(name, name)
    assert world.watch() == 1
    notes = world.lies("attention")
    assert sorted(notes) == ["a.csv", "b.csv"] and list(world.lies("done")) == ["b.xlsx"]
    assert [(job.name, job.control) for job in world.paid] == [("b.xlsx", "b.control.csv")]  # by then it is its alone
    assert "more than one control file" in notes["a.csv"] and "another file as well" in notes["b.csv"]


def test_a_control_file_of_nothing_is_told_of(world: World) -> None:
    world.drop("a.csv.control.csv")
    world.at[200] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert world.heard("a.csv.control.csv has no file beside it") == 1
    assert (world.folder / "a.csv.control.csv").exists()


def test_told_to_end_while_nothing_is_under_way(world: World) -> None:
    world.at[1000] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert world.seconds < 1010


def test_told_to_end_between_two_tries(world: World) -> None:
    world.drop("payout.csv")
    world.runs = [([summary(4, may_pass=True)], 4), ([summary()], 0)]
    world.at[30] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 4
    assert (world.folder / "working").iterdir() and len(world.paid) == 1
    world.signals = 0
    assert world.watch() == 0  # the next watch goes on, though nothing new lies there
    assert list(world.lies("done")) == ["payout.csv"] and world.heard("taken by an earlier watch") == 1


def test_signals_are_passed_on_to_the_run(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []

    class Living:
        pid = 4711

        def code(self) -> int | None:
            return None

    monkeypatch.setattr("batch_credits.watch.carrying.begin", lambda *_: Living())
    monkeypatch.setattr("batch_credits.watch.carrying.os.kill", lambda pid, number: killed.append((pid, number)))
    world.drop("payout.csv")
    world.at[20] = lambda: setattr(world, "signals", 1)
    world.at[25] = lambda: setattr(world, "signals", 2)
    assert world.watch() == 4
    assert killed == [(4711, signal.SIGTERM)] * 2 and world.seconds < 26


def test_a_number_of_an_earlier_run_is_never_told_to_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch is killed as it has just started the second run, whose number it could not write down."""
    numbers: list[int] = []

    class Killed(BaseException):
        """The watch ended here."""

    def begin(job: Job, *_: object) -> object:
        [written] = Jobs(world.state / "jobs").all()
        numbers.append(written.pid)
        if len(numbers) == 2:
            raise Killed
        return SimpleNamespace(pid=4711, code=lambda: -9)

    monkeypatch.setattr("batch_credits.watch.carrying.begin", begin)
    world.drop("payout.csv")
    with pytest.raises(Killed):
        world.watch()
    assert numbers == [0, 0]


def test_a_run_that_outlived_its_watch_is_waited_for(world: World) -> None:
    world.drop("payout.csv")
    world.runs = [([summary(4, may_pass=True)], 4)]
    world.at[15] = lambda: setattr(world, "signals", 1)
    assert world.watch() == 4
    world.signals = 0
    [job] = Jobs(world.state / "jobs").all()
    desk = Jobs(world.state / "jobs").desk(job.job_id)
    lock = try_lock(desk.lock)
    assert lock is not None

    def end() -> None:
        (desk.next() / "events.jsonl").write_text(json.dumps(summary()) + "\n")
        os.close(lock)

    world.at[100] = end
    assert world.watch() == 0
    assert len(world.paid) == 1 and world.seconds >= 100 and list(world.lies("done")) == ["payout.csv"]


def test_the_folder_is_away_for_a_while(world: World) -> None:
    aside = world.folder.with_name("aside")
    world.drop("payout.csv")
    world.at[3] = lambda: world.folder.rename(aside)
    world.at[500] = lambda: aside.rename(world.folder)
    world.at[600] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert world.heard("It is waited for.") == 1 and world.heard("is there again") == 1
    assert list(world.lies("done")) == ["payout.csv"]


@pytest.mark.parametrize(("back_at", "code"), [(300, 0), (3000, 4)])
def test_a_single_pass_waits_for_it_and_not_for_ever(world: World, back_at: float, code: int) -> None:
    aside = world.folder.with_name("aside")
    world.drop("a.csv", "a")
    world.at[3] = lambda: world.folder.rename(aside)
    world.at[back_at] = lambda: aside.rename(world.folder)
    assert world.watch() == code
    assert world.heard("It is waited for.") == 1 and len(world.paid) == (code == 0)


def test_another_file_that_comes_in_its_place_in_the_last_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may still grow: it is looked at anew, where it was taken to."""
    path = world.drop("payout.csv")
    usual = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self == path:
            path.write_text("customer_id,amount\n")
            world.at[world.seconds + 5] = lambda: target.write_text("customer_id,amount\nc,7\n")
        return usual(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert world.watch() == 0
    assert world.heard("is still being written") == 1
    [place] = (world.folder / "done").iterdir()
    assert (place / "payout.csv").read_text() == "customer_id,amount\nc,7\n"
    assert world.seconds >= 30  # ten until it was taken, and ten after each look at which it was another


def test_an_empty_folder_in_its_place_is_not_taken_for_it(world: World) -> None:
    aside = world.folder.with_name("aside")

    def unmount() -> None:
        world.folder.rename(aside)
        world.folder.mkdir()
        world.drop("stranger.csv")

    world.at[3] = unmount
    world.at[300] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert world.paid == [] and world.heard("another folder is in its place") == 1
    assert [path.name for path in world.folder.iterdir()] == ["stranger.csv"]


@pytest.mark.parametrize("code", [0, 1])
def test_nothing_is_put_into_an_empty_folder_in_its_place(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A share that goes away while a run goes on leaves the folder that it was mounted on."""
    aside, begin = world.folder.with_name("aside"), world.begin

    def unmounted(*about: Any) -> Any:
        world.folder.rename(aside)
        world.folder.mkdir()
        return begin(*about)

    def mounted() -> None:
        assert list(world.folder.iterdir()) == []
        world.folder.rmdir()
        aside.rename(world.folder)

    world.runs = [([summary(code)], code)]
    monkeypatch.setattr("batch_credits.watch.carrying.begin", unmounted)
    world.drop("payout.csv")
    world.at[300] = mounted
    assert world.watch() == code
    assert list(world.lies("attention" if code else "done")) == ["payout.csv"] and len(world.paid) == 1
    assert not list((world.folder / "working").iterdir())


def test_a_share_that_came_back_without_its_locks_is_held_again(world: World) -> None:
    def come_back() -> None:
        (world.folder / LOCK).rename(world.folder / ".old")
        (world.folder / LOCK).touch()
        world.drop("payout.csv")

    world.at[3] = come_back
    world.at[100] = lambda: setattr(world, "signals", 1)
    assert world.watch(once=False) == 0
    assert list(world.lies("done")) == ["payout.csv"]


def test_and_another_watch_may_have_it_by_then(world: World) -> None:
    locks: list[int | None] = []

    def come_back() -> None:
        (world.folder / LOCK).unlink()
        locks.append(try_lock(world.folder / LOCK))

    world.at[3] = come_back
    with pytest.raises(FolderBusy):
        world.watch(once=False)
    assert locks[0] is not None
    os.close(locks[0])


def test_two_watches_of_one_folder(world: World, tmp_path: Path) -> None:
    first = Folder(world.folder, world.state, world.tell)
    first.open()
    for state in (world.state, tmp_path / "another ledger's"):
        with pytest.raises(FolderBusy):
            Folder(world.folder, state, world.tell).open()
    first.close()
    assert world.watch() == 0


def test_a_share_without_locks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> int | None:
        if path.name == LOCK:
            path.touch()
            raise OSError(errno.ENOLCK, "No locks available")
        return try_lock(path)

    monkeypatch.setattr("batch_credits.watch.folder.try_lock", refuse)
    world.drop("payout.csv")
    assert world.watch() == 0
    assert world.heard("keeps no locks") == 1 and list(world.lies("done")) == ["payout.csv"]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.touch()])
def test_no_folder(world: World, make: Callable[[Path], object]) -> None:
    path = world.folder / "nowhere"
    make(path)
    with pytest.raises(UsageError, match="is no folder"):
        Folder(path, world.state, world.tell).open()


def test_no_place_to_keep_what_is_known(world: World) -> None:
    with pytest.raises(UsageError, match="cannot be kept in /dev/null/x"):
        Folder(world.folder, Path("/dev/null/x"), world.tell).open()


def test_a_file_in_working_of_which_nothing_is_known(world: World) -> None:
    lost = world.folder / "working" / "payout.csv-20261127T000000Z"
    lost.mkdir(parents=True)
    (lost / "payout.csv").write_text("x")
    (lost / "payout.csv.control.csv").write_text(CONTROL)
    (world.folder / "working" / "empty").mkdir()
    for folder in (lost, world.folder / "working" / "empty"):  # of a watch that was killed as it wrote a record
        (folder / "..batch-credits.json.x7kwd4bo.tmp").write_text("{")
    odd = world.folder / "working" / "odd"
    odd.mkdir()
    for name in ("a.csv", "b.csv"):
        (odd / name).write_text(name)
    assert world.watch() == 3
    assert [(job.name, job.control) for job in world.paid] == [("payout.csv", "payout.csv.control.csv")]
    assert list(world.lies("done")) == ["payout.csv"]
    assert "what became of it is not known" in world.lies("attention")["odd"]
    assert (world.folder / "attention" / "odd" / "b.csv").read_text() == "b.csv"
    assert not list((world.folder / "working").iterdir())


@pytest.mark.parametrize("other", [{"site": "other"}, {"ledger": Path("/another/ledger.sqlite3")}])
def test_what_a_watch_with_another_ledger_took_is_never_paid_from_this_one(world: World, other: dict[str, Any]) -> None:
    world.drop("payout.csv")
    settings = replace(world.settings(), **other)
    assert taking.move_out(settings, "payout.csv", "payout.csv-1")
    assert world.watch() == 3  # its state is that other watch's, and not here
    assert world.paid == [] and world.heard("is left alone") == 1
    assert (world.folder / "working" / "payout.csv-1" / "payout.csv").exists()
    (world.folder / "working" / "payout.csv-1" / ".batch-credits.json").unlink()
    assert taking.move_out(world.settings(), world.drop("mine.csv", "other\n").name, "mine.csv-1")
    assert world.watch() == 0
    assert sorted(job.name for job in world.paid) == ["mine.csv", "payout.csv"]


def test_what_does_not_say_now_whose_it_is_is_not_paid(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("payout.csv")
    assert taking.move_out(replace(world.settings(), site="other"), "payout.csv", "payout.csv-1")
    usual = Path.read_text

    def read_text(self: Path, *more: Any, **named: Any) -> str:
        if self.name == ".batch-credits.json":
            raise OSError(errno.EIO, "Input/output error", str(self))
        return usual(self, *more, **named)

    monkeypatch.setattr(Path, "read_text", read_text)
    assert world.watch() == 3
    assert world.paid == [] and world.heard("is left alone: Input/output error") == 1


def test_one_that_is_taken_out_of_working(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    world.drop("payout.csv")
    with monkeypatch.context() as patch:
        patch.setattr("batch_credits.watch.carrying.copied", refuse)
        assert world.watch() == 4
    assert world.heard("No space left on device") == 1
    [place] = (world.folder / "working").iterdir()
    (place / "payout.csv").unlink()
    assert world.watch() == 0
    assert world.paid == [] and world.heard("payout.csv was taken away, and nothing of it was sent") == 1


def test_one_that_is_still_written_when_it_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.drop("payout.csv")
    shapes = iter(range(5))
    usual = taking.shape_of

    def shape_of(descriptor: int) -> Shape:
        number = next(shapes, None)
        return usual(descriptor) if number is None else Shape(number, 0)

    monkeypatch.setattr(taking, "shape_of", shape_of)
    assert world.watch() == 0
    assert world.heard("payout.csv is still being written") == 1 and list(world.lies("done")) == ["payout.csv"]


@each(
    "codes, code",
    [([], 0), ([0, 0], 0), ([2, 2], 2), ([0, 2], 1), ([1, 2], 1), ([0, 1], 1), ([3, 1], 3), ([3, 4], 4), ([5, 1], 5)],
)
def test_the_worst_of_several(codes: list[int], code: int) -> None:
    assert worst(codes) == code
