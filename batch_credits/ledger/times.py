"""Wall-clock times as the ledger keeps them: milliseconds since 1970 UTC, for people to read."""

import time
from datetime import UTC, datetime
from functools import lru_cache


def now_ms() -> int:
    """Wall-clock milliseconds, for people to read; no decision is made by it but that of `slots`."""
    return time.time_ns() // 1_000_000


def iso_time(milliseconds: int | None) -> str | None:
    """UTC, ISO 8601, to the millisecond."""
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_iso_second(seconds)}.{str(1000 + rest)[1:]}Z"  # in half of the time of a format's digits


@lru_cache(maxsize=1_000)  # many rows are settled within it
def _iso_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00")
