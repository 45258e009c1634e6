"""Whether a list that comes in pages still gets anywhere.

An offset says nothing about where it stands, so a list may circle, or hand out ever new offsets for what it has shown
already, or for nothing. Each page costs a request of the site's limit, and a look that never ends settles no doubt.
"""

from collections.abc import Iterable

MAX_PAGES = 100_000  # of 100 credits: ten million
# So many pages in a row may bring nothing new: empty ones, since a site may filter after it pages, and repeated ones,
# since credits that are added meanwhile push those of the last page into the next.
MAX_BARREN_PAGES = 50
_REMEMBERED_IDS = 50_000  # at least so many of the last ones, and at most twice as many


class Pages:
    """The pages of one list, as they come. It remembers hashes: of every offset, and of the ids that came last."""

    def __init__(self) -> None:
        self._offsets: set[int] = set()
        self._ids: set[int] = set()
        self._older_ids: set[int] = set()
        self._barren = 0

    def no_way_on(self, ids: Iterable[str], next_offset: str) -> str:
        """Why the list is not to be followed to this offset, after a page with these ids; empty if it is."""
        new = {hash(one) for one in ids} - self._ids - self._older_ids
        self._ids |= new
        if len(self._ids) > _REMEMBERED_IDS:
            self._ids, self._older_ids = set(), self._ids
        self._barren = 0 if new else self._barren + 1
        offset = hash(next_offset)
        if offset in self._offsets:
            return "the list repeats itself"
        self._offsets.add(offset)
        if self._barren >= MAX_BARREN_PAGES or len(self._offsets) >= MAX_PAGES:
            return "the list does not end"
        return ""
