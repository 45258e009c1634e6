"""How a sandbox is set up: where it listens, what it allows, what goes wrong."""

from dataclasses import dataclass, field

from batch_credits.sandbox.plan import NO_FAULTS, FaultPlan


@dataclass(frozen=True)
class SandboxSettings:
    """What a sandbox is like. The API key never shows in a repr.

    `store_errors` and `keys_ignored` stand for what the Chargebee API docs leave open about idempotency keys:
    whether refusals and failures are remembered and replayed as well, and what if no key were remembered at all.
    (A request over one of the two limits is turned away before its key is looked at, so that is never remembered.)
    A site that thinks for no time (`latency_ms` of the fault plan) has one request in progress at an instant: to see
    `concurrency`, or the lock on a customer, at work, give it some.
    """

    host: str = "127.0.0.1"
    port: int = 8900  # 0: any free one
    rate_per_minute: int = 0  # requests of all methods in a rolling minute; 0: no limit
    concurrency: int = 0  # requests of all methods at one instant; 0: no limit
    api_key: str | None = field(default=None, repr=False)  # None: any but an empty one
    customers: frozenset[str] | None = None  # None: everyone whose id does not begin with `missing`
    seed: int = 0
    faults: FaultPlan = NO_FAULTS
    store_errors: bool = False
    keys_ignored: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"The port is {self.port}, but must lie between 0 and 65535.")
        if self.rate_per_minute < 0 or self.concurrency < 0:
            raise ValueError("A limit must be 0 (none) or more.")
        if self.api_key == "":
            raise ValueError("The API key must not be empty.")
