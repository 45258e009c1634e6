"""Settings: which site is meant, by what key, and never unencrypted; a batch's id is all that decides its rows."""

import json
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.settings import (
    ControlFile,
    ControlLimits,
    ControlLine,
    InputOptions,
    Origin,
    RunSettings,
    SiteSettings,
    batch_key,
    for_the_record,
    site_settings,
)
from tests.each import each

KEY = "test_abc123"


@each(
    "site, base_url, wanted, live",
    [
        ("acme", None, SiteSettings("acme", "https://acme.chargebee.com", KEY), True),
        ("acme-test", None, SiteSettings("acme-test", "https://acme-test.chargebee.com", KEY), False),
        ("ACME-Test", None, SiteSettings("acme-test", "https://acme-test.chargebee.com", KEY), False),
        (None, "http://127.0.0.1:8900", SiteSettings("127.0.0.1:8900", "http://127.0.0.1:8900", KEY), False),
        (None, "https://ACME.chargebee.com", SiteSettings("acme", "https://acme.chargebee.com", KEY), True),
        ("acme-test", "https://acme-test.chargebee.com:443/",
         SiteSettings("acme-test", "https://acme-test.chargebee.com", KEY), False),
        (None, "http://localhost", SiteSettings("localhost", "http://localhost", KEY), False),
        (None, "http://[::1]:8900/", SiteSettings("[::1]:8900", "http://[::1]:8900", KEY), False),
        ("acme", "https://proxy.example", SiteSettings("acme", "https://proxy.example", KEY), True),
        (None, "HTTPS://Proxy.Example:1", SiteSettings("proxy.example:1", "https://proxy.example:1", KEY), True),
        (None, "https://acme.chargebee.com.", SiteSettings("acme", "https://acme.chargebee.com", KEY), True),
        (None, " https://acme.chargebee.com/\n", SiteSettings("acme", "https://acme.chargebee.com", KEY), True),
        (None, "http://[0:0:0:0:0:0:0:1]:8900", SiteSettings("[::1]:8900", "http://[::1]:8900", KEY), False),
        ("127.0.0.1:8900", "http://127.0.0.1:1", SiteSettings("127.0.0.1:8900", "http://127.0.0.1:1", KEY), False),
        ("Proxy.Example", "https://proxy.example:8443",
         SiteSettings("proxy.example", "https://proxy.example:8443", KEY), True),
        ("[::1]:8900", "http://[::1]:8900", SiteSettings("[::1]:8900", "http://[::1]:8900", KEY), False),
    ],
)
def test_what_names_a_site(site: str | None, base_url: str | None, wanted: SiteSettings, live: bool) -> None:
    found = site_settings(site, base_url, KEY)
    assert found == wanted
    assert found.is_live is live


@pytest.mark.parametrize("site", ["acme-test", "other"])
def test_a_name_that_is_not_the_addresss_is_refused(site: str) -> None:
    """It would pay on one site under the name, and perhaps the "no real money", of another."""
    with pytest.raises(UsageError, match="acme"):
        site_settings(site, "https://acme.chargebee.com", KEY)


NO_SITES = [None, "", "acme.chargebee.com", "https://acme.chargebee.com", "a/b", "a_b", "-", "a--b", "\u00e4cme", "a b"]


