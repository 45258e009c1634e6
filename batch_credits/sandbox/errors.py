"""The provider's refusals: one exception, one JSON body, and the few refusals that faults need ready-made.

Status, `api_error_code` and `type` go together as in the error tables of the Chargebee API docs. The body also
repeats the older names (`error_code`, `error_msg`, `http_status_code`) that real answers carry beside them.
"""

from dataclasses import dataclass

import orjson

JSON_TYPE = ("Content-Type", "application/json;charset=utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back for one request: an HTTP status, the whole body and the headers."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (JSON_TYPE,)


class ApiError(Exception):
    """A request refused, or failed, the way Chargebee says so.

    `param` names the field at fault. `retry_after_seconds`, where given, becomes a Retry-After header.
    """

    def __init__(
        self,
        status: int,
        api_error_code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.api_error_code = api_error_code
        self.message = message
        self.param = param
        self.retry_after_seconds = retry_after_seconds

    def answer(self) -> Answer:
        """The error as an answer, with the body that Chargebee's libraries expect."""
        document: dict[str, str | int] = {
            "message": self.message,
            "type": _type_of(self.status),
            "api_error_code": self.api_error_code,
            "error_code": self.api_error_code,
            "error_msg": self.message,
            "http_status_code": self.status,
        }
        if self.param is not None:
            document["param"] = self.param
        headers: tuple[tuple[str, str], ...] = (JSON_TYPE,)
        if self.retry_after_seconds is not None:
            headers = (JSON_TYPE, ("Retry-After", str(self.retry_after_seconds)))
        return Answer(self.status, orjson.dumps(document), headers)


def _type_of(status: int) -> str:
    if status == 401:
        return "untyped"
    return "operation_failed" if status == 429 or status >= 500 else "invalid_request"


def wrong_value(param: str, problem: str) -> ApiError:
    """400: the field `param` does not hold; `problem` says why, as `cannot be blank` does."""
    return ApiError(400, "param_wrong_value", f"{param} : {problem}", param=param)


def not_found(what: str, param: str | None = None) -> ApiError:
    """404: the thing, or the path, does not exist."""
    return ApiError(404, "resource_not_found", f"{what} not found", param=param)


def method_not_supported(method: str) -> ApiError:
    """405: the address exists, but not for this HTTP method."""
    return ApiError(405, "http_method_not_supported", f"The HTTP method {method} is not supported here")


def key_refused() -> ApiError:
    """401: the API key is not one of the site's."""
    return ApiError(401, "api_authentication_failed", "Sorry, authentication failed. Invalid API key")


def not_allowed() -> ApiError:
    """403: the API key is one of the site's, but may not do this."""
    return ApiError(403, "api_authorization_failed", "Sorry, this API key may not access this resource")


def site_not_found() -> ApiError:
    """404: there is no site under this name."""
    return ApiError(404, "site_not_found", "Sorry, there is no site of this name")


def lock_timeout(customer_id: str = "") -> ApiError:
    """429: another call on the same customer is in progress."""
    whom = f" {customer_id}" if customer_id else ""
    return ApiError(429, "lock_timeout", f"Another operation on the customer{whom} is in progress")


def too_many_requests(why: str, retry_after_seconds: int | None = None) -> ApiError:
    """429: over one of the site's limits."""
    return ApiError(429, "api_request_limit_exceeded", why, retry_after_seconds=retry_after_seconds)


def internal_error() -> ApiError:
    """500: says nothing about whether the request was applied."""
    return ApiError(500, "internal_error", "Sorry, something went wrong when trying to process the request")


def temporary_error() -> ApiError:
    """503: says nothing about whether the request was applied."""
    return ApiError(503, "internal_temporary_error", "Sorry, a temporary error occurred, please try again")


def read_only_mode() -> ApiError:
    """503: the site takes no writes for now; nothing was applied."""
    return ApiError(503, "site_read_only_mode", "The site is in read-only mode for maintenance")
