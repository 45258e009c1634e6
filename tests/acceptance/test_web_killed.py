"""Promise: the server may die at any moment, with nobody watching: what was begun goes on, and what was not is not."""

import random
import time
from pathlib import Path

import pytest

from tests.acceptance.harness import Command, Site, each_once, payout, write_csv
from tests.acceptance.visitor import Shown, Visitor, Web

IN_TESTS = 1
SEEDS = [pytest.param(seed, marks=[] if seed < IN_TESTS else [pytest.mark.slow]) for seed in range(20)]
LIVES = 4  # of the server, for one file


def go_on(visitor: Visitor, page: Shown) -> Shown:
    """Do what the page is for: send what was checked, or the rest."""
    if page.has('form[data-action="send"]'):
        return visitor.send(page, "send", confirm=str(page.count("pending") or page.count("in_doubt")))
    return page


@pytest.mark.parametrize("seed", SEEDS)
def test_the_server_is_killed_again_and_again(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rows = payout("c", 80)
    file = write_csv(tmp_path / "loyalty.csv", rows)
    with Site("--faults", f"latency_ms=20{',keys_forget=1' if seed % 2 else ''}") as site:
        command = Command(tmp_path, site.url, {"BATCH_CREDITS_CONCURRENCY": "2", "BATCH_CREDITS_QUARANTINE": "1"})
        path = ""
        for _ in range(LIVES):
            web = Web(command)
            visitor = web.visitor()
            page = visitor.get(path) if path else visitor.upload(file)
            path = page.path
            if chance.random() < 0.7:
                page = go_on(visitor, page)
                path = page.path
            time.sleep(chance.random() * 0.8)
            web.kill()
        with Web(command) as web:
            visitor = web.visitor()
            assert len(visitor.get("/").all("[data-batch]")) == 1
            page = visitor.until(path, lambda shown: shown.page != "run" and not shown.has("main[aria-busy]"))
            while page.has('form[data-action="send"]'):
                page = visitor.result(go_on(visitor, page))
            assert (page.page, page.count("credited"), page.count("pending")) == ("result", 80, 0)
        assert site.times() == each_once(rows)