@each("site", NO_SITES)
def test_what_names_no_site(site: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        site_settings(site, None, KEY)
    assert caught.value.hint


URLS = [None, "https://proxy.example", "http://127.0.0.1:8900"]
BLANKS = [" ", "\n", "\r\n", "\t", "\x00", "\u00a0", "\u3000", "\u200b", "\u2060", "\ufeff", "\u2028", "\u202e"]


@pytest.mark.parametrize("url", URLS)
@each("shape, blank", product(["{0}acme-test", "acme-test{0}", "{0}{0}ACME-Test{0}"], BLANKS))
def test_a_site_has_one_name_however_it_is_spelt(url: str | None, shape: str, blank: str) -> None:
    """Each spelling would be a site of its own, where everything is paid again."""
    assert site_settings(shape.format(blank), url, KEY) == site_settings("acme-test", url, KEY)


@pytest.mark.parametrize("url", URLS)
@each(
    "site",
    ["", *BLANKS, "a b", "a\u00a0b", "acme_test", "-acme", "acme-", "a--b", "\u00e4cme", "acme/", "acme.chargebee.com",
     "\u0430cme", "\u212aacme", "acme\u200btest", "acme:", ":8900", "acme:test", "https://acme", "a" * 64],
)  # fmt: skip
def test_a_name_that_is_none_is_refused_wherever_the_site_answers(url: str | None, site: str) -> None:
    with pytest.raises(UsageError) as caught:
        site_settings(site, url, KEY)
    assert ascii(site) in caught.value.message, "what cannot be seen is shown"
    assert caught.value.hint


def test_an_underscore_is_no_hyphen() -> None:
    with pytest.raises(UsageError) as caught:
        site_settings("acme_test", "http://127.0.0.1:8900", KEY)
    assert "is it acme-test?" in caught.value.hint


@each(
    "url",
    [
        "http://acme.chargebee.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.2",
        "http://localhost.example",
        "ftp://127.0.0.1",
        "127.0.0.1:8900",
        "https://",
        "https://acme.chargebee.com/api/v2",
        "https://acme.chargebee.com?x=1",
        "https://acme.chargebee.com#x",
        "https://key@acme.chargebee.com",
        "https://acme.chargebee.com:99999",
        "https://[::1",
        "https://[::1%25eth0]",
        "https://pr\u00f6xy.example",
        "https://acme%2echargebee.com",
        "https://acme .chargebee.com",
        "https://.chargebee.com",
        "https://a..b",
        "",
    ],
)
def test_an_address_that_the_key_must_not_go_to(url: str) -> None:
    with pytest.raises(UsageError):
        site_settings("acme", url, KEY)


@each("key", [None, "", "  ", "k\u00e9y", "a\nb", "a\r\nX: y", "a\0b"])
def test_what_is_no_key(key: str | None) -> None:
    with pytest.raises(UsageError):
        site_settings("acme", None, key)


def test_the_blanks_around_a_key_are_no_part_of_it() -> None:
    assert site_settings("acme", None, f" {KEY}\n").api_key == KEY


def test_the_key_shows_in_no_repr_and_no_error() -> None:
    assert KEY not in repr(site_settings("acme", None, KEY))
    with pytest.raises(UsageError) as caught:
        site_settings("a/b", None, KEY)
    assert KEY not in str(caught.value) + caught.value.hint


# -- The batch id -------------------------------------------------------------------------------------------

CHOSEN: dict[str, Any] = {
    "reference": "q3",
    "currency": "USD",
    "description": "Loyalty",
    "credit_type": "general",
    "amount_unit": "major",
    "header_map": (("amount", "Betrag"),),
    "sheet": "Q3",
    "locale": "de",
    "delimiter": ";",
    "encoding": "cp1252",
    "number_duplicates": True,
    "currency_exponents": (("CLP", 0),),
    "failed_csv": True,
    "header_row": 4,
    "hidden_rows": "skip",
}


def test_the_batch_id_is_the_same_for_ever() -> None:
    """Written down: a release that changed it would not know a batch that it had paid in part."""
    assert batch_key("acme", "ab" * 32, InputOptions()) == KNOWN_KEY
    assert InputOptions().as_json() == "{}"


KNOWN_KEY = "254f74b878b5ec872b33aeb49f231aaf3c669698d67c62f043412be92c6decfc"


def test_options_are_read_back_as_they_were_written() -> None:
    for chosen in InputOptions(), InputOptions(**CHOSEN):
        assert InputOptions.from_json(chosen.as_json()) == chosen


def test_everything_that_decides_what_rows_mean_is_part_of_the_batch_id() -> None:
    assert CHOSEN.keys() == {field.name for field in fields(InputOptions)}
    keys = [batch_key("acme", "ab" * 32, InputOptions())]
    keys += [batch_key("acme", "ab" * 32, replace(InputOptions(), **{name: CHOSEN[name]})) for name in CHOSEN]
    keys += [batch_key("acme-test", "ab" * 32, InputOptions()), batch_key("acme", "cd" * 32, InputOptions())]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)


# -- Limits -------------------------------------------------------------------------------------------------


@each(
    "rate, share, budget", [(150, 0.8, 120), (1000, 0.8, 800), (0, 0.8, 0), (1, 0.5, 1), (150, 1.0, 150)]
)
def test_the_part_of_the_sites_limit_that_a_run_uses(rate: int, share: float, budget: int) -> None:
    assert RunSettings(rate_per_minute=rate, share=share).budget_per_minute == budget


def test_the_defaults_keep_the_protocols_order_of_times() -> None:
    settings = RunSettings()
    assert settings.timeout_seconds < settings.quarantine_seconds
    assert settings.quarantine_seconds + 60 < settings.key_window_seconds
    assert settings.key_window_seconds <= 25 * 60  # of the 30 minutes that a key is remembered
    assert max(settings.early_look_seconds) < settings.quarantine_seconds
    assert settings.concurrency <= 50  # what a test site takes at once


@each("quarantine", [0.0, 5.0, 300.0, 420.0, 1800.0, 7200.0])
def test_what_is_sent_by_its_key_alone_arrives_while_the_key_is_remembered(quarantine: float) -> None:
    settings = RunSettings(quarantine_seconds=quarantine)
    assert settings.key_window_seconds <= 25 * 60
    assert settings.key_window_seconds + quarantine <= 30 * 60


def test_what_is_kept_for_the_record_has_everything_but_the_key() -> None:
    limits = ControlLimits(expect_rows=2, control=ControlFile(2, (ControlLine("USD", 2, "10.50"),)))
    site = SiteSettings("acme", "https://acme.chargebee.com", KEY)
    origins = [Origin("--plan", "starter", "BATCH_CREDITS_PLAN")]
    ledger = Path("/home/ann/ledger.sqlite3")
    text = for_the_record(RunSettings(plan="starter"), limits, site, "--yes", origins=origins, ledger=ledger)
    record = json.loads(text)
    assert KEY not in text
    assert record["settings"].keys() == {field.name for field in fields(RunSettings)}
    assert record["limits"].keys() == {field.name for field in fields(ControlLimits)}
    assert record["limits"]["control"]["lines"] == [{"currency": "USD", "rows": 2, "total": "10.50"}]
    assert (record["confirmation"], record["address"]) == ("--yes", "https://acme.chargebee.com")
    assert record["origins"] == [{"option": "--plan", "value": "starter", "source": "BATCH_CREDITS_PLAN"}]
    assert record["ledger"] == "/home/ann/ledger.sqlite3"
