"""Takes back what a probe has credited, each credit once; also of one that was killed half-way.

What is known to be there is deducted, under a key and a reference of its own. What nobody knows is looked for, as a
row in doubt is: found is believed at once; not found only after the quarantine, and only where the same list shows
something else that is known to be there. A credit that is then not there needs nothing; a deduction is sent again,
under its key.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from batch_credits.call import ENTITY_HEADER, call_for, headers_of
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import CallState, OpenProbe, ProbeCall, in_doubt, standing
from batch_credits.model import CallKind
from batch_credits.model.identity import other_forms
from batch_credits.probe.calls import Calls
from batch_credits.probe.way import Way
from batch_credits.process import clock
from batch_credits.settings import RunSettings


@dataclass(slots=True)
class Back:
    """What came of it: how many credits were taken back, and a sentence for each that was not. `is_there`: some are
    known to be there still; else it is only not known of some whether they are."""

    credits: int = 0
    left: list[str] = field(default_factory=list)
    is_there: bool = False


async def take_back(way: Way, probe: OpenProbe, settings: RunSettings, since: float | None = None) -> Back:
    """Take back all that a probe has credited, and say that it is over if nothing is left. `since`: from when on this
    process has sent nothing of it, by the clock that goes on while a machine sleeps; None: now.

    Raises:
        RunStopped: the key or the site refuses us, or does not answer.
        LedgerError: the journal failed, or somebody else may send now.
    """
    taking = _Taking(way, probe, settings, clock.boottime() if since is None else since)
    back = await taking.all()
    if not back.left:
        way.desk.end(probe.probe_id)
    return back


class _Taking:
    def __init__(self, way: Way, probe: OpenProbe, settings: RunSettings, since: float) -> None:
        self._way = way
        self._probe = probe
        self._settings = settings
        newest = max((call.number for call in way.desk.calls(probe.probe_id)), default=0)
        self._calls = Calls(probe.name, probe.customer_id, probe.currency, newest)
        self._since = since  # this process's start with it, or its last send
        self._refused: dict[str, str] = {}  # credits whose deduction was refused now, and why

    async def all(self) -> Back:
        """Look, deduct, and wait for what is in doubt."""
        looks = 0
        while True:
            asked_at = clock.boottime()  # what a look does not show was not there when it began
            shown = await self._look()
            await self._deduct()
            doubt = in_doubt(self._known())
            if not doubt:
                return self._back()
            if asked_at - self._since >= self._settings.quarantine_seconds:
                looks += 1
                is_witnessed = await self._believe_absence(doubt, shown)
                if not in_doubt(self._known()) or not is_witnessed or looks >= self._settings.max_looks:
                    shown = await self._look()
                    await self._deduct()
                    return self._back()
            await self._wait(len(doubt))

    def _known(self) -> list[ProbeCall]:
        return self._way.desk.calls(self._probe.probe_id)

    def _back(self) -> Back:
        known = self._known()
        back = Back(sum(call.takes_back is not None and call.state is CallState.APPLIED for call in known))
        back.is_there = bool(standing(known))
        for credit in standing(known):
            why = self._refused.get(credit.credit_id or "", "nobody knows yet whether its deduction was carried out")
            amount = f"{credit.amount_minor} minor unit{'s' * (credit.amount_minor > 1)}"
            back.left.append(
                f"Credit {credit.credit_id} ({amount}, customer {self._probe.customer_id}) is not known to be taken"
                f" back: {why}"
            )
        for call in in_doubt(known):
            if call.kind is CallKind.ADD:
                back.left.append(
                    f"Nobody knows whether {call.reference[:40].strip()} was credited to {self._probe.customer_id}: the"
                    " list shows nothing that tells"
                )
        return back

    async def _look(self) -> dict[CallKind, list[ListedCredit]]:
        """What the list shows of the customer, for each business entity that was named. The probe's own is noted."""
        shown: dict[CallKind, dict[str, tuple[ListedCredit, str]]] = {kind: {} for kind in CallKind}
        entities = dict.fromkeys(_of_entity(call.call) for call in self._known())
        for kind in CallKind:
            for call in entities:
                for customer_id in (self._probe.customer_id, *other_forms(self._probe.customer_id)):
                    for item in await self._way.ask(partial(self._way.chargebee.credits_of, customer_id, kind, call)):
                        shown[kind].setdefault(item.credit_id, (item, call))
        for item, call in shown[CallKind.ADD].values():
            self._note_credit(item, call)
        for item, _ in shown[CallKind.DEDUCT].values():
            self._note_deduction(item)
        return {kind: [item for item, _ in items.values()] for kind, items in shown.items()}

    def _note_credit(self, item: ListedCredit, call: str) -> None:
        """A listed credit of the probe's belongs to a call that is in doubt, if one asked for that much under its name;
        else it is one more. Calls under one key have one name, and one of them asks for more than the others."""
        number, known, amount = self._calls.number_in(item), self._known(), item.money.amount_minor
        if number is None or not amount or item.credit_id in {each.credit_id for each in known}:
            return
        mine = re.compile(rf"{re.escape(self._probe.name)}-{number:02d}(?!\d)")
        for each in in_doubt(known):
            if each.kind is CallKind.ADD and each.amount_minor == amount and mine.match(each.reference):
                self._way.desk.settle(self._probe.probe_id, each.number, CallState.APPLIED, item.credit_id)
                return
        self._way.desk.found(self._probe.probe_id, self._calls.found(item, amount, call), item.credit_id)

    def _note_deduction(self, item: ListedCredit) -> None:
        number = self._calls.number_in(item)
        for each in in_doubt(self._known()):
            if each.kind is CallKind.DEDUCT and each.number == number:
                self._way.desk.settle(self._probe.probe_id, each.number, CallState.APPLIED, item.credit_id)

    async def _deduct(self) -> None:
        """Take back each credit that is there, and whose deduction is not under way."""
        known = self._known()
        under_way = {each.takes_back for each in in_doubt(known)}
        for credit in standing(known):
            if credit.credit_id in under_way or credit.credit_id in self._refused:
                continue
            call = self._calls.back(credit)
            self._since = clock.boottime()
            reply = await self._way.send(self._probe.probe_id, call)
            self._since = clock.boottime()  # it may have been told to wait, and sent again
            if reply.credit_id is None and reply.did_nothing():
                self._refused[credit.credit_id or ""] = reply.trouble

    async def _believe_absence(self, doubt: Sequence[ProbeCall], shown: dict[CallKind, list[ListedCredit]]) -> bool:
        """What is still not listed after the quarantine is not there, if the list shows what is known to be there.
        Returns whether it does, of any: else another look would show no more."""
        is_any_witnessed = False
        for call in doubt:
            if not await self._is_witnessed(call, [item for items in shown.values() for item in items]):
                continue
            is_any_witnessed = True
            if call.kind is CallKind.ADD:
                why = "it was not listed after the quarantine"
                self._way.desk.settle(self._probe.probe_id, call.number, CallState.NOT_APPLIED, None, why)
                continue
            self._since = clock.boottime()
            self._way.desk.stay()
            reply = await self._way.send_known(self._probe.probe_id, call)
            self._since = clock.boottime()
            if reply.credit_id is None and reply.did_nothing():
                self._refused[call.takes_back or ""] = reply.trouble
        return is_any_witnessed

    async def _is_witnessed(self, call: ProbeCall, listed: Sequence[ListedCredit]) -> bool:
        """Whether the list shows one of ours, or, where we have none yet, any that the site lists."""
        ours = {
            each.credit_id for each in self._known()
            if each.credit_id and _of_entity(each.call) == _of_entity(call.call)
        }  # fmt: skip
        if ours:
            return any(item.credit_id in ours for item in listed)
        by = _of_entity(call.call)
        return await self._way.ask(partial(self._way.chargebee.lists_anything, call.kind, by))

    async def _wait(self, calls: int) -> None:
        """Until the next look: soon at first, and then rarely until the quarantine is over."""
        settings = self._settings
        gone = clock.boottime() - self._since
        later = [seconds for seconds in (*settings.early_look_seconds, settings.quarantine_seconds) if seconds > gone]
        seconds = later[0] - gone if later else settings.look_again_seconds
        if seconds > settings.early_look_seconds[-1]:
            self._way.tell(
                f"Nobody knows yet what came of {calls} call{'s' * (calls > 1)}: waiting {seconds:.0f} s, after which"
                " what is not listed is not there."
            )
        await self._way.sleep(max(seconds, 0.05))


def _of_entity(call: str) -> str:
    """The call by which is looked for what this one made."""
    return call_for(headers_of(call).get(ENTITY_HEADER))
