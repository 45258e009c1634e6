"""Which file is to be taken next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from batch_credits.text.visible import visible
from batch_credits.watch.folder import Folder, FolderAway
from batch_credits.watch.left_alone import LeftAlone
from batch_credits.watch.names import controls_of, is_control, is_unfinished
from batch_credits.watch.seams import Seams
from batch_credits.watch.settings import LONG_FACTOR, WatchSettings
from batch_credits.watch.sightings import Shape, Sightings
from batch_credits.watch.taking import why_unreadable


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that can be taken, and its shape; `refusal` says why it is not to be paid, "" where nothing is known
    against it, and `of_watch` the same to programs."""

    name: str
    shape: Shape
    refusal: str = ""
    of_watch: str = ""


class Lookout:
    """Looks into the folder again and again."""

    def __init__(self, folder: Folder, settings: WatchSettings, seams: Seams, left_alone: LeftAlone) -> None:
        self._folder = folder
        self._settings = settings
        self._seams = seams
        self._sightings = Sightings()
        self._shapes: dict[str, Shape] = {}
        self._left_alone = left_alone
        self._away_since: float | None = None
        self._away_was_told = False
        self.is_away = False  # at the last look

    def look(self) -> bool:
        """See what is there; whether anything can be seen.

        Raises:
            FolderBusy: the folder was away, and another watch has it now.
            Left: it has been away for longer than a single pass waits.
        """
        self.is_away = False
        try:
            files, others = self._folder.files()
        except FolderAway as away:
            self.is_away = True
            self._seams.once("folder", f"{away}. It is waited for.")
            self._sightings.forget()
            self._shapes = {}
            self._away_since = self._seams.now() if self._away_since is None else self._away_since
            self._away_was_told = self._seams.impatient(self._away_since, was_told=self._away_was_told)
            return False
        self._away_since, self._away_was_told = None, False
        if self._seams.is_over("folder"):
            self._seams.tell(f"{self._folder.path} is there again.")
        links = [name for name in others if not is_unfinished(name)]
        for name in links:
            self._seams.once(name, f"{visible(name)} is a link or the like, so it is left where it is.")
        self._shapes = {name: shape for name, shape in files.items() if not is_unfinished(name)}
        self._sightings.look(self._shapes, self._seams.now())
        self._left_alone.tell("left_alone", [*links, *self._nobodys_controls()], {*others, *self._shapes})
        return True

    def there(self) -> set[str]:
        """The files to pay that were seen."""
        return {name for name in self._shapes if not is_control(name)}

    def is_growing(self, name: str) -> bool:
        """Whether a file has not become ready for so long that a single pass leaves it for the next."""
        settings = self._settings
        most = LONG_FACTOR * settings.settle_seconds + (settings.control_seconds or 0.0)
        return self._sightings.seen_seconds(name, self._seams.now()) > most + settings.settle_seconds

    def next(self, may_take: Callable[[str], bool]) -> Ready | None:
        """The oldest file that can be taken now, by the share's own clock."""
        waiting = sorted(filter(may_take, self.there()), key=lambda name: (self._shapes[name].changed_ns, name))
        return next(self._ready(waiting), None)

    def _ready(self, names: list[str]) -> Iterator[Ready]:
        now, settle = self._seams.now(), self._settings.settle_seconds
        for name in names:
            still = self._sightings.still_seconds(name, now)
            if still < settle * (1 if self._shapes[name].size else LONG_FACTOR):
                if self._sightings.seen_seconds(name, now) > LONG_FACTOR * settle and self._shapes[name].size:
                    self._seams.once(name, f"{visible(name)} still changes, so it is not taken yet.")
                continue
            why = why_unreadable(self._folder.path / name)
            if why is not None:
                self._seams.once(name, f"{visible(name)} cannot be read: {why}. It is waited for.")
                if still >= settle * LONG_FACTOR:
                    yield Ready(name, self._shapes[name], f"It cannot be read: {why}.", "unreadable")
                continue
            if (ready := self._with_control(name, still, now)) is not None:
                self._seams.is_over(name)
                yield ready

    def _with_control(self, name: str, still: float, now: float) -> Ready | None:
        patience, settle = self._settings.control_seconds, self._settings.settle_seconds
        controls = controls_of(name, self._shapes)
        if any(self._sightings.still_seconds(each, now) < settle for each in controls):
            return None
        if controls or patience is None:
            return Ready(name, self._shapes[name])
        if still >= patience:
            why = f"No control file came beside it within {patience:.0f} seconds (--require-control)."
            return Ready(name, self._shapes[name], why, "no_control")
        self._seams.once(name, f"{visible(name)} waits for its control file, {visible(name)}.control.csv or .json.")
        return None

    def _nobodys_controls(self) -> Iterator[str]:
        """Those that have no file for long, which is said."""
        now, names = self._seams.now(), self.there()
        patience = LONG_FACTOR * self._settings.settle_seconds
        for name in filter(is_control, self._shapes):
            is_anyones = any(controls_of(each, [name]) for each in names)
            if not is_anyones and self._sightings.still_seconds(name, now) > patience:
                self._seams.once(name, f"{visible(name)} has no file beside it whose control totals it could be.")
                yield name
