"""The border to expat, which reads the XML of a workbook's parts, in blocks and in bounded memory.

A document type is refused before anything of it is read, so there are no entities that could be expanded. XML is
read as UTF-8 whatever it says of itself, as the reader of the values does, and refused if it says something else.
"""

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from xml.parsers import expat

from batch_credits.errors import InputError
from batch_credits.loader.workbook.marks import damaged

Attributes = dict[str, str]

MAX_ROW_BYTES = 16_777_216  # also of all that lies before and after the rows, and of a part without rows
MAX_DEPTH = 1_000_000  # of elements within each other: the parser keeps some hundred bytes of each
_BLOCK_BYTES = 1_048_576
_TAIL_BYTES = 1_000  # of a block that are kept, since a value may begin in one and end in the next
# Elements that hold a value: of OpenDocument, whose texts are in paragraphs, and of Excel.
_VALUE = re.compile(rb"<(?:text:|(?:[^\s<>/:!?]+:)?v[\s>])")
_REFERRING = re.compile(rb"<(?:[^\s<>/:!?]+:)?v(?:\s[^<>]*)?>([^<&]*&#[^<]*)<")
_ENCODINGS = ("utf-8", "us-ascii")


class PartReader:
    """What is made of one part. It is told the elements that begin; what else it is to be told it asks its parser.

    A subclass keeps in `ended` what ends, and says with `row()` that a row is over.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended: list[str] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.ended.append  # no function of ours, which would take half as long again
        self.parser.CommentHandler = self._divide
        self.parser.ProcessingInstructionHandler = lambda target, _: self._divide(target)
        self.parser.StartCdataSectionHandler = lambda: self._divide("cdata")
        self._block = b""  # at hand, with the end of the one before, and where it begins
        self._block_at = 0
        self.parser.XmlDeclHandler = self._declared
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._parsed = 0  # bytes
        self.stands_behind = ""  # the name of the element that has just ended, if nothing follows it so far
        self._depth = 0
        self._is_cut = False  # the last block ended in a `<`
        self._row_at = 0

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        raise NotImplementedError

    def row(self) -> None:
        """A row is over, or the next begins: what is remembered of it can be let go."""
        self._row_at = self.parser.CurrentByteIndex

    def read(self, archive: zipfile.ZipFile, part: str) -> None:
        """Read a part from its start to its end.

        Raises:
            InputError: it is not XML, or has an endless row.
            KeyError: there is no such part.
        """
        try:
            with archive.open(part) as stream:
                while block := stream.read(_BLOCK_BYTES):
                    if b"\0" in block:  # UTF-16, which the parser would follow whatever it was told
                        raise damaged(self.path)
                    for piece in self.pieces(block):
                        self._parse(piece)
                    if self.is_read():
                        return
                self.parser.Parse(b"", True)
        except expat.ExpatError:
            raise damaged(self.path) from None

    def is_read(self) -> bool:
        """Whether the rest need not be read."""
        return False

    def pieces(self, block: bytes) -> Iterator[bytes]:
        """What of a block is to be parsed, one piece after the other; what lies between them, whole elements only, is
        passed over.
        """
        yield block

    def _parse(self, block: bytes) -> None:
        self._parsed += len(block)
        tail = self._block[-_TAIL_BYTES:]
        self._block, self._block_at = tail + block, self._parsed - len(block) - len(tail)
        if b"&#" in block and any(map(_is_number, self._referring())):
            raise self._in_pieces()
        self.parser.Parse(block, False)
        is_all = self.parser.CurrentByteIndex == self._parsed  # else it waits for the rest of something
        self.stands_behind = self.ended[-1] if self.ended and is_all else ""
        self._bound(self._parsed, block)

    def _bound(self, read: int, block: bytes) -> None:
        """What begins is counted by its `<`, since a line of Python for each would take too long. Inside comments and
        CDATA a `<` may stand for nothing, so the bound is a wide one."""
        if read - self._row_at > MAX_ROW_BYTES:
            raise InputError(f"{self.path.name} has a row of more than {MAX_ROW_BYTES:,} bytes.", hint="Check it.")
        ends = block.count(b"</") + (self._is_cut and block[:1] == b"/")
        self._is_cut = block[-1:] == b"<"
        self._depth += block.count(b"<") - ends - len(self.ended)
        self.ended.clear()
        if self._depth > MAX_DEPTH:
            raise damaged(self.path)

    def _divide(self, what: str) -> None:
        """A comment, a CDATA section or an instruction begins. In a value, the reader of values would stop there."""
        self.ended.append(what)
        tag = self._block.rfind(b"<", 0, self.parser.CurrentByteIndex - self._block_at)
        if tag >= 0 and _VALUE.match(self._block, tag):
            raise self._in_pieces()

    def _referring(self) -> Iterator[bytes]:
        """The values in the block that refer to characters by their numbers."""
        return (found[1] for found in _REFERRING.finditer(self._block))

    def _in_pieces(self) -> InputError:
        return InputError(
            f"{self.path.name} has a cell whose text is in pieces, as no program writes it, and not all that read it "
            "put them together.",
            hint="Open it in Excel or LibreOffice and save it again.",
        )

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        self.ended.append("xml")
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise damaged(self.path)

    def _refuse(self, *_: object) -> None:
        raise damaged(self.path)


class WholePart(PartReader):
    """Asks of a part only that it is whole, and within the bounds: for a reader of values that takes all of it at once,
    and does anything with one that is not. How long its rows are is asked where they are read."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.parser.StartElementHandler = None  # a call for each element would be all that this costs

    def pieces(self, block: bytes) -> Iterator[bytes]:
        """All of it."""
        self.row()
        yield block


class _Root(PartReader):
    """Reads a part as far as to its outermost element."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.found: tuple[str, Attributes] | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        """The first is the outermost."""
        if self.found is None:
            self.found = local(name), attributes

    def is_read(self) -> bool:
        """Whether it was met."""
        return self.found is not None


def root_of(archive: zipfile.ZipFile, part: str, path: Path) -> tuple[str, Attributes]:
    """The outermost element of a part: its name without a prefix, and its attributes.

    Raises:
        InputError: it is not XML.
        KeyError: there is no such part.
    """
    root = _Root(path)
    root.read(archive, part)
    return root.found or ("", {})


def _is_number(text: bytes) -> bool:
    try:
        float(unescape(text.decode("utf-8", "replace")))
    except ValueError:
        return False
    return True


def local(name: str) -> str:
    """A name without the prefix of its namespace."""
    return name[name.rfind(":") + 1 :]
