"""One seed, one schedule: what is owed, what goes wrong, when processes die, and how the user runs it again.

Swarm testing: each schedule switches on a random subset of the faults, at its own rate. A storm in which all
of them happen at once hides what two of them do together.
"""

from dataclasses import dataclass, field, replace
from random import Random

from batch_credits.settings import RunSettings

POST_FAULTS = (
    "not_sent",  # refused, or no name: no byte left
    "lost_before",  # the request never arrives, and the client waits or is cut off
    "lost_after",  # applied, and the answer is lost
    "late",  # applied after the client gave up, within the quarantine
    "garbled_before",
    "garbled_after",
    "error_before",  # 5xx, not applied
    "error_after",  # 5xx, and applied
    "throttled",
    "lock_timeout",
    "read_only",
    "third_party",  # 429 that says nothing about the money
    "odd_422",
    "refused_once",  # a true refusal that another try might not meet
    "blocked",
    "slow",
)
ODD_POST_FAULTS = (*POST_FAULTS, "proxy_before", "proxy_after", "proxy_after")  # somebody on the way answers
GET_FAULTS = ("not_sent", "lost", "error", "garbled", "throttled", "slow", "page_repeats", "page_loops")
ODD_GET_FAULTS = (*GET_FAULTS, "page_circles")
RATES = (0.02, 0.1, 0.25, 0.5, 0.8)
DAY = 86_400.0
REVERSED = 0.25  # of the seeds
ODD = 0.6  # of the seeds: their sites do what no documentation forbids
PILOTED = 0.2  # of the runs


@dataclass(frozen=True)
class RowPlan:
    """One row of the file."""

    customer_id: str
    reference: str
    amount: int
    currency: str


@dataclass(frozen=True)
class SitePlan:
    """How the site is, and how it misbehaves, until it is healed.

    `keys`: kept (30 minutes, also after an error), released (a 5xx after applying frees the key), forgetful
    (any lookup may find the memory gone), ignored.
    `after_error`: what a duplicate gets whose first request was applied and answered 5xx, with keys kept.
    """

    post_rate: float
    get_rate: float
    post_faults: tuple[str, ...]
    get_faults: tuple[str, ...]
    keys: str
    after_error: str
    duplicate_status: int
    stores_errors: bool
    prompt_lag: float
    slack: float
    max_late: float
    lag: float
    freezes: tuple[tuple[float, float], ...]
    page_size: int
    newest_first: bool
    hides_deleted: bool
    unknown: frozenset[str]
    deleted_at: dict[str, float]
    outages: tuple[tuple[float, float], ...]
    read_only: tuple[tuple[float, float], ...]
    foreign: int
    other_money: frozenset[tuple[str, str]]
    jittery: bool
    other_deductions: frozenset[tuple[str, str]] = frozenset()  # by hand, under the reference of a reversal
    spent_at: dict[str, float] = field(default_factory=dict)  # from when on an invoice has used the balance up
    form: str = "exact"  # in which texts are kept
    echo: str | None = None  # in which a 2xx shows what was asked for; None: as it is kept
    strict_filter: bool = False  # a customer is found by the kept form of its id alone
    is_scoped: bool = False  # a list is that of one business entity
    no_entity_sees_all: bool = False
    keys_know_headers: bool = False
    is_dated: bool = True
    skew: float = 0.0  # of the site's clock, in seconds
    neighbours: tuple[tuple[str, int, float], ...] = ()  # credits by hand: customer, amount, when
    lost: tuple[tuple[str, str, int], ...] = ()  # paid by a ledger that is lost: all runs look first

    @property
    def keeps_keys(self) -> bool:
        """Whether a key guards as documented."""
        return self.keys == "kept"


