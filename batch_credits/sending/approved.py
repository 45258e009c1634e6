"""Whether workers may go on with a batch, where the administrator asks by now that another person approves it.

A run is held against its order before anything of it is admitted. What was admitted before anybody had to approve has
none, and whoever works for the site would go on with it all the same.
"""

from batch_credits.approval.policy import read_policy
from batch_credits.errors import NotApproved
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind
from batch_credits.model.orders import order_numbers


def approval_missing(ledger: Ledger, batch: BatchRecord) -> NotApproved | None:
    """Why nobody sends a batch that was admitted before the administrator asked for approval; None: it may be sent. An
    order that a run of it began was held against the policy then.

    Raises:
        UsageError: the administrator's files cannot be relied on.
    """
    if batch.kind is not CallKind.ADD or not read_policy().requires_approval:
        return None
    if order_numbers(ledger.runs.settings_of_all(batch.batch_id)):
        return None
    return NotApproved(
        f"Here nothing is paid that another person has not approved, and nobody has approved batch {batch.key[:8]}.",
        hint="Have the rest approved on the page, or by an order (check FILE --order ORDER), and run it by that.",
    )
