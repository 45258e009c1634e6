import hashlib
import io
from typing import Any, ClassVar

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.csv.text import HashingReader, choose_encoding, not_a_text_line


def test_what_passes_through_is_hashed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc" * 100_000)
    with HashingReader(path.open("rb", buffering=0)) as reader:
        while reader.read(4096):
            pass
        assert reader.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("start", "stated", "expected"),
    [
        (b"a,b", None, "utf-8"),
        (b"\xef\xbb\xbfa", None, "utf-8-sig"),
        (b"\xef\xbb\xbfa", "utf-8", "utf-8-sig"),
        (b"\xff\xfea\0", None, "utf-16"),
        (b"a,b", "Windows-1252", "cp1252"),
    ],
)
def test_the_encoding_is_stated_or_marked_or_utf_8(tmp_path, start, stated, expected):
    path = tmp_path / "a.csv"
    path.write_bytes(start)
    assert choose_encoding(path, stated) == expected


def test_an_empty_file_has_no_encoding(tmp_path):
    (tmp_path / "a.csv").touch()
    with pytest.raises(InputError, match="is empty"):
        choose_encoding(tmp_path / "a.csv", "utf-8")


def test_a_line_is_blamed_for_its_nul_or_its_length(tmp_path):
    assert "character 2: a NUL" in not_a_text_line(tmp_path / "a", 1, "a\0").message
    assert "longer than" in not_a_text_line(tmp_path / "a", 1, "a").message


def test_what_comes_after_the_end_was_read_by_nobody_and_has_no_hash() -> None:
    """A file that is cut and written again while it is read: rows end at the cut, though all its bytes came."""

    class Cut(io.RawIOBase):
        pieces: ClassVar = [b"customer_id,amount\nc-1,1", b"", b"0\n", b""]

        def readinto(self, buffer: Any) -> int:
            piece = self.pieces.pop(0) if self.pieces else b""
            buffer[: len(piece)] = piece
            return len(piece)

    raw: Any = Cut()
    whole = hashlib.sha256(b"customer_id,amount\nc-1,10\n").hexdigest()
    reader = HashingReader(raw)
    assert reader.read() == b"customer_id,amount\nc-1,1"
    assert reader.all_hexdigest() != whole
    at_once: Any = io.BytesIO(b"customer_id,amount\nc-1,10\n")
    assert HashingReader(at_once).all_hexdigest() == whole
