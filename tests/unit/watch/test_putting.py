"""Putting a file where it goes, whatever is in the way and wherever it is killed: all of it, once, over nothing."""

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_credits.watch import putting
from batch_credits.watch.jobs import Ending, Job, Jobs
from batch_credits.watch.putting import put
from batch_credits.watch.settings import WatchSettings
from batch_credits.watch.taking import copied
from tests.unit.watch.conftest import KEY, World

ENDING = Ending("done", 0, "All rows credited", said="said", batch=KEY, ended_at="2026-11-28T01:00:00+00:00")


class Killed(BaseException):
    """The process ended here."""


def job_of(world: World, name: str = "payout.csv", control: str | None = "payout.csv.control.csv") -> Job:
    """A job that was paid."""
    jobs = Jobs(world.state / "jobs")
    job = Job("1", f"{name}-1", name, control, "", None, "2026-11-28T00:00:00+00:00", may_run=True, ending=ENDING)
    working = world.folder / "working" / job.place
    working.mkdir(parents=True)
    for each in (name, *([control] if control else [])):
        (working / each).write_text(f"content of {each}", errors="surrogateescape")
    job = copied(job, jobs.desk("1"), working)
    reports = jobs.desk("1").reports / "payout-ab"
    reports.mkdir(parents=True)
    (reports / "results.csv").write_text("results")
    jobs.save(job)
    return job


