"""How a site is asked, and how it is sent to: each kind of command has the options of the one before, and more."""

import re
from dataclasses import dataclass, replace

import click

from batch_credits.addresses import site_name
from batch_credits.cli.options.ending import outage_option
from batch_credits.cli.options.site import window_seconds
from batch_credits.cli.setting import LEASE, QUARANTINE, apply, chosen_as, option, seconds_of
from batch_credits.cli.values import COUNT, CommaList, Email, HeaderText, IpAddress, Number
from batch_credits.errors import LEFT_OUT, UsageError
from batch_credits.settings import PLAN_RATES_PER_MINUTE, TEST_SITE_RATE_PER_MINUTE, RunSettings

DEFAULT_QUARANTINE_SECONDS = RunSettings.quarantine_seconds
MIN_LEASE_SECONDS = 0.1


@dataclass(frozen=True)
class PaceChoice:
    """What every command needs that looks at the site's limits."""

    rate: int | None
    plan: str | None
    pacing: str
    share: float
    concurrency: int
    timeout_seconds: float
    business_entity_id: str | None = None

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
            window_seconds=window_seconds(),
            timeout_seconds=self.timeout_seconds,
            quarantine_seconds=seconds_of(QUARANTINE, DEFAULT_QUARANTINE_SECONDS, 0.0),
            lease_seconds=seconds_of(LEASE, RunSettings.lease_seconds, MIN_LEASE_SECONDS),
            business_entity_id=_business_entity(self.business_entity_id),
        )


@dataclass(frozen=True)
class AskingChoice(PaceChoice):
    """The same, and what every command needs that settles doubt."""

    no_wait: bool = False

    def settings(self, site: str | None, *, default_rate: int = TEST_SITE_RATE_PER_MINUTE) -> RunSettings:
        """The same, with whether doubt is waited for."""
        return replace(super().settings(site, default_rate=default_rate), wait=not self.no_wait)


@dataclass(frozen=True)
class SendingChoice(AskingChoice):
    """The same, and what only a command needs that sends."""

    silence: tuple[str, ...] = ()
    verify_first: bool = False
    retry_failed: bool = False
    processes: int = 1
    origin_user: str | None = None
    origin_device: str | None = None
    origin_ip: str | None = None
    max_failures: int | None = None
    max_outage_seconds: float = RunSettings.max_outage_seconds
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
            max_outage_seconds=self.max_outage_seconds,
            max_retry_seconds=max(RunSettings.max_retry_seconds, self.max_outage_seconds),
            origin_user=self.origin_user,
            origin_device=self.origin_device,
            origin_ip=self.origin_ip,
            pilot=self.pilot or 0,
        )
        _check_processes(settings)
        return settings


_own_pace_options = apply(
    option("--rate", type=COUNT, default=None, metavar="N",
           help=f"Requests a minute that the site allows; 0: no limit.  [default: {TEST_SITE_RATE_PER_MINUTE}]"),
    option("--plan", type=click.Choice(list(PLAN_RATES_PER_MINUTE)),
           help="The live site's plan, for its documented limit: "
           + ", ".join(f"{rate:,}" for rate in PLAN_RATES_PER_MINUTE.values())
           + f". Test sites stay at {TEST_SITE_RATE_PER_MINUTE}; --rate wins."),
    option("--pacing", type=click.Choice(["burst", "even"]), default="burst", show_default=True,
           help="As soon as the limit allows, or spread over the minute."),
    option("--share", type=Number(0, 1, min_open=True), metavar="PART", default=RunSettings.share, show_default=True,
           help="The part of the site's limit to use."),
    option("--concurrency", type=click.IntRange(1, 1000), metavar="N",
           default=RunSettings.concurrency, show_default=True,
           help="Calls at one instant; of those that only ask, 50 at most."),
    option("--timeout", "timeout_seconds", type=Number(0, 3600, min_open=True), metavar="SECONDS",
           default=RunSettings.timeout_seconds, show_default=True, help="Seconds to wait for an answer."),
)  # fmt: skip

_pace_options = apply(
    _own_pace_options,
    option("--business-entity", "business_entity_id", metavar="ID", help="Business entity of the site."),
)  # fmt: skip

_asking_options = apply(
    _pace_options,
    option("--no-wait", is_flag=True, help="Leave doubt for the next run instead of waiting for it to be settled."),
)

pace_options = apply(chosen_as(PaceChoice, "pace"), _pace_options)

own_pace_options = apply(chosen_as(PaceChoice, "pace"), _own_pace_options)  # where the rest is in a run's record

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
    outage_option,
)

pilot_option = option(
    "--pilot", type=click.IntRange(1, 1000), metavar="N",
    help="Credit the first N rows, read them back, and go on only if they agree.",
)  # fmt: skip


def _business_entity(text: str | None) -> str | None:
    """It is sent in a header of every request, which must be refused before a row is in doubt for it."""
    if text is not None and not re.fullmatch(r"[!-~]{1,50}", text):
        raise UsageError(
            f"--business-entity {text!r} is no id.",
            hint="Copy the id from Chargebee, without blanks.",
            remedies=[(("--business-entity", "ID"),)],
        )
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
            remedies=[(("--processes", LEFT_OUT),)],
        )
    if settings.processes > settings.concurrency:
        raise UsageError(
            f"--processes {settings.processes} is more than the {settings.concurrency} calls of --concurrency.",
            hint="Give each process at least one.",
            remedies=[(("--concurrency", str(settings.processes)),)],
        )
    if settings.processes > 1 and settings.pilot:
        raise UsageError(
            "--pilot and --processes do not go together.",
            hint="Run with --pilot first, then without.",
            remedies=[(("--processes", LEFT_OUT),)],
        )
