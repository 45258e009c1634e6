"""Asks Chargebee what exists: settles doubt, ties out, and rebuilds what a lost ledger knew."""

from batch_credits.reconciler.settler import DoubtSettler

__all__ = ["DoubtSettler"]
