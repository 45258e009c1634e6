"""How an approval comes to be: who may give one, and what their passkey answered."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from batch_credits.approval.judging import refuse_approver
from batch_credits.approval.order import Approval, Sealed, iso, moment_of
from batch_credits.approval.policy import Approver, Policy
from batch_credits.approval.signing import NotSigned, check_approval
from batch_credits.approval.words import moment_in_words
from batch_credits.errors import NotConfirmed
from batch_credits.model.identity import same_text

SIGN_MINUTES = timedelta(minutes=10)  # for which a page that was shown can be signed
_SIGNED = frozenset(["credential", "authenticator_data", "client_data", "signature"])


def may_approve(sealed: Sealed, policy: Policy, actor: str) -> Approver:
    """Whoever looks, as an approver of this order.

    Raises:
        NotConfirmed: they are none; the text says why.
    """
    order = sealed.order
    if order.has_expired():
        expired = moment_in_words(order.expires)
        raise NotConfirmed(f"This order expired at {expired}.", hint="It has to be submitted anew.")
    if same_text(actor, order.maker):
        raise NotConfirmed("You made this order, and nobody approves their own.")
    approver = next((each for each in policy.approvers.values() if each.is_called(actor)), None)
    if approver is None:
        raise NotConfirmed(
            f"{actor} is no approver here.", hint="The administrator says who is.", instead=[("approvers", "list")]
        )
    refuse_approver(order, approver)
    if any(each.approver == approver.name for each in sealed.approvals):
        raise NotConfirmed("You have approved this order. Another person is to approve it, too.")
    return approver


def with_approval(sealed: Sealed, approver: Approver, at: str, answer: str) -> Sealed:
    """The order with one more approval: the time that a page said, and what a passkey answered to it, as JSON.

    Raises:
        NotConfirmed: it is none that is good.
    """
    try:
        moment, signed = moment_of(at), json.loads(answer)
        if not isinstance(signed, dict) or signed.keys() != _SIGNED:
            raise ValueError
        approval = Approval(approver.name, iso(moment), **signed)
    except (ValueError, RecursionError):
        raise NotConfirmed("Nothing was approved: the form holds no answer of a passkey.", hint="Try again.") from None
    now = datetime.now(UTC)
    if not now - SIGN_MINUTES <= moment <= now:
        raise NotConfirmed("Nothing was approved: the page is too old.", hint="It is shown anew now; look again.")
    try:
        check_approval(sealed, approval, approver.passkey)
    except NotSigned as why:
        raise NotConfirmed(f"Nothing was approved: {why}.", hint="Load the page again, and try once more.") from None
    return replace(sealed, approvals=(*sealed.approvals, approval))
