"""What the operator says of the site's limit, in settings."""

from typing import Any

import click
import pytest
from click.testing import CliRunner

from batch_credits.cli.options.sending import PaceChoice, pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.errors import UsageError
from batch_credits.settings import RunSettings
from tests.each import each


def chosen(*arguments: str, default_rate: int = 150) -> RunSettings:
    found: list[RunSettings] = []

    @click.command()
    @pace_options
    @site_options
    def command(pace: PaceChoice, site: SiteChoice) -> None:
        found.append(pace.settings(site.site, default_rate=default_rate))

    result = CliRunner().invoke(command, arguments, catch_exceptions=False, env={"CHARGEBEE_SITE": None})
    assert result.exit_code == 0, result.output
    return found[0]


@each(
    "arguments, rate",
    [
        ("--site acme", 150),
        ("--site acme --plan starter", 150),
        ("--site acme --plan performance", 1000),
        ("--site acme --plan enterprise", 3500),
        ("--site acme-test --plan enterprise", 150),
        ("--site ACME-Test --plan enterprise", 150),
        ("--site acme-test --plan enterprise --rate 400", 400),
        ("--site acme --plan performance --rate 0", 0),
        ("--plan performance", 1000),
    ],
)
def test_the_sites_limit(arguments: str, rate: int) -> None:
    assert chosen(*arguments.split()).rate_per_minute == rate


def test_a_sandbox_has_no_limit_unless_told() -> None:
    assert chosen(default_rate=0).rate_per_minute == 0
    assert chosen("--site", "acme-test", "--plan", "enterprise", default_rate=0).rate_per_minute == 0


def test_pacing() -> None:
    assert not chosen().even_pacing
    assert not chosen("--pacing", "burst").even_pacing
    assert chosen("--pacing", "even").even_pacing


def test_a_business_entity_goes_into_a_header_as_it_is() -> None:
    assert chosen("--business-entity", "be_16BdDXSg-1").business_entity_id == "be_16BdDXSg-1"


@each("text", ["", "be 1", "be-1\n", "be-1\r\nX: 1", "b\u00e9"])
def test_a_business_entity_that_no_header_can_carry_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--business-entity"):
        chosen("--business-entity", text)


@pytest.mark.parametrize("seconds", ["0", "0.19", "3601", "often"])
@pytest.mark.parametrize("name", ["run", "reverse"])
def test_news_comes_neither_all_the_time_nor_never(call: Any, name: str, seconds: str) -> None:
    code, _, said = call(name, "0" * 8, "--progress-every", seconds)
    assert (code, "--progress-every" in said) == (2, True)
