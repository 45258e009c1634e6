"""When a run began by the site's clock: credits are dated by that, and no decision may rest on a clock of ours."""

import asyncio
from collections.abc import Mapping

from batch_credits.chargebee.answers import dated_at
from batch_credits.process import clock


class SiteClock:
    """Learns when this was made, from the `Date` of the first answer (RFC 9110, 6.6.1) and the time that passed.

    An answer is read after it was dated, so what is learned is rather too early: nothing that was sent since was sent
    before it.
    """

    def __init__(self) -> None:
        self._made = clock.boottime()
        self._began_ms: int | None = None
        self._learned = asyncio.Event()

    @property
    def is_known(self) -> bool:
        """Whether an answer was dated."""
        return self._began_ms is not None

    def note(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of an answer of Chargebee's own, if it is the first that is dated."""
        if self.is_known or (dated := dated_at(headers)) is None:  # then the next answer is read
            return
        self._began_ms = int((dated - (clock.boottime() - self._made)) * 1000)
        self._learned.set()

    async def began_ms(self) -> int:
        """When this was made, in milliseconds since 1970 by the site's clock, or earlier; once that is known."""
        await self._learned.wait()
        assert self._began_ms is not None
        return self._began_ms
