"""Whether the history is what was sealed: each link follows the one before, and each row is as its link says.

What is wrong is named by table and id: rows that were changed, are missing, or were added. What cannot be read is named
likewise, and all else is looked at nevertheless. Rows that no link covers yet are counted: nobody can say more of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from batch_credits.errors import LedgerError
from batch_credits.ledger.chain import LAST, rows_between
from batch_credits.ledger.database import Database
from batch_credits.ledger.links import (
    BEFORE,
    KINDS,
    MARK_BYTES,
    Kind,
    Link,
    Told,
    content_of,
    digest_of,
    mark_of,
    named,
    ranges_of,
)
from batch_credits.ledger.what_it_was import what_changed

MAX_NAMED = 5  # rows of one link, and of one sort
DIGEST_BYTES = 32


@dataclass(slots=True)
class Chained:
    """What the chain is, and what is wrong: a sentence each. `head` is the digest of the newest link, "" if there is
    none; `rows` are sealed; `unsealed` are the others, in words; `before_at` is when rows from before the chain were
    sealed, in milliseconds since 1970 UTC, None if there were none."""

    head: str = ""
    links: int = 0
    rows: int = 0
    unsealed: list[str] = field(default_factory=list)
    before_at: int | None = None
    breaks: list[str] = field(default_factory=list)


def verify_chain(database: Database) -> Chained:
    """Look at the whole history, told of one moment: within the caller's transaction."""
    database.first("go_by_ids", tuple)
    found = Chained()
    links = _links(database, found)
    for kind in KINDS:
        of_kind = [link for link in links if link.kind == kind.name and link.ranges]
        verify = _verify_bulk if kind.is_bulk else _verify_each
        try:
            verify(database, kind, of_kind, found)
        except LedgerError as error:
            found.breaks.append(f"The {kind.words[1]} cannot all be read ({_reason(error)}).")
    _verify_packs(database, links, found)
    return found


def _links(database: Database, found: Chained) -> list[Link]:
    """The links that can be read, of which what is wrong with any is noted."""
    links: list[Link] = []
    number, digest = 0, ""
    for link_id in database.all("link_ids", lambda row: int(row[0])):
        if link_id != number + 1:
            missing = _ids(number + 1, link_id - 1)
            found.breaks.append(f"Link {missing} is missing: link {link_id:,} is the next one.")
        is_next, number = link_id == number + 1, link_id
        try:
            link = database.one("link", Link._make, link=link_id)
            what = _covers(link)
        except (LedgerError, ValueError) as error:
            found.breaks.append(f"Link {link_id:,} was changed: it cannot be read ({_reason(error)}).")
            digest = ""
            continue
        if link.digest != link.digest_due:
            found.breaks.append(f"Link {link_id:,} ({what}) was changed: its digest is not that of what it says.")
        elif is_next and link.previous != digest and (digest or link_id == 1):
            found.breaks.append(f"Link {link_id:,} ({what}) does not follow the one before: one of them was changed.")
        digest, found.head = link.digest, link.digest
        found.rows += link.rows
        if link.note == BEFORE:
            found.before_at = link.at
        links.append(link)
    found.links = len(links)
    return links


def _covers(link: Link) -> str:
    """What a link covers, in words.

    Raises:
        ValueError: what it says of that was changed.
    """
    words = next((kind.words[1] for kind in KINDS if kind.name == link.kind), "no rows")
    ranges = link.ranges
    return f"{words} {_ids(ranges[0][0], ranges[-1][1])}" if ranges else words


