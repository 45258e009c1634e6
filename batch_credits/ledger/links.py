"""A link of the history's chain: which rows it covers, what they were, and the digest of the link before.

    link 1  attempts 1-5000      content, marks    previous ""       digest d1
    link 2  findings 1-5000      content, marks    previous d1       digest d2

Who changes a row must change the link that covers it, and so every later one: the newest digest, the *head*, stands for
all that was done. Rows are hashed as one text each, which is the same on every engine: fields as SQL writes them, in an
order that never changes. A mark for each row says which one was changed, where the content shows that one was.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from batch_credits.process.user import user_name

GROUP_ROWS = 5_000  # that one link covers at most
NOTE = "note"  # the kind of a link that covers no row, and only says something
BEFORE = "what was there before version 9 of the ledger is sealed as it was found"
MARK_BYTES = 4  # of a CRC: it only says where to look, the content holds


class Kind(NamedTuple):
    """What the rows are that a link covers. `words` are one of them, and several; `told` is the statement that tells
    them. Rows of a kind that has a `last` id, another statement, are only added, with rising ids; those of another are
    covered once they change no more, in any order. `is_bulk`: there is one for each call, so marks are short, and rows
    are not looked at one by one unless something is wrong."""

    name: str
    words: tuple[str, str]
    told: str
    last: str = ""
    is_bulk: bool = False


KINDS = (
    Kind("site", ("site", "sites"), "history_site", "last_site"),
    Kind("worker", ("worker", "workers"), "history_worker"),
    Kind("batch", ("batch", "batches"), "history_batch"),
    Kind("run", ("run", "runs"), "history_run", "last_run"),
    Kind("run_end", ("end of run", "ends of runs"), "history_run_end"),
    Kind("entry", ("commit", "commits"), "history_entry", "last_entry", is_bulk=True),
    Kind("attempt", ("attempt", "attempts"), "history_attempt", "last_attempt", is_bulk=True),
    Kind("finding", ("finding", "findings"), "history_finding", "last_finding", is_bulk=True),
    Kind("restored", ("note of a restore", "notes of restores"), "history_restored", "last_restored_id"),
    Kind("probe", ("probe", "probes"), "history_probe", "last_probe"),
    Kind("probe_call", ("call of a probe", "calls of probes"), "history_probe_call"),
    Kind("pack", ("pack", "packs"), "history_pack"),
)
RUN_END = KINDS[4]
_MANY = 1_000_000_000  # packs of a site, and calls of a probe: their numbers follow the other one's in one id


class Told(NamedTuple):
    """A row of the history: its id, and its text in UTF-8."""

    row_id: int
    text: bytes


class Link(NamedTuple):
    """A link. `ids` are the rows that it covers, as `1-998,1000`; `content` is the SHA-256 of their texts, of a kind
    that is not bulk that of their marks; `marks` are base64. `at`: milliseconds since 1970 UTC."""

    link_id: int
    kind: str
    ids: str
    rows: int
    content: str
    marks: str
    at: int
    made_by: str
    note: str
    previous: str
    digest: str

    @property
    def digest_due(self) -> str:
        """The digest that it must have, by all else of it."""
        said = "\n".join(map(repr, (self.previous, *self[:-2])))
        return sha256(said.encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first and the last of each row of ids that it covers.

        Raises:
            ValueError: what it says of them was changed.
        """
        parts = (part.partition("-") for part in self.ids.split(",") if part)
        return [(int(first), int(last or first)) for first, _, last in parts]

    def marks_by_id(self, mark_bytes: int) -> Iterator[tuple[int, bytes]]:
        """The mark of each row that it covers.

        Raises:
            ValueError: what it says of them was changed.
        """
        marks = b64decode(self.marks, validate=True)
        if len(marks) != self.rows * mark_bytes or sum(last - first + 1 for first, last in self.ranges) != self.rows:
            raise ValueError("it has not a mark for each row")
        ids = (row_id for first, last in self.ranges for row_id in range(first, last + 1))
        for number, row_id in enumerate(ids):
            yield row_id, marks[number * mark_bytes : (number + 1) * mark_bytes]


def link_after(before: Link | None, kind: str, said: "Said", at: int, made_by: str, note: str = "") -> Link:
    """The next link of the chain: what it says of the rows that it covers, when, and who sealed them."""
    number, previous = (1, "") if before is None else (before.link_id + 1, before.digest)
    link = Link(number, kind, *said, at=at, made_by=made_by, note=note, previous=previous, digest="")
    return link._replace(digest=link.digest_due)


def first_link_of_old(at: int) -> Link:
    """The first link of a ledger that was used before it had a chain."""
    return link_after(None, NOTE, Said(), at, user_name(), BEFORE)


class Said(NamedTuple):
    """What a link says of its rows: see `Link`."""

    ids: str = ""
    rows: int = 0
    content: str = ""
    marks: str = ""


def said_of(ids: Sequence[int], texts: Sequence[bytes], kind: Kind) -> Said:
    """What a link says of rows, by rising ids."""
    marks = [*map(mark_of if kind.is_bulk else digest_of, texts)]
    content = content_of(texts if kind.is_bulk else marks)
    return Said(ranges_of(ids), len(ids), content, b64encode(b"".join(marks)).decode("ascii"))


def content_of(texts: Iterable[bytes]) -> str:
    """The SHA-256 of texts one after the other: each is delimited by itself."""
    return sha256(b"".join(texts)).hexdigest()


def mark_of(text: bytes) -> bytes:
    """The short mark of a row."""
    return zlib.crc32(text).to_bytes(MARK_BYTES)


def digest_of(text: bytes) -> bytes:
    """The mark of a row that is looked at alone."""
    return sha256(text).digest()


def ranges_of(ids: Sequence[int]) -> str:
    """Rising ids as `1-998,1000`."""
    if ids[-1] - ids[0] + 1 == len(ids):
        return _range(ids[0], ids[-1])
    parts, first, last = [], ids[0], ids[0]
    for row_id in ids[1:]:
        if row_id != last + 1:
            parts.append(_range(first, last))
            first = row_id
        last = row_id
    return ",".join([*parts, _range(first, last)])


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def named(kind: Kind, row_id: int) -> str:
    """A row as people find it."""
    if kind.name == "pack":
        return f"pack {row_id % _MANY} of site {row_id // _MANY}"
    if kind.name == "probe_call":
        return f"call {row_id % _MANY} of probe {row_id // _MANY}"
    return f"{kind.words[0]} {row_id:,}"
