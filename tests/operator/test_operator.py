"""A bounded share of `make operator` for every test run, and mutants that its judge must catch."""

import base64
import re
import socket
import threading
import time

import pytest

from tests.operator.histories import WEIGHTS, play
from tests.operator.mutants import MUTANTS, Mutant
from tests.operator.world import open_sites

pytestmark = pytest.mark.filterwarnings(  # Ctrl-C between opening a file and minding it leaves it to the collector
    "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
)
HISTORIES = 12
SHARE = 3  # of them, with every `make test`; the others are slow
BOUND = 60  # histories within which a mutant must be caught


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed >= SHARE else []) for seed in range(HISTORIES)]
)
def test_no_history_sees_harm(seed: int) -> None:
    played = play(seed)
    assert not played.harms, "\n".join(
        (f"python -m tests.operator.histories --replay {seed}", *played.harms, *played.log)
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_judge_catches(mutant: Mutant) -> None:
    for seed in range(mutant.first_seed, mutant.first_seed + BOUND):
        with mutant.applied():
            harms = play(seed).harms
        if any(re.search(mutant.harm, harm) for harm in harms):
            return
        assert not harms, f"seed {seed} sees another harm than that of {mutant.name!r}: {harms}"
    pytest.fail(f"{mutant.name!r} was not caught in {BOUND} histories")


@pytest.mark.parametrize("faults", ["", "late=1,late_seconds=0.05", "list_lag_seconds=0.1", "error_after=1"])
def test_a_look_is_answered_after_what_came_before_it_however_busy_the_site_is(faults: str) -> None:
    """Or a machine that does other things could make a history see harm that no quarantine is about."""
    login = base64.b64encode(b"k:").decode()
    form = b"customer_id=c-1&amount=100&currency_code=USD&description=d&reference=r"
    common = f"HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {login}\r\nConnection: close\r\n"
    post = f"POST /api/v2/promotional_credits/add {common}Content-Type: application/x-www-form-urlencoded\r\n"
    look = f"GET /api/v2/promotional_credits?customer_id%5Bis%5D=c-1 {common}\r\n"
    is_busy, is_sent = threading.Event(), threading.Event()

    def be_busy() -> None:
        is_busy.set()
        is_sent.wait(60)
        time.sleep(0.2)

    with open_sites("", 1) as [place, _]:
        place.misbehave(faults)
        assert place.loop is not None
        place.loop.call_soon_threadsafe(be_busy)
        is_busy.wait(60)
        address = ("127.0.0.1", int(place.sandbox.base_url.rpartition(":")[2]))
        with socket.create_connection(address, 60) as sending, socket.create_connection(address, 60) as looking:
            looking.sendall(look.encode())
            sending.sendall(f"{post}Content-Length: {len(form)}\r\n\r\n".encode() + form)
            is_sent.set()
            with looking.makefile("rb") as answer:
                assert b'"customer_id":"c-1"' in answer.read()
        place.rest()
        assert len(place.ours()) == 1


def test_none_is_missing() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == 9
    assert len(WEIGHTS) == 34
