"""The questions to a site: two GETs that any key may ask which can pay, within the site's limit. Nothing is sent.

Whether a key may also add credits cannot be asked: only a first send shows it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import NamedTuple, TypeVar

from batch_credits.chargebee.answers import Answer, dated_at, document_of, error_of
from batch_credits.chargebee.client import Gate
from batch_credits.chargebee.failures import failure_of
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.chargebee.verdicts import stop_for
from batch_credits.doctor.signs import Mark, Sign, bad, good, sign_of, warning
from batch_credits.errors import KeyRefused, RunStopped
from batch_credits.gate.session import Session
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.process.temporary import temporary_folder
from batch_credits.protocol import Blocked
from batch_credits.settings import RunSettings, SiteSettings

CREDITS, CUSTOMERS = "/api/v2/promotional_credits?limit=1", "/api/v2/customers?limit=1"
ANSWER_SECONDS = 10.0  # for one answer
ALL_SECONDS = 25.0  # for all of them, also where the site's limit is used up by others
SKEW_SECONDS = 5.0
_WHAT = {CREDITS: "credits", CUSTOMERS: "customers"}
T = TypeVar("T")


class _Asked(NamedTuple):
    """An answer, and by our clock the middle of the time that it took; or why there is none."""

    answer: Answer | None
    at: float
    trouble: RunStopped | str = ""


async def site_signs(site: SiteSettings, settings: RunSettings, known: Place | None) -> list[Sign]:
    """Ask the site. `known` is the ledger that remembers what others used of the limit; None: none can be read."""
    settings = replace(settings, timeout_seconds=min(settings.timeout_seconds, ANSWER_SECONDS))
    try:
        async with asyncio.timeout(ALL_SECONDS), _way_to(site, settings, known) as (transport, gate):
            credits = await _ask(transport, gate, CREDITS)
            if isinstance(credits.trouble, RunStopped) or credits.answer is None:
                return [*_trouble_signs(site, CREDITS, credits)]
            customers = await _ask(transport, gate, CUSTOMERS)
    except TimeoutError:
        said = f"was not asked: others have used up its limit for the last {ALL_SECONDS:.0f} s, or it did not answer"
        return [warning("answers", f"{site.site} {said}", "Ask again when they are through.")]
    return [
        *_answer_signs(site, [(CREDITS, credits), (CUSTOMERS, customers)]),
        *_clock_signs(credits),
        *_header_signs([each.answer for each in (credits, customers) if each.answer is not None]),
    ]


@asynccontextmanager
async def _way_to(
    site: SiteSettings, settings: RunSettings, known: Place | None
) -> AsyncIterator[tuple[Transport, Gate]]:
    """The way there, with what a ledger to look into says of the site's last minute."""
    with temporary_folder() as folder, Ledger.open_scratch(folder / "doctor", site.site, known) as scratch:
        async with http_transport(site, settings) as transport:
            session = Session(transport, scratch.slots, site.site, settings, _at_once)
            try:
                await session.begin()
                yield transport, session.limiter
            finally:
                await session.end()


async def _at_once(work: Callable[[], T]) -> T:
    """Nothing else goes on meanwhile, so the ledger needs no thread."""
    return work()


async def _ask(transport: Transport, gate: Gate, path: str) -> _Asked:
    await gate.enter("GET")
    before = time.time()
    try:
        answer = await transport.send("GET", path, {}, None)
    except Exception as error:
        failure = failure_of(error)
        return _Asked(None, before, failure.error if isinstance(failure, Blocked) else failure.reason)
    finally:
        gate.leave("GET")
    stop = None if answer.status == 200 else stop_for(answer.status, error_of(answer))
    return _Asked(answer, (before + time.time()) / 2, stop or "")


def _trouble_signs(site: SiteSettings, path: str, asked: _Asked) -> Iterator[Sign]:
    trouble = asked.trouble
    if isinstance(trouble, KeyRefused):
        yield good("answers", f"{site.base_url} is Chargebee's")
        yield sign_of("key accepted", trouble)
    elif isinstance(trouble, RunStopped):
        is_right = asked.answer is not None and asked.answer.status == 403
        yield sign_of(f"may list {_WHAT[path]}" if is_right else "answers", trouble)
    else:
        yield Sign(
            "answers",
            Mark.BAD,
            f"{site.base_url} did not answer: {trouble}",
            "Check the site's name (--site, CHARGEBEE_SITE), its address (--base-url) and this machine's network;"
            " a firewall, or a proxy that must be used, may be in between.",
        )


def _answer_signs(site: SiteSettings, all_asked: Sequence[tuple[str, _Asked]]) -> Iterator[Sign]:
    """What was answered: that it is Chargebee's, that the key is accepted, and what it may list."""
    for place, (path, asked) in enumerate(all_asked):
        answer, about = asked.answer, f"may list {_WHAT[path]}"
        if answer is None or isinstance(asked.trouble, RunStopped):
            yield from _trouble_signs(site, path, asked)
            continue
        document, error = document_of(answer.body), error_of(answer)
        if answer.status == 200 and isinstance(document, dict) and isinstance(document.get("list"), list):
            if place == 0:
                yield good("answers", f"{site.base_url} is Chargebee's, and answers")
                yield good("key accepted", "yes; whether it may add credits only a first send can show (--pilot 1)")
            yield good(about, "yes")
        elif not error.is_chargebees:
            yield bad(
                "answers",
                f"something else than Chargebee answers at {site.base_url} (HTTP {answer.status})",
                "Check the address; a proxy or a page to log in may be in between.",
            )
            return
        elif answer.status == 429:
            yield warning(
                about,
                f"not known: the site's limit is used up by others ({error.message})",
                "Ask again in a minute; with less for this program (--share), if that is often so.",
            )
        elif answer.status in (500, 502, 503, 504):
            yield warning(about, f"not known: {error.message} ({error.code})", "Ask again in a while.")
        else:
            yield bad(about, f"no: {error.message} ({error.code})", "Give the key that right, in Chargebee's settings.")


def _clock_signs(asked: _Asked) -> Iterator[Sign]:
    """How far this machine's clock is from the site's, to a second or two."""
    dated = None if asked.answer is None else dated_at(asked.answer.headers)
    if dated is None:
        yield good("clock", "not compared: the site does not date its answers")
        return
    ahead = asked.at - dated - 0.5  # it is cut to whole seconds
    if abs(ahead) <= SKEW_SECONDS:
        yield good("clock", "agrees with the site's")
        return
    which = "ahead of" if ahead > 0 else "behind"
    yield warning(
        "clock",
        f"{abs(ahead):,.0f} s {which} the site's: times in reports are wrong by that; nothing else is",
        "Set it by the network:",
        programs=["timedatectl set-ntp true"],
    )


def _header_signs(answers: Sequence[Answer]) -> Iterator[Sign]:
    """What the answers say of a limit. Chargebee documents no such header; a proxy may have one."""
    found: dict[str, str] = {}
    for answer in answers:
        for name, text in _items(answer.headers):
            if "ratelimit" in name.lower().replace("-", ""):
                found[name.lower()] = text
    if found:
        said = ", ".join(f"{name}: {text}" for name, text in sorted(found.items()))
        yield good("limit", f"told by its answers: {said[:200]}")


def _items(headers: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    return [(str(name), str(text)) for name, text in headers.items()]
