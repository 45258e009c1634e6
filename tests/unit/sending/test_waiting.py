"""What is said to be waited for."""

from types import SimpleNamespace
from typing import Any, cast

from batch_credits.progress.waiting import Waiting
from batch_credits.sending.waiting import SILENT_SECONDS, Waits
from tests.each import each

PAUSE = Waiting("Chargebee told us to wait", 3.0)


def waits(
    calls: int = 0,
    doubts: int = 0,
    waiting: Waiting | None = None,
    stopping: bool = False,
    used_up: tuple[int, float | None] = (0, 0.0),
) -> tuple[Waits, Any]:
    limiter = SimpleNamespace(
        answers=0, calls=lambda method: calls if method == "POST" else 0, used_up=lambda: used_up
    )
    pool = SimpleNamespace(stopping=stopping, waiting=lambda: waiting, doubts_left=lambda: doubts)
    settler = SimpleNamespace(seconds_to_look=lambda: 7.0)
    session = SimpleNamespace(limiter=limiter)
    return Waits(cast(Any, session), cast(Any, pool), cast(Any, settler), 100.0), limiter


@each(
    "state, waiting",
    [
        ({}, None),
        ({"calls": 3}, None),
        ({"calls": 3, "waiting": PAUSE}, PAUSE),
        ({"doubts": 1}, Waiting("1 row in doubt is asked about again", 7.0)),
        ({"doubts": 2_000}, Waiting("2,000 rows in doubt are asked about again", 7.0)),
        ({"doubts": 1, "used_up": (150, 41.0)}, Waiting("1 row in doubt is asked about again", 41.0)),
        ({"doubts": 1, "used_up": (150, 2.0)}, Waiting("1 row in doubt is asked about again", 7.0)),
        ({"doubts": 1, "used_up": (150, None)}, Waiting("1 row in doubt is asked about again", None)),
        ({"calls": 1, "stopping": True, "waiting": PAUSE}, Waiting("the answer to 1 request")),
        ({"stopping": True, "doubts": 4}, None),
    ],
)
def test_what_is_waited_for(state: dict[str, Any], waiting: Waiting | None) -> None:
    assert waits(**state)[0].at(100.5) == waiting


def test_silence_is_said_after_a_while_and_until_the_next_answer() -> None:
    found, limiter = waits(calls=40)
    assert found.at(100.0 + SILENT_SECONDS - 0.1) is None
    assert found.at(100.0 + SILENT_SECONDS) == Waiting("the answers to 40 requests")
    limiter.answers += 1
    assert found.at(106.0) is None
    assert found.at(106.0 + SILENT_SECONDS) == Waiting("the answers to 40 requests")
