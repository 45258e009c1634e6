"""What a look at a customer's list says of one credit: which of what is listed is it, if any."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from batch_credits.chargebee.lists import ListedCredit
from batch_credits.ledger import Attribution, KnownCredit, Moment, OtherRequest
from batch_credits.model import CallKind, PlannedCredit
from batch_credits.model.identity import folded, same_text
from batch_credits.protocol import Credited, FoundNothing, FoundOne, FoundOtherMoney, FoundSeveral, FoundUncertain, Look
from batch_credits.text.quoted import quoted

Names = frozenset[tuple[str, str]]  # customers and references


class Memory(Protocol):
    """What the settler asks the ledger."""

    def moment(self) -> Moment:
        """Now, as a place in the history."""

    def witnesses(self, site: str, kind: CallKind, since: Moment, limit: int, call: str) -> list[KnownCredit]:
        """Credits, or deductions, proved to us whose showing says most about what was sent before the moment."""

    def sent_since(self, site: str, kind: CallKind, since: Moment, limit: int, call: str) -> list[KnownCredit]:
        """Those of them alone that were sent and answered after the moment."""

    def attributed(self, site: str, credit_ids: Sequence[str]) -> list[Attribution]:
        """Which requests have these Chargebee ids."""

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        """The requests that stand for identities of these customers."""

    def first_sent_ms(self, request_id: int) -> int | None:
        """When the request was first sent, by the site's clock, or earlier; None where that is not known."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of what is listed: which credits are other rows', and when ours was first sent.

    `taken` are ids of credits that other requests have, `only_listed` those of them that were never sent for these: a
    list said whose they are, as the site spells it. `disputed` are those that an answer named for another request,
    without proof. `named` are the customers and references of other requests, as they are spelt, but of those whose own
    credit is listed: a site may cut a reference to another row's text. `open_names` are those of requests that are not
    credited, folded: what is listed so may be theirs. `closed` are those of `named` of which no attempt may have been
    applied unknown to us: they have the credit that is known, or none, so what else bears such a name is not theirs.
    """

    taken: frozenset[str] = frozenset()
    only_listed: frozenset[str] = frozenset()
    disputed: frozenset[str] = frozenset()
    named: Names = frozenset()
    open_names: Names = frozenset()
    closed: Names = frozenset()
    first_sent_ms: int | None = None

    @property
    def certain(self) -> frozenset[str]:
        """Ids of credits that other requests have by an answer to them: what a list alone gave another row may be
        ours, as may what an answer named without proof."""
        return self.taken - self.only_listed - self.disputed


def what_is_known(memory: Memory, site: str, credit: PlannedCredit, listed: Sequence[ListedCredit]) -> Known:
    """Ask the ledger. An id belongs to another request only where customer and reference agree with that one's too."""
    by_id = {item.credit_id: item for item in listed}
    others_have = [each for each in memory.attributed(site, [*by_id]) if each.request_id != credit.request_id]
    agreeing = [
        each
        for each in others_have
        if same_text(each.customer_id, by_id[each.credit_id].customer_id)
        and same_text(each.reference, by_id[each.credit_id].reference or "")
    ]
    taken = frozenset(each.credit_id for each in agreeing)
    # What an answer named without proof; or what another row has by its own answer, where the listed text is not that
    # row's: a site may have cut it to ours.
    disputed = frozenset(
        each.credit_id
        for each in others_have
        if not each.is_credited or (each.was_sent and each.credit_id not in taken)
    )
    only_listed = frozenset(each.credit_id for each in agreeing if not each.was_sent)
    known = Known(taken, only_listed, disputed)
    certain = known.certain
    if all(item.credit_id in certain or _has_the_texts_of(item, credit) for item in listed):
        return known
    customers = dict.fromkeys([credit.customer_id, *(item.customer_id for item in listed)])
    others = [other for other in memory.requests_of(site, [*customers]) if other.request_id != credit.request_id]
    return replace(
        known,
        named=frozenset(
            (other.customer_id, other.reference)
            for other in others
            if not (other.is_credited and other.credit_id in by_id)  # one that is listed by its id has no second one
        ),
        open_names=frozenset(_folded(other.customer_id, other.reference) for other in others if not other.is_credited),
        closed=frozenset((other.customer_id, other.reference) for other in others if not other.is_open),
        first_sent_ms=memory.first_sent_ms(credit.request_id) if credit.attempts else None,
    )


