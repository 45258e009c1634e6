"""What lies in the folder and is not taken: told once of each, however often a single pass is begun."""

from collections.abc import Collection
from contextlib import suppress

from batch_credits.children.files import read_document, write_document
from batch_credits.watch.seams import Seams
from batch_credits.watch.settings import WatchSettings


class LeftAlone:
    """The names of which somebody was told, by why they are left; on disk beside the jobs."""

    def __init__(self, settings: WatchSettings, seams: Seams) -> None:
        self._settings = settings
        self._seams = seams
        self._path = settings.state / "left_alone.json"
        self._told = read_document(self._path) or {}

    def tell(self, code: str, names: Collection[str], there: Collection[str]) -> None:
        """Tell of those that are new. Of one that is no more among those that are there, and comes again, once more."""
        before = self._told.get(code, [])
        known = {name for name in before if name in there}
        for name in sorted({*names} - known):
            self._seams.notify(code, file=name, where=self._settings.folder)
        self._told[code] = sorted(known | {*names})
        if self._told[code] == before:
            return
        with suppress(OSError, UnicodeError):  # then it is told again, to the next watch's listeners
            write_document(self._path, self._told)
