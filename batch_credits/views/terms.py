"""Where it is sent, how fast and how it is set, and which ledger remembers it."""

from collections import Counter
from dataclasses import dataclass

from batch_credits.explanations.site_traits import differences
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.settings import Origin, RunSettings, SiteSettings


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site, and whether its credits are real. `posts_at_once` are those that Chargebee documents, None: none."""

    name: str
    base_url: str
    is_live: bool
    is_loopback: bool
    posts_at_once: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """The ledger that remembers: its file, where that name comes from if nobody typed it, and how many batches it
    knows, of the site and of others."""

    path: Place
    source: str | None
    batches: int
    of_others: int


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it takes: requests that are needed if nothing goes wrong, how many a minute may have, and the minutes
    until the last may be sent, since a minute's can go at once. The last two are None where there is no limit."""

    requests: int
    per_minute: int | None
    minutes_at_least: int | None


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a command sends: the same for whatever it asks about. `origins` are those of the settings that
    change money and that nobody typed; `differences` say where the site is otherwise than is assumed, as a probe
    measured."""

    site: SiteView
    settings: RunSettings
    memory: Memory
    origins: tuple[Origin, ...] = ()
    differences: tuple[str, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the site, and about a concurrency above what Chargebee documents. It is kept: sites can have
        more."""
        documented = self.site.posts_at_once
        if documented is None or self.settings.concurrency <= documented:
            return self.differences
        kind = "live" if self.site.is_live else "test"
        return (
            *self.differences,
            f"--concurrency {self.settings.concurrency} is above the {documented} calls at one instant that Chargebee "
            f"documents for {kind} sites; what is above a site's limit is refused with 429, and slows the run down",
        )


def site_view(site: SiteSettings) -> SiteView:
    """The site without its key."""
    return SiteView(site.site, site.base_url, site.is_live, site.is_loopback, site.posts_at_once)


def memory_of(ledger: Ledger, site: str, source: str | None) -> Memory:
    """What an open ledger knows of a site, and where its name comes from."""
    sites = Counter(batch.site for batch in ledger.batches.all())
    return Memory(ledger.path, source, sites[site], sites.total() - sites[site])


def differences_of(ledger: Ledger, site: str) -> tuple[str, ...]:
    """A sentence for each way in which a site was measured to be otherwise than is assumed."""
    facts = ledger.site_facts(site)
    return () if facts is None else differences(facts)


def pace_of(requests: int, settings: RunSettings) -> Pace:
    """How long so many requests take."""
    budget = settings.budget_per_minute
    return Pace(requests, budget or None, max(0, -(-requests // budget) - 1) if budget else None)
