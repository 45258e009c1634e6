"""Asks Chargebee what exists: settles doubt, ties out, and reads the list for a ledger that lost its memory."""

from batch_credits.reconciler.settler import DoubtSettler
from batch_credits.reconciler.tie_out import CurrencyLine, Held, TieOut, foreign, in_pages, tie_out

__all__ = ["CurrencyLine", "DoubtSettler", "Held", "TieOut", "foreign", "in_pages", "tie_out"]
