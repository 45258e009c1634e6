"""Whether a file has stopped growing: by what was seen of it, and by our own clock.

The clock of a share may be years from ours, so times that it tells are only held against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Shape(NamedTuple):
    """What changes while a file is written: its size in bytes, and its time of change by the share's clock, ns."""

    size: int
    changed_ns: int


@dataclass(slots=True)
class _Seen:
    shape: Shape
    first: float
    since: float  # that it has had this shape


class Sightings:
    """The files of a folder as they were seen from one look to the next. Times are of a monotonic clock, seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def look(self, shapes: Mapping[str, Shape], now: float) -> None:
        """What is there now."""
        before, self._seen = self._seen, {}
        for name, shape in shapes.items():
            known = before.get(name)
            if known is None:
                known = _Seen(shape, now, now)
            elif known.shape != shape:
                known = _Seen(shape, known.first, now)
            self._seen[name] = known

    def forget(self) -> None:
        """The folder was away: what is seen next may be anything."""
        self._seen.clear()

    def still_seconds(self, name: str, now: float) -> float:
        """For how long a file has had the shape it has."""
        return now - self._seen[name].since

    def seen_seconds(self, name: str, now: float) -> float:
        """For how long a file has been there."""
        return now - self._seen[name].first
