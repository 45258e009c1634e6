"""The program, this machine and its terminal."""

import io
import resource
import sys
from importlib import metadata

import pytest

from batch_credits.doctor import machine
from batch_credits.doctor.signs import Mark
from batch_credits.settings import RunSettings


@pytest.mark.parametrize(
    ("limits", "mark", "command"),
    [
        ((1024, 4096), Mark.GOOD, ()),
        ((104, 104), Mark.GOOD, ()),
        ((103, 104), Mark.BAD, ("ulimit -n 104",)),
        ((50, 60), Mark.BAD, ()),
        ((50, resource.RLIM_INFINITY), Mark.BAD, ("ulimit -n 104",)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), Mark.GOOD, ()),
    ],
)
def test_open_files(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], mark: Mark, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    [sign] = machine.open_files_signs(RunSettings(concurrency=40))
    assert (sign.mark, sign.programs) == (mark, command)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", Mark.GOOD), ("UTF8", Mark.GOOD), ("ascii", Mark.WARNING)])
def test_the_terminal(monkeypatch: pytest.MonkeyPatch, encoding: str, mark: Mark) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    [sign] = machine.terminal_signs()
    assert sign.mark is mark


def test_no_terminal_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    [sign] = machine.terminal_signs()
    assert sign.mark is Mark.GOOD


@pytest.mark.parametrize(
    ("zone", "mark"),
    [(None, Mark.GOOD), ("Europe/Berlin", Mark.GOOD), ("CET-1CEST", Mark.GOOD), ("Mars/Olympus", Mark.WARNING)],
)
def test_the_time_zone(monkeypatch: pytest.MonkeyPatch, zone: str | None, mark: Mark) -> None:
    monkeypatch.delenv("TZ", raising=False)
    if zone is not None:
        monkeypatch.setenv("TZ", zone)
    [sign] = machine.time_zone_signs()
    assert sign.mark is mark


def test_the_extras_are_those_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [
        "click>=8",
        "pytest>=8; extra == 'dev'",
        "nosuch-either; extra == 'recipes'",
        "psycopg[binary]>=3; extra == 'postgres'",
        "nosuch; extra == 'y'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda _: wanted)
    [sign] = machine.extras_signs()
    assert sign.mark is Mark.GOOD
    assert sign.found.startswith("postgres installed; y without nosuch")
    assert "pip install 'batch-credits[y]'" in sign.found

    def none(_: str) -> list[str]:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", none)
    [sign] = machine.extras_signs()
    assert "not known" in sign.found


def test_the_program_says_how_it_would_send() -> None:
    signs = [*machine.program_signs(RunSettings())]
    assert [sign.about for sign in signs] == ["program", "transport"]
