"""What both pages of an order show: the one of the page for finance, and the one that `approve` serves."""

import json
from datetime import UTC, datetime

from batch_credits.approval.order import Order, Sealed, iso
from batch_credits.approval.policy import Approver
from batch_credits.approval.signing import signing_options
from batch_credits.approval.words import totals_of
from batch_credits.web.approval_pages import ApproveForm
from batch_credits.web.parts import Amount, Figure

ANSWER = frozenset(["answer", "at"])  # the fields that such a form brings


def approve_form(href: str, sealed: Sealed, approver: Approver) -> ApproveForm:
    """The form that somebody's passkey signs, from now on for a while."""
    at = iso(datetime.now(UTC))
    options = signing_options(sealed.challenge(approver.name, at), approver.passkey)
    return ApproveForm(href, json.dumps(options), at)


def figures_of(order: Order) -> tuple[Figure, ...]:
    """What would be paid."""
    amounts = [Amount(currency, order.totals[currency].amount, words) for currency, words in totals_of(order).items()]
    return (Figure("pending", "To be credited", order.owed, tuple(amounts)),)
