"""Stage 2: the worker pool issues what the ledger says is owed, through the gate."""
