"""The limits, kept: no rolling minute holds more arrivals than the budget, whatever the network does."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.chargebee.client import GateClosed
from batch_credits.gate.limiter import RateLimiter
from batch_credits.settings import RunSettings
from tests.examples import examples

property_settings = settings(max_examples=examples(60), deadline=None)


def now() -> float:
    return asyncio.get_running_loop().time()


def spawn(work: Any) -> "asyncio.Task[Any]":
    return asyncio.get_running_loop().create_task(work)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


latencies = st.tuples(st.floats(0, 90), st.floats(0, 90), st.sampled_from(["GET", "POST"]))


@given(st.integers(1, 8), st.integers(1, 6), st.lists(latencies, min_size=1, max_size=60))
@property_settings
def test_no_rolling_minute_holds_more_arrivals_than_the_budget(
    virtually: Any, budget: int, concurrency: int, calls: list[tuple[float, float, Any]]
) -> None:
    arrivals: list[float] = []
    inside = {"GET": 0, "POST": 0}

    async def call(limiter: RateLimiter, there: float, back: float, method: Any) -> None:
        await limiter.enter(method)
        inside[method] += 1
        assert inside[method] <= concurrency
        await asyncio.sleep(there)
        arrivals.append(now())
        await asyncio.sleep(back)
        inside[method] -= 1
        limiter.leave(method)

    async def main() -> float:
        limiter = RateLimiter(budget, concurrency)
        began = now()
        await asyncio.gather(*(call(limiter, *one) for one in calls))
        return now() - began

    took = virtually(main())
    arrivals.sort()
    for first, beyond in zip(arrivals, arrivals[budget:], strict=False):
        assert beyond - first >= 60.0 - 1e-6
    longest = max(there + back for there, back, _ in calls)
    rounds = -(-len(calls) // budget) + -(-len(calls) // min(concurrency, budget))
    assert took <= rounds * (longest + 60.0) + 1e-3


def test_a_budget_is_used_to_the_full(virtually: Any) -> None:
    async def main() -> float:
        limiter = RateLimiter(10, 50)
        began = now()

        async def call() -> None:
            await limiter.enter("POST")
            await asyncio.sleep(0.5)
            limiter.leave("POST")

        await asyncio.gather(*(call() for _ in range(35)))
        return now() - began

    assert virtually(main()) == pytest.approx(3 * 60.5 + 0.5, abs=0.01)


@pytest.mark.parametrize("even", [False, True])
def test_a_rate_counts_in_another_window_of_a_sandbox(virtually: Any, even: bool) -> None:
    settings = RunSettings(rate_per_minute=10, share=1.0, even_pacing=even, window_seconds=3.0)

    async def main() -> list[float]:
        limiter = RateLimiter.within(settings)
        assert limiter.seconds_for(31) == pytest.approx(9.0)
        arrived: list[float] = []

        async def call() -> None:
            await limiter.enter("POST")
            arrived.append(now())
            limiter.leave("POST")

        await asyncio.gather(*(call() for _ in range(31)))
        return arrived

    arrived = virtually(main())
    assert all(beyond - first >= 3.0 - 1e-6 for first, beyond in zip(arrived, arrived[10:], strict=False))
    assert arrived[-1] - arrived[0] == pytest.approx(9.0, abs=0.1)
    assert (settings.budget, settings.budget_per_minute) == (10, 200)


def test_even_pacing_spreads_requests_over_the_minute(virtually: Any) -> None:
    async def main() -> list[float]:
        limiter = RateLimiter(60, 50, even=True)
        assert limiter.free_slots() == 1
        left: list[float] = []

        async def call() -> None:
            await limiter.enter("POST")
            left.append(now())
            await asyncio.sleep(0.2)
            limiter.leave("POST")

        await asyncio.gather(*(call() for _ in range(180)))
        return left

    left = virtually(main())
    assert all(later - earlier >= 0.94 for earlier, later in pairwise(left))
    assert left[-1] - left[0] == pytest.approx(179.0, rel=0.01)


def test_even_pacing_without_a_budget_is_nothing(virtually: Any) -> None:
    async def main() -> float:
        limiter = RateLimiter.within(RunSettings(rate_per_minute=0, even_pacing=True))
        began = now()
        for _ in range(100):
            await limiter.enter("POST")
            limiter.leave("POST")
        return now() - began

    assert virtually(main()) == 0.0


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("seconds_a_look", [1e-5, 5e-5, 2e-4])
def test_who_waits_is_let_through_though_time_passes_between_two_looks_at_it(
    virtually: Any, even: bool, seconds_a_look: float
) -> None:
    """One caller, so that no other's answer wakes it: what was too early at one look is due at the next."""

    async def main() -> None:
        limiter = RateLimiter(20, 50, even=even)
        if not even:  # spread because of a refusal
            await limiter.enter("POST")
            limiter.leave("POST")
            limiter.throttled(1.0)
        for _ in range(200):
            await limiter.enter("POST")
            limiter.leave("POST")

    virtually(main(), seconds_a_look=seconds_a_look)


