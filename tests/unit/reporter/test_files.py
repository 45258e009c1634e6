import os
from pathlib import Path

import pytest

from batch_credits.reporter.files import STALE_SECONDS, atomic_text, make_private_directory, report_directory
from tests.each import each
from tests.unit.reporter.conftest import make_batch


@each(
    "file_name, expected",
    [
        ("payout.csv", "payout-ab12cd34"),
        ("Loyalty payout (Q3).xlsx", "Loyalty_payout_Q3-ab12cd34"),
        ("../../etc/passwd", "passwd-ab12cd34"),
        ("上海 支付.csv", "上海_支付-ab12cd34"),
        ("...", "batch-ab12cd34"),
        (".csv", "csv-ab12cd34"),
        ("-rf.csv", "rf-ab12cd34"),
        ("a\nb\0c.csv", "a_b_c-ab12cd34"),
        ("x" * 300 + ".csv", "x" * 60 + "-ab12cd34"),
        ("", "batch-ab12cd34"),
    ],
)
def test_the_directory_is_named_after_file_and_batch(file_name: str, expected: str) -> None:
    assert report_directory(make_batch(file_name=file_name), Path("reports")) == Path("reports") / expected


def test_directory_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_private_directory(tmp_path / "reports" / "x")
        with atomic_text(tmp_path / "reports" / "x" / "a.csv") as stream:
            stream.write("a")
    finally:
        os.umask(before)
    assert (tmp_path / "reports" / "x").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "reports" / "x" / "a.csv").stat().st_mode & 0o777 == 0o600


def test_a_file_changes_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with atomic_text(path) as stream:
        stream.write("new")
        stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_writing_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(interruption), atomic_text(path) as stream:
        stream.write("half")
        raise interruption
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_is_cleared_once_it_is_old(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in (".a.csv.1.tmp", ".a.csv.2.tmp", ".b.csv.1.tmp"))
    for left in (old, young, other):
        left.write_text("half")
    now = young.stat().st_mtime
    os.utime(old, (now - STALE_SECONDS - 60,) * 2)
    with atomic_text(tmp_path / "a.csv") as stream:
        stream.write("whole")
    assert sorted(tmp_path.iterdir()) == [young, other, tmp_path / "a.csv"]


def test_half_a_character_from_outside_does_not_cost_the_report(tmp_path: Path) -> None:
    with atomic_text(tmp_path / "a.csv") as stream:
        stream.write("bad \ud800 text")
    assert (tmp_path / "a.csv").read_text() == r"bad \ud800 text"
