"""What an administrator's policy asks of a run, and of undoing and settling: that another person said yes."""

from collections.abc import Set
from typing import Any

from batch_credits.approval.audited import of_record
from batch_credits.approval.judging import Carried, Present, refuse_order
from batch_credits.approval.order import Sealed, sums_of
from batch_credits.approval.policy import Policy, read_policy
from batch_credits.errors import NotConfirmed
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind
from batch_credits.model.orders import order_numbers, people_behind
from batch_credits.planning.plan import Plan
from batch_credits.process.user import user_name
from batch_credits.settings import SiteSettings


def hold_to_order(
    ledger: Ledger,
    plan: Plan,
    sealed: Sealed | None,
    site: SiteSettings,
    business_entity_id: str | None,
    policy: Policy | None = None,
) -> None:
    """Refuse to pay what nobody else has approved, where the policy asks for that; and whatever an order that was given
    does not allow, in any case: also to pay it for another business entity. What the sandbox of this very process takes
    is no money.

    Raises:
        NotConfirmed: nothing was sent.
        UsageError: the administrator's files cannot be relied on.
    """
    if site.is_in_process or plan.kind is not CallKind.ADD:
        return
    policy = policy or read_policy()
    if sealed is None:
        if policy.requires_approval and plan.owed:
            raise NotConfirmed(
                "Here nothing is paid that another person has not approved.",
                hint="Nothing was sent. Make an order of it (check FILE --order ORDER), and have it approved.",
                remedies=[(("--order", "ORDER"),)],
            )
        return
    has_begun = not plan.is_new and sealed.order.number in order_numbers(ledger.runs.settings_of_all(plan.batch_id))
    present = Present(plan.key, site.site, site.address, sums_of(plan.owed_totals), business_entity_id)
    refuse_order(sealed, policy, present, Carried(has_begun, plan.owed > 0))


def for_the_record(sealed: Sealed | None, site: SiteSettings, policy: Policy | None = None) -> dict[str, Any] | None:
    """What a run remembers of the order that it carries out, with those who approved it as they are now; None: it
    carries out none.

    Raises:
        UsageError: the administrator's files cannot be relied on.
    """
    if sealed is None:
        return None
    record = sealed.for_the_record()
    if not site.is_in_process:  # where nobody has to approve
        record["approvers"] = of_record(sealed, policy or read_policy())
    return record


def refuse_own(ledger: Ledger, batch: BatchRecord, command: str, policy: Policy | None = None) -> None:
    """Refuse whoever had a batch paid to undo or to settle it, where the policy leaves that to another person.

    Raises:
        NotConfirmed: nothing was sent or changed.
        UsageError: the administrator's files cannot be relied on.
    """
    behind = people_behind(ledger.runs.every(batch.batch_id))
    if why := why_not_own(policy or read_policy(), behind, user_name(), command):
        raise NotConfirmed(f"Batch {batch.key[:8]}: {why}", hint="Nothing was sent. Ask a colleague to do it.")


def why_not_own(policy: Policy, behind: Set[str], actor: str, command: str) -> str:
    """Why somebody must leave a command to another person, as a sentence; "" where they need not. `behind` are those
    who had the batch paid."""
    if command not in policy.by_another or not any(policy.are_one(actor, person) for person in behind):
        return ""
    what = "take its credits back" if command == "reverse" else "settle its rows"
    return f"{actor} had this batch paid, and here another person must {what}."
