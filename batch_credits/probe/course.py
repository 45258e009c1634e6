"""START HERE: one probe of a test site, from its first call to its last.

before(...)           the customer, and what earlier probes left: shown to a person, who says yes
take_back(...)        of each earlier probe
Measuring.all()       a dozen credits, and the questions about them
take_back(...)        of this one; then what was learned is kept
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from batch_credits.chargebee.client import Chargebee
from batch_credits.chargebee.lists import ListedCustomer
from batch_credits.errors import LedgerError, RunStopped, UsageError
from batch_credits.ledger import Ledger, OpenProbe
from batch_credits.model.site_facts import SiteFacts
from batch_credits.probe.calls import PREFIX, Calls
from batch_credits.probe.measuring import Measuring
from batch_credits.probe.taking_back import Back, take_back
from batch_credits.probe.way import Sleep, Way, ask_before, way_to
from batch_credits.settings import RunSettings, SiteSettings, names_live_money

_NAME_BYTES = 3  # six hexadecimal digits: the name is short, since a site may cut texts


@dataclass(frozen=True, slots=True)
class Before:
    """What a person says yes to: the customer with the balance of promotional credits (minor units, None: not told),
    and the earlier probes whose credits are taken back first."""

    site: str
    customer_id: str
    currency: str | None
    balance_minor: int | None
    left: tuple[OpenProbe, ...]


@dataclass(frozen=True, slots=True)
class Probed:
    """How a probe ended. `left` is a sentence for each credit that is not known to be taken back; `earlier` how many of
    earlier probes were. `stopped`: why it measured not all; its facts are not kept then."""

    before: Before
    facts: SiteFacts | None
    credits: int
    earlier: int
    balance_minor: int | None
    left: tuple[str, ...]
    stopped: RunStopped | None = None


def refuse_live(site: SiteSettings) -> None:
    """Refuse to probe where credits are real ones, or may be: also a live site's name at an address of this machine,
    which may be a tunnel to it.

    Raises:
        UsageError: they are, or may be.
    """
    if site.is_live or names_live_money(site.site):
        raise UsageError(
            f"{site.site} is not a test site: a probe adds credits, and is refused where they may be real.",
            hint=f"Name a test site, such as {site.site}-test; or a sandbox, without --site.",
            remedies=[(("--site", f"{site.site}-test"),)],
        )


async def probe_site(
    ledger: Ledger,
    site: SiteSettings,
    settings: RunSettings,
    customer_id: str,
    *,
    confirm: Callable[[Before], None],
    tell: Callable[[str], None],
    sleep: Sleep = asyncio.sleep,
) -> Probed:
    """Measure, and take back. `confirm` raises `NotConfirmed` to send nothing.

    Raises:
        UsageError, NotConfirmed, LedgerError: nothing was sent; or the journal failed.
        RunStopped: the site refuses us; nothing was sent, or what is left is in the journal.
    """
    refuse_live(site)
    settings = replace(settings, concurrency=max(2, settings.concurrency))
    customer = await ask_before(ledger, site, settings, partial(_customer, customer_id=customer_id), sleep)
    left = tuple(ledger.probes.left(site.site))
    before = Before(site.site, customer_id, customer.preferred_currency, _balance(customer), left)
    confirm(before)
    async with way_to(ledger, site, settings, tell, sleep) as way:
        ledger.sites.note_address(site.site, site.address)
        left = tuple(ledger.probes.left(site.site))  # a person may have thought for long
        return await _with_earlier(way, before, left, settings)


async def _with_earlier(way: Way, before: Before, left: tuple[OpenProbe, ...], settings: RunSettings) -> Probed:
    """Take back what earlier probes left, then probe."""
    customer_id = before.customer_id
    earlier = await _earlier(way, left, settings, customer_id)
    if earlier.is_there:  # a customer that keeps what was given gets no more
        balance = await _balance_now(way, customer_id)
        return Probed(before, None, 0, earlier.credits, balance, tuple(earlier.left))
    probed = await _probed(way, before, settings, earlier.credits)
    if not earlier.left or probed.stopped:
        return probed
    # Nothing that the site listed could witness that something is not there: now there is what this one added.
    names = {probe.name for probe in left}
    again = tuple(probe for probe in way.desk.left(before.site) if probe.name in names)
    rest = await _earlier(way, again, settings, customer_id)
    return replace(probed, earlier=earlier.credits + rest.credits, left=(*probed.left, *rest.left))


async def _earlier(way: Way, left: tuple[OpenProbe, ...], settings: RunSettings, customer_id: str) -> Back:
    """Take back what earlier probes left, and say whether that of one customer is there still."""
    every = Back()
    for probe in left:
        way.tell(f"Taking back what {probe.name} left ({probe.started_at}, customer {probe.customer_id}) ...")
        back = await take_back(way, probe, settings, way.begun)
        every.credits += back.credits
        every.left += back.left
        every.is_there = every.is_there or (back.is_there and probe.customer_id == customer_id)
    return every


async def _probed(way: Way, before: Before, settings: RunSettings, earlier: int) -> Probed:
    name = f"{PREFIX}{secrets.token_hex(_NAME_BYTES)}"
    probe_id = way.desk.begin(name, before.site, before.customer_id, before.currency)
    calls = Calls(name, before.customer_id, before.currency)
    probe = OpenProbe(probe_id, name, before.customer_id, before.currency, "")
    stopped, values = None, None
    try:
        values = await Measuring(way, probe_id, calls, settings.business_entity_id).all()
    except RunStopped as error:
        stopped = error
    way.tell("Taking back what was credited ...")
    try:
        back = await take_back(way, probe, settings)
    except RunStopped as error:
        stopped, back = stopped or error, Back(left=[_may_be_left(name, before.customer_id)])
    facts = _kept(way, probe_id, before.site, values)
    balance = None if stopped else await _balance_now(way, before.customer_id)
    return Probed(before, facts, back.credits, earlier, balance, tuple(back.left), stopped)


def _kept(way: Way, probe_id: int, site: str, values: Mapping[str, str] | None) -> SiteFacts | None:
    if values is None:
        return None
    facts = SiteFacts(site, datetime.now(UTC).date().isoformat(), values)
    way.desk.learn(probe_id, facts)
    return facts


def _may_be_left(name: str, customer_id: str) -> str:
    return f"What {name} credited to {customer_id} is not known to be taken back"


async def _customer(chargebee: Chargebee, customer_id: str) -> ListedCustomer:
    """The customer to probe with.

    Raises:
        UsageError: there is none, or it is deleted.
    """
    found = await chargebee.customers([customer_id])
    if not found or found[0].is_deleted:
        what = "is deleted" if found else "does not exist"
        raise UsageError(
            f"Customer {customer_id!r} {what} at the site, so nothing was sent.",
            hint="Name a customer of the test site that is nobody's: no invoice may use its credits meanwhile.",
            remedies=[(("--probe", "CUSTOMER"),)],
        )
    return found[0]


async def _balance_now(way: Way, customer_id: str) -> int | None:
    try:
        found = await way.chargebee.customers([customer_id])
    except Exception as error:
        if isinstance(error, LedgerError):
            raise
        return None  # it proves nothing, and is shown only
    return _balance(found[0]) if found else None


def _balance(customer: ListedCustomer) -> int | None:
    return customer.balance_in(customer.preferred_currency)
