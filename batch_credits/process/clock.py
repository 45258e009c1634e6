"""The clock that goes on while the machine sleeps.

Chargebee goes on counting while this machine sleeps, and the event loop's monotonic clock stands still meanwhile. So
the age of an idempotency key is read here, and everything that only has to wait long enough is read there.
"""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # elsewhere than on Linux: what there is


def boottime() -> float:
    """Seconds since some moment in the past, those in which the machine slept counted too. Never set back."""
    return time.clock_gettime(_CLOCK)
