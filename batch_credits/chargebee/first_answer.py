"""Whether the site has ever answered: where nothing of Chargebee's own came yet, it may not be there at all."""

import asyncio

from batch_credits.protocol import Blocked, NoAnswer, NotSent, Verdict


class FirstAnswer:
    """Learned from the calls of one client. A refusal or a "wait" is an answer, if it is Chargebee's own."""

    def __init__(self) -> None:
        self.has_come = False
        self.trouble = ""  # with the latest of the calls that failed
        self._asked = asyncio.Event()
        self._changed = asyncio.Event()

    def is_asked_for(self) -> None:
        """A call is about to leave."""
        self._asked.set()

    def came(self) -> None:
        """An answer is Chargebee's own."""
        self.has_come = True
        self._changed.set()

    def did_not_come(self, reason: str) -> None:
        """A call failed, or something else answered."""
        self.trouble = reason
        self._changed.set()

    def follow(self, verdict: Verdict) -> None:
        """Learn from what came of a credit's attempt."""
        match verdict:
            case NoAnswer(reason) | NotSent(reason):
                self.did_not_come(reason)
            case Blocked():
                pass  # which ends the run by itself
            case _:
                self.came()

    async def missed(self, seconds: float) -> str | None:
        """The trouble there is, once calls went on failing for so long since the first; None: an answer came.

        What is on its way for longer, and has not failed, is waited for.
        """
        await self._asked.wait()
        end = asyncio.get_running_loop().time() + seconds
        while not self.has_come:
            self._changed.clear()
            left = end - asyncio.get_running_loop().time()
            if left <= 0 and self.trouble:
                return self.trouble
            try:
                await asyncio.wait_for(self._changed.wait(), left if left > 0 else None)
            except TimeoutError:
                pass  # so what has failed until now is said, if anything has
        return None
