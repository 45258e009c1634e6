"""Stage 2: the worker pool issues what the ledger says is owed, within the site's limits."""

from batch_credits.worker_pool.limiter import RateLimiter
from batch_credits.worker_pool.pool import Counts, ReadPage, WorkerPool
from batch_credits.worker_pool.slot_memory import SlotMemory

__all__ = ["Counts", "RateLimiter", "ReadPage", "SlotMemory", "WorkerPool"]