@dataclass(frozen=True)
class RunPlan:
    """One time the user runs the command. `crash_at` counts journal and wire operations; None: it lives.

    `crash_delay`: die so many seconds after that operation instead of right there. `keeps_copy`: the ledger is
    copied before this run; `restores_copy`: that copy takes the ledger's place before this run. `reverses`: it is the
    reversal of the batch, not the batch, that is run.
    """

    batch: int
    gap: float
    settings: RunSettings
    crash_at: int | None = None
    crash_delay: float = 0.0
    interrupt_at: float | None = None
    interrupt_twice: bool = False
    keeps_copy: bool = False
    restores_copy: bool = False
    reverses: bool = False
    reconciles: bool = False  # it asks, and sends nothing
    sleeps: tuple[tuple[float, float], ...] = ()  # the machine sleeps: when, and for how many seconds


@dataclass(frozen=True)
class Schedule:
    """Everything that the seed decided beforehand; the rest is drawn while it goes."""

    seed: int
    batches: tuple[tuple[RowPlan, ...], ...]
    site: SitePlan
    runs: tuple[RunPlan, ...]
    last_settings: RunSettings
    wall_jumps: bool
    commit_seconds: float

    @property
    def restores(self) -> bool:
        """Whether an old copy of the ledger comes back."""
        return any(run.restores_copy for run in self.runs)

    @property
    def undone(self) -> frozenset[int]:
        """The batches that are reversed, while it storms and again at the end."""
        return frozenset(run.batch for run in self.runs if run.reverses)


def draw(seed: int) -> Schedule:
    """The schedule of this seed. A share of them reverses what it pays; the others know nothing of that."""
    schedule, undo, odd = _payouts(seed), Random(seed ^ 0xDED0C7), Random(seed ^ 0x0DD)
    is_odd = odd.random() < ODD
    if is_odd:
        schedule = _with_odd_texts(odd, schedule)
    if undo.random() < REVERSED:
        schedule = _with_reversals(undo, schedule)
    schedule = _with_pilots(Random(seed ^ 0x9170), schedule)
    return _with_an_odd_site(odd, schedule) if is_odd else schedule


def _with_odd_texts(chance: Random, schedule: Schedule) -> Schedule:
    """The same with customers and references whose letters have several forms. No two become one by any of them."""
    who = chance.choice(("{}", "{}", "Cust-{}", "K\u00e4ufer{}"))
    texts = ("Loyalty\u00a0{}", "Pr\u00e4mie  {}", "Pra\u0308mie {}", "{} \U0001f381", "QUARTER {}")
    what = chance.choice(("{}", "{}", "the third quarter {}", *texts))
    customers = {row.customer_id: who.format(row.customer_id) for batch in schedule.batches for row in batch}
    names = {row.reference: what.format(row.reference) for batch in schedule.batches for row in batch}
    batches = tuple(
        tuple(replace(row, customer_id=customers[row.customer_id], reference=names[row.reference]) for row in batch)
        for batch in schedule.batches
    )
    site = replace(
        schedule.site,
        unknown=frozenset(customers[one] for one in schedule.site.unknown),
        deleted_at={customers[one]: at for one, at in schedule.site.deleted_at.items()},
        other_money=frozenset((customers[one], names[name]) for one, name in schedule.site.other_money),
    )
    return replace(schedule, batches=batches, site=site)


