"""What really happened: counts that a test holds a caller's claims against."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

Call = tuple[str, bytes, tuple[tuple[str, str], ...]]  # operation, body, headers that change what is done

NO_ANSWER = "none"  # stands for the status of a request that got no answer


class Tally:
    """Counts requests, answers and faults, and how many calls on one customer ran side by side."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()  # by method
        self.questions: Counter[str] = Counter()  # GETs: promotional_credits, customers
        self.statuses: Counter[str] = Counter()  # by status as text, or NO_ANSWER
        self.faults: Counter[str] = Counter()  # by name
        self.silenced: Counter[str] = Counter()  # by header: email, webhook, actions
        self.posts = 0
        self.replayed = 0
        self.max_calls_per_customer = 0
        self._calls: Counter[str] = Counter()
        self._bodies: defaultdict[tuple[str, str], set[bytes]] = defaultdict(set)
        self._first_call: dict[str, Call] = {}  # by key; a set of each would cost far more, and one is the rule
        self._other_calls: defaultdict[str, set[Call]] = defaultdict(set)

    def arrived(self, method: str, path: str) -> None:
        """Count a request, whatever becomes of it."""
        self.requests[method] += 1
        if method == "GET":
            self.questions[path.removeprefix("/api/v2/").partition("/")[0]] += 1

    @contextmanager
    def call_on(self, customer_id: str) -> Iterator[None]:
        """Count a call on a customer as running for as long as the context is open."""
        self._calls[customer_id] += 1
        self.max_calls_per_customer = max(self.max_calls_per_customer, self._calls[customer_id])
        try:
            yield
        finally:
            self._calls[customer_id] -= 1
            if not self._calls[customer_id]:
                del self._calls[customer_id]

    def body_seen(self, customer_id: str, reference: str, body: bytes) -> None:
        """Note the body of an add or deduct that got past the key check and the limits."""
        self._bodies[customer_id, reference].add(body)

    def call_seen(self, key: str, call: Call) -> None:
        """Note which call came under an idempotency key, past the same checks."""
        if self._first_call.setdefault(key, call) != call:
            self._other_calls[key].add(call)

    def calls_by_key(self) -> dict[str, int]:
        """How many different calls came under each idempotency key: one, unless a caller was careless."""
        return {key: 1 + len(self._other_calls.get(key, ())) for key in self._first_call}

    def payloads_by_reference(self) -> dict[str, dict[str, int]]:
        """How many different bodies came, by customer and reference (`""`: without one)."""
        counts: dict[str, dict[str, int]] = {}
        for (customer_id, reference), bodies in self._bodies.items():
            counts.setdefault(customer_id, {})[reference] = len(bodies)
        return counts
