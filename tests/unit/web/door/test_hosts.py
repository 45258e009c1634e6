"""Promise: a request that is meant for another server, or that comes from another's page, goes no further."""

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from batch_credits.children.start import Words
from batch_credits.views.terms import SiteView
from batch_credits.web.door.hosts import allowed_hosts, refuse_host, refuse_origin
from batch_credits.web.door.refusals import Refused
from batch_credits.web.settings import WebSettings
from tests.each import each

SITE = SiteView("acme-test", "https://acme-test.chargebee.com", is_live=False, is_loopback=False, posts_at_once=None)
PLACE = Path("nowhere")
SETTINGS = WebSettings(
    "localhost", 8910, frozenset(["Pay.example", "other.example:444"]), "Ada", SITE, PLACE, PLACE, PLACE, Words()
)
HOSTS = allowed_hosts(SETTINGS, 8910)


def said(*headers: tuple[str, str]) -> CIMultiDict[str]:
    return CIMultiDict(headers)


@each(
    "host",
    [
        "localhost:8910", "LocalHost:8910", "127.0.0.1:8910", "[::1]:8910", "pay.example", "PAY.example",
        "pay.example:8910",
        "other.example:444",
    ],
)  # fmt: skip
def test_its_own_names_are_answered(host: str) -> None:
    refuse_host(make_mocked_request("GET", "/", headers=said(("Host", host))), HOSTS)


@each(
    "headers",
    [
        [("Host", host)]
        for host in (
            "", "localhost", "localhost:8911", "localhost:8910.", "localhost.:8910", "127.0.0.1", "127.1:8910",
            "0.0.0.0:8910",
            "localhost:08910", "localhost:8910@evil.example", "evil.example", "pay.example.evil.example",
            "pay.example:80",
            "other.example", "[::ffff:127.0.0.1]:8910", "localhost:8910,evil.example", "2130706433:8910",
        )
    ]
    + [[], [("Host", "localhost:8910"), ("Host", "localhost:8910")]],
)  # fmt: skip
def test_other_names_are_misdirected(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Refused) as refused:
        refuse_host(make_mocked_request("GET", "/", headers=said(*headers)), HOSTS)
    assert refused.value.status == 421


HERE = ("Host", "localhost:8910")
OURS = ("Origin", "http://localhost:8910")


@pytest.mark.parametrize(
    "headers",
    [
        [OURS], [("Origin", "HTTP://LOCALHOST:8910")], [OURS, ("Sec-Fetch-Site", "same-origin")],
        [OURS, ("Sec-Fetch-Site", "none")],
    ],
)  # fmt: skip
def test_a_form_of_its_own_page_comes_through(headers: list[tuple[str, str]]) -> None:
    refuse_origin(make_mocked_request("POST", "/", headers=said(HERE, *headers)), ("http",))


@each(
    "headers",
    [
        [], [("Referer", "http://localhost:8910/")], [OURS, OURS], [OURS, ("Sec-Fetch-Site", "cross-site")],
        [OURS, ("Sec-Fetch-Site", "same-site")], [OURS, ("Sec-Fetch-Site", "")],
        [OURS, ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Site", "none")],
    ]
    + [
        [("Origin", origin)]
        for origin in (
            "null", "", "http://localhost", "http://localhost:8911", "https://localhost:8910", "http://127.0.0.1:8910",
            "http://localhost:8910/", "http://localhost:8910.evil.example", "http://evil.example", "http://pay.example",
        )
    ],
)  # fmt: skip
def test_a_form_of_elsewhere_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(Refused) as refused:
        refuse_origin(make_mocked_request("POST", "/", headers=said(HERE, *headers)), ("http",))
    assert refused.value.status == 403
