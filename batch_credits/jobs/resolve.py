"""A person's word on a row in review, held against Chargebee before it counts.

    say_credited(...)      Chargebee is asked for the credit, and it must be that of the row
    say_not_credited(...)  Chargebee is asked for the row, and must not show its credit; it is owed, and looked at again

What a person may be wrong about costs money twice: a credit that is another's leaves this customer without, and a row
that is sent although it is credited pays twice. Whatever differs is said with both sides, and nothing is changed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from batch_credits.call import ENTITY_HEADER, call_of, headers_of
from batch_credits.chargebee.client import LookFailed
from batch_credits.chargebee.lists import ListedCredit
from batch_credits.errors import LEFT_OUT, Outage, UsageError
from batch_credits.gate.session import Session
from batch_credits.jobs.approved import refuse_own
from batch_credits.jobs.reconcile import asking_of
from batch_credits.ledger import Holder, Ledger, Looks, Requests, RowInReview
from batch_credits.model import BatchRecord, CallKind, Money, Outcome, PlannedCredit
from batch_credits.model.amounts import money_in_words
from batch_credits.model.identity import other_forms, same_text
from batch_credits.protocol import FoundOne, FoundOtherMoney, FoundSeveral, FoundUncertain, Look
from batch_credits.reconciler.looks import what_is_known, what_was_found
from batch_credits.reconciler.nearby import Listed, listed_for
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.text.quoted import quoted


@dataclass(frozen=True, slots=True)
class Claim:
    """That a credit which Chargebee lists is the one of a row, and the other requests of ours that have its id."""

    row: RowInReview
    listed: ListedCredit
    holders: Sequence[Holder]

    @property
    def has_our_reference(self) -> bool:
        """Whether the reference is that of the row, in whatever form the site keeps texts."""
        return same_text(self.listed.reference or "", self.row.credit.reference)

    @property
    def is_named(self) -> bool:
        """Whether this id was named for the row already: by an answer to it, or by the reason why it is in review."""
        credit_id = self.listed.credit_id
        return credit_id == self.row.credit.credit_id or _names(self.row.reason, credit_id)

    @property
    def is_answered(self) -> bool:
        """Whether an answer to the row's own request named this id, and nothing speaks against it."""
        return self.listed.credit_id == self.row.credit.credit_id and self.holder is None and self._is_for_us

    @property
    def _is_for_us(self) -> bool:
        listed, credit = self.listed, self.row.credit
        is_our_customer = same_text(listed.customer_id, credit.customer_id)
        return is_our_customer and listed.kind == credit.kind.listed_type and listed.has_money_of(credit)

    @property
    def holder(self) -> Holder | None:
        """The other request that this credit belongs to: by its own texts, or as nothing says that it is ours. What a
        list alone told of is no other one where it is named as ours is: it is ours, in the site's spelling."""
        is_ours = self.has_our_reference and same_text(self.listed.customer_id, self.row.credit.customer_id)
        for holder in self.holders:
            if holder.is_learned and is_ours:
                continue
            is_theirs = same_text(holder.customer_id, self.listed.customer_id) and same_text(
                holder.reference, self.listed.reference or ""
            )
            if is_theirs or (holder.is_credited and not self.has_our_reference):
                return holder
        return None


