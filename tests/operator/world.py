"""Two Chargebee sites on this machine, and what truly happened there."""

import asyncio
import json
import threading
import urllib.request
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web

from batch_credits.sandbox import Sandbox, SandboxSettings
from batch_credits.sandbox.api import Write
from batch_credits.sandbox.errors import Answer, ApiError
from batch_credits.sandbox.plan import FaultPlan
from tests.operator.paper import Meaning, Money, folded

NAMES = ("alpha-test", "beta-test")
_TURN_SECONDS = 0.01
_STEPS_OF_A_REQUEST = 20  # of a loop, from a connection that waits to be taken up to the first word of its handler
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Credit:
    """One credit or deduction that is truly there, with its texts as they were sent."""

    id: str
    customer: str
    reference: str
    money: Money
    is_deduction: bool

    @property
    def identity(self) -> tuple[str, str]:
        """Whom it is for and under which name, however spelt."""
        return folded(self.customer, case=False), folded(self.reference)

    @property
    def meaning(self) -> Meaning:
        """What a row must have asked for, for it to be right."""
        return Meaning.of(self.customer, self.reference, self.money)


class Orderly(Sandbox):
    """A sandbox that applies and lists each request as soon as it was told to, however seldom its thread has its turn.

    Where a machine is busy, a request, the patience of whoever sent it, and their look for it may all have passed
    before the site has read a word. A quarantine is about a site whose requests are never under way for longer: so no
    look is answered before what came earlier, nor before what should have been listed by now.
    """

    def __init__(self, settings: SandboxSettings) -> None:
        super().__init__(settings)
        self._turns: deque[float] = deque(maxlen=3)  # the last ones of the thread: what it meets may have come since
        self._promised: dict[object, float] = {}  # when each request that is under way is in lists at the latest

    async def __aenter__(self) -> "Orderly":
        await super().__aenter__()
        self._take_turns()
        return self

    async def rest(self) -> None:
        """Wait until nothing is under way."""
        await self._meet()
        while self._promised:
            await asyncio.sleep(0.005)

    def _take_turns(self) -> None:
        loop = asyncio.get_running_loop()
        self._turns.append(loop.time())
        if not self._stopping.is_set():
            loop.call_later(_TURN_SECONDS, self._take_turns)

    async def _meet(self) -> None:
        """Begin with all that has come."""
        for _ in range(_STEPS_OF_A_REQUEST):
            await asyncio.sleep(0)

    async def _read(self, request: web.BaseRequest, path: str, query: bytes) -> web.StreamResponse | None:
        await self._meet()
        now = asyncio.get_running_loop().time()
        while any(promised <= now for promised in self._promised.values()):
            await asyncio.sleep(0.005)
        return await super()._read(request, path, query)

    async def _apply(self, write: Write, failure: ApiError | None) -> Answer:
        return await self._as_promised(0.0, super()._apply(write, failure))

    def _apply_late(self, write: Write) -> Coroutine[Any, Any, None]:
        return self._as_promised(self._api.faults.late_seconds, super()._apply_late(write))

    async def _as_promised(self, seconds: float, work: Coroutine[Any, Any, Done]) -> Done:
        loop, request = asyncio.get_running_loop(), object()
        lag_seconds = self._api.faults.list_lag_seconds
        self._promised[request] = self._turns[0] + seconds + lag_seconds
        try:
            return await work
        finally:
            loop.call_later(lag_seconds, self._promised.pop, request)


class Place:
    """One site: a sandbox, the name it is called by, and what others did there by hand."""

    def __init__(self, name: str, quirks: str, seed: int) -> None:
        self.name = name
        self.quirks = quirks  # how it always is; what goes wrong for a while comes on top
        self.faults = ""
        self.sandbox = Orderly(SandboxSettings(port=0, seed=seed, faults=FaultPlan.parse(quirks)))
        self.loop: asyncio.AbstractEventLoop | None = None  # while it is open
        self.by_hand: set[str] = set()
        self.deleted: set[str] = set()

    def rest(self) -> None:
        """Wait until nothing that came is under way any more."""
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(self.sandbox.rest(), self.loop).result(60)

    def misbehave(self, faults: str) -> None:
        """Let these faults happen from now on, and no others."""
        self.faults = faults
        self.sandbox.set_faults(FaultPlan.parse(",".join(filter(None, (self.quirks, faults)))))

    def heal(self) -> None:
        """Let nothing go wrong any more, and every customer be there."""
        self.misbehave("")
        self.restore()

    def delete(self, customer: str) -> None:
        """Somebody deletes a customer."""
        self.deleted.add(customer)
        self.sandbox.delete_customers(customer)

    def restore(self) -> None:
        """Somebody brings all deleted customers back."""
        body = json.dumps({"restored": sorted(self.deleted)}).encode()
        with urllib.request.urlopen(f"{self.sandbox.base_url}/_sandbox/customers", body, timeout=10):
            self.deleted.clear()

    def credit_by_hand(self, **credit: Any) -> None:
        """Somebody adds a credit in Chargebee's own pages."""
        self.by_hand.update(self.sandbox.seed_credits({"currency_code": "USD", **credit}))

    @property
    def posts(self) -> int:
        """How many requests came that would add or deduct."""
        return int(self.sandbox.truth()["posts"])

    def everything(self) -> list[Credit]:
        """All that is there, also what others did."""
        truth = self.sandbox.truth()
        return [_credit(each, truth["as_sent"].get(each["id"], {})) for each in truth["credits"]]

    def ours(self) -> list[Credit]:
        """What the command did."""
        return [credit for credit in self.everything() if credit.id not in self.by_hand]


def _credit(told: dict[str, Any], as_sent: dict[str, Any]) -> Credit:
    texts = {**told, **as_sent}
    money = Money(told["amount"], told["currency_code"])
    return Credit(told["id"], texts["customer_id"], texts.get("reference", ""), money, told["type"] == "decrement")


@contextmanager
def open_sites(quirks: str, seed: int) -> Iterator[list[Place]]:
    """Both sites in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    places = [Place(name, quirks, 2 * seed + number) for number, name in enumerate(NAMES)]
    opened: list[Sandbox] = []
    try:
        for place in places:
            asyncio.run_coroutine_threadsafe(place.sandbox.__aenter__(), loop).result(10)
            place.loop = loop
            opened.append(place.sandbox)
        yield places
    finally:
        for sandbox in opened:
            asyncio.run_coroutine_threadsafe(sandbox.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
