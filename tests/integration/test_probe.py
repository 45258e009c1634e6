"""A probe against the sandbox: it reports what that was set to, and leaves nothing behind, wherever it is killed."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.errors import LedgerBusy, NotConfirmed, UsageError
from batch_credits.explanations.site_traits import (
    ANOTHERS,
    APPLIED,
    AS_SENT,
    ASCII,
    AT_ONCE,
    BOTH_APPLIED,
    BY_STORED_ID,
    FOLDED,
    LEFT_OUT,
    LOWER,
    NFC,
    NFD,
    NOT_SCOPED,
    REPLAYED,
    SCOPED,
    SCOPED_BY_NAME,
)
from batch_credits.ledger import Ledger
from batch_credits.model.address import Address, Place
from batch_credits.probe import way
from batch_credits.probe.course import Before, Probed, probe_site
from batch_credits.sandbox import FaultPlan, Sandbox, SandboxSettings
from batch_credits.settings import RunSettings, SiteSettings
from tests.examples import every

SITE = "acme-test"
CUSTOMER = "Kund-\u00c9"  # which shows what becomes of an id
SETTINGS = RunSettings(
    rate_per_minute=1_000_000, quarantine_seconds=0.3, early_look_seconds=(0.0, 0.05, 0.1), business_entity_id="emea"
)
CONFLICT, USED = "one refused (409 invalid_state_for_request)", "refused (422 unable_to_process_request)"
PLAIN = {
    "list": AT_ONCE, "same_call": REPLAYED, "other_header": REPLAYED, "other_body": USED,
    "refused_call": "refused anew", "at_once": REPLAYED, "reference": AS_SENT, "description": AS_SENT,
    "customer_id": AS_SENT, "customer_filter": AS_SENT, "answer": AS_SENT, "entity": NOT_SCOPED,
}  # fmt: skip
ALL_TEXTS = ("reference", "description", "customer_id")

# How the sandbox is set, and what a probe says that is otherwise than of a plain one.
TRAITS: dict[str, dict[str, str]] = {
    "": {},
    "store_nfc=1": dict.fromkeys(("reference", "description"), NFC),  # the id is in that form already
    "store_nfd=1": dict.fromkeys(ALL_TEXTS, NFD),
    "store_folded=1": dict.fromkeys(("reference", "description"), FOLDED),
    "store_lower=1": dict.fromkeys(("reference", "customer_id"), LOWER),
    "store_ascii=1": dict.fromkeys(ALL_TEXTS, ASCII),
    "store_cut=1": {"reference": "cut to 20 characters"},
    "store_cut=1,cut_length=7": {"reference": "cut to 7 characters"},
    "store_cut=1,store_lower=1,store_nfd=1": {
        "reference": f"{LOWER}, {NFD}, cut to 20 characters", "description": NFD, "customer_id": f"{NFD}, {LOWER}",
    },
    "echo_nfd=1": {"answer": NFD},
    "echo_lower=1": {"answer": LOWER},
    "echo_folded=1": {"answer": FOLDED},
    "echo_cut=1": {"answer": "cut to 20 characters"},
    "echo_other=1": {"answer": ANOTHERS},
    "echo_partial=1": {"answer": LEFT_OUT},
    "store_lower=1,strict_filter=1": {"reference": LOWER, "customer_id": LOWER, "customer_filter": BY_STORED_ID},
    "entity_scoped=1": {"entity": SCOPED},
    "entity_scoped_default_all=1": {"entity": SCOPED_BY_NAME},
    "key_headers=1": {"other_header": USED},
    "key_alone=1": {"other_body": REPLAYED},
    "keys_forget=1": {"same_call": APPLIED, "other_header": APPLIED, "other_body": APPLIED, "at_once": BOTH_APPLIED},
    "latency_ms=20": {"at_once": CONFLICT},
    "latency_ms=20,key_waits=1": {},
    "latency_ms=20,key_doubles=1": {"at_once": BOTH_APPLIED},
}  # fmt: skip


class Killed(BaseException):
    """The process is gone."""


class Killing:
    """A way to the site that ends the process at one of its sends: before the bytes leave, or before the answer is
    read. Answers to those in `lost` do not come; those whose number is
    there below nought do not arrive."""

    def __init__(self, inner: Transport, at: int, *, is_sent: bool, lost: Container[int] = ()) -> None:
        self._inner, self._left, self._is_sent = inner, at, is_sent
        self._lost, self._sends = lost, 0

    async def send(self, method: Any, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if method == "POST":
            self._left -= 1
            self._sends += 1
            if self._sends in self._lost or -self._sends in self._lost:
                if self._sends in self._lost:
                    await self._inner.send(method, path, headers, body)
                raise ConnectionResetError
            if self._left == 0:
                if self._is_sent:
                    await self._inner.send(method, path, headers, body)
                raise Killed
            if self._left < 0:
                raise Killed  # nothing of it goes on
        return await self._inner.send(method, path, headers, body)


def killed_at(monkeypatch: pytest.MonkeyPatch, at: int, *, is_sent: bool = False, lost: Container[int] = ()) -> None:
    """At the send of this number; 0: never."""

    @asynccontextmanager
    async def transport(site: SiteSettings, settings: RunSettings) -> AsyncIterator[Any]:
        async with http_transport(site, settings) as inner:
            yield Killing(inner, at or sys.maxsize, is_sent=is_sent, lost=lost)

    monkeypatch.setattr(way, "http_transport", transport)


def said_yes(_: Before) -> None:
    pass


async def probe(sandbox: Sandbox, place: Place, customer: str = CUSTOMER, **changed: Any) -> Probed:
    with Ledger.open(place) as ledger:
        site = SiteSettings(changed.pop("site", SITE), sandbox.base_url, "key")
        settings = replace(SETTINGS, **changed)
        return await probe_site(ledger, site, settings, customer, confirm=said_yes, tell=lambda _: None)


def balances(sandbox: Sandbox) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = sandbox.truth()["balances"]
    return found


@asynccontextmanager
async def a_site(faults: str = "", seed: int = 0, **settings: Any) -> AsyncIterator[Sandbox]:
    """A sandbox where the customer has something already."""
    plan = FaultPlan.parse(faults)
    async with Sandbox(SandboxSettings(port=0, faults=plan, seed=seed, **settings)) as sandbox:
        sandbox.seed_credits({"customer_id": CUSTOMER, "amount": 500, "currency_code": "USD"})
        yield sandbox


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite3"
    address: Address = request.getfixturevalue("new_database")
    return address


@pytest.mark.parametrize("faults", every(3, TRAITS))
def test_it_reports_what_the_sandbox_was_set_to(tmp_path: Path, faults: str) -> None:
    async def main() -> tuple[Probed, Any]:
        async with a_site(faults, seed=len(faults)) as sandbox:
            return await probe(sandbox, tmp_path / "l.sqlite3"), sandbox.truth()

    probed, truth = asyncio.run(main())
    assert probed.facts is not None
    assert dict(probed.facts.values) == PLAIN | TRAITS[faults]
    assert truth["balances"] == {CUSTOMER: {"USD": 500}}
    assert (probed.left, probed.stopped) == ((), None)
    assert 0 < probed.credits <= 14  # a dozen, and what a site credits twice
    assert probed.before.balance_minor == 500


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"store_errors": True}, {"refused_call": REPLAYED}),
        ({"keys_ignored": True}, {"same_call": APPLIED, "other_header": APPLIED, "other_body": APPLIED,
                                  "at_once": BOTH_APPLIED}),
    ],
)  # fmt: skip
def test_it_reports_what_a_site_stores_under_keys(
    tmp_path: Path, settings: dict[str, Any], said: dict[str, str]
) -> None:
    async def main() -> Probed:
        async with a_site(**settings) as sandbox:
            probed = await probe(sandbox, tmp_path / "l.sqlite3")
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}
            return probed

    facts = asyncio.run(main()).facts
    assert facts is not None
    assert dict(facts.values) == PLAIN | said


def test_it_reports_how_late_a_list_is(tmp_path: Path) -> None:
    async def main() -> Probed:
        async with a_site("list_lag_seconds=1.5") as sandbox:
            probed = await probe(sandbox, tmp_path / "l.sqlite3")
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}
            return probed

    facts = asyncio.run(main()).facts
    assert facts is not None
    first, last = facts.values["list"].removeprefix("after ").removesuffix(" s").split(" to ")
    assert 0 < float(first) <= 1.5 <= float(last) + 0.1


def test_without_an_entity_that_is_not_measured(tmp_path: Path) -> None:
    async def main() -> Probed:
        async with a_site("entity_scoped=1") as sandbox:
            return await probe(sandbox, tmp_path / "l.sqlite3", business_entity_id=None)

    facts = asyncio.run(main()).facts
    assert facts is not None
    assert facts.values["entity"].startswith("not measured")


def test_the_facts_are_kept_with_day_and_site_and_stand_for_the_live_site_beside(place: Place) -> None:
    async def main() -> Probed:
        async with a_site("store_cut=1") as sandbox:
            return await probe(sandbox, place)

    facts = asyncio.run(main()).facts
    with Ledger.open_for_reading(place) as ledger:
        assert ledger.probes.facts(SITE) == ledger.site_facts("acme") == facts
        assert ledger.site_facts("other") is None
        assert ledger.probes.left(SITE) == []


KILLS = 40  # more than a probe sends


async def killed_and_run_again(place: Place, monkeypatch: pytest.MonkeyPatch, at: int, *, is_sent: bool) -> bool:
    """Whether there was something to kill."""
    async with a_site() as sandbox:
        killed_at(monkeypatch, at, is_sent=is_sent)
        was_killed = False
        try:
            await probe(sandbox, place)
        except Killed:
            was_killed = True
        killed_at(monkeypatch, 0)
        probed = await probe(sandbox, place)
        assert balances(sandbox) == {CUSTOMER: {"USD": 500}}, (at, is_sent)
        assert (probed.left, probed.stopped) == ((), None)
        assert probed.facts is not None
        truth = sandbox.truth()
        backs = [c["reference"] for c in truth["credits"] if c["type"] == "decrement"]
        assert len(backs) == len(set(backs))
        with Ledger.open_for_reading(place) as ledger:
            assert ledger.probes.left(SITE) == []
        return was_killed


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8))])
def test_killed_at_a_step_nothing_is_left_after_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance = random.Random(seed)
    at, is_sent = chance.randint(1, 26), chance.random() < 0.5
    assert asyncio.run(killed_and_run_again(place, monkeypatch, at, is_sent=is_sent))


@pytest.mark.slow
@pytest.mark.parametrize("is_sent", [False, True])
def test_killed_at_each_step_nothing_is_left_after_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    def killed(at: int) -> bool:
        ledger = tmp_path / f"{at}.sqlite3"
        return asyncio.run(killed_and_run_again(ledger, monkeypatch, at, is_sent=is_sent))

    results = [killed(at) for at in range(1, KILLS)]
    assert results.count(True) > 20
    assert results == sorted(results, reverse=True)  # to the last send, and not after it


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))])
def test_whatever_goes_wrong_and_however_often_it_is_killed_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Each time it is killed somewhere else; the last time it may end."""
    chance = random.Random(seed)
    faults = "lost_after=0.1,error_after=0.05,lost_before=0.1,truncated=0.05,throttled=0.05,html_after=0.05"

    async def main() -> None:
        async with a_site(f"{faults},keys_forget={chance.choice([0, 0.3])}", seed=seed) as sandbox:
            for _ in range(3):
                killed_at(monkeypatch, chance.randint(1, 30), is_sent=chance.random() < 0.5)
                try:
                    await probe(sandbox, tmp_path / "l.sqlite3")
                except Killed:
                    pass
            killed_at(monkeypatch, 0)
            for _ in range(4):  # what is in doubt at its end is the next one's
                probed = await probe(sandbox, tmp_path / "l.sqlite3")
                if not probed.left:
                    break
            assert not probed.left
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}

    monkeypatch.setattr(way, "_WAIT_SECONDS", 0.02)
    asyncio.run(main())


