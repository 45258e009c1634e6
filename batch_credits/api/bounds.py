"""What a program may set: the command line refuses the same in its own words, before a value gets so far."""

import re

from batch_credits.errors import UsageError
from batch_credits.settings import (
    MAX_HEADER_ROW,
    MAX_ORIGIN_LETTERS,
    InputOptions,
    RunSettings,
    SiteSettings,
    refuse_window,
)

_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def sensible(options: InputOptions) -> InputOptions:
    """The options, unless one cannot be meant.

    Raises:
        UsageError: one cannot.
    """
    if options.failed_csv:
        raise UsageError("failed_csv is not for callers: a failed.csv says itself what it is.")
    if options.amount_unit not in ("minor", "major"):
        raise UsageError(f"amount_unit is {options.amount_unit!r}; it must be minor or major.")
    if options.hidden_rows not in (None, "pay", "skip"):
        raise UsageError(f"hidden_rows is {options.hidden_rows!r}; it must be pay or skip, or None.")
    if options.header_row is not None and not 1 <= options.header_row <= MAX_HEADER_ROW:
        raise UsageError(f"header_row is {options.header_row!r}; it must be 1 to {MAX_HEADER_ROW}.")
    for name in ("header_map", "currency_exponents"):
        keys = [key.lower() for key, _ in getattr(options, name)]
        if len(keys) != len(set(keys)):
            raise UsageError(f"{name} gives one name twice, and nobody can tell which is meant.")
    return options


def refuse_senseless(settings: RunSettings, site: SiteSettings) -> None:
    """Refuse what a run cannot be set to.

    Raises:
        UsageError: a setting is out of bounds, or no header can carry it.
    """
    bounds = {
        "share": 0 < settings.share <= 1,
        "rate_per_minute": settings.rate_per_minute >= 0,
        "concurrency": 1 <= settings.concurrency <= 1000,
        "processes": settings.processes == 1,  # more start this program again, and it is not ours
        "window_seconds": 0 < settings.window_seconds <= 86_400,
        "timeout_seconds": 0 < settings.timeout_seconds <= 3600,
        "quarantine_seconds": 0 <= settings.quarantine_seconds <= 86_400,
        "lease_seconds": 0 < settings.lease_seconds <= 86_400,
        "pilot": 0 <= settings.pilot <= 1000,
        "silence": set(settings.silence) <= {"email", "webhook", "actions"},
    }
    for name, at_most in (("business_entity_id", 50), ("origin_device", MAX_ORIGIN_LETTERS), ("origin_ip", 50)):
        text = getattr(settings, name)
        bounds[name] = text is None or (len(text) <= at_most and _HEADER.fullmatch(text) is not None)
    user = settings.origin_user
    bounds["origin_user"] = user is None or (user.isprintable() and "@" in user and len(user) <= MAX_ORIGIN_LETTERS)
    for name, holds in bounds.items():
        if not holds:
            raise UsageError(f"RunSettings.{name} is {getattr(settings, name)!r}, which a run cannot have.")
    refuse_window(settings.window_seconds, site)
