"""What a run waits for now, for the person who watches: asked a few times a second, and it costs no request."""

from batch_credits.gate.session import Session
from batch_credits.progress.waiting import Waiting
from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.worker_pool.pool import WorkerPool

SILENT_SECONDS = 5.0  # without an answer, until that is said


class Waits:
    """Of one run. Build it in a running event loop."""

    def __init__(self, session: Session, pool: WorkerPool, settler: DoubtSettler, now: float) -> None:
        self._limiter = session.limiter
        self._pool = pool
        self._settler = settler
        self._answers = 0
        self._answered_at = now

    def at(self, now: float) -> Waiting | None:
        """What is waited for at this moment of the loop's time, if for anything."""
        calls = self._limiter.calls("POST")
        if self._limiter.answers != self._answers or not calls:
            self._answers, self._answered_at = self._limiter.answers, now
        if self._pool.stopping:
            return Waiting(_answers_to(calls)) if calls else None
        if (waiting := self._pool.waiting()) is not None:
            return waiting
        if doubts := self._pool.doubts_left():
            what = "1 row in doubt is" if doubts == 1 else f"{doubts:,} rows in doubt are"
            return Waiting(f"{what} asked about again", self._seconds_to_look())
        return Waiting(_answers_to(calls)) if now - self._answered_at >= SILENT_SECONDS else None

    def _seconds_to_look(self) -> float | None:
        """Until a row in doubt can be asked about: when its look is due, and the site's limit has room for it. None:
        other processes have all of that."""
        due = self._settler.seconds_to_look()
        used, until = self._limiter.used_up()
        if not used:
            return due
        return None if until is None else max(due, until)


def _answers_to(calls: int) -> str:
    return "the answer to 1 request" if calls == 1 else f"the answers to {calls:,} requests"