def _with_an_odd_site(chance: Random, schedule: Schedule) -> Schedule:
    """The same on a site that keeps texts, lists, keys and clocks in ways that are documented nowhere."""
    site, rows = schedule.site, [row for batch in schedule.batches for row in batch]
    kinds = set(chance.sample(("form", "echo", "entity", "headers", "proxy", "neighbours", "sleep", "lost"), 3))
    if schedule.restores:  # its user repeats what was done before, and texts that are cut would tell nothing
        kinds -= {"entity", "form"}
    shows_nothing = len(rows) < 4 and not site.foreign and site.lag == 3000.0 and site.get_rate == 0.0
    if shows_nothing:  # the key alone guards, so it is its age that counts
        kinds = {"sleep"}
    entities = ("emea", "apac", None) if "entity" in kinds else (None,)
    silences: tuple[tuple[str, ...], ...] = ((), ("email",), ("email", "webhook")) if "headers" in kinds else ((),)
    lost = tuple(
        (row.customer_id, row.reference, row.amount)
        for row in rows
        if "lost" in kinds
        and chance.random() < 0.4
        and row.customer_id not in site.unknown | site.deleted_at.keys()
        and (row.customer_id, row.reference) not in site.other_money
    )
    form = chance.choice(("nfc", "nfd", "blanks", "lower", "upper", "cut", "ascii")) if "form" in kinds else "exact"
    if form in ("cut", "ascii") or "entity" in kinds:
        lost = ()  # nothing could tell these from a stranger's, or where to look for them
    site = replace(
        site,
        form=form,
        echo=chance.choice(("nfd", "lower", "cut", "ascii")) if "echo" in kinds else None,
        strict_filter=form != "upper" and chance.random() < 0.3,
        is_scoped="entity" in kinds and chance.random() < 0.6,
        no_entity_sees_all=chance.random() < 0.5,
        keys_know_headers=chance.random() < 0.7,
        is_dated=chance.random() < 0.8,
        skew=chance.choice((0.0, 0.0, -40 * DAY, 500.0)),
        neighbours=tuple(
            (row.customer_id, row.amount, chance.choice((-20 * DAY, -100.0, 50.0, 1000.0)))
            for row in rows
            if "neighbours" in kinds and chance.random() < 0.2
        ),
        lost=tuple(dict.fromkeys(lost)),
        post_faults=tuple(chance.sample(ODD_POST_FAULTS, min(8, len(site.post_faults) + 1)))
        if "proxy" in kinds
        else site.post_faults,
        get_faults=tuple(chance.sample(ODD_GET_FAULTS, len(site.get_faults))),
    )
    runs = tuple(
        replace(
            run,
            settings=replace(
                run.settings,
                business_entity_id=chance.choice(entities),
                silence=chance.choice(silences),
                verify_first=run.settings.verify_first or bool(lost),
            ),
            reconciles=not run.reverses and chance.random() < 0.15,
            sleeps=((chance.choice((0.2, 5.0, 100.0, 430.0, 700.0)), chance.choice((60.0, 1200.0, 4000.0))),)
            if "sleep" in kinds and (shows_nothing or chance.random() < 0.5)
            else (),
        )
        for run in schedule.runs
    )
    last = replace(schedule.last_settings, verify_first=schedule.last_settings.verify_first or bool(lost))
    return replace(schedule, site=site, runs=runs, last_settings=last)


def _with_pilots(chance: Random, schedule: Schedule) -> Schedule:
    """The same, where some runs credit a few rows first and read them back: what does not agree ends such a run."""
    runs = tuple(
        replace(run, settings=replace(run.settings, pilot=chance.choice((1, 2, 3))))
        if chance.random() < PILOTED and not run.reverses
        else run
        for run in schedule.runs
    )
    return replace(schedule, runs=runs)


def _with_reversals(chance: Random, schedule: Schedule) -> Schedule:
    """The payouts again, with reversals of their batches between and behind them."""
    rows = [row for batch in schedule.batches for row in batch]
    site = replace(
        schedule.site,
        other_deductions=frozenset((r.customer_id, r.reference) for r in rows if chance.random() < 0.02),
        spent_at={r.customer_id: chance.uniform(0, 5000) for r in rows if chance.random() < 0.04},
    )
    runs = [schedule.runs[0]]
    for run in schedule.runs[1:]:
        if chance.random() < 0.3:
            runs.append(_reversing(chance, schedule, run.settings))
        runs.append(run)
    runs += [_reversing(chance, schedule, schedule.last_settings) for _ in range(chance.choice((1, 2, 3)))]
    return replace(schedule, site=site, runs=tuple(runs))


