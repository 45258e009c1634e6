"""What stands between a caller and the site."""

import orjson

from batch_credits.sandbox.errors import Answer
from batch_credits.sandbox.proxies import STATUSES, proxy_answer
from tests.each import each


def document(answer: Answer) -> dict[str, str]:
    parsed: dict[str, str] = orjson.loads(answer.body)
    return parsed


@each("status", STATUSES)
def test_five_bodies_none_of_which_is_chargebees(status: int) -> None:
    page, empty, other, no_code, no_type = (proxy_answer(status, point / 5) for point in range(5))

    assert {answer.status for answer in (page, empty, other, no_code, no_type)} == {status}
    assert page.body.startswith(b"<html>")
    assert ("Content-Type", "text/html;charset=utf-8") in page.headers
    assert empty.body == b""
    assert set(document(other)) == {"error"}
    assert set(document(no_code)) == {"message", "type"}
    assert set(document(no_type)) == {"message", "api_error_code"}
    assert document(no_type)["api_error_code"] == STATUSES[status]


def test_the_whole_range_of_points_has_a_body() -> None:
    assert document(proxy_answer(403, 1 - 2**-53)) == {
        "message": "Forbidden",
        "api_error_code": "api_authorization_failed",
    }


@each("point", range(5))
def test_a_redirect_leads_to_a_page_to_log_in(point: int) -> None:
    assert ("Location", "/login") in proxy_answer(302, point / 5).headers
    assert "Location" not in dict(proxy_answer(401, point / 5).headers)
