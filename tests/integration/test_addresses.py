"""One site, one name, one address: two of either are refused, not believed.

What is paid in a sandbox is not paid on the site, and what is paid under one name would be paid again under another.
"""

from pathlib import Path

import pytest

from batch_credits.errors import UsageError
from batch_credits.ledger import Ledger
from batch_credits.settings import site_settings


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
        ledger.check_address(before.site, before.address)
        ledger.note_address(before.site, before.address)
        if is_refused:
            with pytest.raises(UsageError, match="knows site acme at"):
                ledger.check_address(now.site, now.address)
        else:
            ledger.check_address(now.site, now.address)
        ledger.check_address("another-site", "https://another-site.chargebee.com")


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("https://proxy.example", True),  # CHARGEBEE_SITE was set before, and now forgotten
        ("http://127.0.0.1:8900", False),  # sandboxes come and go on one machine
    ],
)
def test_an_address_is_known_by_the_site_that_was_paid_there(tmp_path: Path, url: str, is_refused: bool) -> None:
    before, now = site_settings("acme", url, "key"), site_settings(None, url, "key")
    assert before.site != now.site
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        ledger.note_address(before.site, before.address)
        if is_refused:
            with pytest.raises(UsageError, match="as site acme") as refusal:
                ledger.check_address(now.site, now.address)
            assert "CHARGEBEE_SITE=acme" in refusal.value.hint
        else:
            ledger.check_address(now.site, now.address)
