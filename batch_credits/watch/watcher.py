"""START HERE: what happens to a file.

    lookout        it has stopped growing, and so has its control file
    taking         it lies in `working`, out of everybody's reach by its old name, and a private copy of it is hashed;
                   from here on it is a job, on disk
    known          was this content paid before, or is its reference another's? That this was answered is on disk before
                   a run begins: what the ledger knows of the content afterwards is this job's own
    trying         a run, as often as may help; each is another process, which holds the job's lock
    putting        it lies in `done` or `attention`, with its control file, its reports and a note

After a kill at any step the next watch begins at that step again. A run that outlived the watch is waited for. What is
in the way (a share that is away, a full disk, a ledger that cannot be read) is said once, and waited for.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from batch_credits.children.files import load_document
from batch_credits.text.visible import visible
from batch_credits.watch.carrying import Carrier
from batch_credits.watch.folder import Folder
from batch_credits.watch.jobs import Ending, Job, Jobs
from batch_credits.watch.known import RECORD, is_of_record
from batch_credits.watch.left_alone import LeftAlone
from batch_credits.watch.lookout import Lookout, Ready
from batch_credits.watch.names import folder_of, is_control, reference_of
from batch_credits.watch.seams import Left, Seams
from batch_credits.watch.settings import WatchSettings
from batch_credits.watch.sightings import Shape
from batch_credits.watch.taking import move_out, names_in

_REFUSED, _UNKNOWN, _STOPPED, _BUSY = 2, 3, 4, 5


class Watcher:
    """The watch over one folder, which is held meanwhile."""

    def __init__(self, folder: Folder, settings: WatchSettings, seams: Seams) -> None:
        self._settings = settings
        self._seams = seams
        self._jobs = Jobs(settings.state / "jobs")
        self._left_alone = LeftAlone(settings, seams)
        self._lookout = Lookout(folder, settings, seams, self._left_alone)
        self._carrier = Carrier(settings, self._jobs, seams)
        self._others: list[str] = []  # what lies in `working` and another ledger's watch took
        self._unread: list[str] = []  # and what cannot be read there

    def watch(self) -> int:
        """Watch until told to end; or once. Returns the exit code.

        Raises:
            FolderBusy: the folder was away, and another watch has it now.
        """
        codes: list[int] = []
        try:
            for job in [*self._known_jobs(), *self._adopted()]:
                self._seams.tell(f"{visible(job.name)}: taken by an earlier watch. This one goes on with it.")
                self._carry(job, codes)
            codes += [_UNKNOWN] if self._others or self._unread else []
            self._left_alone.tell("another_ledger", self._others, self._others)
            self._left_alone.tell("unknown_file", self._unread, self._unread)
            if self._settings.once:
                self._pass(codes)
            while not self._settings.once:
                self._take_all(lambda name: True, codes)
                codes.clear()  # nobody asks what came of all nights
                self._seams.pause(self._settings.every_seconds)
        except Left as left:
            if not self._settings.once:
                return left.code if self._jobs.are_any() else 0
            codes.append(left.code)
        return worst(codes)

    def _pass(self, codes: list[int]) -> None:
        """Take what is there now, and end."""
        self._until_it_is_seen()
        wanted = self._lookout.there()
        while wanted:
            wanted -= self._take_all(wanted.__contains__, codes)
            if self._lookout.is_away:
                self._until_it_is_seen()
            wanted &= self._lookout.there()
            for name in [each for each in wanted if self._lookout.is_growing(each)]:
                self._seams.tell(f"{visible(name)} still changes: it is left for the next time.", is_urgent=True)
                wanted.discard(name)
            if wanted:
                self._seams.pause(min(self._settings.every_seconds, self._settings.settle_seconds))

    def _until_it_is_seen(self) -> None:
        """Wait for the folder, with a single pass's patience.

        Raises:
            Left: that is over, or the watch is told to end.
            FolderBusy: another watch has it now.
        """
        while not self._lookout.look():
            self._seams.pause(self._settings.every_seconds)

    def _take_all(self, may_take: Callable[[str], bool], codes: list[int]) -> set[str]:
        """Take one file after the other for as long as there is one that can be taken. Returns their names."""
        tried: set[str] = set()
        while True:
            self._seams.go_on()
            self._lookout.look()
            ready = self._lookout.next(lambda name: name not in tried and may_take(name))
            if ready is None:
                return tried
            tried.add(ready.name)
            if (job := self._take(ready)) is not None:
                self._carry(job, codes)

    def _take(self, ready: Ready) -> Job | None:
        """Make a job of a file; None: it cannot be taken now."""
        settings, name = self._settings, ready.name
        at = self._seams.utc()
        place = folder_of(name, at, self._is_taken)
        try:
            if not move_out(settings, name, place):
                return None
        except OSError as error:  # such as one that somebody has open on a Windows share: others can be taken meanwhile
            why = error.strerror or str(error)
            text = f"{visible(name)} cannot be taken out of the folder: {why}. It is tried again."
            self._seams.once(f"taking {name}", text)
            return None
        self._seams.is_over(f"taking {name}")
        job = self._new_job(place, name, ready.shape)
        self._seams.tell(f"{visible(name)}: taken.")
        if ready.refusal:
            hint = "Nothing was sent. Mend that, and put it into the folder again."
            self._carrier.end(job, Ending("attention", _REFUSED, ready.refusal, hint, of_watch=ready.of_watch))
        return job

    def _new_job(self, place: str, name: str, shape: Shape | None = None) -> Job:
        settings = self._settings
        reference = reference_of(settings.template, name)
        at = self._seams.utc()
        job = Job(self._jobs.new_id(at), place, name, None, "", reference, self._seams.at(), shape)
        what = f"{visible(name)}: what is known of it cannot be written to {settings.state}"
        self._seams.until_it_works(what, lambda: self._jobs.save(job), settings.every_seconds)
        return job

    def _is_taken(self, place: str) -> bool:
        settings = self._settings
        return any(os.path.lexists(each / place) for each in (settings.working, settings.done, settings.attention))

    def _carry(self, job: Job, codes: list[int]) -> None:
        ending = self._carrier.carry(job)
        if ending is not None:
            codes.append(ending.code)

    def _known_jobs(self) -> list[Job]:
        what = "what is known of the files that were taken cannot be read"
        return self._seams.until_it_works(what, lambda: [*self._jobs.all()], self._settings.every_seconds)

    def _adopted(self) -> Iterator[Job]:
        """Jobs of files that lie in `working`, and of which nothing is known here: the watch was killed just then, or
        what it knew is lost. The ledger still knows what was paid of them."""
        settings, known = self._settings, {job.place for job in self._known_jobs()}
        for folder in self._seams.until_it_works(
            f"{settings.working} cannot be read", lambda: _folders_in(settings.working), settings.every_seconds
        ):
            if folder.name in known:
                continue
            try:
                names = self._lying(folder)
            except OSError as error:  # the others can be gone on with meanwhile
                why = error.strerror or str(error)
                self._seams.tell(f"{visible(str(folder))} is left alone: {why}.", is_urgent=True)
                self._unread.append(folder.name)
                continue
            if names is None:
                continue
            if len(names) == 1:
                yield self._new_job(folder.name, names[0])
                continue
            job = self._new_job(folder.name, folder.name)
            what = f"It lay in {settings.working}, and what became of it is not known here any more"
            hint = "See what the ledger knows of it; a file that it does not know was not paid."
            commands = ["batch-credits status"]
            self._carrier.end(job, Ending("attention", _UNKNOWN, what, hint, commands, of_watch="unknown_file"))
            yield job

    def _lying(self, folder: Path) -> list[str] | None:
        """The files that a watch moved into a folder; None: there is nothing for this one to go on with. What a watch
        left that was killed before it moved one is removed.

        Raises:
            OSError: the folder cannot be read, or not be cleared.
        """
        lying = [*folder.iterdir()]
        if all(is_of_record(each.name) for each in lying):
            for each in lying:
                each.unlink(missing_ok=True)
            folder.rmdir()
            return None
        if self._is_others(folder):
            return None
        return [name for name in names_in(folder) if not is_control(name) and not is_of_record(name)]

    def _is_others(self, folder: Path) -> bool:
        """Whether a file was taken by a watch with another ledger or site: that one knows what was paid of it, and its
        run may go on still. From this ledger all of it would be paid again."""
        settings, said = self._settings, load_document(folder / RECORD) or {}
        site, ledger = said.get("site", settings.site), said.get("ledger", settings.ledger_text)
        if (site, ledger) == (settings.site, settings.ledger_text):
            return False
        self._others.append(str(said.get("file", folder.name)))
        text = (
            f"{visible(str(folder))} is left alone: a watch for site {visible(str(site))} with the ledger"
            f" {visible(str(ledger))} took it, and that ledger alone knows what was paid of it."
            " Start a watch of this folder with those once more: it goes on with it."
        )
        self._seams.tell(text, is_urgent=True)
        return True


def _folders_in(working: Path) -> list[Path]:
    if not working.is_dir():
        return []
    return sorted(each for each in working.iterdir() if each.is_dir() and not each.is_symlink())


def worst(codes: Iterable[int]) -> int:
    """The exit code of a pass over several files. Of some that were refused, and others that were paid, it is not true
    that nothing was sent."""
    found = set(codes)
    for code in (_STOPPED, _UNKNOWN, _BUSY):
        if code in found:
            return code
    if found == {_REFUSED}:
        return _REFUSED
    return 1 if found - {0} else 0
