"""How long to wait before another try. Pure: the chance is handed in."""

from batch_credits.settings import RunSettings


def backoff_seconds(settings: RunSettings, tries: int, chance: float) -> float:
    """Exponential backoff with full jitter: up to 1, 2, 4 ... seconds, never above the bound, never zero.

    Args:
        settings: the base and the bound.
        tries: how many tries went before (1 or more).
        chance: a random number in [0, 1).
    """
    ceiling = min(settings.max_backoff_seconds, settings.backoff_seconds * float(1 << min(tries - 1, 16)))
    return ceiling * (0.5 + chance / 2)


def throttle_seconds(settings: RunSettings, retry_after: float | None, tries: int, chance: float) -> float:
    """How long to wait after being throttled: as told, within reason, else by backoff."""
    if retry_after is None:
        return backoff_seconds(settings, tries, chance)
    return min(max(retry_after, 0.1), settings.max_retry_after_seconds)


def may_try_again(settings: RunSettings, sends: int, seconds: float) -> bool:
    """Whether one more send of a row is within the bounds of count and time of one run."""
    return sends < settings.max_attempts and seconds < settings.max_retry_seconds
