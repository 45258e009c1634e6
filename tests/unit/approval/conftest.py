from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from batch_credits.approval.order import Approval, Asked, Order, Sealed, iso, order_for
from batch_credits.approval.policy import Approver, Policy
from batch_credits.approval.signing import Passkey
from batch_credits.model import ControlTotal
from batch_credits.settings import ControlLimits, InputOptions, SiteSettings
from tests.unit.approval.authenticator import Authenticator, b64

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Office:
    """A maker, alice; approvers bob and carol; an order of 3 rows, 1,050.00 USD."""

    def __init__(self) -> None:
        self.keys = {name: Authenticator() for name in ("bob", "carol")}
        self.approvers = {
            name: Approver(
                name, {"USD": Decimal(5000)}, Passkey(b64(key.id), b64(key.public_key), key.rp_id), (f"{name}.shell",)
            )
            for name, key in self.keys.items()
        }
        self.policy = Policy(requires_approval=True, approvers=self.approvers)
        site = SiteSettings("acme", "https://acme.chargebee.com", "k")
        total = ControlTotal(3, 105_000)
        options, limits = InputOptions(reference="q4"), ControlLimits()
        asked = Asked("ba" * 32, "payout.csv", "fe" * 32, options, limits, 3, {"USD": total})
        self.order = order_for(site, asked, "alice", "0.2.0", now=NOW)

    def sealed(self, *people: str, order: Order | None = None, at: datetime = NOW) -> Sealed:
        """The order, approved by these."""
        sealed = Sealed(order or self.order)
        for name in people:
            sealed = replace(sealed, approvals=(*sealed.approvals, self.approval(sealed, name, at)))
        return sealed

    def approval(self, sealed: Sealed, name: str, at: datetime = NOW) -> Approval:
        """One more signature."""
        return Approval(name, iso(at), **self.keys[name].sign(sealed.challenge(name, iso(at))))


@pytest.fixture
def office() -> Office:
    return Office()
