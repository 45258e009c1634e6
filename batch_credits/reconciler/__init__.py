"""Asks Chargebee what exists: settles doubt, ties out, and reads the list for a ledger that lost its memory."""
