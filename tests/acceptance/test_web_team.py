"""Promise: on a team's ledger what the page sends is shared with its workers, and several pages are one."""

from pathlib import Path

import pytest

from tests.acceptance.harness import Site, each_once, finish, payout, write_csv
from tests.acceptance.team import QUICK, Colleague
from tests.acceptance.visitor import Web

pytestmark = pytest.mark.postgres
SITE = {"CHARGEBEE_SITE": "acme-test", "BATCH_CREDITS_CONCURRENCY": "2"}


def test_two_pages_and_a_worker_pay_two_files_once(tmp_path: Path, postgres_url: str) -> None:
    with Site("--faults", "latency_ms=25") as site:
        for name in ("ada", "ben"):
            (tmp_path / name).mkdir()
        ada, ben = (Colleague(tmp_path / name, site.url, {**QUICK, **SITE}, postgres_url) for name in ("ada", "ben"))
        with (
            Web(ada, "--uploads", tmp_path / "uploads", actor="Ada") as one,
            Web(ben, "--uploads", tmp_path / "uploads", actor="Ben") as other,
        ):
            worker = ben.work("--concurrency", 2)
            visitors = one.visitor(), other.visitor()
            files = [write_csv(tmp_path / f"{name}.csv", payout(name, 120)) for name in ("first", "second")]
            checks = [visitor.upload(file) for visitor, file in zip(visitors, files, strict=True)]
            runs = [v.send(check, "send", confirm="120") for v, check in zip(visitors, checks, strict=True)]
            assert [run.page for run in runs] == ["run", "run"]
            seen = visitors[1].get(runs[0].path)  # what the other page has begun
            assert seen.page in ("run", "result")
            for visitor, run in zip(visitors, runs, strict=True):
                assert visitor.result(run).count("credited") == 120
            assert len(visitors[0].get("/").all("[data-batch]")) == 2
            worker.terminate()
            assert finish(worker).code == 0
        assert site.times() == each_once([*payout("first", 120), *payout("second", 120)])


def test_what_waits_for_a_worker_is_not_called_stopped(tmp_path: Path, postgres_url: str) -> None:
    file = write_csv(tmp_path / "left.csv", payout("c", 40))
    with Site() as site:
        ada = Colleague(tmp_path, site.url, {**QUICK, **SITE}, postgres_url)
        ada("run", file, "--yes", "--detach").exited(0)
        with Web(ada, "--uploads", tmp_path / "uploads") as web:
            visitor = web.visitor()
            listed = visitor.get("/?state=waits+for+a+worker")
            [batch] = [each["data-batch"] for each in listed.all("[data-batch]")]
            waits = visitor.get(f"/batches/{batch}")
            assert "Not at its end yet: 0 of 40 rows credited" in waits.text and "Stopped" not in waits.text
            assert "Whoever works for the site goes on with it" in waits.text
            waits = visitor.upload(file)
            assert visitor.result(visitor.send(waits, "send", confirm="40")).count("credited") == 40
        assert site.posts == 40
