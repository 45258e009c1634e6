"""Which files are meant, and what is made of their names."""

from datetime import UTC, datetime

from batch_credits.watch.names import (
    controls_of,
    folder_of,
    free_name,
    is_control,
    is_unfinished,
    reference_of,
    shared_controls,
    stem_of,
)
from tests.each import each


@each(
    "name",
    [".payout.csv", "~$payout.xlsx", "payout.csv.part", "payout.csv.PART", "payout.csv.filepart", "a.tmp", "a.csv~",
     "Thumbs.db", "desktop.ini", ".DS_Store", "x.crdownload", ".~lock.payout.csv#", ".batch-credits-watch"],
)  # fmt: skip
def test_what_is_being_written_is_nobodys(name: str) -> None:
    assert is_unfinished(name)


@each("name", ["payout.csv", "part.csv", "tmp.xlsx", "payout", "lock.txt", "payout.csv.gz"])
def test_what_is_whole(name: str) -> None:
    assert not is_unfinished(name) and not is_control(name)


def test_control_files_of_a_file() -> None:
    names = ["a.csv", "a.csv.control.csv", "A.Control.JSON", "b.csv", "b.control.csv.csv", "a.control.txt"]
    assert controls_of("a.csv", names) == ["A.Control.JSON", "a.csv.control.csv"]
    assert controls_of("b.csv", names) == []
    assert [name for name in names if is_control(name)] == ["a.csv.control.csv", "A.Control.JSON"]


def test_a_control_file_of_two() -> None:
    names = ["a.csv", "a.xlsx", "a.control.csv", "a.csv.control.csv", ".a.txt"]
    assert shared_controls(controls_of("a.csv", names), "a.csv", names) == ["a.control.csv"]
    assert shared_controls(["a.control.csv"], "a.csv", ["a.csv", "a.control.csv", "~a.txt"]) == []


@each(
    "name, stem", [("q3.csv", "q3"), ("q3.csv.gz", "q3"), ("q3.v2.xlsx", "q3.v2"), ("q3", "q3"), ("a.gz", "a")]
)
def test_the_name_in_a_reference(name: str, stem: str) -> None:
    assert stem_of(name) == stem
    assert reference_of("loyalty-{name}!", name) == f"loyalty-{stem}!"
    assert reference_of(None, name) is None


def test_folders_of_long_and_odd_names_fit_any_disk() -> None:
    at = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)
    assert folder_of("a.csv", at, lambda name: False) == "a.csv-20261128T010203Z"
    assert folder_of("a.csv", at, ["a.csv-20261128T010203Z"].__contains__) == "a.csv-20261128T010203Z-2"
    assert folder_of('a\n"b\udcff:.csv', at, lambda name: False) == "a__b__.csv-20261128T010203Z"
    for name in ("é" * 127, "x" * 255, "\udcff.csv"):
        assert len(folder_of(name, at, lambda name: False).encode()) <= 230


def test_a_name_that_is_free() -> None:
    assert free_name("NOTE.txt", [].__contains__) == "NOTE.txt"
    assert free_name("NOTE.txt", ["NOTE.txt", "NOTE-2.txt"].__contains__) == "NOTE-3.txt"
