"""Our share of the site's limit, which others use too: smaller at once when the site is over it, and slowly more again.

We keep our own count, so a refusal means that others took the rest, and what we had out at that moment was all that
they left us. A little less than that is a good guess, but one refusal says too little to give up most of our share.
"""

from batch_credits.settings import WINDOW_SECONDS

SHRINK = 0.9  # of what we had out when the site refused us
SHRINK_AT_MOST = 0.7  # of our share, at one refusal
GROWTH_A_WINDOW = 0.1  # of the whole, while nobody refuses us


class Share:
    """Requests a window that are ours, out of `whole`. Times are handed in."""

    def __init__(self, whole: int, window_seconds: float = WINDOW_SECONDS) -> None:
        self.whole = whole
        self._window = window_seconds
        self._base = float(whole)
        self._since = 0.0

    def at(self, now: float) -> int:
        """Our share now: never under 1, of a whole that is."""
        if self._base >= self.whole:
            return self.whole
        grown = self._base + self.whole * GROWTH_A_WINDOW * (now - self._since) / self._window
        if grown >= self.whole:
            self._base = float(self.whole)
        return min(self.whole, max(1, int(grown)))

    def resize(self, whole: int, now: float) -> None:
        """The whole is another: our share is the same part of it."""
        share = self.at(now)
        self._base = float(whole) if share >= self.whole else max(1.0, whole * share / self.whole)
        self._since, self.whole = now, whole

    def shrink(self, now: float, out: int) -> None:
        """The site refused a request of ours while so many slots were out."""
        share = self.at(now)
        self._base = max(1.0, share * SHRINK_AT_MOST, min(share, out) * SHRINK)
        self._since = now

    def keep(self, now: float) -> None:
        """Refused again, by the same event: growth begins anew."""
        self._base = float(self.at(now))
        self._since = now