def test_without_a_budget_only_the_calls_at_once_are_bounded(virtually: Any) -> None:
    async def main() -> tuple[float, int | None]:
        limiter = RateLimiter(0, 4)
        began = now()

        async def call() -> None:
            await limiter.enter("POST")
            await asyncio.sleep(1)
            limiter.leave("POST")

        await asyncio.gather(*(call() for _ in range(40)))
        return now() - began, limiter.free_slots()

    took, free = virtually(main())
    assert took == pytest.approx(10, abs=0.01)
    assert free is None


def test_each_method_has_its_own_calls_at_once(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(0, 1)
        await limiter.enter("POST")
        await limiter.enter("GET")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.enter("GET"), 1)

    virtually(main())


@pytest.mark.parametrize(("concurrency", "posts", "gets"), [(10, 10, 10), (50, 50, 50), (100, 100, 50)])
def test_a_site_takes_fewer_gets_than_posts_at_once(virtually: Any, concurrency: int, posts: int, gets: int) -> None:
    async def main() -> dict[str, int]:
        limiter = RateLimiter(0, concurrency)
        most = {"POST": 0, "GET": 0}

        async def call(method: Any) -> None:
            await limiter.enter(method)
            most[method] = max(most[method], limiter.calls(method))
            await asyncio.sleep(1)
            limiter.leave(method)

        await asyncio.gather(*(call(method) for method in ("GET", "POST") for _ in range(300)))
        return most

    assert virtually(main()) == {"POST": posts, "GET": gets}


def test_get_goes_first(virtually: Any) -> None:
    async def main() -> list[str]:
        limiter = RateLimiter(1, 50)
        order: list[str] = []
        await limiter.enter("POST")

        async def call(method: Any) -> None:
            await limiter.enter(method)
            order.append(method)
            limiter.leave(method)

        calls = [spawn(call(method)) for method in ("POST", "POST", "GET")]
        await turns()
        assert limiter.waiting() == 3
        limiter.leave("POST")
        await asyncio.gather(*calls)
        return order

    assert virtually(main()) == ["GET", "POST", "POST"]