@pytest.mark.parametrize(
    "lost",
    every(
        3,
        [
            {2},
            {4},
            {2, 3, 4},
            {-2, 4},
            {-2, 3, 4},
            {2, -4},
            {-25, 26},
            {1},
            {20},
            {1, 2, 3},
            set(range(1, 100, 2)),
            set(range(1, 9)),
        ],
    ),
)
def test_where_answers_are_lost_and_keys_are_not_heeded_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: set[int]
) -> None:
    """The calls under one key have one name, and one of them asks for twice as much as the others."""
    killed_at(monkeypatch, 0, lost=lost)

    async def main() -> None:
        async with a_site(keys_ignored=True) as sandbox:
            probed = await probe(sandbox, tmp_path / "l.sqlite3")
            assert probed.left == ()
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}
            backs = [c["reference"] for c in sandbox.truth()["credits"] if c["type"] == "decrement"]
            assert len(backs) == len(set(backs)) == probed.credits

    asyncio.run(main())


@pytest.mark.parametrize("kind", ["first credit", "only deduction"])
def test_on_a_site_that_lists_nothing_else_a_lost_call_is_settled_by_the_next_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Nothing can witness that it is not there, but what the next one adds, or what is known of this one."""

    async def main() -> None:
        async with Sandbox(SandboxSettings(port=0)) as sandbox:
            place = tmp_path / "l.sqlite3"
            lost = {-1} if kind == "first credit" else set()
            killed_at(monkeypatch, 2, lost=lost)
            with pytest.raises(Killed):
                await probe(sandbox, place, "c")
            if kind == "only deduction":
                killed_at(monkeypatch, 2, lost={-1})  # the way back is lost, and then the process
                with pytest.raises(Killed):
                    await probe(sandbox, place, "c")
            killed_at(monkeypatch, 0)
            probed = await probe(sandbox, place, "c")
            assert probed.left == ()
            assert probed.facts is not None
            assert balances(sandbox) == {"c": {"USD": 0}}
            with Ledger.open_for_reading(place) as ledger:
                assert ledger.probes.left(SITE) == []

    asyncio.run(main())


def test_what_an_invoice_used_cannot_be_taken_back_and_is_said(tmp_path: Path) -> None:
    async def main() -> tuple[Probed, Probed]:
        async with a_site() as sandbox:
            place = tmp_path / "l.sqlite3"

            def spend(_: str) -> None:
                left = balances(sandbox)["poor"].get("USD", 0)
                if left > 3:
                    spent = {"customer_id": "poor", "amount": left, "currency_code": "USD", "type": "decrement"}
                    sandbox.seed_credits(spent)

            with Ledger.open(place) as ledger:
                site = SiteSettings(SITE, sandbox.base_url, "key")
                sandbox.seed_credits({"customer_id": "poor", "amount": 1, "currency_code": "USD"})
                poor = await probe_site(ledger, site, SETTINGS, "poor", confirm=said_yes, tell=spend)
                assert ledger.probes.left(SITE)
            # Until it can be taken back that customer gets no more, and another one may.
            with Ledger.open(place) as ledger:
                sent = sandbox.truth()["credits"]
                again = await probe_site(ledger, site, SETTINGS, "poor", confirm=said_yes, tell=lambda _: None)
                assert again.left and again.facts is None
                assert not [c for c in sandbox.truth()["credits"][len(sent) :] if c["type"] == "increment"]
            other = await probe(sandbox, place)
            assert other.left and other.facts is not None
            assert balances(sandbox)[CUSTOMER] == {"USD": 500}
            sandbox.seed_credits({"customer_id": "poor", "amount": 100, "currency_code": "USD"})
            return poor, await probe(sandbox, place)

    poor, later = asyncio.run(main())
    assert poor.left
    assert "not known to be taken back" in poor.left[0]
    assert later.left == ()
    assert later.earlier > 0


@pytest.mark.parametrize(
    ("site", "is_loopback"), [("acme", True), ("acme", False), ("acme-test-eu", False), ("sandbox", True)]
)
def test_it_is_refused_where_credits_may_be_real(tmp_path: Path, site: str, is_loopback: bool) -> None:
    """Also at an address of this machine: a tunnel may lead from there to the site of that name."""

    async def main() -> int:
        async with a_site() as sandbox:
            base_url = sandbox.base_url if is_loopback else f"https://{site}.chargebee.com"
            where = SiteSettings(site, base_url, "key")
            with Ledger.open(tmp_path / "l.sqlite3") as ledger, pytest.raises(UsageError, match="not a test site"):
                await probe_site(ledger, where, SETTINGS, "c", confirm=said_yes, tell=lambda _: None)
            return sum(sandbox.truth()["requests"].values())

    assert asyncio.run(main()) == 0


@pytest.mark.parametrize("customer", ["missing-1", "gone"])
def test_a_customer_who_is_not_there_gets_nothing(tmp_path: Path, customer: str) -> None:
    async def main() -> int:
        async with a_site() as sandbox:
            sandbox.delete_customers("gone")
            with pytest.raises(UsageError, match="so nothing was sent"):
                await probe(sandbox, tmp_path / "l.sqlite3", customer)
            return int(sandbox.truth()["posts"])

    assert asyncio.run(main()) == 0


def test_nothing_is_sent_that_nobody_said_yes_to(tmp_path: Path) -> None:
    def no(_: Before) -> None:
        raise NotConfirmed("Nothing was sent.")

    async def main() -> int:
        async with a_site() as sandbox:
            with Ledger.open(tmp_path / "l.sqlite3") as ledger, pytest.raises(NotConfirmed):
                site = SiteSettings(SITE, sandbox.base_url, "key")
                await probe_site(ledger, site, SETTINGS, CUSTOMER, confirm=no, tell=lambda _: None)
            return int(sandbox.truth()["posts"])

    assert asyncio.run(main()) == 0


@pytest.mark.postgres
def test_two_at_once_are_refused_on_whatever_host(new_database: Address) -> None:
    async def main() -> None:
        async with a_site() as sandbox:
            site = SiteSettings(SITE, sandbox.base_url, "key")
            with Ledger.open(new_database) as one, Ledger.open(new_database) as other:
                one.probes.hold(SITE, 60, 80)
                with pytest.raises(LedgerBusy):
                    await probe_site(other, site, SETTINGS, CUSTOMER, confirm=said_yes, tell=lambda _: None)
            assert sandbox.truth()["posts"] == 0

    asyncio.run(main())


@pytest.mark.postgres
def test_while_a_person_thinks_nothing_is_held(new_database: Address) -> None:
    """However long that takes: others may send, and no lease ends this process."""

    def thinks(_: Before) -> None:
        with Ledger.open(new_database) as other:
            other.probes.hold(SITE, 60, 80)
        time.sleep(1.0)  # longer than the lease

    async def main() -> Probed:
        async with a_site() as sandbox:
            site = SiteSettings(SITE, sandbox.base_url, "key")
            settings = replace(SETTINGS, lease_seconds=0.6, rate_per_minute=1000)
            with Ledger.open(new_database) as ledger:
                probed = await probe_site(ledger, site, settings, CUSTOMER, confirm=thinks, tell=lambda _: None)
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}
            return probed

    assert asyncio.run(main()).left == ()


class SlowlyLost:
    """Answers to deductions do not come, the first time each, and not before the quarantine is over."""

    def __init__(self, inner: Transport) -> None:
        self._inner, self._seen = inner, set[str]()

    async def send(self, method: Any, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        answer = await self._inner.send(method, path, headers, body)
        key = headers.get("chargebee-idempotency-key", "")
        if path.endswith("/deduct") and key not in self._seen:
            self._seen.add(key)
            await asyncio.sleep(2 * SETTINGS.quarantine_seconds)
            raise ConnectionResetError
        return answer


def test_a_deduction_that_took_long_is_looked_for_before_it_is_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look before it was sent does not show it, and the site has forgotten its key."""

    @asynccontextmanager
    async def transport(site: SiteSettings, settings: RunSettings) -> AsyncIterator[Any]:
        async with http_transport(site, settings) as inner:
            yield SlowlyLost(inner)

    async def main() -> None:
        async with a_site("keys_forget=1", seed=1) as sandbox:
            monkeypatch.setattr(way, "http_transport", transport)
            probed = await probe(sandbox, tmp_path / "l.sqlite3")
            assert not probed.left
            assert balances(sandbox) == {CUSTOMER: {"USD": 500}}

    asyncio.run(main())