def what_was_found(
    credit: PlannedCredit, listed: Sequence[ListedCredit], elsewhere: Sequence[ListedCredit], known: Known
) -> Look:
    """Match reference and money among the customer's credits, leaving out those that belong to other rows.

    The very texts come first. Only where they are not listed does a credit count whose texts agree in another form;
    an id that an answer named is none without them, since whoever spoilt the answer may have meant another.
    `elsewhere` is what is listed under other forms of the customer's id, which may be another customer's. What the list
    of the customer itself shows under another id may be the customer's, too, by an id that the site keeps otherwise.
    """
    misnamed = [item for item in listed if not same_text(item.customer_id, credit.customer_id)]
    listed = [item for item in listed if same_text(item.customer_id, credit.customer_id)]
    free = {item.credit_id: item for item in listed if item.credit_id not in known.taken}
    others = known.open_names - {_folded(credit.customer_id, credit.reference)}
    nobodys = [item for item in free.values() if not _is_of(item, known.named, others)]
    exact = [item for item in free.values() if _is_spelt_as(item, credit) and not _is_named(item, credit, known)]
    ours = exact or [item for item in nobodys if item.is_named_as(credit)]
    for item in ours:
        if item.credit_id in known.disputed:
            return FoundUncertain(item.credit_id, "and an answer named it for another row")
    if ours:
        return _found(credit, ours)
    certain = known.certain
    for item in listed:
        is_anothers = _is_spelt_as(item, credit) and item.credit_id in certain
        if not is_anothers and item.is_named_as(credit) and item.has_money_of(credit):
            return FoundUncertain(item.credit_id, "which another row has in another spelling")
    for item in _of_nobody([*misnamed, *elsewhere], certain, known.named, others):
        is_asked_for = item in misnamed and same_text(item.reference or "", credit.reference)
        if (is_asked_for or item.is_named_as(credit)) and item.has_money_of(credit):
            return FoundUncertain(item.credit_id, f"for a customer {quoted(item.customer_id)}")
    open_ones = known.named - known.closed, others - {_folded(*names) for names in known.closed}
    of_nobody = _of_nobody([*listed, *misnamed, *elsewhere], certain, *open_ones)
    return FoundNothing(unattributed=_unattributed(credit, of_nobody, known.first_sent_ms))


def _of_nobody(
    items: Sequence[ListedCredit], certain: frozenset[str], named: Names, open_names: Names
) -> list[ListedCredit]:
    """Those that are no other row's for `certain`, nor by its name. A row has one credit: a second is not its own."""
    possible = {item.credit_id: item for item in items if item.credit_id not in certain}
    times = Counter(_texts_of(item) for item in possible.values())
    return [item for item in possible.values() if times[_texts_of(item)] > 1 or not _is_of(item, named, open_names)]


def _found(credit: PlannedCredit, ours: Sequence[ListedCredit]) -> Look:
    same = [item for item in ours if item.has_money_of(credit)]
    if len(same) > 1:
        return FoundSeveral(tuple(item.credit_id for item in same))
    if same:
        return FoundOne(Credited(same[0].credit_id, same[0].closing_balance))
    return FoundOtherMoney(ours[0].credit_id, str(ours[0].money))


def _unattributed(credit: PlannedCredit, items: Sequence[ListedCredit], first_sent_ms: int | None) -> str | None:
    """A credit of our money that may be ours under a text that the site cut or changed."""
    since = (first_sent_ms or 0) // 1000  # not known: any that is listed
    for item in items:
        if item.has_money_of(credit) and (item.created_at is None or item.created_at >= since):
            return item.credit_id
    return None


def _is_spelt_as(item: ListedCredit, credit: PlannedCredit) -> bool:
    return item.reference == credit.reference and same_text(item.customer_id, credit.customer_id)


def _has_the_texts_of(item: ListedCredit, credit: PlannedCredit) -> bool:
    return item.reference == credit.reference and item.customer_id == credit.customer_id


def _texts_of(item: ListedCredit) -> tuple[str, str]:
    return item.customer_id, item.reference or ""


def _is_named(item: ListedCredit, credit: PlannedCredit, known: Known) -> bool:
    """Whether its texts are those of another request, to the letter: of another customer's, perhaps."""
    return not _has_the_texts_of(item, credit) and _texts_of(item) in known.named


def _is_of(item: ListedCredit, named: Names, open_names: Names) -> bool:
    """Whether it belongs to another request by its texts."""
    texts = _texts_of(item)
    return texts in named or _folded(*texts) in open_names


def _folded(customer_id: str, reference: str) -> tuple[str, str]:
    return folded(customer_id), folded(reference)
