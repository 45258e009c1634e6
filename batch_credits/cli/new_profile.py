"""A profile for a site as it is written into a settings file, with comments for whoever opens that later."""

from dataclasses import dataclass
from pathlib import Path

from batch_credits.cli.profiles import append_to_settings, toml_text
from batch_credits.model.address import Place
from batch_credits.settings import PLAN_RATES_PER_MINUTE, TEST_SITE_RATE_PER_MINUTE, names_live_money

_HEADING = """\
# Settings of batch-credits. Each key is an option: `batch-credits run --help` has them all, with what is set where.
# The command line and the environment go before this file. The API key never stands here: name the file that holds it.
# What stands above the first [profiles.NAME] is for every command; a profile is taken by --profile NAME.

"""
_GUARDS = """\
# Guards worth having, in every currency that is paid; take the # away, with sums of your own:
# max_total = ["USD=10000"]        # refuse a file that sums up to more
# max_amount = ["USD=500"]         # or has a larger row
# confirm_total = ["USD=5000"]     # above that a total must be typed, or given as --expect-total
# deadline = "06:00"               # stop before, so that all answers are in by then
# wait_for_ledger = 600            # seconds, where another job has it; else the exit code is 5
# Who is told how it went; docs/notices.md has all of it:
# notify = ["https://hooks.slack.com/services/..."]
# notify_key_file = "/srv/payouts/notices.key"    # signs what is posted as JSON
# mail_to = ["finance@example.com"]               # with mail_from and mail_server
"""


@dataclass(frozen=True, slots=True)
class NewProfile:
    """What a profile of a site says; None: nothing of it."""

    name: str
    site: str
    base_url: str | None = None
    api_key_file: Path | None = None
    plan: str | None = None
    ledger: Place | None = None
    reports: Path | None = None
    origin_user: str | None = None

    def settings(self) -> list[tuple[str, object]]:
        """What it sets, by key."""
        keys = ("site", "base_url", "api_key_file", "plan", "ledger", "reports", "origin_user")
        return [(key, value) for key in keys if (value := getattr(self, key)) is not None]


def profile_text(profile: NewProfile, *, is_first: bool) -> str:
    """The profile as TOML; `is_first`: with what is worth knowing of the whole file."""
    about = {
        "site": _of_site(profile),
        "api_key_file": "The file that holds its API key, readable by you alone (0600).",
        "plan": "Its plan, for the limit of requests a minute: "
        + ", ".join(f"{name} {rate:,}" for name, rate in PLAN_RATES_PER_MINUTE.items())
        + f". (Test sites: {TEST_SITE_RATE_PER_MINUTE}.)",
        "ledger": "What remembers who was paid: one ledger for the site, for everybody who pays there.",
        "reports": "Where reports are written.",
        "origin_user": "On whose behalf Chargebee is asked.",
    }
    lines = [f"[profiles.{profile.name}]"]
    for key, value in profile.settings():
        lines += [f"# {about[key]}"] if key in about else []
        lines.append(f"{key} = {toml_text(str(value))}")
    if profile.ledger is None:
        lines.append("# ledger: the site's own, in your data directory. See `batch-credits ledger check`.")
    return (_HEADING if is_first else "") + "\n".join(lines) + "\n" + _GUARDS


def add_profile(path: Path, profile: NewProfile) -> None:
    """Write it below what stands in the file, which is made if there is none.

    Raises:
        UsageError: the file cannot be written, or could not be read then.
    """
    append_to_settings(path, profile_text(profile, is_first=not path.exists()))


def _of_site(profile: NewProfile) -> str:
    if profile.base_url is not None:
        return "A site at an address of its own."
    kind = "The live site, whose credits are real" if names_live_money(profile.site) else "The test site"
    return f"{kind}: https://{profile.site}.chargebee.com"