def _reversing(chance: Random, schedule: Schedule, like: RunSettings) -> RunPlan:
    plan = _run(chance, like, 1, schedule.batches)
    settings = replace(plan.settings, verify_first=plan.settings.verify_first or like.verify_first)
    return replace(plan, settings=settings, reverses=True)


def _payouts(seed: int) -> Schedule:
    chance = Random(seed)
    batches = _batches(chance)
    rows = [row for batch in batches for row in batch]
    base = _settings(chance, chance.choice((420.0, 420.0, 120.0)))
    site = _site(chance, rows, base)
    runs = tuple(_run(chance, base, number, batches) for number in range(chance.choice((1, 1, 2, 3, 4, 6))))
    if len(rows) < 4 and chance.random() < 0.3:
        site = _nothing_to_show(chance, site)
        runs = tuple(replace(run, crash_at=None) for run in runs)
    restores = len(runs) > 2 and chance.random() < 0.2
    if restores:
        site = replace(site, lag=site.prompt_lag, freezes=(), hides_deleted=False)
        runs = _with_an_old_copy(chance, runs)
    return Schedule(
        seed=seed,
        batches=batches,
        site=site,
        runs=runs,
        last_settings=replace(base, verify_first=restores, retry_failed=False, wait=True),
        wall_jumps=chance.random() < 0.5,
        commit_seconds=chance.choice((0.0005, 0.005, 0.2)),
    )


def _batches(chance: Random) -> tuple[tuple[RowPlan, ...], ...]:
    is_big = chance.random() < 0.01
    customers = [f"c{n}" for n in range(chance.randint(1, 30 if is_big else 6))]
    count = chance.randint(20, 80) if is_big else chance.choice((1, 1, 2, 3, 4, 5, 6, 8, 10, 12))
    rows = []
    for number in range(count):
        # Few amounts and references, so that rows of one customer are easily taken for each other.
        reference = f"ref{number}" if chance.random() < 0.7 else f"ref{number} of loyalty"
        rows.append(RowPlan(chance.choice(customers), reference, chance.choice((100, 100, 250)), "USD"))
    if chance.random() < 0.75:
        return (tuple(rows),)
    cut = chance.randint(1, len(rows))
    shared = tuple(row for row in rows if chance.random() < 0.5)
    second = shared + tuple(rows[cut:])
    unique = tuple(dict.fromkeys(second)) or (rows[0],)
    return tuple(rows[:cut]), unique


def _settings(chance: Random, quarantine: float) -> RunSettings:
    return RunSettings(
        rate_per_minute=chance.choice((0, 0, 0, 10, 40, 150)),
        concurrency=chance.choice((1, 2, 3, 6)),
        quarantine_seconds=quarantine,
        timeout_seconds=chance.choice((80.0, 10.0)),
        max_looks=chance.choice((6, 6, 4)),
        max_attempts=chance.choice((12, 12, 3)),
        breaker_threshold=chance.choice((10, 3, 2)),
        claim_page=chance.choice((100, 4, 2, 1)),
    )


