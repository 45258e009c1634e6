"""Answers that stand beside each other: what was asked a moment ago is not asked again for the next row.

A customer's rows go one behind the other, and each is looked at before its first send where that is wanted: the list
that the first of them needed is that of the next, too, unless it is older than a moment. Nothing of this kind serves a
row that was sent: its absence needs a witness of its own, and a look after that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.model import CallKind, PlannedCredit

BESIDE_SECONDS = 10.0  # what is younger stands beside a look; a row that may be sent waits longer for its slot
_MAX_KEPT = 1_000  # customers with their lists


@dataclass(frozen=True, slots=True)
class Listed:
    """What the customer's own list shows, and the lists under other forms of its id."""

    own: Sequence[ListedCredit]
    elsewhere: Sequence[ListedCredit]


async def listed_for(chargebee: Chargebee, credit: PlannedCredit, other_ids: Sequence[str]) -> Listed:
    """Ask for all that is listed of the credit's customer now.

    Raises:
        LookFailed: a list did not answer, so the look says nothing.
        RunStopped: the key or the site refuses us.
    """
    own = await chargebee.credits_of(credit.customer_id, credit.kind, credit.call)
    elsewhere: list[ListedCredit] = []
    for customer_id in other_ids:
        elsewhere += await chargebee.credits_of(customer_id, credit.kind, credit.call)
    return Listed(own, elsewhere)


class Lists:
    """The lists of the customers that are looked at. `now` is the loop's time."""

    def __init__(self, chargebee: Chargebee, now: Callable[[], float]) -> None:
        self._chargebee = chargebee
        self._now = now
        self._kept: dict[tuple[str, CallKind, str | None], tuple[float, Listed]] = {}

    async def of(self, credit: PlannedCredit, other_ids: Sequence[str]) -> Listed:
        """All that is listed of the credit's customer. Of one that was never sent it may be a moment old; wherever an
        attempt or a person's word is about it, it is asked for now.

        Raises:
            LookFailed: a list did not answer, so the look says nothing.
            RunStopped: the key or the site refuses us.
        """
        may_be_kept = credit.attempts == 0 and credit.open_attempts == 0 and not credit.look_first
        key = credit.customer_id, credit.kind, credit.call
        asked_at = self._now()
        self._forget(asked_at)
        # One that was long on its way stands behind younger ones, and may be too old already.
        if may_be_kept and (kept := self._kept.get(key)) is not None and asked_at - kept[0] < BESIDE_SECONDS:
            return kept[1]
        listed = await listed_for(self._chargebee, credit, other_ids)
        if may_be_kept:
            self._kept.pop(key, None)  # the youngest stands last
            self._kept[key] = asked_at, listed
        return listed

    def _forget(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) < _MAX_KEPT and now - self._kept[oldest][0] < BESIDE_SECONDS:
                return
            del self._kept[oldest]
