"""A ledger that is a file, for one machine: it needs nothing."""
