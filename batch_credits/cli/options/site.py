"""Which site, and the key that opens it."""

import os
from dataclasses import dataclass
from pathlib import Path

import click

from batch_credits.cli.setting import WINDOW, apply, chosen_as, option, seconds_of
from batch_credits.errors import UsageError
from batch_credits.settings import WINDOW_SECONDS, SiteSettings, refuse_window, site_settings

MIN_WINDOW_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class SiteChoice:
    """The site that the operator named."""

    site: str | None
    base_url: str | None
    api_key_file: Path | None
    same_site: bool

    def settings(self) -> SiteSettings:
        """The site and its key.

        Raises:
            UsageError: something is missing.
        """
        return _with_its_window(site_settings(self.site, self.base_url, api_key(self.api_key_file)))

    def settings_if_named(self) -> SiteSettings | None:
        """The same, for looking at a file: the site need not be named, and its key is not needed.

        Raises:
            UsageError: what is named is no site.
        """
        if not self.site and not self.base_url:
            return None
        return _with_its_window(site_settings(self.site, self.base_url, api_key(self.api_key_file) or "none"))


    def without_key(self) -> SiteSettings | None:
        """The same, whatever is wrong with the key.

        Raises:
            UsageError: what is named is no site.
        """
        if not self.site and not self.base_url:
            return None
        return _with_its_window(site_settings(self.site, self.base_url, "none"))


site_options = apply(
    chosen_as(SiteChoice, "site"),
    option("--site", envvar="CHARGEBEE_SITE", metavar="NAME", help="Chargebee site.  [env: CHARGEBEE_SITE]"),
    option("--base-url", envvar="CHARGEBEE_BASE_URL", metavar="URL",
           help="Scheme and host of a sandbox or a proxy.  [env: CHARGEBEE_BASE_URL]"),
    option("--api-key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
           help="File that holds the API key.  [default: env CHARGEBEE_API_KEY]"),
    option("--same-site", is_flag=True, help="The site is the one the ledger knows, though its address changed."),
)  # fmt: skip


def window_seconds() -> float:
    """In which the rate counts."""
    return seconds_of(WINDOW, WINDOW_SECONDS, MIN_WINDOW_SECONDS)


def _with_its_window(site: SiteSettings) -> SiteSettings:
    refuse_window(window_seconds(), site)
    return site


def api_key(key_file: Path | None) -> str | None:
    """The API key, from its file or the environment: never from an argument."""
    if key_file is None:
        return os.environ.get("CHARGEBEE_API_KEY")
    try:
        return key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        said = f"The API key (--api-key-file) cannot be read from {key_file}: {error}."
        raise UsageError(said, remedies=[(("--api-key-file", "FILE"),)]) from None
