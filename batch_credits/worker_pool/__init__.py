"""Stage 2: the worker pool issues what the ledger says is owed, through the gate."""

from batch_credits.worker_pool.pool import Counts, ReadPage, WorkerPool

__all__ = ["Counts", "ReadPage", "WorkerPool"]