def _site(chance: Random, rows: list[RowPlan], settings: RunSettings) -> SitePlan:
    quarantine = settings.quarantine_seconds
    prompt_lag = chance.choice((0.0, 0.0, 2.0, 20.0, quarantine * 0.6))
    # Applied and listed within the quarantine, unless a witness is hidden too: see site.py.
    max_late = quarantine - prompt_lag - 1.0
    start = 0.0
    freezes = []
    for _freeze in range(chance.choice((0, 0, 1, 2))):
        start += chance.uniform(0, 900)
        end = start + chance.choice((10.0, 300.0, 1000.0, 5000.0))
        freezes.append((start, end))
        start = end
    customers = sorted({row.customer_id for row in rows})
    return SitePlan(
        post_rate=chance.choice(RATES),
        get_rate=chance.choice((0.0, *RATES[:4])),
        post_faults=tuple(chance.sample(POST_FAULTS, chance.randint(1, 8))),
        get_faults=tuple(chance.sample(GET_FAULTS, chance.randint(1, 4))),
        keys=chance.choice(("kept", "kept", "released", "forgetful", "ignored")),
        after_error=chance.choice(("stored", "conflict", "success")),
        duplicate_status=chance.choice((409, 422)),
        stores_errors=chance.random() < 0.4,
        prompt_lag=prompt_lag,
        slack=2 * settings.timeout_seconds,
        max_late=max_late,
        lag=chance.choice((prompt_lag, prompt_lag, quarantine + 60.0, 3000.0)),
        freezes=tuple(freezes),
        page_size=chance.choice((100, 3, 1)),
        newest_first=chance.random() < 0.7,
        hides_deleted=chance.random() < 0.5,
        unknown=frozenset(c for c in customers if chance.random() < 0.05),
        deleted_at={c: chance.uniform(0, 2000) for c in customers if chance.random() < 0.05},
        outages=_windows(chance, (5.0, 60.0, 900.0)),
        read_only=_windows(chance, (5.0, 60.0, 300.0)),
        foreign=chance.choice((0, 0, 0, 1, 3)),
        other_money=frozenset((r.customer_id, r.reference) for r in rows if chance.random() < 0.01),
        jittery=chance.random() < 0.5,
    )


def _nothing_to_show(chance: Random, site: SitePlan) -> SitePlan:
    """The first credits of a site whose list lags: no witness anywhere, so the key alone guards a re-send."""
    faults = ("error_after", "lost_after", "late", "garbled_after", "lost_before", "refused_once", "throttled")
    return replace(
        site,
        keys="kept",
        lag=3000.0,
        foreign=0,
        other_money=frozenset(),
        deleted_at={},
        outages=(),
        read_only=(),
        post_rate=0.8,
        get_rate=0.0,
        post_faults=tuple(chance.sample(faults, 3)),
    )


def _with_an_old_copy(chance: Random, runs: tuple[RunPlan, ...]) -> tuple[RunPlan, ...]:
    """Somebody restores the ledger from a copy, and runs with --verify-first from then on, as guarantees.md says."""
    copied = chance.randrange(len(runs) - 1)
    restored = chance.randrange(copied + 1, len(runs))
    changed = list(runs)
    changed[copied] = replace(runs[copied], keeps_copy=True)
    changed[restored] = replace(runs[restored], restores_copy=True, gap=max(600.0, runs[restored].gap))
    for number in range(restored, len(runs)):
        changed[number] = replace(changed[number], settings=replace(changed[number].settings, verify_first=True))
    return tuple(changed)


def _windows(chance: Random, lengths: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    if chance.random() < 0.75:
        return ()
    start = chance.uniform(0, 600)
    return ((start, start + chance.choice(lengths)),)


def _run(chance: Random, base: RunSettings, number: int, batches: tuple[tuple[RowPlan, ...], ...]) -> RunPlan:
    settings = replace(
        base,
        verify_first=chance.random() < 0.1,
        retry_failed=chance.random() < 0.15,
        wait=chance.random() < 0.8,
    )
    ops = 4 * max(len(batch) for batch in batches) + 12
    dies = chance.random() < 0.65
    interrupted = chance.random() < 0.12
    return RunPlan(
        batch=chance.randrange(len(batches)) if number else 0,
        gap=chance.choice((1.0, 5.0, 60.0, 500.0, 1700.0, 4000.0, DAY, 3 * DAY)),
        settings=settings,
        crash_at=chance.randint(1, ops) if dies else None,
        crash_delay=chance.choice((0.0, 0.0, 0.0, 0.01, 5.0, 300.0)),
        interrupt_at=chance.choice((0.1, 2.0, 30.0, 430.0)) if interrupted else None,
        interrupt_twice=chance.random() < 0.3,
    )
