"""One site, one name, one address: two of either are refused, not believed.

What is paid in a sandbox is not paid on the site, and what is paid under one name would be paid again under another.
"""

import re
from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.ledger import Ledger
from batch_credits.settings import SiteSettings, site_settings


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        ("http://127.0.0.1:8900", None, True),  # a rehearsal must not make the real run believe that all is paid
        (None, "http://127.0.0.1:8900", True),
        ("https://proxy.example", None, True),
        (None, None, False),
        ("http://127.0.0.1:8900", "http://localhost:8901", False),  # a sandbox started again
    ],
)
def test_a_site_is_known_by_where_it_was_called(
    tmp_path: Path, first: str | None, second: str | None, is_refused: bool
) -> None:
    before, now = (site_settings("acme", url, "key") for url in (first, second))
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        ledger.sites.check_address(before.site, before.address)
        ledger.sites.note_address(before.site, before.address)
        if is_refused:
            with pytest.raises(UsageError, match="knows site acme at"):
                ledger.sites.check_address(now.site, now.address)
        else:
            ledger.sites.check_address(now.site, now.address)
        ledger.sites.check_address("another-site", "https://another-site.chargebee.com")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("acme", "https://proxy.example"), (None, "https://proxy.example")),  # CHARGEBEE_SITE forgotten
        (("acme", "https://proxy.example"), ("acme-test", "https://proxy.example")),
        (("acme", "http://127.0.0.1:8900"), (None, "http://127.0.0.1:8900")),
        (("acme", "http://127.0.0.1:8900"), ("acme-test", "http://localhost:8900")),
        ((None, "http://127.0.0.1:8900"), (None, "http://127.0.0.1:8901")),  # a tunnel that came back on another port
        ((None, "http://127.0.0.1:8900"), (None, "http://localhost:8900")),
        ((None, "http://localhost:8900"), (None, "http://[::1]:8900")),
    ],
)
@pytest.mark.parametrize("is_same_site", [False, True])
def test_an_address_has_one_name(
    tmp_path: Path, first: tuple[str | None, str], second: tuple[str | None, str], is_same_site: bool
) -> None:
    """--same-site is for a site that moved; whatever it says, a new name would be paid everything again."""
    before, now = (site_settings(name, url, "key") for name, url in (first, second))
    assert before.site != now.site
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        ledger.sites.note_address(before.site, before.address)
        with pytest.raises(UsageError, match=f"as site {re.escape(before.site)}") as refusal:
            ledger.sites.check_address(now.site, now.address, is_same_site=is_same_site)
        assert f"CHARGEBEE_SITE={before.site}:" in refusal.value.hint
        said_so = site_settings(before.site, now.base_url, "key")
        ledger.sites.check_address(said_so.site, said_so.address)


def test_a_site_that_moved_is_known_there_also_beside_another(tmp_path: Path) -> None:
    """To send its operator to another ledger would be to pay it again."""
    sandbox, acme, moved = (
        site_settings(name, url, "key")
        for name, url in ((None, "http://127.0.0.1:1"), ("acme", None), ("acme", "http://127.0.0.1:2"))
    )
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        ledger.sites.note_address(sandbox.site, sandbox.address)
        ledger.sites.note_address(acme.site, acme.address)
        with pytest.raises(UsageError, match="knows site acme at"):
            ledger.sites.check_address(moved.site, moved.address)
        ledger.sites.check_address(moved.site, moved.address, is_same_site=True)
        ledger.sites.note_address(moved.site, moved.address)
        ledger.sites.check_address(moved.site, moved.address)
        ledger.sites.check_address(sandbox.site, sandbox.address)


def test_a_sandbox_within_a_run_is_no_proxy_on_this_machine(tmp_path: Path) -> None:
    """It ends with the run, so nothing that is paid there is paid anywhere."""
    within = SiteSettings("sandbox", "http://127.0.0.1:3", "sandbox", is_in_process=True)
    proxy = site_settings("acme", "http://127.0.0.1:1", "key")
    for first, second in ((within, proxy), (proxy, within)):
        with Ledger.open(tmp_path / f"{first.site}.sqlite3") as ledger:
            ledger.sites.note_address(first.site, first.address)
            ledger.sites.check_address(second.site, second.address)
        taken_for_it = site_settings("sandbox", "http://127.0.0.1:1", "key")
        assert taken_for_it.address != within.address
