"""The calls themselves: with which headers they leave, how old a key may be, and what tells the time at the site."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest

from batch_credits.call import call_for
from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.client import Chargebee
from batch_credits.errors import Interrupted, NotBegun
from batch_credits.model import CallKind, OpenAttempt, PlannedCredit
from batch_credits.protocol import Credited, NotSent, Verdict
from batch_credits.settings import RunSettings
from tests.unit.chargebee.shown import CREDIT, ITEM, added, error

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
KEY = {"chargebee-idempotency-key": "bc-key"}
OWN = RunSettings(business_entity_id="apac", silence=("email",))
FROZEN = '{"chargebee-business-entity-id":"emea","chargebee-event-webhook":"all-disabled"}'
NOON = {"date": "Mon, 23 Nov 2026 12:00:00 GMT"}
NOON_MS = 1_795_435_200_000


class Site:
    """Answers every call with the same, and remembers what left; its gate takes `held` seconds to let one through."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.held = 0.0
        self.sent: list[tuple[str, str, dict[str, str]]] = []

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.sent.append((method, path, dict(headers)))
        return self.answer

    async def enter(self, method: str) -> None:
        await asyncio.sleep(self.held)

    def leave(self, method: str) -> None:
        """No limit."""

    def pause(self, seconds: float) -> None:
        """No limit."""

    def throttled(self, seconds: float) -> None:
        """No limit."""


def a_page(*items: Mapping[str, Any]) -> Answer:
    return Answer(200, NOON, orjson.dumps({"list": [{"promotional_credit": item} for item in items]}))


def fresh(**changes: Any) -> PlannedCredit:
    """A credit whose first attempt is open."""
    return replace(CREDIT, **changes)


def send(
    virtually: Any, credit: PlannedCredit, site: Site | None = None, settings: RunSettings = OWN
) -> tuple[Verdict, Site]:
    """Send it once, ten seconds after the beginning."""
    site = site or Site(Answer(200, {}, added()))
    transport: Any = site

    async def main() -> Verdict:
        chargebee = Chargebee(transport, transport, settings)
        await asyncio.sleep(10)
        return await chargebee.send_credit(OpenAttempt(credit, "bc-key"))

    return virtually(main()), site


# -- What a call leaves with --------------------------------------------------------------------------------


def test_a_credit_that_was_not_sent_yet_goes_by_the_options_of_this_run(virtually: Any) -> None:
    _verdict, site = send(virtually, fresh())
    own = {"chargebee-business-entity-id": "apac", "chargebee-event-email": "all-disabled"}
    assert site.sent == [("POST", "/api/v2/promotional_credits/add", FORM | own | KEY)]


@pytest.mark.parametrize(
    ("call", "headers"),
    [
        (FROZEN, {"chargebee-business-entity-id": "emea", "chargebee-event-webhook": "all-disabled"}),
        ("{}", {}),
    ],
)
def test_what_was_frozen_is_repeated_whatever_the_options(
    virtually: Any, call: str, headers: dict[str, str]
) -> None:
    _verdict, site = send(virtually, fresh(call=call))
    assert [sent for _method, _path, sent in site.sent] == [FORM | headers | KEY]


ASKED: dict[str, Callable[[Chargebee, str | None], Awaitable[Any]]] = {
    "credits_of": lambda chargebee, call: chargebee.credits_of("c-1", CallKind.ADD, call),
    "credits_since": lambda chargebee, call: anext(chargebee.credits_since(0, CallKind.ADD, call)),
    "shows": lambda chargebee, call: chargebee.shows("cr-9", CallKind.ADD, call),
    "lists_anything": lambda chargebee, call: chargebee.lists_anything(CallKind.ADD, call),
    "is_deleted": lambda chargebee, call: chargebee.is_deleted("c-1", call),
}


@pytest.mark.parametrize("question", ASKED.values(), ids=ASKED.keys())
@pytest.mark.parametrize(
    ("call", "settings", "entity"),
    [
        (FROZEN, OWN, "emea"),
        (FROZEN, RunSettings(), "emea"),
        ("{}", OWN, None),
        (call_for(None), OWN, None),
        (None, OWN, "apac"),
        (None, RunSettings(silence=("email",)), None),
    ],
)
def test_a_question_goes_to_the_entity_of_the_call_alone(
    virtually: Any, question: Any, call: str | None, settings: RunSettings, entity: str | None
) -> None:
    document = {"list": [{"promotional_credit": ITEM}], "customer": {"id": "c-1"}}
    site: Any = Site(Answer(200, {}, orjson.dumps(document)))

    async def main() -> None:
        await question(Chargebee(site, site, settings), call)

    virtually(main())
    wanted = {} if entity is None else {"chargebee-business-entity-id": entity}
    assert [(method, headers) for method, _path, headers in site.sent] == [("GET", wanted)]