async def say_credited(
    ledger: Ledger,
    batch: BatchRecord,
    row_number: int,
    credit_id: str,
    site: SiteSettings,
    settings: RunSettings,
    reason: str = "",
) -> ListedCredit:
    """Settle a row in review on a person's word that it is credited under this id. `reason`: how they know, for the
    record. Returns that credit.

    Raises:
        UsageError: the row is not in review, Chargebee lists no such credit, or it is another's; nothing was changed.
        RunStopped: the key or the site refuses us, or it did not answer; nothing was changed.
        LedgerError: the ledger failed.
    """
    refuse_own(ledger, batch, "resolve")
    row = ledger.requests.in_review(batch.batch_id, row_number)
    async with asking_of(ledger.slots, site, settings) as asking:
        try:
            listed = await asking.chargebee.credit(credit_id, row.credit.call)
        except LookFailed as error:
            hint = "Nothing was changed. Say it again in a while."
            raise Outage(f"Chargebee did not answer a question: {error}.", hint=hint) from error
    if listed is None:
        entity = headers_of(row.credit.call or call_of(settings)).get(ENTITY_HEADER)
        where = "without a business entity" if entity is None else f"for business entity {entity}"
        raise UsageError(
            f"Chargebee lists no credit {credit_id}, {where}: row {row_number} stays in review.",
            hint="Copy the id from the customer's promotional credits. One that was made just now may not be listed"
            " yet: then say it again in a while.",
        )
    claim = Claim(row, listed, ledger.requests.other_holders(row.credit, credit_id))
    refuse_what_differs(batch, claim)
    row.credit.credit_id = credit_id
    remark = "" if claim.has_our_reference else f", under reference {quoted(listed.reference or '')}"
    ledger.requests.settle_credited(row.credit, listed.closing_balance, remark + _because(reason))
    return listed


def refuse_what_differs(batch: BatchRecord, claim: Claim) -> None:
    """Refuse a credit that is not that of the row.

    A reference in another form is taken only where this id was named for the row already, as by a site that cuts texts.

    Raises:
        UsageError: it belongs to another row, or customer, kind, money or reference is another's.
    """
    row, listed = claim.row, claim.listed
    if (holder := claim.holder) is not None:
        raise UsageError(
            f"Credit {listed.credit_id} already belongs to row {holder.row_number} of batch {holder.batch_key[:8]}:"
            f" customer {quoted(holder.customer_id)}, reference {quoted(holder.reference)}.",
            hint="One credit settles one row: look again at Chargebee.",
            remedies=[(("--credited", "CREDIT_ID"),)],
        )
    if differences := _differences(batch, claim):
        raise UsageError(
            f"Credit {listed.credit_id} is not that of row {row.row_number}: {'; '.join(differences)}.",
            hint=f"Look at the promotional credits of customer {quoted(row.credit.customer_id)} in Chargebee. If "
            "none is this row's, say --not-credited instead.",
            remedies=[(("--credited", "CREDIT_ID"),), (("--credited", LEFT_OUT), ("--not-credited", ""))],
        )


def _differences(batch: BatchRecord, claim: Claim) -> list[str]:
    """What the credit has, and what the row asks for."""
    credit, listed = claim.row.credit, claim.listed
    found = []
    if listed.kind != credit.kind.listed_type:
        asked = "a credit" if credit.kind is CallKind.ADD else "a deduction"
        found.append(f"Chargebee has it as {listed.kind}, and the row asks for {asked}")
    if not same_text(listed.customer_id, credit.customer_id):
        found.append(f"its customer is {quoted(listed.customer_id)}, and the row's is {quoted(credit.customer_id)}")
    if not listed.has_money_of(credit):
        has, asks = _money_of(batch, listed), _money_of(batch, credit)
        found.append(f"it has {has}, and the row asks for {asks}")
    if not (claim.has_our_reference or claim.is_named):
        theirs = "it has no reference" if listed.reference is None else f"its reference is {quoted(listed.reference)}"
        found.append(f"{theirs}, and the row's is {quoted(credit.reference)}")
    return found


def _money_of(batch: BatchRecord, of: ListedCredit | PlannedCredit) -> str:
    """Amount, currency and type."""
    stated, money = stated_exponents(batch), of.money
    if money.amount_in_decimal is not None:  # which says it whole where a site has both
        money = Money(None, money.amount_in_decimal, money.currency_code)
    has_none = money.amount_minor is None and money.amount_in_decimal is None
    return f"{'no amount' if has_none else money_in_words(money, stated)}, {of.credit_type or 'general'}"


