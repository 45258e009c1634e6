"""What stands between a caller and Chargebee, and answers in its place: firewalls, gateways, pages to log in.

Some of its bodies look like Chargebee's, but lack what each of Chargebee's own has: `message`, `type` and
`api_error_code`.
"""

from http import HTTPStatus

import orjson

from batch_credits.sandbox.errors import JSON_TYPE, Answer

LOGIN_PAGE = "/login"
HTML_TYPE = ("Content-Type", "text/html;charset=utf-8")

# The status, and the code that Chargebee documents for it (302: for none, so that of a wrong key)
STATUSES = {
    302: "api_authentication_failed",
    401: "api_authentication_failed",
    403: "api_authorization_failed",
    404: "resource_not_found",
    405: "http_method_not_supported",
    429: "api_request_limit_exceeded",
    503: "site_read_only_mode",
}


def proxy_answer(status: int, point: float) -> Answer:
    """A proxy's answer with this status; `point`, from 0 up to 1, chooses among its bodies."""
    reason = HTTPStatus(status).phrase
    page = f"<html><body><h1>{status} {reason}</h1></body></html>\n".encode()
    code = STATUSES[status]
    bodies: list[tuple[bytes, tuple[tuple[str, str], ...]]] = [
        (page, (HTML_TYPE,)),
        (b"", ()),
        (orjson.dumps({"error": reason.lower()}), (JSON_TYPE,)),
        (orjson.dumps({"message": reason, "type": "invalid_request"}), (JSON_TYPE,)),
        (orjson.dumps({"message": reason, "api_error_code": code}), (JSON_TYPE,)),
    ]
    body, headers = bodies[int(point * len(bodies))]
    if status == 302:
        headers = (*headers, ("Location", LOGIN_PAGE))
    return Answer(status, body, headers)
