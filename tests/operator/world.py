"""Two Chargebee sites on this machine, and what truly happened there."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from batch_credits.sandbox import Sandbox, SandboxSettings
from batch_credits.sandbox.plan import FaultPlan
from tests.operator.paper import Meaning, Money, folded

NAMES = ("alpha-test", "beta-test")


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


class Place:
    """One site: a sandbox, the name it is called by, and what others did there by hand."""

    def __init__(self, name: str, quirks: str, seed: int) -> None:
        self.name = name
        self.quirks = quirks  # how it always is; what goes wrong for a while comes on top
        self.faults = ""
        self.sandbox = Sandbox(SandboxSettings(port=0, seed=seed, faults=FaultPlan.parse(quirks)))
        self.by_hand: set[str] = set()
        self.deleted: set[str] = set()

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
            opened.append(place.sandbox)
        yield places
    finally:
        for sandbox in opened:
            asyncio.run_coroutine_threadsafe(sandbox.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
