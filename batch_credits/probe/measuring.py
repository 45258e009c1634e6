"""What a probe sends and asks, and which fact follows from it. All that it credits is in the journal; nothing is taken
back here.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from batch_credits.call import call_for
from batch_credits.chargebee.bodies import fields_in
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.explanations.site_traits import (
    ANOTHERS,
    APPLIED,
    AS_SENT,
    AT_ONCE,
    BOTH_APPLIED,
    BY_STORED_ID,
    LEFT_OUT,
    NEVER_LISTED,
    NOT_MEASURED,
    NOT_SCOPED,
    OTHER,
    REFUSED,
    REPEATED,
    REPLAYED,
    SCOPED,
    SCOPED_BY_NAME,
)
from batch_credits.ledger import ProbeCall
from batch_credits.model import CallKind
from batch_credits.probe.calls import UNIT_MINOR, Calls
from batch_credits.probe.texts import forms_of, said_of
from batch_credits.probe.way import Reply, Way
from batch_credits.process import clock

OTHER_HEADER = ("chargebee-event-webhook", "all-disabled")
LIST_SECONDS = 60.0  # after which a credit that is not listed is not waited for
_FIRST_PAUSE, _PAUSE_PART, _LONGEST_PAUSE = 0.25, 0.1, 3.0  # between looks: a part of the time that went by
_AT_ONCE_TRIES = 3
# What a site may change in a text: each suffix shows other changes. They come early, since a site may cut what follows.
SUFFIXES = (" AbC", "  \u00a0z ", " \u00e9", " e\u0301")
_SCOPES: Mapping[tuple[bool, ...], str] = {
    (True, True, True, True): NOT_SCOPED,
    (True, False, False, True): SCOPED,
    (True, True, False, True): SCOPED_BY_NAME,
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A credit that was sent for its texts, as the answer and the list show it; None: it was not seen there."""

    call: ProbeCall
    answered: Reply
    listed: ListedCredit | None


class Measuring:
    """One probe's questions to a site; `values` has the facts, by trait."""

    def __init__(self, way: Way, probe_id: int, calls: Calls, entity: str | None) -> None:
        self.values: dict[str, str] = {}
        self._way = way
        self._probe_id = probe_id
        self._calls = calls
        self._entity = entity

    async def all(self) -> dict[str, str]:
        """Measure every trait.

        Raises:
            RunStopped: the key or the site refuses us, or does not answer.
            LedgerError: the journal failed, or somebody else may send now.
        """
        first = self._calls.add()
        reply = await self._send(first)
        listed = await self._time_of_list(first, reply)
        await self._under_one_key(first, reply)
        await self._refused_twice()
        await self._two_at_once()
        await self._texts(Sample(first, reply, listed))
        await self._scope(reply)
        return self.values

    async def _send(self, call: ProbeCall, *, is_key_used: bool = False) -> Reply:
        return await self._way.send(self._probe_id, call, is_key_used=is_key_used)

    # -- The list ------------------------------------------------------------------------------------------------

    async def _time_of_list(self, call: ProbeCall, reply: Reply) -> ListedCredit | None:
        self._way.tell("How soon the list shows a new credit ...")
        if reply.credit_id is None:
            self.values["list"] = _unknown(reply)
            return None
        item, before, at = await self._listed(reply.credit_id, call.call)
        if item is None:
            self.values["list"] = f"{NEVER_LISTED} {LIST_SECONDS:.0f} s"
        elif before is None:
            self.values["list"] = AT_ONCE
        else:
            self.values["list"] = f"after {before:.1f} to {at:.1f} s"
        return item

    async def _listed(self, credit_id: str, call: str) -> tuple[ListedCredit | None, float | None, float]:
        """The credit once the list shows it, when it did not yet (None: it did at once), and when it did; in seconds
        from now on."""
        begun, before = clock.boottime(), None
        while True:
            item = await self._way.ask(partial(self._way.chargebee.credit, credit_id, call))
            at = clock.boottime() - begun
            if item is not None or at >= LIST_SECONDS:
                return item, before, at
            before = at
            await self._way.sleep(min(max(_FIRST_PAUSE, at * _PAUSE_PART), _LONGEST_PAUSE))

    # -- Idempotency keys ----------------------------------------------------------------------------------------

    async def _under_one_key(self, first: ProbeCall, reply: Reply) -> None:
        self._way.tell("What a call gets that comes again under its key ...")
        names = ("same_call", "other_header", "other_body")
        if reply.credit_id is None:
            self.values |= dict.fromkeys(names, _unknown(reply))
            return
        again = (
            self._calls.same(first),
            self._calls.with_header(first, *OTHER_HEADER),
            self._calls.with_amount(first, 2 * UNIT_MINOR),
        )
        for name, call in zip(names, again, strict=True):
            self.values[name] = _second(reply, await self._send(call, is_key_used=True))

    async def _refused_twice(self) -> None:
        call = self._calls.too_long()
        reply = await self._send(call)
        if reply.credit_id is not None or not reply.did_nothing():
            why = "the site refuses no description that is too long" if reply.credit_id else reply.trouble
            self.values["refused_call"] = f"{NOT_MEASURED}: {why}"
            return
        again = await self._send(self._calls.same(call), is_key_used=True)
        if again.credit_id is not None:
            self.values["refused_call"] = APPLIED
        elif not again.did_nothing(is_key_used=True):
            self.values["refused_call"] = _unknown(again)
        else:
            self.values["refused_call"] = REPLAYED if again.is_replay else "refused anew"

    async def _two_at_once(self) -> None:
        """Tried a few times, since the second may come when the first has been answered already."""
        self._way.tell("What two calls get that come at once under one key ...")
        for _ in range(_AT_ONCE_TRIES):
            call = self._calls.add()
            twins = (call, self._calls.same(call))
            self._way.desk.send(self._probe_id, *twins)
            replies = await asyncio.gather(
                *(self._way.send_known(self._probe_id, each, is_key_used=True, may_wait=False) for each in twins)
            )
            self.values["at_once"] = _both(*replies)
            if self.values["at_once"] not in (REPLAYED, REPEATED):
                return

    # -- Texts ---------------------------------------------------------------------------------------------------

    async def _texts(self, first: Sample) -> None:
        self._way.tell("How references, descriptions and ids are kept ...")
        sent = [first]
        for call in (*(self._calls.add(suffix) for suffix in SUFFIXES), self._calls.longest()):
            reply = await self._send(call)
            sent.append(Sample(call, reply, None))
        samples = [await self._seen(sample) for sample in sent]
        kept = [(sample, sample.listed) for sample in samples if sample.listed is not None]
        if not kept:
            why = f"{NOT_MEASURED}: the list showed none of the credits"
            self.values |= dict.fromkeys(("reference", "description", "customer_id", "customer_filter"), why)
        else:
            texts = [(_texts_of(sample.call), item) for sample, item in kept]
            self.values["reference"] = said_of((sent[1], item.reference or "") for sent, item in texts)
            self.values["description"] = said_of((sent[2], item.description or "") for sent, item in texts)
            self.values["customer_id"] = said_of((sent[0], item.customer_id) for sent, item in texts)
            await self._filter(kept[0][1])
        self.values["answer"] = _answered(samples)

    async def _seen(self, sample: Sample) -> Sample:
        credit_id = sample.answered.credit_id
        if sample.listed is not None or credit_id is None:
            return sample
        item, _, _ = await self._listed(credit_id, sample.call.call)
        return Sample(sample.call, sample.answered, item)

    async def _filter(self, item: ListedCredit) -> None:
        """Whether a customer's credits are found by the id that they were sent for."""
        for value, customer_id in ((AS_SENT, self._calls.customer_id), (BY_STORED_ID, item.customer_id)):
            look = partial(self._way.chargebee.credits_of, customer_id, CallKind.ADD, call_for(None))
            found = await self._way.ask(look)
            if any(each.credit_id == item.credit_id for each in found):
                self.values["customer_filter"] = value
                return
        self.values["customer_filter"] = OTHER

    # -- The business entity -------------------------------------------------------------------------------------

    async def _scope(self, of_none: Reply) -> None:
        if self._entity is None:
            self.values["entity"] = f"{NOT_MEASURED}: no --business-entity was named"
            return
        self._way.tell("Whose credits the list shows ...")
        call = self._calls.add(entity=self._entity)
        of_one = await self._send(call)
        ids = (of_none.credit_id, of_one.credit_id)
        if None in ids:
            self.values["entity"] = _unknown(of_one if of_one.credit_id is None else of_none)
            return
        item, _, _ = await self._listed(str(of_one.credit_id), call.call)
        if item is None:
            self.values["entity"] = f"{NOT_MEASURED}: the list did not show the credit of the entity"
            return
        shown = [
            await self._way.ask(partial(self._way.chargebee.shows, str(credit_id), CallKind.ADD, asked))
            for asked in (call_for(None), call.call)
            for credit_id in ids
        ]
        self.values["entity"] = _SCOPES.get(tuple(shown), f"{OTHER} than either way")


