"""Whether an order may be carried out now: a closed list of reasons against it, each a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from batch_credits.approval.order import Approval, Order, Sealed, Sum, moment_of
from batch_credits.approval.policy import Approver, Bounds, Policy
from batch_credits.approval.signing import NotSigned, check_approval
from batch_credits.approval.words import moment_in_words
from batch_credits.call import for_entity
from batch_credits.errors import NotConfirmed, UsageError
from batch_credits.model.currencies import documented_exponent

CLOCKS_APART = timedelta(minutes=5)  # by which an approver's clock may be before this one
_WHAT_TO_DO = "Nothing was sent. Have a new order made (check FILE --order ORDER) and approved."


@dataclass(frozen=True, slots=True)
class Carried:
    """What a ledger knows of an order: whether a run of it began, and whether its batch still owes anything."""

    has_begun: bool
    is_owed: bool


@dataclass(frozen=True, slots=True)
class Present:
    """What is about to be sent: by batch id, site and address, what is owed by currency, and for which business entity.
    """

    batch: str
    site: str
    address: str
    owed: Mapping[str, Sum]
    business_entity_id: str | None = None


def approvers_needed(order: Order, policy: Policy) -> int:
    """How many people must approve: two above the policy's bounds, else one. A currency that no bound names is above
    them, once one is named."""
    return 2 if _beyond(order, policy.two_above) and policy.two_above else 1


def refuse_order(
    sealed: Sealed, policy: Policy, present: Present, carried: Carried, now: datetime | None = None
) -> None:
    """Refuse what this order does not allow. An order that was begun may be carried on, however late, until nothing is
    owed.

    Raises:
        NotConfirmed: with the reason.
        UsageError: the extra `approval` is not installed.
    """
    order, now = sealed.order, now or datetime.now(UTC)
    _refuse_other(order, present, carried)
    if carried.has_begun and not carried.is_owed:
        raise _refused("This order was carried out: it is good for once.")
    if not carried.has_begun:
        refuse_expired(order, now)
    if moment_of(order.made) > now + CLOCKS_APART:
        raise _refused(f"This order says that it was made at {order.made}, which is yet to come.")
    refuse_unapproved(sealed, policy, now)


def refuse_expired(order: Order, now: datetime | None = None) -> None:
    """Refuse an order whose time is over.

    Raises:
        NotConfirmed: it is.
    """
    if order.has_expired(now):
        raise _refused(f"This order expired at {moment_in_words(order.expires)}.")


def refuse_unapproved(sealed: Sealed, policy: Policy, now: datetime | None = None) -> None:
    """Refuse an order that not enough people have approved, or one who must not.

    Raises:
        NotConfirmed: with the reason.
    """
    needed, people = approvers_needed(sealed.order, policy), who_approved(sealed, policy, now)
    if not people:
        raise _refused("Nobody has approved this order.", "Nothing was sent. Let another than its maker approve it.")
    if len(people) < needed:
        raise _refused(
            f"{len(people)} of {needed} people have approved this order, which is above the sum that one may approve.",
            "Nothing was sent. Let another person approve it, too.",
        )


def is_approved(sealed: Sealed, policy: Policy | None) -> bool:
    """Whether enough people have approved it, as far as anybody can tell; `policy` None: nobody can."""
    if policy is None or not sealed.approvals:
        return False
    try:
        refuse_unapproved(sealed, policy)
    except (NotConfirmed, UsageError):
        return False
    return True


def who_approved(sealed: Sealed, policy: Policy, now: datetime | None = None) -> set[str]:
    """The people whose approvals an order has, each of which is good.

    Raises:
        NotConfirmed: one is not; whoever else approves it, it will not be carried out.
    """
    order, now = sealed.order, now or datetime.now(UTC)
    people: set[str] = set()
    for approval in sealed.approvals:
        approver = policy.known(approval.approver)
        if approver is None:
            raise _refused(f"{approval.approver} approved this order, and is no approver here.")
        refuse_approver(order, approver)
        _refuse_time(order, approval, now)
        try:
            check_approval(sealed, approval, approver.passkey)
        except NotSigned as why:
            raise _refused(f"The approval of {approver.name} is not good for this order: {why}.") from None
        people.add(approver.name)
    return people


def refuse_approver(order: Order, approver: Approver) -> None:
    """Refuse somebody who may not approve this order: its maker, or one whose limit it is over.

    Raises:
        NotConfirmed: with the reason.
    """
    if approver.is_called(order.maker):
        raise _refused(f"{approver.name} made this order, and nobody approves their own.")
    if beyond := _beyond(order, approver.most):
        raise _refused(f"This order is over what {approver.name} may approve in {beyond}.")


def _beyond(order: Order, bounds: Bounds) -> str:
    """The first currency of which the order asks for more than the bound allows, or that no bound names; "" if none."""
    for currency, total in sorted(order.totals.items()):
        bound = bounds.get(currency)
        if bound is None or _major(currency, total) > bound:
            return currency
    return ""


def _major(currency: str, total: Sum) -> Decimal:
    """The sum in major units. Where Chargebee does not document the decimals of a currency, its minor units count
    whole: too much rather than too little. What the order's maker states of them moves no limit of another's: with
    four decimals for a currency that has none they would have ten thousand times as much approved."""
    exponent = documented_exponent(currency)
    return Decimal(total.amount).scaleb(-(exponent or 0)) + Decimal(total.amount_in_decimal)


def _refuse_other(order: Order, present: Present, carried: Carried) -> None:
    """Refuse an order that is for something else than what is about to be sent."""
    if order.site != present.site:
        raise _refused(f"This order is for site {order.site}, and this run for {present.site}.")
    if order.address != present.address:
        raise _refused(f"This order is for {order.address}, and this run goes to {present.address}.")
    if order.business_entity != (present.business_entity_id or ""):
        meant, now = for_entity(order.business_entity), for_entity(present.business_entity_id)
        raise _refused(f"This order is {meant}, and this run {now}.")
    if order.batch != present.batch:
        raise _refused("This order is for another file, or for this one read by other options.")
    for currency, total in sorted(present.owed.items()):
        ordered = order.totals.get(currency)
        if ordered is None or total.rows > ordered.rows or _is_more(total, ordered):
            raise _refused(f"More is to be sent in {currency} than this order says.")
    if not carried.has_begun and dict(present.owed) != order.totals:
        raise _refused("What is to be sent changed since this order was made.")


def _is_more(total: Sum, ordered: Sum) -> bool:
    return total.amount > ordered.amount or Decimal(total.amount_in_decimal) > Decimal(ordered.amount_in_decimal)


def _refuse_time(order: Order, approval: Approval, now: datetime) -> None:
    try:
        at = moment_of(approval.at)
    except ValueError:
        raise _refused(f"The approval of {approval.approver} bears no time.") from None
    if not moment_of(order.made) - CLOCKS_APART <= at <= now + CLOCKS_APART or at > moment_of(order.expires):
        raise _refused(f"{approval.approver} approved this order at {approval.at}, when it was not to be approved.")


def _refused(why: str, hint: str = _WHAT_TO_DO) -> NotConfirmed:
    return NotConfirmed(why, hint=hint)
