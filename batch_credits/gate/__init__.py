"""The one way to a site: its limits kept, also across processes, and everything that takes to ask and to send."""

from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.session import Session, ledger_thread, session_at

__all__ = ["RateLimiter", "Session", "ledger_thread", "session_at"]
