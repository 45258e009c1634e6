"""Stage 2: the worker pool issues what the ledger says is owed, through the gate."""

from batch_credits.worker_pool.carry_out import Counts
from batch_credits.worker_pool.pages import ReadPage
from batch_credits.worker_pool.pool import WorkerPool

__all__ = ["Counts", "ReadPage", "WorkerPool"]
