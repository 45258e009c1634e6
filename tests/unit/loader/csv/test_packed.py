"""Compressed CSV files, Excel's `sep=` line, and the offer to read what is no UTF-8."""

import gzip
import hashlib
import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.csv import text as csv_text
from batch_credits.loader.opening import open_source
from batch_credits.settings import InputOptions

OPTIONS = InputOptions(reference="q3", description="d")
TABLE = b"customer_id,amount,note\r\n007,5,\r\n008,6,\xc3\xa9\r\n"


def rows(path: Path, **options: Any) -> list[tuple[int, tuple[str, ...]]]:
    source = open_source(path, InputOptions(reference="q3", description="d", **options))
    return [(row.row_number, row.cells) for chunk in source.chunks() for row in chunk]


@pytest.mark.parametrize("name", ["payout.csv.gz", "payout.TSV.GZ", "payout.txt.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_compressed_file_is_the_table_in_it(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(TABLE.decode().encode(encoding)))
    assert rows(path) == [(2, ("007", "5", "")), (3, ("008", "6", "\u00e9"))]
    assert open_source(path, OPTIONS).file_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_members_in_one_file_are_one_table(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv.gz"
    path.write_bytes(gzip.compress(TABLE[:30]) + gzip.compress(TABLE[30:]))
    assert len(rows(path)) == 2


@pytest.mark.parametrize(
    ("packed", "said"),
    [
        (gzip.compress(TABLE)[:-1], "damaged, cut off"),
        (gzip.compress(TABLE)[:-8] + bytes(8), "damaged"),
        (gzip.compress(TABLE) + b"more", "damaged"),
        (gzip.compress(TABLE)[:20] + b"\xff" * 20, "damaged"),
        (TABLE, "not compressed"),
        (b"", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(b"PK\x03\x04 and so on"), "another archive"),
        (gzip.compress(gzip.compress(TABLE)), "compressed"),
        (gzip.compress(b"customer_id,amount\n\xff,5\n"), "is not UTF-8"),
        (gzip.compress(b"customer_id,amount\n" + b"a" * 5_000_000), "longer than"),
    ],
    ids=itertools.count(),  # the bytes hold the time
)
def test_what_is_damaged_or_no_table_ends_in_one_sentence(tmp_path: Path, packed: bytes, said: str) -> None:
    path = tmp_path / "payout.csv.gz"
    path.write_bytes(packed)
    with pytest.raises(InputError, match=said):
        open_source(path, OPTIONS)


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_text, "MAX_UNPACKED_BYTES", 3_000_000)
    path = tmp_path / "payout.csv.gz"
    path.write_bytes(gzip.compress(b"customer_id,amount\n" + b"c,5\n" * 1_000_000))
    with pytest.raises(InputError, match="unpacks to more than 3,000,000 bytes"):
        open_source(path, OPTIONS)


@pytest.mark.parametrize("seed", range(30))
def test_any_damage_ends_in_rows_or_one_refusal(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    packed = bytearray(gzip.compress(TABLE * 3))
    for _ in range(chance.randint(1, 4)):
        packed[chance.randrange(len(packed))] = chance.randrange(256)
    path = tmp_path / "payout.csv.gz"
    path.write_bytes(packed)
    try:
        rows(path)
    except InputError as error:
        assert error.hint


@pytest.mark.parametrize(
    "first",
    [b"sep=;\r\n", b"\xef\xbb\xbfsep=;\n", b'"sep=;"\n', b"SEP=;\r", b"sep=;;;\n"],
)
def test_a_first_line_that_states_the_delimiter(tmp_path: Path, first: bytes) -> None:
    path = tmp_path / "payout.csv"
    end = b"\r" if first.endswith(b"\r") else b"\n"
    path.write_bytes(first + b"customer_id;amount;a,b" + end + b"007;5;1,5" + end)
    assert rows(path) == [(2, ("007", "5", "1,5"))]


def test_errors_below_such_a_line_name_the_line_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_bytes(b'sep=;\ncustomer_id;amount\n007;"5\n')
    with pytest.raises(InputError, match="line 3: a quote"):
        rows(path)
    path.write_bytes(b"sep=;\ncustomer_id|amount\n007|5\n")
    assert rows(path, delimiter="|") == [(2, ("007", "5"))]


@pytest.mark.parametrize(
    ("content", "encoding", "reading"),
    [
        (b"customer_id,amount,n\nc,5,Caf\xe9 Z\xfcrich\n", "cp1252", "'Café', 'Zürich'"),
        (b"customer_id,amount,n\rc,5,\x80 \xe9t\xe9", "cp1252", "'été'"),
        (b"customer_id,amount,n\nc,5,M\x81ller\n", "cp850", "'Müller'"),
    ],
)
def test_what_is_no_utf_8_is_shown_in_the_encoding_in_which_it_is_text(
    tmp_path: Path, content: bytes, encoding: str, reading: str
) -> None:
    path = tmp_path / "payout.csv"
    path.write_bytes(content)
    with pytest.raises(UnclearFile, match="is not UTF-8") as caught:
        open_source(path, OPTIONS)
    first = caught.value.suggestions[0]
    assert (first.option, first.value) == ("--encoding", encoding) and reading in first.reason
