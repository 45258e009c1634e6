"""What can go wrong: the names that a fault plan (plan.py) gives probabilities, and what each stands for.

Faults of adding and deducting, one or none a try (not of a replayed answer alone: a replay can get lost as well):

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

Refusals of the caller, not of the credit, in Chargebee's own JSON, not applied (they share each try with the faults
above):

    refused_401             api_authentication_failed
    refused_403             api_authorization_failed
    refused_405             http_method_not_supported
    refused_site_not_found  404 site_not_found

A proxy answers in the site's place, before the site has seen the request (not applied) or after (applied); they share
each try with the faults above. The body is drawn too: a page, nothing, or JSON that is not Chargebee's:

    proxy_302_before, proxy_302_after  redirect to a page to log in
    proxy_401_before, proxy_401_after
    proxy_403_before, proxy_403_after
    proxy_404_before, proxy_404_after
    proxy_405_before, proxy_405_after
    proxy_429_before, proxy_429_after
    proxy_503_before, proxy_503_after

An answer comes again, on the connection that stays open, to a request of any method; one or none a try:

    repeat_answer   the whole answer twice, at once
    repeat_late     the second copy `repeat_late_ms` later, when the next request may be under way
    repeat_refusal  twice at once, but only if it is a 4xx

Faults of reading (any GET), one or none a try:

    list_error      500 internal_error
    list_lost       connection closed
    list_garbled    200 whose body is not JSON
    list_throttled  429 api_request_limit_exceeded with Retry-After: 1

All names below are drawn each for itself and may come together. Texts that the site keeps otherwise than it was given
them: the credit is stored, listed and answered so. Drawn for a credit, by its operation, customer and reference, so
that all tries of it agree; where several are drawn they are done in this order:

    store_nfc     reference, customer id and description in Unicode's form NFC
    store_nfd     the same in NFD
    store_folded  every kind of blank is a plain one, several are one, and those at the edges go
    store_lower   reference and customer id in lower case
    store_ascii   ? for every character beyond ASCII
    store_cut     the reference cut to its first `cut_length` characters

Texts stored as they came (or as above) that only the answer to an add or deduct, and its replays, tells otherwise:

    echo_nfc      as above
    echo_nfd      as above
    echo_folded   as above
    echo_lower    as above
    echo_ascii    as above
    echo_cut      as above
    echo_other    the customer, the reference or the amount is somebody else's; the credit's id is right
    echo_partial  nothing but the credit's id: {"customer":{},"promotional_credit":{"id":"..."}}

Lists of credits that show less, or more, than one thinks; drawn by the customer that the list is asked for:

    strict_filter              customer_id filters know a credit by its stored form alone, not by the id it was sent for
    entity_scoped              only credits of the business entity in the request's header; without one, of none
    entity_scoped_default_all  the same, but without a header all credits
    list_circle                after the third page comes the first again, and so on for ever
    list_endless               always a next page; once all is shown, the first page again and again

Idempotency keys, drawn by key:

    key_headers  the same request is one with the same headers too: silence, business entity and origin; or else 422
    keys_forget  a look-up finds the key forgotten, and the request runs anew; drawn for each look-up
    key_alone    whatever else a request says, its key gets the stored answer
    key_waits    a request whose first one still runs waits for that, and gets its answer; or else 409
    key_doubles  a request whose first one still runs runs beside it, and is applied too

Numbers beside the names:

    hang_seconds          how long a hanging request gets no answer
    late_seconds          how long a late request is under way
    latency_ms            how long the site thinks about each request, holding the customer's lock
    repeat_late_ms        how long after an answer its second copy comes
    list_lag_seconds      how long a new credit stays out of lists (not out of retrieve)
    cut_length            how many characters of a reference are left
    clock_offset_seconds  how far the site's clock is ahead of the machine's; it may be negative
    faulty_tries          only the first so many tries of one thing can be hit; 0: all (not what is drawn for itself)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from batch_credits.sandbox.errors import (
    ApiError,
    internal_error,
    key_refused,
    lock_timeout,
    method_not_supported,
    not_allowed,
    read_only_mode,
    site_not_found,
    temporary_error,
    too_many_requests,
)
from batch_credits.sandbox.forms import FORMS
from batch_credits.sandbox.proxies import STATUSES


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
    """One way to go wrong: whether the request is applied, what is said instead and by whom, how it is delivered.

    `error` is what the site says; `proxy_status` is that of a proxy which answers in its place.
    """

    name: str
    applied: bool
    delivery: Delivery = Delivery.WHOLE
    error: Callable[[], ApiError] | None = None
    proxy_status: int | None = None


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
REFUSAL_FAULTS = _by_name(
    Fault("refused_401", False, error=key_refused),
    Fault("refused_403", False, error=not_allowed),
    Fault("refused_405", False, error=lambda: method_not_supported("POST")),
    Fault("refused_site_not_found", False, error=site_not_found),
)
PROXY_FAULTS = _by_name(
    *(
        Fault(f"proxy_{status}_{when}", when == "after", proxy_status=status)
        for status in STATUSES
        for when in ("before", "after")
    )
)
READ_FAULTS = _by_name(
    Fault("list_error", False, error=internal_error),
    Fault("list_lost", False, Delivery.CLOSED),
    Fault("list_garbled", True, Delivery.GARBLED),
    Fault("list_throttled", False, error=_throttled),
)
FAULTS_OF_WRITES = MappingProxyType({**WRITE_FAULTS, **REFUSAL_FAULTS, **PROXY_FAULTS})
REPEATS = ("repeat_answer", "repeat_late", "repeat_refusal")
TRAITS = (
    *(f"store_{form}" for form in FORMS),
    *(f"echo_{form}" for form in FORMS),
    "echo_other",
    "echo_partial",
    "strict_filter",
    "entity_scoped",
    "entity_scoped_default_all",
    "list_circle",
    "list_endless",
    "key_headers",
    "keys_forget",
    "key_alone",
    "key_waits",
    "key_doubles",
)
FAULT_NAMES = (*FAULTS_OF_WRITES, *REPEATS, *READ_FAULTS, *TRAITS)
