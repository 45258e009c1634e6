"""The one way to a site: its limits kept, also from one run to the next, and all that it takes to ask and to send."""

from batch_credits.gate.limiter import RateLimiter
from batch_credits.gate.session import Session, ledger_thread, session_at

__all__ = ["RateLimiter", "Session", "ledger_thread", "session_at"]
