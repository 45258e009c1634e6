"""The options that commands share, and what becomes of them: settings objects."""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import platformdirs

from batch_credits.cli.setting import QUARANTINE, apply, option
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

output_options = apply(
    reports_option,
    xlsx_option,
    ledger_option,
    option("--no-progress", is_flag=True, help="Show no progress."),
    option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
           help="Progress as lines for people, or one JSON event a line."),
)  # fmt: skip

input_options = apply(
    option("--reference", metavar="TEXT", help="Reference of rows that have none."),
    option("--currency", metavar="CODE", help="Currency of rows that have none."),
    option("--description", metavar="TEXT", help="Description of rows that have none."),
    option("--credit-type", metavar="TYPE", help="Credit type of rows that have none."),
    option(
        "--amount-unit", type=click.Choice(["minor", "major"]), default="minor", show_default=True,
        help="What amounts count: cents, or dollars.",
    ),
    option("--currency-exponent", "currency_exponents", type=Exponents(), multiple=True, callback=each_once,
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
    option("--expect-rows", type=COUNT, metavar="N", help="Refuse unless it is N rows."),
    option("--expect-total", **LIMIT, help="Refuse unless this is the total, in each currency."),
    option("--max-amount", **LIMIT, help="Refuse if a row is larger; name each currency."),
    option("--max-total", **LIMIT, help="Refuse if more is to be deducted; name each currency."),
)


def limit_settings(chosen: dict[str, Any]) -> ControlLimits:
    """The limits of a command that reads no file of credits, taken out of its parameters."""
    return ControlLimits(
        expect_rows=chosen.pop("expect_rows"),
        expect_total=tuple(chosen.pop("expect_total")),
        max_amount=tuple(chosen.pop("max_amount")),
        max_total=tuple(chosen.pop("max_total")),
    )


def input_settings(chosen: dict[str, Any]) -> tuple[InputOptions, ControlLimits]:
    """The input options of a command, taken out of its parameters."""
    exponents = tuple((currency, int(digits)) for currency, digits in chosen.pop("currency_exponents"))
    options = InputOptions(
        reference=chosen.pop("reference"),
        currency=chosen.pop("currency"),
        description=chosen.pop("description"),
        credit_type=chosen.pop("credit_type"),
        amount_unit=chosen.pop("amount_unit"),
        header_map=tuple(chosen.pop("header_map")),
        sheet=chosen.pop("sheet"),
        delimiter=chosen.pop("delimiter"),
        encoding=chosen.pop("encoding"),
        number_duplicates=chosen.pop("number_duplicates"),
        currency_exponents=exponents,
        locale=chosen.pop("locale"),
    )
    control: Path | None = chosen.pop("control")
    limits = ControlLimits(
        strict=chosen.pop("strict"),
        expect_rows=chosen.pop("expect_rows"),
        expect_total=tuple(chosen.pop("expect_total")),
        max_amount=tuple(chosen.pop("max_amount")),
        max_total=tuple(chosen.pop("max_total")),
        control=None if control is None else read_control_file(control),
    )
    return options, limits


site_options = apply(
    option("--site", envvar="CHARGEBEE_SITE", metavar="NAME", help="Chargebee site.  [env: CHARGEBEE_SITE]"),
    option("--base-url", envvar="CHARGEBEE_BASE_URL", metavar="URL",
           help="Scheme and host of a sandbox or a proxy.  [env: CHARGEBEE_BASE_URL]"),
    option("--api-key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
           help="File that holds the API key.  [default: env CHARGEBEE_API_KEY]"),
    option("--same-site", is_flag=True, help="The site is the one the ledger knows, though its address changed."),
)  # fmt: skip


def chosen_site(chosen: dict[str, Any]) -> SiteSettings:
    """The site that the operator named.

    Raises:
        UsageError: something is missing.
    """
    site, base_url, key_file = chosen.pop("site"), chosen.pop("base_url"), chosen.pop("api_key_file")
    return site_settings(site, base_url, api_key(key_file))


def api_key(key_file: Path | None) -> str | None:
    """The API key, from its file or the environment: never from an argument."""
    if key_file is None:
        return os.environ.get("CHARGEBEE_API_KEY")
    try:
        return key_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The API key cannot be read from {key_file}: {error}.") from None


pace_options = apply(
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

asking_options = apply(
    pace_options,
    option("--no-wait", is_flag=True, help="Leave doubt for the next run instead of waiting for it to be settled."),
)

sending_options = apply(
    asking_options,
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


def settings_for_pace(chosen: dict[str, Any], *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
    """The options of every command that looks at the site's limits, taken out of its parameters."""
    plan: str | None = chosen.pop("plan")
    return RunSettings(
        rate_per_minute=_rate_per_minute(chosen.pop("rate"), plan, chosen.get("site"), default_rate),
        plan=plan,
        even_pacing=chosen.pop("pacing") == "even",
        share=chosen.pop("share"),
        concurrency=chosen.pop("concurrency"),
        timeout_seconds=chosen.pop("timeout_seconds"),
        quarantine_seconds=_quarantine_seconds(),
        business_entity_id=_business_entity(chosen.pop("business_entity_id")),
    )


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


def settings_for_asking(chosen: dict[str, Any], *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
    """The same, and what every command needs that settles doubt."""
    return replace(settings_for_pace(chosen, default_rate=default_rate), wait=not chosen.pop("no_wait"))


def settings_for_sending(chosen: dict[str, Any], *, default_rate: int) -> RunSettings:
    """The same, and what only a run needs."""
    settings = replace(
        settings_for_asking(chosen, default_rate=default_rate),
        processes=chosen.pop("processes"),
        silence=chosen.pop("silence"),
        verify_first=chosen.pop("verify_first"),
        retry_failed=chosen.pop("retry_failed"),
        max_failures=chosen.pop("max_failures"),
        origin_user=chosen.pop("origin_user"),
        origin_device=chosen.pop("origin_device"),
        origin_ip=chosen.pop("origin_ip"),
        pilot=chosen.pop("pilot", None) or 0,
    )
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
    return settings


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