def contents(folder: Path) -> dict[str, str]:
    """What lies in a folder and below."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def assert_whole(world: World, place: Path, name: str = "payout.csv") -> None:
    """All is there, and nowhere else."""
    found = contents(place)
    record = json.loads(found[".batch-credits.json"])
    assert record["file"] == name and record["batch"] == KEY and record["to"] == "done"
    assert found[name] == f"content of {name}"
    assert found["payout-ab/results.csv"] == "results"
    assert any(each.startswith("NOTE") and "All rows credited" in text for each, text in found.items())
    assert not list((world.folder / "working").iterdir())


def test_all_of_it(world: World) -> None:
    job = job_of(world)
    place = put(job, ENDING, world.settings(), Jobs(world.state / "jobs"))
    assert place == world.folder / "done" / "payout.csv-1"
    assert_whole(world, place)
    assert contents(place)["payout.csv.control.csv"] == "content of payout.csv.control.csv"
    assert put(job, ENDING, world.settings(), Jobs(world.state / "jobs")) == place  # done again, nothing changes
    assert_whole(world, place)


def elsewhere(patch: pytest.MonkeyPatch) -> None:
    """`done` is on another file system."""
    usual = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.parent.name == "working":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return usual(self, target)

    patch.setattr(Path, "rename", rename)


@pytest.mark.parametrize("is_elsewhere", [False, True])
@pytest.mark.parametrize("fails", [Killed, lambda: OSError(errno.ENOSPC, "No space left on device")])
def test_at_whichever_step_it_ends_the_next_time_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, fails: Callable[[], BaseException], is_elsewhere: bool
) -> None:
    """The whole of it is done as often as it has steps, each time one more of them."""
    if is_elsewhere:
        elsewhere(monkeypatch)
    step = 0
    while True:
        shutil.rmtree(world.folder)
        shutil.rmtree(world.state, ignore_errors=True)
        world.folder.mkdir()
        job_of(world)
        settings, left = world.settings(), [step]
        with monkeypatch.context() as patch:
            _end_at(patch, left, fails)
            try:
                put(_read(world), ENDING, settings, Jobs(world.state / "jobs"))
            except (Killed, OSError):
                pass
        ended = left[0] < 0
        assert_whole(world, put(_read(world), ENDING, settings, Jobs(world.state / "jobs")))
        assert len(list((world.folder / "done").iterdir())) == 1
        if not ended:
            break
        step += 1
    assert step > 7


def _read(world: World) -> Job:
    [job] = Jobs(world.state / "jobs").all()
    return job


def _end_at(patch: pytest.MonkeyPatch, left: list[int], fails: Callable[[], BaseException]) -> None:
    def counted(usual: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] == -1:
                raise fails()
            return usual(*arguments, **more)

        return act

    for name in ("mkdir", "rename", "unlink"):
        patch.setattr(Path, name, counted(getattr(Path, name)))
    for name in ("_write", "_copy_file", "_sync", "_remove"):
        patch.setattr(putting, name, counted(getattr(putting, name)))


def test_nothing_is_put_over_anything(world: World) -> None:
    job, jobs = job_of(world), Jobs(world.state / "jobs")
    other = world.folder / "done" / "payout.csv-1"
    other.mkdir(parents=True)
    (other / "payout.csv").write_text("somebody's")
    place = put(job, ENDING, world.settings(), jobs)
    assert place.name == "payout.csv-1-2" and contents(other) == {"payout.csv": "somebody's"}
    assert_whole(world, place)
    [known] = jobs.all()
    assert put(known, ENDING, world.settings(), jobs) == place


def test_what_somebody_changed_meanwhile_is_kept_beside_what_was_paid(world: World) -> None:
    job = job_of(world)
    (world.folder / "working" / job.place / "payout.csv").write_text("other")
    place = put(job, ENDING, world.settings(), Jobs(world.state / "jobs"))
    assert_whole(world, place)
    assert contents(place)["payout.csv.changed"] == "other"


def test_what_somebody_took_away_is_put_there_all_the_same(world: World) -> None:
    job = job_of(world)
    shutil.rmtree(world.folder / "working")
    assert_whole(world, put(job, ENDING, world.settings(), Jobs(world.state / "jobs")))


def test_a_link_in_its_place_is_not_followed(world: World, tmp_path: Path) -> None:
    job = job_of(world)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path = world.folder / "working" / job.place / "payout.csv"
    path.unlink()
    path.symlink_to(secret)
    (path.parent / "NOTE.txt").symlink_to(secret)
    place = put(job, ENDING, world.settings(), Jobs(world.state / "jobs"))
    assert (place / "payout.csv").read_text() == "content of payout.csv"
    assert secret.read_text() == "secret" and (place / "NOTE-2.txt").exists()


@pytest.mark.parametrize("name", ["NOTE.txt", "payout-ab", "ümläut \udcff'\".csv", "-rf.csv"])
def test_odd_names(world: World, name: str) -> None:
    job = job_of(world, name, None)
    place = put(job, ENDING, world.settings(), Jobs(world.state / "jobs"))
    found = {os.fsencode(path.name) for path in place.iterdir()}
    assert os.fsencode(name) in found and (place / name).read_text(errors="surrogateescape").startswith("content of")
    assert len(found) == 4  # with the note, the record and the reports


def test_a_copy_elsewhere_is_private_and_without_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(world)
    working = world.folder / "working" / job.place
    (working / "link").symlink_to("/etc/hostname")
    elsewhere(monkeypatch)
    place = put(job, ENDING, world.settings(), Jobs(world.state / "jobs"))
    assert_whole(world, place)
    assert not (place / "link").exists()
    assert all(path.stat().st_mode & 0o077 == 0 for path in place.rglob("*"))


def test_settings_say_where(world: World, tmp_path: Path) -> None:
    settings: WatchSettings = replace(world.settings(), attention=tmp_path / "to look at")
    place = put(job_of(world), replace(ENDING, to="attention"), settings, Jobs(world.state / "jobs"))
    assert place.parent == tmp_path / "to look at"


def test_whose_a_file_is_stands_beside_it_at_every_step_of_another_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch with another ledger may come at any moment, and takes what bears no mark."""
    job = job_of(world)
    jobs, record = Jobs(world.state / "jobs"), world.folder / "working" / job.place / ".batch-credits.json"
    with monkeypatch.context() as patch:
        usual = Path.rename
        patch.setattr(Path, "rename", lambda self, to: _end() if self == record.parent else usual(self, to))
        with pytest.raises(Killed):
            put(_read(world), ENDING, world.settings(), jobs)
    assert record.exists()
    for step in range(40):
        with monkeypatch.context() as patch:
            left = [step]
            _end_at(patch, left, Killed)
            with contextlib.suppress(Killed):
                put(_read(world), ENDING, world.settings(), jobs)
        if left[0] >= 0:
            break
        assert record.exists() or not record.parent.exists(), step
    else:
        raise AssertionError("it came to no end")


def _end() -> Path:
    raise Killed