def test_a_pause_lets_nobody_through_and_ends(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(0, 9)
        began = now()
        limiter.pause(30)
        limiter.pause(5)  # a shorter one does not shorten it
        assert limiter.free_slots() == 0
        await asyncio.gather(limiter.enter("GET"), limiter.enter("POST"))
        assert now() - began == pytest.approx(30)
        assert limiter.freed.is_set()

    virtually(main())


def test_a_pause_wakes_also_when_nobody_waits(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(5, 9)
        limiter.pause(30)
        await asyncio.wait_for(limiter.freed.wait(), 31)
        assert limiter.free_slots() == 5

    virtually(main())


def test_who_gives_up_waiting_takes_no_slot(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(1, 9)
        await limiter.enter("POST")
        impatient, patient = spawn(limiter.enter("POST")), spawn(limiter.enter("POST"))
        await turns()
        impatient.cancel()
        limiter.leave("POST")
        await asyncio.wait_for(patient, 61)
        assert limiter.waiting() == 0

    virtually(main())


def test_who_is_cancelled_as_the_slot_comes_gives_it_back(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(0, 1)
        await limiter.enter("POST")
        unlucky, next_one = spawn(limiter.enter("POST")), spawn(limiter.enter("POST"))
        await turns()
        limiter.leave("POST")  # the slot is the unlucky one's now
        unlucky.cancel()
        await asyncio.wait_for(next_one, 1)

    virtually(main())


def test_closing_sends_everybody_away(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(1, 9)
        await limiter.enter("POST")
        waiting = [spawn(limiter.enter(method)) for method in ("GET", "POST", "POST")]
        await turns()
        waiting[2].cancel()
        limiter.close()
        first, second, third = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(first, GateClosed)
        assert isinstance(second, GateClosed)
        assert isinstance(third, asyncio.CancelledError)
        with pytest.raises(GateClosed):
            await limiter.enter("GET")
        limiter.leave("POST")  # an answer on its way comes in
        limiter.pause(10)
        limiter.close()

    virtually(main())


def test_free_slots_count_what_left_within_a_minute(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(3, 9)
        assert limiter.free_slots() == 3
        await limiter.enter("POST")
        assert limiter.free_slots() == 2
        limiter.leave("POST")
        assert limiter.free_slots() == 2
        await asyncio.sleep(59.9)
        assert limiter.free_slots() == 2
        await asyncio.sleep(0.2)
        assert limiter.free_slots() == 3

    virtually(main())


def test_asking_for_free_slots_keeps_nobody_waiting(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(1, 9)
        await limiter.enter("POST")
        limiter.leave("POST")
        waiting = spawn(limiter.enter("POST"))
        await turns()
        for _ in range(100):
            await asyncio.sleep(0.65)
            limiter.free_slots()
        assert waiting.done()

    virtually(main())


def test_without_a_limit_no_slot_is_remembered() -> None:
    async def main() -> None:
        limiter = RateLimiter(0, 4)
        for _ in range(3):
            await limiter.enter("POST")
            limiter.leave("POST")
        assert not limiter.changed.is_set() and not limiter._coming_back

    asyncio.run(main())


def test_who_remembers_the_slots_is_told_of_each_that_is_taken_and_each_that_comes_back() -> None:
    async def main() -> None:
        limiter = RateLimiter(60, 4)
        await limiter.enter("POST")
        assert limiter.changed.is_set()
        limiter.changed.clear()
        limiter.leave("POST")
        assert limiter.changed.is_set()

    asyncio.run(main())


@pytest.mark.parametrize("even", [False, True])
def test_how_long_so_many_requests_take_is_known_before(virtually: Any, even: bool) -> None:
    """Where each is answered at once, it is exactly so."""

    async def main() -> list[tuple[float, float]]:
        limiter = RateLimiter(6, 6, even=even)
        for _ in range(4):
            await limiter.enter("POST")
            limiter.leave("POST")
            await asyncio.sleep(2.5)
        began, said = now(), {count: limiter.seconds_for(count) for count in (1, 2, 3, 8, 14, 20)}
        took = {}
        for count in range(1, 21):
            await limiter.enter("POST")
            limiter.leave("POST")
            took[count] = now() - began
        return [(said[count], took[count]) for count in said]

    for said, took in virtually(main()):
        assert said <= took + 0.01
        assert took - said < (11 if even else 0.01)


def test_who_has_used_the_minute_knows_how_much_and_until_when(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(3, 3)
        assert limiter.used_up() == (0, 0.0)
        for _ in range(3):
            await limiter.enter("POST")
        assert limiter.used_up() == (0, 0.0), "none of them comes back yet"
        assert limiter.seconds_for(1) == 60.0
        limiter.leave("POST")
        await asyncio.sleep(20)
        assert limiter.used_up() == (3, 40.0)
        limiter.pause(7)
        assert limiter.paused_seconds() == 7.0
        await asyncio.sleep(41)
        assert (limiter.used_up(), limiter.paused_seconds()) == ((0, 0.0), 0.0)
        assert RateLimiter(0, 3).seconds_for(1_000_000) == 0.0

    virtually(main())


@pytest.mark.parametrize("even", [False, True])
def test_where_processes_share_the_budget_it_begins_with_its_part(virtually: Any, even: bool) -> None:
    async def main() -> None:
        limiter = RateLimiter(60, 50, even=even, held=0)
        assert limiter.free_slots() == 0
        assert limiter.used_up() == (60, None), "by others, and nobody knows for how long"
        assert limiter.seconds_for(61) >= 60.0, "as if it had all of it: it soon may"
        turn = asyncio.get_running_loop().create_task(limiter.enter("POST"))
        await asyncio.sleep(100)
        assert not turn.done()
        limiter.freed.clear()
        assert limiter.resize(2) == 2
        await turn
        assert limiter.freed.is_set()
        limiter.leave("POST")
        assert limiter.resize(0) == 1, "it is out until the site no longer counts it"
        await asyncio.sleep(59.9)
        assert limiter.resize(0) == 1
        await asyncio.sleep(0.1)
        assert limiter.resize(0) == 0
        assert limiter.free_slots() == 0

    virtually(main())


def test_whoever_waits_gets_no_slot_that_is_to_be_given_back(virtually: Any) -> None:
    async def main() -> None:
        limiter = RateLimiter(10, 50, held=4)
        for _ in range(4):
            await limiter.enter("POST")
        waiting = [asyncio.get_running_loop().create_task(limiter.enter("POST")) for _ in range(9)]
        assert limiter.resize(3) == 4
        for _ in range(4):
            limiter.leave("POST")
        await asyncio.sleep(61)
        assert sum(turn.done() for turn in waiting) == 3
        assert limiter.resize(3) == 3
        limiter.resize(5)
        await asyncio.sleep(0)
        assert sum(turn.done() for turn in waiting) == 5
        limiter.close()
        await asyncio.gather(*waiting, return_exceptions=True)

    virtually(main())