async def say_not_credited(
    ledger: Ledger, batch: BatchRecord, row_number: int, site: SiteSettings, settings: RunSettings, reason: str = ""
) -> str | None:
    """Owe a row in review again, on a person's word that it is not credited. `reason`: how they know, for the record.

    Chargebee is asked now, so that the person learns at once what speaks against it; and again before it is sent, which
    is why the word counts also where Chargebee does not answer now. Returns why it did not; None: it did.

    An id that an answer to the row named is forgotten only if Chargebee shows that it is not this row's credit.

    Raises:
        UsageError: the row is not in review, or Chargebee lists a credit for it; nothing was changed.
        RunStopped: the key or the site refuses us; nothing was changed.
        LedgerError: the ledger failed.
    """
    row = ledger.requests.in_review(batch.batch_id, row_number)
    silence = None
    async with asking_of(ledger.slots, site, settings) as asking:
        try:
            # Its list may know the stored form of the customer's id alone.
            listed = await listed_for(asking.chargebee, row.credit, other_forms(row.credit.customer_id))
            look = await asking.in_thread(partial(_look, ledger.looks, site, row.credit, listed))
            named = await _named_by_answer(asking, ledger.requests, row)
        except LookFailed as error:
            silence = str(error)
        else:
            refuse_what_is_listed(batch, row, [*listed.own, *listed.elsewhere], look, named)
            row.credit.credit_id = None
    remark = "" if silence is None else " (Chargebee could not be asked)"
    ledger.requests.owe_again(row.credit, remark + _because(reason))
    return silence


def _because(reason: str) -> str:
    return f", because: {quoted(reason)}" if reason else ""


def refuse_what_is_listed(
    batch: BatchRecord, row: RowInReview, listed: Sequence[ListedCredit], look: Look, named: Claim | None
) -> None:
    """Refuse to owe a row for which Chargebee lists anything: what the look before the next send would see, and the
    credit that an answer to the row named, as far as nothing says that it is another's.

    Raises:
        UsageError: there is such a credit.
    """
    done = row.credit.kind.name_of(Outcome.CREDITED)
    elsewhere = "If the row is another credit, pay it in another file, under another reference."
    if isinstance(look, FoundOtherMoney):
        other = next(item for item in listed if item.credit_id == look.credit_id)
        raise UsageError(
            f"Chargebee lists {look.credit_id} under the reference of row {row.row_number}, with"
            f" {_money_of(batch, other)}; the row asks for {_money_of(batch, row.credit)}. One customer gets one credit"
            " for one reference, so it is never sent.",
            hint=elsewhere,
        )
    if isinstance(look, FoundUncertain):
        raise UsageError(
            f"Chargebee lists {look.credit_id} under the reference of row {row.row_number}, {look.why}: so the row is"
            " not sent.",
            hint=f"If that is the row's, say so: --credited {look.credit_id}. {elsewhere}",
            remedies=[(("--not-credited", LEFT_OUT), ("--credited", look.credit_id))],
        )
    ids: tuple[str, ...] = ()
    if isinstance(look, FoundOne):
        ids = (look.proof.credit_id,)
    elif isinstance(look, FoundSeveral):
        ids = look.credit_ids
    elif named is not None and named.is_answered:
        ids = (named.listed.credit_id,)
    if ids:
        raise UsageError(
            f"Row {row.row_number} is {done}: Chargebee lists {' and '.join(ids)} for it.",
            hint=f"Say so: --credited {ids[0]}. {elsewhere}",
            remedies=[(("--not-credited", LEFT_OUT), ("--credited", ids[0]))],
        )


def _look(looks: Looks, site: SiteSettings, credit: PlannedCredit, listed: Listed) -> Look:
    known = what_is_known(looks, site.site, credit, [*listed.own, *listed.elsewhere])
    return what_was_found(credit, listed.own, listed.elsewhere, known)


async def _named_by_answer(asking: Session, requests: Requests, row: RowInReview) -> Claim | None:
    """The credit that an answer to the row named, if one did and Chargebee lists it."""
    credit_id = row.credit.credit_id
    listed = None if credit_id is None else await asking.chargebee.credit(credit_id, row.credit.call)
    if listed is None:
        return None
    return Claim(row, listed, await asking.in_thread(partial(requests.other_holders, row.credit, listed.credit_id)))


def _names(sentence: str, credit_id: str) -> bool:
    """Whether the sentence has this id as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(credit_id)}(?![\w-])", sentence) is not None
