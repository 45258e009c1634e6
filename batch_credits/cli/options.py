"""The options that commands share, in groups: each comes to its command as one frozen object, which makes settings of
what was chosen."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import platformdirs

from batch_credits.cli.setting import QUARANTINE, apply, chosen_as, option
from batch_credits.cli.values import (
    COUNT,
    CommaList,
    Currencies,
    Email,
    Exponents,
    HeaderText,
    IpAddress,
    Number,
    Pair,
    each_once,
    in_digits,
)
from batch_credits.errors import UsageError
from batch_credits.loader.control_file import read_control_file
from batch_credits.settings import (
    PLAN_RATES_PER_MINUTE,
    TEST_SITE_RATE_PER_MINUTE,
    ControlLimits,
    InputOptions,
    RunSettings,
    SiteSettings,
    site_name,
    site_settings,
)

DEFAULT_QUARANTINE_SECONDS = RunSettings.quarantine_seconds
LIMIT: dict[str, Any] = {"type": Currencies(), "multiple": True, "callback": each_once}


ledger_option = option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The ledger's file.  [default: in the user's data directory]",
)
reports_option = option(
    "--reports", type=click.Path(file_okay=False, path_type=Path), default=Path("reports"), show_default=True,
    help="Where reports are written.",
)  # fmt: skip

xlsx_option = option("--xlsx", is_flag=True, help="Write results.xlsx too: results.csv as a workbook.")


@dataclass(frozen=True, slots=True)
class OutputChoice:
    """Where a run remembers and reports, and how it is followed."""

    reports: Path
    xlsx: bool
    ledger: Path | None
    no_progress: bool
    log_format: str


output_options = apply(
    chosen_as(OutputChoice, "output"),
    reports_option,
    xlsx_option,
    ledger_option,
    option("--no-progress", is_flag=True, help="Show no progress."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
           help="Progress as lines for people, or one JSON event a line."),
)  # fmt: skip

@dataclass(frozen=True, slots=True)
class LimitChoice:
    """What must hold before anything is sent."""

    expect_rows: int | None
    expect_total: tuple[tuple[str, str], ...]
    max_amount: tuple[tuple[str, str], ...]
    max_total: tuple[tuple[str, str], ...]
    strict: bool = False
    control: Path | None = None

    def settings(self) -> ControlLimits:
        """The limits, with what the control file says.

        Raises:
            UsageError: it cannot be read.
        """
        return ControlLimits(
            strict=self.strict,
            expect_rows=self.expect_rows,
            expect_total=self.expect_total,
            max_amount=self.max_amount,
            max_total=self.max_total,
            control=None if self.control is None else read_control_file(self.control),
        )


input_options = apply(
    chosen_as(InputOptions, "options"),
    chosen_as(LimitChoice, "limits"),
    option("--reference", metavar="TEXT", help="Reference of rows that have none."),
    option("--currency", metavar="CODE", help="Currency of rows that have none."),
    option("--description", metavar="TEXT", help="Description of rows that have none."),
    option("--credit-type", metavar="TYPE", help="Credit type of rows that have none."),
    option(
        "--amount-unit", type=click.Choice(["minor", "major"]), default="minor", show_default=True,
        help="What amounts count: cents, or dollars.",
    ),
    option("--currency-exponent", "currency_exponents", type=Exponents(), multiple=True, callback=in_digits,
           help="Decimals of a currency for which Chargebee documents none."),
    option("--locale", metavar="NAME", help="Language that writes amounts as the file does: de_DE for 1.234,50."),
    option("--map", "header_map", type=Pair(), multiple=True, callback=each_once, metavar="FIELD=HEADER",
           help="Read a field from a column."),
    option("--sheet", metavar="NAME", help="Sheet of an Excel file.  [default: the first]"),
    option("--delimiter", metavar="CHAR", help="Delimiter of a CSV file.  [default: found]"),
    option("--encoding", metavar="NAME", help="Encoding of a CSV file.  [default: UTF-8, or by its mark]"),
    option("--number-duplicates", is_flag=True, help="Rows that repeat a reference get their own: #2, #3 ..."),
    option("--strict", is_flag=True, help="One rejected row refuses the file."),
    option("--expect-rows", type=COUNT, metavar="N", help="Refuse the file unless it has N rows."),
    option("--expect-total", **LIMIT, help="Refuse the file unless this is its total, in each of its currencies."),
    option("--control", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
           help="Refuse the file unless it has these control totals: CSV (currency, rows, total) or JSON."),
    option("--max-amount", **LIMIT, help="Refuse the file if a row is larger; name each currency."),
    option("--max-total", **LIMIT, help="Refuse the file if more is to be credited; name each currency."),
)  # fmt: skip


limit_options = apply(
    chosen_as(LimitChoice, "limits"),
    option("--expect-rows", type=COUNT, metavar="N", help="Refuse unless it is N rows."),
    option("--expect-total", **LIMIT, help="Refuse unless this is the total, in each currency."),
    option("--max-amount", **LIMIT, help="Refuse if a row is larger; name each currency."),
    option("--max-total", **LIMIT, help="Refuse if more is to be deducted; name each currency."),
)



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
        return site_settings(self.site, self.base_url, api_key(self.api_key_file))

    def settings_if_named(self) -> SiteSettings | None:
        """The same, for looking at a file: the site need not be named, and its key is not needed.

        Raises:
            UsageError: what is named is no site.
        """
        if not self.site and not self.base_url:
            return None
        return site_settings(self.site, self.base_url, api_key(self.api_key_file) or "none")


site_options = apply(
    chosen_as(SiteChoice, "site"),
    option("--site", envvar="CHARGEBEE_SITE", metavar="NAME", help="Chargebee site.  [env: CHARGEBEE_SITE]"),
    option("--base-url", envvar="CHARGEBEE_BASE_URL", metavar="URL",
           help="Scheme and host of a sandbox or a proxy.  [env: CHARGEBEE_BASE_URL]"),
    option("--api-key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
           help="File that holds the API key.  [default: env CHARGEBEE_API_KEY]"),
    option("--same-site", is_flag=True, help="The site is the one the ledger knows, though its address changed."),
)  # fmt: skip


def api_key(key_file: Path | None) -> str | None:
    """The API key, from its file or the environment: never from an argument."""
    if key_file is None:
        return os.environ.get("CHARGEBEE_API_KEY")
    try:
        return key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The API key cannot be read from {key_file}: {error}.") from None


@dataclass(frozen=True)
class PaceChoice:
    """What every command needs that looks at the site's limits."""

    rate: int | None
    plan: str | None
    pacing: str
    share: float
    concurrency: int
    timeout_seconds: float
    business_entity_id: str | None

    def settings(self, site: str | None, *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
        """How to send to the site of this name, if one was given.

        Raises:
            UsageError: the choices do not go together, or one cannot be meant.
        """
        return RunSettings(
            rate_per_minute=_rate_per_minute(self.rate, self.plan, site, default_rate),
            plan=self.plan,
            even_pacing=self.pacing == "even",
            share=self.share,
            concurrency=self.concurrency,
            timeout_seconds=self.timeout_seconds,
            quarantine_seconds=_quarantine_seconds(),
            business_entity_id=_business_entity(self.business_entity_id),
        )


@dataclass(frozen=True)
class AskingChoice(PaceChoice):
    """The same, and what every command needs that settles doubt."""

    no_wait: bool

    def settings(self, site: str | None, *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
        """The same, with whether doubt is waited for."""
        return replace(super().settings(site, default_rate=default_rate), wait=not self.no_wait)


@dataclass(frozen=True)
class SendingChoice(AskingChoice):
    """The same, and what only a command needs that sends."""

    silence: tuple[str, ...]
    verify_first: bool
    retry_failed: bool
    processes: int
    origin_user: str | None
    origin_device: str | None
    origin_ip: str | None
    max_failures: int | None
    pilot: int | None = None

    def settings(self, site: str | None, *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
        """The same, with how it is sent."""
        settings = replace(
            super().settings(site, default_rate=default_rate),
            processes=self.processes,
            silence=self.silence,
            verify_first=self.verify_first,
            retry_failed=self.retry_failed,
            max_failures=self.max_failures,
            origin_user=self.origin_user,
            origin_device=self.origin_device,
            origin_ip=self.origin_ip,
            pilot=self.pilot or 0,
        )
        _check_processes(settings)
        return settings


_pace_options = apply(
    option("--rate", type=COUNT, default=None, metavar="N",
           help=f"Requests a minute that the site allows; 0: no limit.  [default: {TEST_SITE_RATE_PER_MINUTE}]"),
    option("--plan", type=click.Choice(list(PLAN_RATES_PER_MINUTE)),
           help="The live site's plan, for its documented limit: "
           + ", ".join(f"{rate:,}" for rate in PLAN_RATES_PER_MINUTE.values())
           + f". Test sites stay at {TEST_SITE_RATE_PER_MINUTE}; --rate wins."),
    option("--pacing", type=click.Choice(["burst", "even"]), default="burst", show_default=True,
           help="As soon as the limit allows, or spread over the minute."),
    option("--share", type=Number(0, 1, min_open=True), default=RunSettings.share, show_default=True,
           help="The part of the site's limit to use."),
    option("--concurrency", type=click.IntRange(1, 1000), default=RunSettings.concurrency, show_default=True,
           help="Calls at one instant; of those that only ask, 50 at most."),
    option("--timeout", "timeout_seconds", type=Number(0, 3600, min_open=True),
           default=RunSettings.timeout_seconds, show_default=True, help="Seconds to wait for an answer."),
    option("--business-entity", "business_entity_id", metavar="ID", help="Business entity of the site."),
)  # fmt: skip

_asking_options = apply(
    _pace_options,
    option("--no-wait", is_flag=True, help="Leave doubt for the next run instead of waiting for it to be settled."),
)

pace_options = apply(chosen_as(PaceChoice, "pace"), _pace_options)
asking_options = apply(chosen_as(AskingChoice, "asking"), _asking_options)
sending_options = apply(
    chosen_as(SendingChoice, "sending"),
    _asking_options,
    option("--silence", type=CommaList(), default=(), help="Events that these credits shall not cause."),
    option("--verify-first", is_flag=True, help="Look before every first send (after restoring an old ledger)."),
    option("--retry-failed", is_flag=True, help="Try failed rows again too."),
    option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, metavar="N",
           help="Share the rows among N processes, where the site has no limit (--rate 0)."),
    option("--origin-user", type=Email(), metavar="EMAIL", help="Who asks for it, for Chargebee's activity log."),
    option("--origin-device", type=HeaderText(), metavar="TEXT", help="From which device, for the same."),
    option("--origin-ip", type=IpAddress(), metavar="IP", help="From which address, for the same."),
    option("--max-failures", type=COUNT, metavar="N", help="Stop once Chargebee refused more rows."),
)

pilot_option = option(
    "--pilot", type=click.IntRange(1, 1000), metavar="N",
    help="Credit the first N rows, read them back, and go on only if they agree.",
)  # fmt: skip


def _business_entity(text: str | None) -> str | None:
    """It is sent in a header of every request, which must be refused before a row is in doubt for it."""
    if text is not None and not re.fullmatch(r"[!-~]{1,50}", text):
        raise UsageError(f"--business-entity {text!r} is no id.", hint="Copy the id from Chargebee, without blanks.")
    return text


def _rate_per_minute(rate: int | None, plan: str | None, site: str | None, default_rate: int) -> int:
    """What the operator says, or what is documented of the plan; a test site has its own limit on every plan."""
    if rate is not None:
        return rate
    if plan is None or (site is not None and site_name(site).endswith("-test")):
        return default_rate
    return PLAN_RATES_PER_MINUTE[plan]


def _check_processes(settings: RunSettings) -> None:
    if settings.processes > 1 and settings.budget_per_minute:
        raise UsageError(
            "--processes is for sites without a limit: one process reaches any limit.",
            hint="Leave it out, or say --rate 0 if the site really has none.",
        )
    if settings.processes > settings.concurrency:
        raise UsageError(
            f"--processes {settings.processes} is more than the {settings.concurrency} calls of --concurrency.",
            hint="Give each process at least one.",
        )
    if settings.processes > 1 and settings.pilot:
        raise UsageError("--pilot and --processes do not go together.", hint="Run with --pilot first, then without.")


def _quarantine_seconds() -> float:
    text = os.environ.get(QUARANTINE)
    if text is None:
        return DEFAULT_QUARANTINE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise UsageError(f"{QUARANTINE} is {text!r}; it must be seconds, such as 420.")
    return seconds


def ledger_path(chosen: Path | None) -> Path:
    """The ledger's file: chosen, or in the user's data directory, so that every working directory shares it.

    Raises:
        UsageError: the user has no such directory.
    """
    if chosen is not None:
        return chosen.expanduser()
    folder = Path(platformdirs.user_data_dir("batch-credits", appauthor=False))
    if not folder.is_absolute():
        raise UsageError(
            f"There is no home to keep the ledger in: {folder} would be another place in each working directory.",
            hint="Name the ledger with --ledger or BATCH_CREDITS_LEDGER, or set HOME.",
        )
    return folder / "ledger.sqlite3"
