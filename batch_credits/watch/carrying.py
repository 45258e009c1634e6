"""A file that was taken, carried through: copied, held against what is known, run, and put where it goes.

What is done is on disk before the next step begins, so each step can be begun again.
"""

import errno
import os
import shlex
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from batch_credits.children.locks import is_locked, try_lock
from batch_credits.children.start import Child
from batch_credits.planning.repeats import Repeat
from batch_credits.text.visible import visible
from batch_credits.watch.folder import LOCK
from batch_credits.watch.jobs import Desk, Ending, Job, Jobs
from batch_credits.watch.known import Known
from batch_credits.watch.putting import put
from batch_credits.watch.seams import Left, Seams
from batch_credits.watch.settings import MOST_BACKOFF_SECONDS, WatchSettings
from batch_credits.watch.taking import Changing, copied, move_control, see_that_it_stopped
from batch_credits.watch.trying import Again, Busy, Through, Tried, begin, judge, options_of, tried

LOOK_SECONDS = 0.2  # between two looks whether a run has ended
_REFUSED = 2


class Carrier:
    """Carries one job after another."""

    def __init__(self, settings: WatchSettings, jobs: Jobs, seams: Seams) -> None:
        self._settings = settings
        self._jobs = jobs
        self._seams = seams
        self._known = Known(settings)

    def carry(self, job: Job) -> Ending | None:
        """Bring a job to its end; None: its file was taken away before anything was done with it.

        Raises:
            Left: the watch is told to end, and the job is not through; the next watch goes on with it.
        """
        desk, name = self._jobs.desk(job.job_id), visible(job.name)
        if job.ending is None and not job.sha256 and not self._prepare(job, desk):
            self._seams.tell(f"{name} was taken away, and nothing of it was sent.", is_urgent=True)
            self._jobs.drop(job)
            return None
        if job.ending is None and not job.may_run:
            self._hold_against_known(job, desk)
        if job.ending is None:
            self._end(job, self._run(job, desk))
        assert job.ending is not None
        return self._put(job, job.ending)

    def end(self, job: Job, ending: Ending) -> None:
        """Say where a job goes of which no run is needed."""
        self._end(job, ending)

    def _end(self, job: Job, ending: Ending) -> None:
        job.ending = replace(ending, ended_at=self._seams.at())
        self._save(job)

    def _save(self, job: Job) -> None:
        what = f"{visible(job.name)}: what is known of it cannot be written to {self._settings.state}"
        self._seams.until_it_works(what, lambda: self._jobs.save(job), self._settings.every_seconds)

    def _prepare(self, job: Job, desk: Desk) -> bool:
        """Take the control file, and copy both; False: there is nothing to copy any more."""
        settings, what = self._settings, f"{visible(job.name)}: it cannot be copied yet"
        working = settings.working / job.place

        def act() -> bool | None:
            try:
                control, refusal = move_control(settings, job.name, job.place)
                job.control = control
                self._jobs.save(job)
                see_that_it_stopped(job, working / job.name)
                done = copied(job, desk, working)
            except Changing:
                return None
            except FileNotFoundError:
                if (settings.folder / LOCK).exists() and not os.path.lexists(working / job.name):
                    return False
                raise
            job.sha256 = done.sha256
            self._jobs.save(job)
            if refusal:
                hint = "Nothing was sent. Leave one beside it, and put both into the folder again."
                self._end(job, Ending("attention", _REFUSED, refusal, hint, of_watch="no_control"))
            return True

        while (done := self._seams.until_it_works(what, act, settings.every_seconds)) is None:
            self._seams.once(job.name, f"{visible(job.name)} is still being written, so it is not paid yet.")
            self._seams.pause(settings.settle_seconds)
        self._seams.is_over(job.name)
        return done

    def _hold_against_known(self, job: Job, desk: Desk) -> None:
        def act() -> Repeat | None:
            return self._known.refusal(job.sha256, job.reference)

        what = f"{visible(job.name)}: it cannot be held against what was paid before"
        refused = self._seams.until_it_works(what, act, self._settings.every_seconds)
        if refused is None:
            job.may_run = True
            self._save(job)
            return
        commands = []
        if refused.reference is not None:
            commands = self._commands(replace(job, reference=refused.reference), desk)
        self._end(job, Ending("attention", _REFUSED, refused.what, refused.hint, commands, of_watch="repeat"))

    def _commands(self, job: Job, desk: Desk) -> list[str]:
        """The line that goes on with a file by hand."""
        words = ["batch-credits", "run", str(desk.source / job.name), *options_of(job, desk, self._settings)]
        return [shlex.join([*words, f"--reports={desk.reports}"])]

    def _run(self, job: Job, desk: Desk) -> Ending:
        """Run it as often as may help. Returns where it goes.

        Raises:
            Left: the watch is told to end, or the ledger was waited for for long enough.
        """
        settings, name = self._settings, visible(job.name)
        busy_since: float | None = None
        while True:
            verdict = judge(self._try(job, desk), self._commands(job, desk))
            match verdict:
                case Through(ending):
                    self._seams.is_over("ledger")
                    return ending
                case Busy(why):
                    busy_since = self._seams.now() if busy_since is None else busy_since
                    self._seams.once("ledger", f"{name} waits: {why}")
                    self._give_up_waiting(busy_since)
                    self._seams.pause(settings.every_seconds)
                case Again(why, ending):
                    self._seams.go_on()  # told to end: that is why the run stopped
                    self._seams.is_over("ledger")
                    job.tries += 1
                    self._save(job)
                    if job.tries >= settings.tries:
                        often = "once" if job.tries == 1 else f"{job.tries} times"
                        return replace(ending, what=f"It was tried {often}. {ending.what}")
                    seconds = min(settings.backoff_seconds * 2 ** (job.tries - 1), MOST_BACKOFF_SECONDS)
                    text = f"{name}: {why.rstrip('.')}. It is tried again in {seconds:.0f} seconds."
                    self._seams.tell(text, is_urgent=True)
                    self._seams.pause(seconds)

    def _give_up_waiting(self, since: float) -> None:
        most = self._settings.ledger_seconds
        if self._settings.once and most is not None and self._seams.now() - since >= most:
            raise Left(5)

    def _try(self, job: Job, desk: Desk) -> Tried:
        """One run: a new one, or one that is still there since an earlier watch."""
        settings, what = self._settings, f"{visible(job.name)}: its run cannot be started"
        lock = self._seams.until_it_works(what, lambda: try_lock(desk.lock), settings.every_seconds)
        if lock is None:
            self._seams.tell(f"{visible(job.name)}: its run goes on since before this watch began. It is waited for.")
            self._await_others(job, desk)
            return tried(desk, None)
        try:
            job.pid = 0  # that of the run before may be another's by now, and nobody may be told to end in its place
            self._save(job)
            child = self._seams.until_it_works(
                what, lambda: begin(job, desk, settings, lock), settings.every_seconds
            )
        finally:
            os.close(lock)
        job.pid = child.pid
        with suppress(OSError):  # it is only to pass a signal on, and the run goes on already
            self._jobs.save(job)
        return tried(desk, self._await(child))

    def _await(self, child: Child) -> int:
        told = 0
        while (code := child.code()) is None:
            told = self._pass_on(child.pid, told)
            self._seams.wait(LOOK_SECONDS)
        return code

    def _await_others(self, job: Job, desk: Desk) -> None:
        told = 0
        while is_locked(desk.lock):  # who holds it lives, so the number is still its own
            told = self._pass_on(job.pid, told)
            self._seams.wait(LOOK_SECONDS)

    def _pass_on(self, pid: int, told: int) -> int:
        """Tell a run what this watch was told: the first signal lets it end in order, the second at once; then nobody
        waits for it any more. Returns how often it was told."""
        while told < min(self._seams.signals(), 2):
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            told += 1
            if told > 1:
                raise Left(4)
            self._seams.tell("Told to end: the run that goes on ends in order. Once more: at once.", is_urgent=True)
        return told

    def _put(self, job: Job, ending: Ending) -> Ending:
        what = f"{visible(job.name)}: it cannot be put into {ending.to}"

        def act() -> Path:
            folder = self._settings.folder
            if not (folder / LOCK).exists():  # an empty one lies where the share was, and nobody will find it there
                raise FileNotFoundError(errno.ENOENT, "another folder is in its place", str(folder))
            return put(job, ending, self._settings, self._jobs)

        where = self._seams.until_it_works(what, act, self._settings.every_seconds)
        self._known.add(job.sha256, job.name, ending.ended_at, ending.batch, where)
        if ending.of_watch:
            self._seams.notify(ending.of_watch, file=job.name, exit_code=ending.code, where=where)
        self._jobs.drop(job)  # last, since who told it knows it no more: it is told twice rather than never
        state = "done" if ending.to == "done" else f"ATTENTION (exit code {ending.code})"
        said = ending.what.splitlines()[0].rstrip(".") if ending.what else ""
        text = f"{visible(job.name)}: {state}: {said}. It lies in {visible(str(where))}"
        self._seams.tell(text, is_urgent=ending.to != "done")
        return ending
