"""How a run in several processes ended, of what each of them says."""

import asyncio
from typing import Any

import orjson
import pytest

from batch_credits.errors import (
    AnsweredForAnother,
    DoubleCreditAlarm,
    Interrupted,
    KeyRefused,
    LedgerError,
    Outage,
    RunStopped,
)
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.processes import Shards
from batch_credits.sending.session import Issued
from batch_credits.worker_pool import Counts

PERSON, OTHER_PERSON = AnsweredForAnother("not ours", hint="look"), DoubleCreditAlarm("two of them")
ENOUGH, REFUSED, OUTAGE = Interrupted("interrupted"), KeyRefused("no such key"), Outage("it is away")


class Process:
    """One that has said this, and ended."""

    returncode = 0

    def __init__(self, ending: dict[str, Any]) -> None:
        self.ending = ending
        self.stdin = None


def ending(why: RunStopped | None = None, error: str | None = None) -> dict[str, Any]:
    return {
        "error": None if error is None else [error, ""],
        "requests": 10,
        "throttled": 1,
        "retries": 2,
        "failures": 3,
        "stopped": None if why is None else [type(why).__name__, why.message, why.hint],
    }


def joined(*endings: dict[str, Any], told: RunStopped | None = None) -> Issued:
    """How it went, where the run itself was `told` to stop before."""

    async def main() -> Issued:
        shards = Shards([], SilentProgress())
        if told is not None:
            shards._stop(told)
        followed = []
        for each in endings:
            process: Any = Process(each)
            process.stdout = asyncio.StreamReader()
            process.stdout.feed_data(orjson.dumps({"ended": each}) + b"\n")
            process.stdout.feed_eof()
            followed.append(await shards._follow(process))
        return shards._joined(followed)

    return asyncio.run(main())


def test_what_they_counted_is_added_up() -> None:
    assert joined(ending(), ending()) == Issued(Counts(throttled=2, retries=4, failures=6), 20, None)


@pytest.mark.parametrize(
    ("told", "ends", "why"),
    [
        (None, [ENOUGH, None], ENOUGH),
        (None, [ENOUGH, REFUSED], REFUSED),  # which stopped the other
        (ENOUGH, [OUTAGE, ENOUGH], OUTAGE),
        (None, [REFUSED, OUTAGE], REFUSED),
        (None, [REFUSED, PERSON], PERSON),
        (ENOUGH, [ENOUGH, PERSON], PERSON),
        (ENOUGH, [REFUSED, OTHER_PERSON, PERSON], OTHER_PERSON),
    ],
    ids=repr,
)
def test_what_a_person_must_look_at_is_told_whatever_stopped_the_others(
    told: RunStopped | None, ends: list[RunStopped | None], why: RunStopped
) -> None:
    found = joined(*map(ending, ends), told=told).stopped
    assert found is not None
    assert (type(found), found.message, found.hint) == (type(why), why.message, why.hint)


def test_a_ledger_that_failed_in_one_of_them_ends_the_run() -> None:
    with pytest.raises(LedgerError, match="disk full"):
        joined(ending(PERSON), ending(error="disk full"))