def _ids(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _verify_bulk(database: Database, kind: Kind, links: Sequence[Link], found: Chained) -> None:
    """By the content of each link; row by row only where that is another one."""
    after = -LAST
    for link in links:
        first, last = link.ranges[0][0], link.ranges[-1][1]
        try:
            rows = [*rows_between(database, kind, after + 1, last)]
        except LedgerError as error:
            found.breaks.append(f"{kind.words[1].capitalize()} {_ids(first, last)} cannot be read ({_reason(error)}).")
            rows = []
        else:
            if content_of(row.text for row in rows) != link.content:
                found.breaks += _differences(kind, link, rows, _marks(link, MARK_BYTES))
        after = last
    _note_unsealed(kind, [row.row_id for row in rows_between(database, kind, after + 1, LAST)], found)


def _verify_each(database: Database, kind: Kind, links: Sequence[Link], found: Chained) -> None:
    """Row by row. A row that two links cover is as the later one says."""
    due: dict[int, tuple[bytes, Link]] = {}
    for link in links:
        due |= {row_id: (mark, link) for row_id, mark in _marks(link, DIGEST_BYTES).items()}
    last = max(due, default=0)
    unsealed, wrong = [], []
    for row in rows_between(database, kind, -LAST, LAST):
        mark, link_of = due.pop(row.row_id, (None, None))
        if mark is None and kind.last and row.row_id <= last:
            wrong.append(f"{_start(kind, row.row_id)} was added: no link covers it, and later ones are sealed.")
        elif mark is None:
            unsealed.append(row.row_id)
        elif digest_of(row.text) != mark:
            assert link_of is not None
            wrong.append(f"{_start(kind, row.row_id)} was changed since link {link_of.link_id:,} sealed it.")
    wrong += [
        f"{_start(kind, row_id)} is missing, which link {link.link_id:,} sealed." for row_id, (_, link) in due.items()
    ]
    found.breaks += _some(wrong, kind)
    _note_unsealed(kind, unsealed, found)


def _differences(kind: Kind, link: Link, rows: Sequence[Told], marks: Mapping[int, bytes]) -> list[str]:
    """Which rows are not as a link says."""
    there = {row.row_id for row in rows}
    differing = [row for row in rows if row.row_id in marks and mark_of(row.text) != marks[row.row_id]]
    changed = [f"{_start(kind, row.row_id)} was changed{what_changed(kind, row, marks[row.row_id])}."
               for row in differing[:MAX_NAMED]]  # fmt: skip
    changed += [""] * (len(differing) - len(changed))
    missing = [f"{_start(kind, row_id)} is missing, which link {link.link_id:,} sealed."
               for row_id in marks if row_id not in there]  # fmt: skip
    first = link.ranges[0][0]
    between = [row.row_id for row in rows if row.row_id < first]
    added = [f"{_start(kind, row.row_id)} was added: link {link.link_id:,} sealed the others around it."
             for row in rows if row.row_id >= first and row.row_id not in marks]  # fmt: skip
    wrong = [*_some(changed, kind), *_some(missing, kind), *_some(added, kind)]
    if between:
        ids = ranges_of(between).split(",")
        wrong.append(f"{kind.words[1].capitalize()} {', '.join(ids[:MAX_NAMED])} are covered by no link: they were"
                     " added, or their link is missing.")  # fmt: skip
    return wrong or [f"Something of the {_covers(link)} was changed, or what link {link.link_id:,} says of them."]


def _marks(link: Link, mark_bytes: int) -> dict[int, bytes]:
    try:
        return dict(link.marks_by_id(mark_bytes))
    except ValueError:
        return {}  # the link was changed, which is said


def _some(wrong: list[str], kind: Kind) -> list[str]:
    if len(wrong) > MAX_NAMED:
        return [*wrong[:MAX_NAMED], f"And so it is of {len(wrong) - MAX_NAMED:,} more {kind.words[1]}."]
    return wrong


def _start(kind: Kind, row_id: int) -> str:
    name = named(kind, row_id)
    return name[0].upper() + name[1:]


def _note_unsealed(kind: Kind, ids: Sequence[int], found: Chained) -> None:
    if ids:
        words = kind.words[0] if len(ids) == 1 else kind.words[1]
        which = ", ".join(ranges_of(ids).split(",")[:MAX_NAMED])
        found.unsealed.append(f"{len(ids):,} {words} ({which})")


def _verify_packs(database: Database, links: Sequence[Link], found: Chained) -> None:
    """Each pack went out with the head of its time, so that has to be a link still."""
    digests = {link.digest for link in links}
    for site, number, head in _packs(database, found):
        if head not in digests:
            found.breaks.append(
                f"Pack {number:,} of {site} went out with the head {head}, which no link has: links were removed or"
                " made anew."
            )


def _packs(database: Database, found: Chained) -> Iterator[tuple[str, int, str]]:
    try:
        yield from database.all("heads_of_packs", lambda row: (str(row[0]), int(row[1]), str(row[2])))
    except LedgerError as error:
        found.breaks.append(f"The packs cannot all be read ({_reason(error)}).")


def _reason(error: Exception) -> str:
    return str(error.__cause__ or error).rstrip(".")
