"""A file that somebody writes while it is read: rows are never handed out under a hash that is not theirs."""

import gzip
import hashlib
import io
import os
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.errors import InputError
from batch_credits.loader import source
from batch_credits.loader.opening import open_source
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.settings import InputOptions
from tests.examples import examples

OPTIONS = InputOptions(reference="r", description="d", currency="USD")


class Shifting(io.RawIOBase):
    """A file whose content is another one at every read, of a few bytes each; it remembers what it gave."""

    def __init__(self, contents: list[bytes], chance: random.Random, given: list[bytearray]) -> None:
        self._contents, self._chance, self._at = contents, chance, 0
        self._given = bytearray()
        given.append(self._given)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        content = self._chance.choices(self._contents, [5.0, *[1.0] * (len(self._contents) - 1)])[0]
        size = min(len(buffer), self._chance.choice((1, 7, 30, 1_000)))
        piece = content[self._at : self._at + size]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self._given += piece
        return len(piece)


def rows_of(opened: source.Source) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.row_number, row.cells) for chunk in opened.chunks(2) for row in chunk]


CELLS = st.text('ab1;,\n "', max_size=4)
LINES = st.lists(st.tuples(CELLS, st.integers(1, 99), CELLS), min_size=1, max_size=5)


def table(lines: list[tuple[str, int, str]], delimiter: str, mark: str) -> bytes:
    def quoted(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"'

    texts = [["customer_id", "amount", "note"], *[[quoted(a), str(b), quoted(c)] for a, b, c in lines]]
    return (mark + "".join(delimiter.join(cells) + "\n" for cells in texts)).encode()


TABLES = st.builds(table, LINES, st.sampled_from(",;"), st.sampled_from(("", "\ufeff", "sep=;\n")))


@settings(derandomize=True, deadline=None, max_examples=examples(300))
@given(st.lists(TABLES, min_size=2, max_size=3), st.booleans(), st.randoms(use_true_random=False))
def test_the_rows_are_those_of_the_hash_or_there_are_none(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], packed: bool, chance: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("changing")
    path = folder / ("payout.csv.gz" if packed else "payout.csv")
    if packed:
        contents = [gzip.compress(content, mtime=0) for content in contents]
    path.write_bytes(contents[0])
    given: list[bytearray] = []
    usual = Path.open

    def opened(self: Path, mode: str = "r", buffering: int = -1, **more: Any) -> Any:
        if self != path:  # what the program reads of its own, once in a process
            return usual(self, mode, buffering, **more)
        assert mode == "rb", "a file of money is read as bytes"
        raw = Shifting(contents, chance, given)
        return raw if buffering == 0 else io.BufferedReader(raw)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", opened)
        try:
            found = open_source(path, OPTIONS)
            rows = rows_of(found)
        except InputError:
            return
    [content] = {bytes(read) for read in given if hashlib.sha256(read).hexdigest() == found.file_sha256}
    path.write_bytes(content)
    alone = open_source(path, OPTIONS)
    assert (alone.file_sha256, rows_of(alone)) == (found.file_sha256, rows)


def written(path: Path, content: bytes) -> None:
    """Change a file in place, and leave its size and its times as they were."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


BEFORE = b"customer_id,amount\nc-1,100\nc-2,200\n"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace(b"200", b"900"),
        BEFORE.replace(b"c-2", b"c-9"),
        BEFORE + b"c-3,300\n",
        BEFORE + b"\n\n",
        BEFORE[:-1],
        BEFORE[:-8],
        BEFORE.replace(b"c-2,", b"c-2,,,"),
        BEFORE.replace(b"c-2", b'"c-'),
        BEFORE.replace(b"c-2", b"\xff-2"),
        b"",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_that_was_changed_after_it_was_judged_is_refused(tmp_path: Path, after: bytes, packed: bool) -> None:
    path = tmp_path / ("payout.csv.gz" if packed else "payout.csv")
    path.write_bytes(gzip.compress(BEFORE) if packed else BEFORE)
    opened = open_source(path, OPTIONS)
    written(path, gzip.compress(after) if packed else after)
    with pytest.raises(InputError, match=r"changed while it was read|is damaged"):
        rows_of(opened)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_the_same_again_is_the_same(tmp_path: Path, replaced: bool) -> None:
    """Times and the file behind the name do not matter: what was read does."""
    path = tmp_path / "payout.csv"
    path.write_bytes(BEFORE)
    opened = open_source(path, OPTIONS)
    if replaced:
        path.unlink()
    path.write_bytes(BEFORE)
    os.utime(path, ns=(1, 1))
    assert len(rows_of(opened)) == 2


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_bytes(BEFORE * 1 + b"".join(b"c%d,1\n" % number for number in range(20_000)))
    with pytest.raises(InputError, match="changed"):
        for _ in open_source(path, OPTIONS).chunks(100):
            with path.open("ab") as file:
                file.write(b"late,1\n")


def test_a_file_that_went_away_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_bytes(BEFORE)
    opened = open_source(path, OPTIONS)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        rows_of(opened)


def workbook(path: Path, amount: int) -> bytes:
    book = openpyxl.Workbook()
    for cells in (("customer_id", "amount"), ("c-1", amount)):
        book.active.append(cells)
    book.save(path)
    return path.read_bytes()


@pytest.mark.parametrize("step", ["check", "marks"])
def test_a_workbook_that_changes_between_its_readings_is_one_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "payout.xlsx"
    other = workbook(path, 900)
    content = workbook(path, 100)
    kind = EXCEL_KINDS[".xlsx"]

    def changes(*arguments: object) -> Any:
        path.write_bytes(other)
        return getattr(kind, step)(*arguments)

    monkeypatch.setitem(EXCEL_KINDS, ".xlsx", kind._replace(**{step: changes}))
    opened = open_source(path, OPTIONS)
    assert opened.file_sha256 == hashlib.sha256(content).hexdigest()
    assert [row.money.amount_minor for chunk in opened.chunks() for row in chunk if row.money] == [100]
    assert opened.path == path
