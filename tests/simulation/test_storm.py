"""A share of the storm with every test run; `make storm` plays as many as you like."""

import asyncio

import pytest

from tests.simulation import storm
from tests.simulation.judge import Judge
from tests.simulation.schedule import draw
from tests.simulation.virtual_time import Hung, VirtualLoop
from tests.simulation.world import play

SEEDS, SEEDS_AT_ONCE = 600, 50
SHARE = 50  # of the seeds, with every `make test`; the others are slow


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(start, marks=[pytest.mark.slow] if start >= SHARE else [])
        for start in range(0, SEEDS, SEEDS_AT_ONCE)
    ],
)
def test_nothing_is_paid_twice_or_lost(start: int) -> None:
    tally = storm.play_seeds(range(start, start + SEEDS_AT_ONCE))
    replays = [f"{kind}: {what}\n  {storm.REPLAY} {seed}" for seed, (kind, what) in tally.failures]
    assert not replays, "\n".join(replays)
    assert tally.rows["credited"] > 150


def test_a_seed_replays_event_by_event() -> None:
    for seed in (7, 21, 314):
        first: list[str] = []
        second: list[str] = []
        play(draw(seed), first.append)
        play(draw(seed), second.append)
        assert first == second
        assert len(first) > 5


CORNERS = (
    "DIES before a commit",
    "DIES after a commit",
    "DIES before POST",
    "DIES after the send",
    "DIES after the answer",
    "DIES after a GET",
    "fault late",
    "fault lost_before",
    "fault error_after",
    "replayed",
    "found by a look",
    "witnessed absent",
    "Sending is paused",
    "of the pilot yet; next look",
    "the pilot does not agree",
    "AN OLD COPY OF THE LEDGER",
    "RUN of the reversal",
    "POST deduct",
    "site: APPLIED deduct",
    "sim: param_wrong_value",
    "fault proxy_after",
    "fault page_circles",
    "THE MACHINE SLEEPS",
    "reconciled:",
    "which belongs to no row",
    "it was answered with another credit",
    "business_entity_id=emea",
)


def test_the_storm_reaches_every_corner() -> None:
    """A storm that never crashes, loses or doubts anything would always pass."""
    corners, reviews = {*CORNERS}, {"deleted", "unwitnessed", "lagging", "named", "unattributed"}
    for seed in range(2000, 2150):
        events: list[str] = []
        reviews -= play(draw(seed), events.append).reviews.keys()
        text = "\n".join(events)
        corners = {corner for corner in corners if corner not in text}
        if not corners and not reviews:
            return
    pytest.fail(f"not reached: {corners | reviews}")


def test_the_judge_sees_a_double_and_a_loss() -> None:
    class Tampered(Judge):
        def judge(self) -> None:
            first, *rest = [c for c in self._world.site.credits if not c.is_foreign]
            self._world.site.credits.append(first)
            for credit in rest:
                self._world.site.credits.remove(credit)
            super().judge()

    seed = next(seed for seed in range(100) if play(draw(seed)).credits > 2)
    assert {"double", "lost"} <= play(draw(seed), judge=Tampered).kinds


def test_a_failing_seed_is_named_with_its_replay(capsys: pytest.CaptureFixture[str]) -> None:
    part = storm.Tally(1, failures=[(4711, ("double", "c1 was credited twice"))])
    storm.show_failures(part, shown=0)
    out = capsys.readouterr().out
    assert "seed 4711: double: c1 was credited twice" in out
    assert "python -m tests.simulation.storm --replay 4711" in out


def test_the_command_counts_and_replays(capsys: pytest.CaptureFixture[str]) -> None:
    assert storm.main(["--seeds", "20", "--jobs", "1"]) == 0
    said = capsys.readouterr().out
    assert "20 schedules" in said
    assert "a second, 0 failed" in said
    assert storm.main(["--replay", "3"]) == 0


def test_time_jumps_and_a_loop_without_a_future_hangs() -> None:
    loop = VirtualLoop(5.0)
    never: asyncio.Future[None] = loop.create_future()
    loop.run_while(asyncio.sleep(86_400.0), never)
    assert 86_405.0 <= loop.time() < 86_405.1
    with pytest.raises(Hung, match="nothing is scheduled"):
        loop.run_while(asyncio.wait_for(never, None), loop.create_future())
    loop.bury()
