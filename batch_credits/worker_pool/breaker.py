"""The breaker: when many answers in a row prove nothing, the pool pauses, and a GET probes before it goes on.

It bounds two things: how many rows a sick site can put in doubt, and how long a run waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable

from batch_credits.errors import Outage, RunStopped
from batch_credits.progress.waiting import Waiting
from batch_credits.settings import RunSettings
from batch_credits.worker_pool.retry import backoff_seconds


class Breaker:
    """Closed while the site answers. `probe` asks it something harmless and says whether it answered.

    `on_stop` is told when the site stays away too long, or refuses the probe for good; `say` gets sentences
    for the person who waits; `wake` is set when it closes again.
    """

    def __init__(
        self,
        settings: RunSettings,
        probe: Callable[[], Awaitable[bool]],
        on_stop: Callable[[RunStopped | None], None],
        say: Callable[[str], None],
        chance: Callable[[], float],
        wake: asyncio.Event,
    ) -> None:
        self._settings = settings
        self._probe = probe
        self._on_stop = on_stop
        self._say = say
        self._chance = chance
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        self._in_a_row = 0
        self._openings = 0
        self._unhealthy_since: float | None = None
        self._probing: asyncio.Task[None] | None = None
        self._over = False
        self._next_look_at = 0.0
        self.failure: Exception | None = None
        self.closed = asyncio.Event()
        self.closed.set()

    def begin(self) -> None:
        """The pool begins to send: nothing is held against the site."""
        self._over = False
        self._probing = None
        self.proof()

    def proof(self) -> None:
        """An answer proved something: the site is well."""
        self._in_a_row = 0
        self._openings = 0
        self._unhealthy_since = None

    def trouble(self, reason: str) -> None:
        """An answer proved nothing, or there was no way to the site."""
        self._in_a_row += 1
        self._note_unhealthy()
        if self._in_a_row >= self._settings.breaker_threshold:
            self.open(reason, None)

    def waited(self) -> None:
        """The site told us to wait: no doubt, but it must not go on for ever."""
        self._note_unhealthy()
        self._stop_if_too_long("it kept telling us to wait")

    def open(self, reason: str, retry_after: float | None) -> None:
        """Pause everything until a probe is answered."""
        self._note_unhealthy()
        if self._probing is None and not self._over:
            self.closed.clear()
            self._openings += 1
            self._probing = self._loop.create_task(self._wait_and_probe(reason, retry_after, self._openings))

    def waiting(self) -> Waiting | None:
        """What is waited for while everything is paused; nobody knows how often."""
        if self.closed.is_set():
            return None
        seconds = max(0.0, self._next_look_at - self._loop.time())
        return Waiting("the next look whether the site answers", seconds, is_the_last=False)

    def cancel(self) -> None:
        """End the probing, and pause nobody any more: the run is over, and nothing would close the breaker again."""
        self._over = True
        if self._probing is not None:
            self._probing.cancel()
        self.closed.set()

    def _note_unhealthy(self) -> None:
        if self._unhealthy_since is None:
            self._unhealthy_since = self._loop.time()

    def _stop_if_too_long(self, reason: str) -> bool:
        since = self._unhealthy_since
        bound = self._settings.max_outage_seconds
        if since is None or self._loop.time() - since < bound:
            return False
        self._on_stop(
            Outage(
                f"The site did not come back within {bound:.0f} s: {reason}.",
                hint="Nothing is lost: run the same command again when it is back.",
            )
        )
        return True

    async def _wait_and_probe(self, reason: str, retry_after: float | None, tries: int) -> None:
        while not self._stop_if_too_long(reason):
            wait = backoff_seconds(self._settings, tries, self._chance())
            if retry_after is not None:
                wait = min(max(wait, retry_after), self._settings.max_retry_after_seconds)
            self._next_look_at = self._loop.time() + wait
            self._say(f"Sending is paused, next look in {wait:.0f} s: {reason.rstrip('.')}.")
            await asyncio.sleep(wait)
            tries += 1
            try:
                answered = await self._probe()
            except RunStopped as stop:
                self._on_stop(stop)
                break
            except Exception as error:  # a bug: nobody awaits this task, and the pool must not wait for ever
                self.failure = error
                self._on_stop(None)
                break
            if answered:
                self._say("The site answers; sending is tried again.")
                break
        self._in_a_row = 0
        self._probing = None
        self.closed.set()
        self._wake.set()
