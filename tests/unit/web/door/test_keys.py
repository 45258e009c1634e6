"""Promise: what the door keeps in a request costs no warning, whichever aiohttp there is."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from batch_credits.web.door.keys import request_key


@pytest.mark.parametrize("is_new", [True, False])
def test_a_request_holds_a_text_under_a_key(monkeypatch: pytest.MonkeyPatch, is_new: bool) -> None:
    if not is_new:
        monkeypatch.delattr(web, "RequestKey", raising=False)
    key = request_key("something-of-the-test")
    assert isinstance(key, str) is (not hasattr(web, "RequestKey"))
    request = make_mocked_request("GET", "/")
    if is_new:  # an older aiohttp takes a text without a word, this one warns of it
        request[key] = "Ada"
        assert request[key] == "Ada"
