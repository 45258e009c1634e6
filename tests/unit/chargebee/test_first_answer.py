"""When a run may say that its site is not there: never while anything of Chargebee's own came."""

import asyncio
from typing import Any

import pytest

from batch_credits.chargebee.first_answer import FirstAnswer
from batch_credits.errors import SiteBlocked
from batch_credits.protocol import Blocked, NoAnswer, NotSent, Refused, Throttled, Unavailable, Verdict

DOWN = NotSent("the name acme.chargebee.com cannot be resolved")


@pytest.mark.parametrize(
    ("story", "missed", "after"),
    [
        # (seconds since the first call, what came): the trouble that is told, and when
        ([(0.1, DOWN), (3.0, NotSent("refused"))], "refused", 20.0),
        ([(0.1, NoAnswer("HTTP 404 without a readable answer"))], "HTTP 404 without a readable answer", 20.0),
        ([(80.0, NoAnswer("no answer in time"))], "no answer in time", 80.0),  # what is on its way is waited for
        ([(0.1, DOWN), (19.0, Refused("resource_not_found", "no", 404))], None, 19.0),
        ([(0.1, DOWN), (5.0, Throttled("api_request_limit_exceeded", "wait"))], None, 5.0),
        ([(0.1, Unavailable("site_read_only_mode", "read-only"))], None, 0.1),
        ([(0.1, DOWN), (1.0, Blocked(SiteBlocked("no"), is_proof=True)), (90.0, DOWN)], DOWN.reason, 20.0),
    ],
)
def test_a_site_that_was_never_heard_of_is_given_up(
    virtually: Any, story: list[tuple[float, Verdict]], missed: str | None, after: float
) -> None:
    async def main() -> tuple[str | None, float]:
        first, loop = FirstAnswer(), asyncio.get_running_loop()
        watching = loop.create_task(first.missed(20.0))
        await asyncio.sleep(500)  # nobody was asked yet: the limit may hold the first call back for long
        assert not watching.done()
        first.is_asked_for()
        began = loop.time()
        for seconds, verdict in story:
            loop.call_later(seconds, first.follow, verdict)
        return await watching, loop.time() - began

    found, took = virtually(main())
    assert found == missed
    assert took == pytest.approx(after, abs=0.01)