def _second(first: Reply, reply: Reply) -> str:
    """What the second call under a key got, whose first one made a credit."""
    if reply.credit_id is not None:
        if reply.credit_id != first.credit_id:
            return APPLIED
        return REPLAYED if reply.is_replay else REPEATED
    if not reply.did_nothing(is_key_used=True):
        return _unknown(reply)
    return _refused(reply)


def _both(one: Reply, other: Reply) -> str:
    """What two calls at once under one key got."""
    made = [reply for reply in (one, other) if reply.credit_id is not None]
    if len(made) == 2:
        if one.credit_id != other.credit_id:
            return BOTH_APPLIED
        return REPLAYED if one.is_replay or other.is_replay else REPEATED
    left = other if made == [one] else one
    if not left.did_nothing(is_key_used=True):
        return _unknown(left)
    return f"one {_refused(left)}" if made else f"both {_refused(left)}"


def _refused(reply: Reply) -> str:
    return f"{REFUSED} ({reply.status} {reply.code})"


def _unknown(reply: Reply) -> str:
    return f"{NOT_MEASURED}: {reply.trouble or 'the answer says nothing'}"


def _texts_of(call: ProbeCall) -> tuple[str, str, str]:
    """Customer, reference and description, as they were sent."""
    fields = fields_in(call.body)
    return fields["customer_id"], fields["reference"], fields["description"]


def _answered(samples: list[Sample]) -> str:
    """What answers tell of the texts, where that is not what is kept."""
    found: dict[str, None] = {}
    for sample in samples:
        credit = sample.answered.credit
        if credit is None:
            continue
        sent = _texts_of(sample.call)
        told = [credit.get(name) for name in ("customer_id", "reference", "description")]
        if None in told or credit.get("amount") is None:
            found[LEFT_OUT] = None
            continue
        if sample.listed is not None and told == [
            sample.listed.customer_id, sample.listed.reference, sample.listed.description,
        ]:  # fmt: skip
            told = [*sent]  # as it is kept, which is told elsewhere
        forms = [form for was, now in zip(sent, told, strict=True) for form in forms_of(was, str(now))]
        if OTHER in forms or credit["amount"] != sample.call.amount_minor:
            forms = [ANOTHERS]
        found |= dict.fromkeys(forms)
    return ", ".join(found) or AS_SENT
