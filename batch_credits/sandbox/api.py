"""What the site answers: a request's fields go in, a whole answer comes out. No sockets, no waiting.

A write has two halves, since real ones take time: `open` checks it, takes its idempotency key and locks its
customer; `settle` applies it and lets go. Whoever drives this (a server, or a simulation with a clock of its own)
decides what happens between the halves, and what becomes of the answer.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

import orjson

from batch_credits.sandbox.circles import circling_page
from batch_credits.sandbox.clock import SiteClock
from batch_credits.sandbox.errors import Answer, ApiError, lock_timeout, method_not_supported, not_found, read_only_mode
from batch_credits.sandbox.faults import FAULTS_OF_WRITES, READ_FAULTS, REPEATS, Fault
from batch_credits.sandbox.fields import Change, read_change
from batch_credits.sandbox.keys import Headers, KeyStore, Remembered
from batch_credits.sandbox.limits import Limits
from batch_credits.sandbox.plan import FaultPlan, chance
from batch_credits.sandbox.proxies import proxy_answer
from batch_credits.sandbox.queries import CreditQuery, Record, read_credit_query, read_customer_query
from batch_credits.sandbox.settings import SandboxSettings
from batch_credits.sandbox.site import Site
from batch_credits.sandbox.tally import Tally
from batch_credits.sandbox.traits import Traits

CREDITS_PATH = "/api/v2/promotional_credits"
CUSTOMERS_PATH = "/api/v2/customers"
WRITE_PATHS = {f"{CREDITS_PATH}/add": "add", f"{CREDITS_PATH}/deduct": "deduct"}


@dataclass(frozen=True, slots=True)
class Write:
    """An add or deduct request as it came in: `fields` is its body taken apart, nothing is checked yet.

    `headers` are those that change what is done.
    """

    operation: str
    fields: Mapping[str, str]
    body: bytes
    key: str | None = None
    business_entity_id: str | None = None
    headers: Headers = ()

    @property
    def subject(self) -> str:
        """What its faults are drawn for, whatever else it says."""
        return f"{self.operation}\0{self.customer_id}\0{self.reference}"

    @property
    def customer_id(self) -> str:
        """The customer it claims to be for, or nothing."""
        return self.fields.get("customer_id", "")

    @property
    def reference(self) -> str:
        """The reference it claims to have, or nothing."""
        return self.fields.get("reference", "")


@dataclass(frozen=True, slots=True)
class Opened:
    """A write that may be applied; hand it to `settle`, once."""

    write: Write
    change: Change
    remembered: Remembered
    locked: bool


class Api:
    """One site with its keys, limits, faults and counts. `faults` and `read_only` may be changed at any time."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], float]) -> None:
        self.clock = SiteClock(clock)
        self.site = Site(self.clock, customers=settings.customers, seed=settings.seed)
        self.limits = Limits(self.clock, settings.rate_per_minute, settings.concurrency)
        self.keys = KeyStore(self.clock, ignored=settings.keys_ignored)
        self.tally = Tally()
        self.store_errors = settings.store_errors
        self.read_only = False
        self._seed = settings.seed
        self._locked: set[str] = set()
        self._tries: Counter[str] = Counter()
        self.faults = settings.faults

    @property
    def faults(self) -> FaultPlan:
        """What goes wrong."""
        return self._faults

    @faults.setter
    def faults(self, plan: FaultPlan) -> None:
        self._faults = plan
        self._traits = Traits(plan, self._seed, self.tally.faults) if plan.has_traits else None
        self.site.clock_offset_seconds = plan.clock_offset_seconds

    @property
    def shown_time(self) -> float:
        """What the site's clock shows, in unix seconds."""
        return self.clock() + self._faults.clock_offset_seconds

    @property
    def shows_other_time(self) -> bool:
        """Whether that is not the time of the clock that was handed in."""
        return self._faults.clock_offset_seconds != 0 or self.clock.skipped_seconds != 0

    def get(self, path: str, query: bytes, business_entity_id: str | None = None) -> Answer:
        """Answer a GET of `path` (still percent-encoded, without the query string)."""
        try:
            return Answer(200, orjson.dumps(self._look_up(path, query, business_entity_id)))
        except ApiError as error:
            return error.answer()

    def wrong_method(self, method: str, path: str) -> ApiError:
        """The refusal of a method other than GET, or than POST where that writes: 405, or 404 off the known paths."""
        if path in WRITE_PATHS or {path, path.rpartition("/")[0]} & {CREDITS_PATH, CUSTOMERS_PATH}:
            return method_not_supported(method)
        return not_found(f"The path {path!a}")

    def open(self, write: Write, *, lock: bool = True) -> Opened | Answer:
        """Begin a write: an answer at once (a replay or a refusal), or leave to `settle` it.

        Without `lock` it neither waits for nor holds up other calls on its customer.
        """
        is_beside = self._runs_beside_first(write)
        lock = lock and not is_beside
        try:
            remembered = self._unknown(write) if is_beside else self._begin(write)
        except ApiError as error:
            return error.answer()
        if remembered.answer is not None:
            self.tally.replayed += 1
            return remembered.answer
        try:
            if self.read_only:
                raise read_only_mode()
            change = read_change(write.operation, write.fields)
            self.site.require_customer(change.customer_id)
            if lock and change.customer_id in self._locked:
                raise lock_timeout(change.customer_id)
        except ApiError as error:
            return self._refuse(remembered, error)
        if lock:
            self._locked.add(change.customer_id)
        return Opened(write, change, remembered, lock)

    def settle(self, opened: Opened, failure: ApiError | None = None) -> Answer:
        """Apply an opened write. With `failure` it is applied all the same, but that is the site's answer.

        A failure releases the idempotency key, unless errors are stored: whether Chargebee does is not documented,
        and a caller who trusts the key alone should be shown the double credit.
        """
        if opened.locked:
            self._locked.discard(opened.change.customer_id)
        write, traits, stored = opened.write, self._traits, None
        if traits is not None:
            stored = traits.stored(opened.change, write.subject)
        try:
            body = self.site.change(opened.change, write.business_entity_id, stored=stored)
        except ApiError as error:
            return self._refuse(opened.remembered, error)
        if failure is not None:
            return self._refuse(opened.remembered, failure)
        if traits is not None:
            body = traits.echoed(body, write.subject)
        answer = Answer(200, orjson.dumps(body))
        self.keys.finish(opened.remembered, answer)
        return answer

    def abandon(self, opened: Opened) -> None:
        """Let go of an opened write without applying it."""
        if opened.locked:
            self._locked.discard(opened.change.customer_id)
        self.keys.release(opened.remembered)

    def fail(self, write: Write, error: ApiError) -> Answer:
        """Answer a write with an error of the site's own, nothing applied; an answer already stored stays stored."""
        try:
            remembered = self._begin(write)
        except ApiError:
            return error.answer()
        return error.answer() if remembered.answer is not None else self._refuse(remembered, error)

    def fault_of_write(self, write: Write) -> Fault | None:
        """The fault that this try of a write meets, if any. Tries are counted by operation, customer and reference."""
        if not self._faults.hits_writes:
            return None
        name = self._draw(FAULTS_OF_WRITES, write.subject)
        return None if name is None else FAULTS_OF_WRITES[name]

    def proxy_answer(self, write: Write, status: int) -> Answer:
        """What a proxy answers to the try of a write whose fault was drawn last."""
        subject = write.subject
        return proxy_answer(status, chance(f"{self._seed}\0proxy\0{self._tries[subject]}\0{subject}"))

    def fault_of_read(self, path_and_query: str) -> Fault | None:
        """The fault that this try of a GET meets, if any. Tries are counted by address."""
        if not self._faults.hits_reads:
            return None
        name = self._draw(READ_FAULTS, path_and_query)
        return None if name is None else READ_FAULTS[name]

    def repeat_of(self, request: str, status: int) -> str | None:
        """How the answer with this status comes again, if it does. Tries are counted by the whole request."""
        name = self._draw(REPEATS, f"repeat\0{request}")
        if name is None or (name == "repeat_refusal" and not 400 <= status < 500):
            return None
        self.tally.faults[name] += 1
        return name

    def truth(self) -> Record:
        """Everything that happened, as a JSON object: what a test believes rather than the answers."""
        tally = self.tally
        return {
            "credits": self.site.credits(),
            "as_sent": self.site.as_sent(),
            "balances": self.site.balances(),
            "requests": dict(tally.requests),
            "questions": dict(tally.questions),
            "statuses": dict(tally.statuses),
            "posts": tally.posts,
            "replayed": tally.replayed,
            "throttled": tally.statuses["429"],
            "faults": dict(tally.faults),
            "silenced": dict(tally.silenced),
            "max_calls_per_customer": tally.max_calls_per_customer,
            "max_in_flight": self.limits.max_in_flight,
            "peak_window": self.limits.peak_window,
            "first_arrival": self.limits.first_arrival,
            "last_arrival": self.limits.last_arrival,
            "payloads_by_reference": tally.payloads_by_reference(),
            "calls_by_key": tally.calls_by_key(),
        }

    def waits(self, write: Write) -> bool:
        """Whether a write has to wait until the first one under its key has an answer."""
        key, traits = write.key, self._traits
        return key is not None and traits is not None and self.keys.is_running(key) and traits.waits_for_first(key)

    def _runs_beside_first(self, write: Write) -> bool:
        key, traits = write.key, self._traits
        return key is not None and traits is not None and self.keys.is_running(key) and traits.runs_beside_first(key)

    def _unknown(self, write: Write) -> Remembered:
        """The write as one without a key, which nothing remembers."""
        return Remembered(None, (write.operation, write.body), write.headers, self.clock())

    def _begin(self, write: Write) -> Remembered:
        compare_headers = by_key_alone = False
        if self._traits is not None and write.key is not None:
            if self._traits.forgets(write.key) and self.keys.forget(write.key):
                self.tally.faults["keys_forget"] += 1
            compare_headers = self._traits.compares_headers(write.key)
            by_key_alone = self._traits.goes_by_key_alone(write.key)
        return self.keys.begin(
            write.key, (write.operation, write.body), write.headers, compare_headers=compare_headers,
            by_key_alone=by_key_alone,
        )  # fmt: skip

    def _look_up(self, path: str, query: bytes, business_entity_id: str | None) -> Record:
        if path in WRITE_PATHS:
            raise method_not_supported("GET")
        if path == CREDITS_PATH:
            return self._list_credits(read_credit_query(query), business_entity_id)
        if path == CUSTOMERS_PATH:
            return self.site.list_customers(read_customer_query(query))
        parent, _, name = path.rpartition("/")
        retrieve: Mapping[str, Callable[[str], Record]] = {
            CREDITS_PATH: self.site.credit,
            CUSTOMERS_PATH: self.site.customer,
        }
        if parent not in retrieve or not name:
            raise not_found(f"The path {path!a}")
        return retrieve[parent](unquote(name))

    def _list_credits(self, query: CreditQuery, business_entity_id: str | None) -> Record:
        lag_seconds, traits = self._faults.list_lag_seconds, self._traits
        if traits is None:
            return self.site.list_credits(query, lag_seconds)
        query = traits.scoped(query, business_entity_id)
        show = partial(self.site.list_credits, lag_seconds=lag_seconds, strict=traits.filters_strictly(query))
        endless = traits.endless(query)
        if endless or traits.circles(query):
            return circling_page(show, query, endless=endless)
        return show(query)

    def _refuse(self, remembered: Remembered, error: ApiError) -> Answer:
        answer = error.answer()
        if self.store_errors:
            self.keys.finish(remembered, answer)
        else:
            self.keys.release(remembered)
        return answer

    def _draw(self, names: Collection[str], subject: str) -> str | None:
        self._tries[subject] += 1
        return self._faults.draw(names, self._seed, subject, self._tries[subject])
