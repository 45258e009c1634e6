"""How fast a site is asked: whether that is what is documented for it."""

from collections.abc import Iterator

from batch_credits.doctor.signs import Mark, Sign, good, warning
from batch_credits.settings import TEST_SITE_RATE_PER_MINUTE, RunSettings, SiteSettings


def limit_signs(site: SiteSettings, settings: RunSettings, *, is_said: bool) -> Iterator[Sign]:
    """What is used of the site's limit. `is_said`: somebody named a rate or a plan."""
    rate = settings.rate_per_minute
    if rate == 0 and not site.is_loopback:
        yield Sign(
            "limit",
            Mark.WARNING,
            "none is kept (--rate 0): Chargebee blocks who is above it for long",
            "Name the site's plan, or its rate:",
            _plans(site),
        )
    elif rate == 0:
        yield good("limit", "none is kept (--rate 0), on this machine")
    elif not site.is_live and not site.is_loopback and rate > TEST_SITE_RATE_PER_MINUTE:
        yield Sign(
            "limit",
            Mark.WARNING,
            f"{rate:,} requests a minute are above the {TEST_SITE_RATE_PER_MINUTE} that"
            " Chargebee documents for test sites",
            "Leave --rate out:",
            ((("--rate", str(TEST_SITE_RATE_PER_MINUTE)),),),
        )
    elif site.is_live and not is_said:
        yield Sign(
            "limit",
            Mark.WARNING,
            f"{_budget(settings)}: no plan is named, so the least is assumed",
            "Name the site's plan (starter, performance, enterprise), if it has more:",
            _plans(site),
        )
    else:
        plan = f" (plan {settings.plan})" if settings.plan else ""
        yield good("limit", f"{_budget(settings)}{plan}")
    documented = site.posts_at_once
    if documented is not None and settings.concurrency > documented:
        yield warning(
            "limit",
            f"--concurrency {settings.concurrency} is above the {documented} calls at one instant that"
            " Chargebee documents for it",
            "What is above is refused, and slows a run down: say less.",
        )


def _budget(settings: RunSettings) -> str:
    return f"{settings.rate_per_minute:,} requests a minute, of which {settings.budget_per_minute:,} are used (--share)"


def _plans(site: SiteSettings) -> tuple[tuple[tuple[str, str], ...], ...]:
    if not site.is_live:
        return ((("--rate", str(TEST_SITE_RATE_PER_MINUTE)),),)
    return ((("--plan", "PLAN"),),)
