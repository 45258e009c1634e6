"""What can go wrong: the names that a fault plan (plan.py) gives probabilities, and what each stands for.

Faults of adding and deducting (not of a replayed answer alone: a replay can get lost as well):

    lost_before         connection closed, nothing applied
    lost_after          applied, connection closed
    error_before        500 internal_error, not applied
    error_after         applied, then 500 internal_error
    unavailable_before  503 internal_temporary_error, not applied
    unavailable_after   applied, then 503 internal_temporary_error
    html                502 with an HTML page, not applied: a gateway that reached nobody
    html_after          applied, then 502 with an HTML page
    truncated           applied, the answer's body cut in the middle, connection closed
    garbled             applied, the answer's body is not JSON
    hang                not applied, no answer for `hang_seconds`, then 504
    hang_after          applied, no answer for `hang_seconds`, then 504
    throttled           429 api_request_limit_exceeded with Retry-After: 1, not applied
    throttled_bare      the same without Retry-After
    lock_timeout        429 lock_timeout, not applied
    read_only           503 site_read_only_mode, not applied
    late                connection closed at once, applied `late_seconds` later

Faults of reading (any GET):

    list_error          500 internal_error
    list_lost           connection closed
    list_garbled        200 whose body is not JSON
    list_throttled      429 api_request_limit_exceeded with Retry-After: 1
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from batch_credits.sandbox.errors import (
    ApiError,
    internal_error,
    lock_timeout,
    read_only_mode,
    temporary_error,
    too_many_requests,
)


class Delivery(Enum):
    """What the connection does with an answer."""

    WHOLE = auto()
    CLOSED = auto()
    BAD_GATEWAY = auto()
    TRUNCATED = auto()
    GARBLED = auto()
    SILENT = auto()
    LATE = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong: whether the request is applied, what the site says instead, how it is delivered."""

    name: str
    applied: bool
    delivery: Delivery = Delivery.WHOLE
    error: Callable[[], ApiError] | None = None


def _throttled() -> ApiError:
    return too_many_requests("The site's API request limit is exceeded", retry_after_seconds=1)


def _throttled_bare() -> ApiError:
    return too_many_requests("The site's API request limit is exceeded")


def _by_name(*faults: Fault) -> Mapping[str, Fault]:
    return MappingProxyType({fault.name: fault for fault in faults})


WRITE_FAULTS = _by_name(
    Fault("lost_before", False, Delivery.CLOSED),
    Fault("lost_after", True, Delivery.CLOSED),
    Fault("error_before", False, error=internal_error),
    Fault("error_after", True, error=internal_error),
    Fault("unavailable_before", False, error=temporary_error),
    Fault("unavailable_after", True, error=temporary_error),
    Fault("html", False, Delivery.BAD_GATEWAY),
    Fault("html_after", True, Delivery.BAD_GATEWAY),
    Fault("truncated", True, Delivery.TRUNCATED),
    Fault("garbled", True, Delivery.GARBLED),
    Fault("hang", False, Delivery.SILENT),
    Fault("hang_after", True, Delivery.SILENT),
    Fault("throttled", False, error=_throttled),
    Fault("throttled_bare", False, error=_throttled_bare),
    Fault("lock_timeout", False, error=lock_timeout),
    Fault("read_only", False, error=read_only_mode),
    Fault("late", True, Delivery.LATE),
)
READ_FAULTS = _by_name(
    Fault("list_error", False, error=internal_error),
    Fault("list_lost", False, Delivery.CLOSED),
    Fault("list_garbled", True, Delivery.GARBLED),
    Fault("list_throttled", False, error=_throttled),
)