@pytest.mark.parametrize("kind", CallKind)
def test_a_list_that_heeds_no_filter_shows_no_deductions_for_credits(virtually: Any, kind: CallKind) -> None:
    """`reconcile --since` took a deduction for a credit that was paid, and its row was never paid."""
    items = [{**ITEM, "id": f"cr-{each}", "type": each.listed_type} for each in CallKind]
    site: Any = Site(a_page(*items))

    async def main() -> list[str]:
        listed = Chargebee(site, site, OWN).credits_since(0, kind)
        return [credit.credit_id async for credit in listed]

    assert virtually(main()) == [f"cr-{kind}"]


def test_what_a_customers_list_shows_is_handed_on_under_whatever_id(virtually: Any) -> None:
    items = [
        ITEM,
        ITEM | {"id": "cr-10", "customer_id": "C-1 "},
        ITEM | {"id": "cr-11", "customer_id": "c-12"},
        ITEM | {"id": "cr-12", "type": "decrement"},
    ]
    site: Any = Site(a_page(*items))

    async def main() -> list[str]:
        chargebee = Chargebee(site, site, OWN)
        return [credit.credit_id for credit in await chargebee.credits_of("c-1", CallKind.ADD)]

    assert virtually(main()) == ["cr-9", "cr-10", "cr-11"]


# -- How old a key is ---------------------------------------------------------------------------------------


def test_the_first_open_attempt_says_since_when_the_key_is_known(virtually: Any) -> None:
    credit = fresh()
    site = Site(Answer(200, {}, added()))
    site.held = 5.0
    send(virtually, credit, site)
    assert credit.first_sent == 1000.0 + 10 + 5, "when its bytes left, not when it was let wait"


def test_a_new_first_attempt_begins_anew(virtually: Any) -> None:
    credit = fresh(first_sent=3.0)  # that one was proven not to be applied
    send(virtually, credit)
    assert credit.first_sent == 1010.0


@pytest.mark.parametrize(("age", "leaves"), [(1379.5, True), (1380.0, False), (5000.0, False)])
def test_a_resend_beside_an_open_attempt_leaves_while_the_key_is_known_alone(
    virtually: Any, age: float, leaves: bool
) -> None:
    credit = fresh(open_attempts=2, first_sent=1010.0 - age)
    verdict, site = send(virtually, credit)
    assert isinstance(verdict, Credited if leaves else NotSent)
    assert len(site.sent) == leaves
    assert credit.first_sent == 1010.0 - age, "it is as old as the first of them"


def test_the_key_of_what_another_process_sent_is_not_known(virtually: Any) -> None:
    verdict, site = send(virtually, fresh(open_attempts=2))
    assert isinstance(verdict, NotSent)
    assert site.sent == []


# -- The site's clock ---------------------------------------------------------------------------------------


def clock_after(virtually: Any, answer: Answer, work: Callable[[Chargebee], Awaitable[Any]]) -> int | None:
    """When the run began by the site's clock, if it learned it of this answer; it asks after ten seconds."""
    site: Any = Site(answer)

    async def main() -> int | None:
        chargebee = Chargebee(site, site, OWN)
        await asyncio.sleep(10)
        await work(chargebee)
        return await chargebee.site_clock.began_ms() if chargebee.site_clock.is_known else None

    began: int | None = virtually(main())
    return began


def sending(chargebee: Chargebee) -> Awaitable[Any]:
    return chargebee.send_credit(OpenAttempt(fresh(), "bc-key"))


def test_a_proof_or_a_page_of_the_list_tells_the_sites_time(virtually: Any) -> None:
    assert clock_after(virtually, Answer(200, NOON, added()), sending) == NOON_MS - 10_000
    assert clock_after(virtually, a_page(), lambda chargebee: chargebee.lists_anything()) == NOON_MS - 10_000


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, NOON, b"<html>"),
        Answer(200, NOON, added(customer_id="c-2")),
        Answer(400, NOON, error("param_wrong_value")),
        Answer(403, NOON, b""),
        Answer(200, {}, added()),
    ],
    ids=repr,
)
def test_what_is_no_proof_tells_no_time(virtually: Any, answer: Answer) -> None:
    """It may be a stranger's: a proxy whose clock is wrong."""
    assert clock_after(virtually, answer, sending) is None


@pytest.mark.parametrize("ending", [Interrupted("interrupted"), NotBegun("Interrupted: nothing was sent.")])
def test_a_signal_that_comes_while_a_question_is_asked_ends_the_command(virtually: Any, ending: Exception) -> None:
    """It is raised wherever it comes, here within the call, which would be asked again if it had failed."""

    class Interrupting(Site):
        async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
            await super().send(method, path, headers, body)
            raise ending

    site = Interrupting(a_page())
    with pytest.raises(type(ending)):
        virtually(Chargebee(site, site, OWN).credits_of("c-1", CallKind.ADD))
    assert len(site.sent) == 1
