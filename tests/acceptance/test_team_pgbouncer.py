"""Promise: by a pool of PgBouncer's that gives each client a session of its own all goes as without; by another one
nothing is done, and it is said why. Where PgBouncer is installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Site, each_once, finish, payout, wait_until, write_csv
from tests.acceptance.team import QUICK, Colleague
from tests.servers.pgbouncer import pgbouncer, program
from tests.servers.postgres import Server

pytestmark = [pytest.mark.postgres, pytest.mark.skipif(program() is None, reason="PgBouncer is not installed")]
ROWS = payout("pooled", 300)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site("--faults", "latency_ms=20") as started:
        yield started


@pytest.fixture
def ana(tmp_path: Path, site: Site) -> Colleague:
    return Colleague(tmp_path, site.url, {**QUICK, "CHARGEBEE_SITE": "acme-test"})


def by(port: int, url: str) -> str:
    """A ledger's address by way of a pooler."""
    return f"postgresql://postgres@127.0.0.1:{port}/{url.rpartition('/')[2]}"


def test_a_pool_of_sessions_is_as_good_as_none(
    ana: Colleague, site: Site, postgres: Server, postgres_url: str
) -> None:
    """Also for a team, of which one is killed while it sends."""
    file = write_csv(ana.folder / "payout.csv", ROWS)
    with pgbouncer(postgres.port, pool_mode="session", default_pool_size=40) as port:
        ana.where = by(port, postgres_url)
        lost = ana.work("--concurrency", 2)
        ana.run(file, "--detach").exited(0)
        wait_until(lambda: len(site.times()) > 10)
        lost.kill()
        ana.run(file).exited(0)
        stands = ana("status").exited(0)
        finish(lost)
    assert site.times() == each_once(ROWS)
    assert "credited 300" in " ".join(stands.said.split())


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_another_pool_is_refused(
    mode: str, ana: Colleague, site: Site, postgres: Server, postgres_url: str
) -> None:
    file = write_csv(ana.folder / "payout.csv", ROWS)
    with pgbouncer(postgres.port, pool_mode=mode, default_pool_size=40) as port:
        ana.where = by(port, postgres_url)
        for said in (ana.run(file), ana.work_until_idle(), ana("status"), ana("report", "0" * 8)):
            assert said.code == 2, said.said
            assert "pool_mode = session" in " ".join(said.said.split()), said.said
            assert "Traceback" not in said.said
    assert site.times() == {}
    ask = "SELECT 1 FROM pg_namespace WHERE nspname = 'batch_credits'"
    assert postgres.tell(ask, postgres_url.rpartition("/")[2]) == []


@pytest.mark.parametrize(("sessions", "code"), [(1, 2), (3, 4)])
def test_a_pool_too_small_for_one_process_is_said(
    sessions: int, code: int, ana: Colleague, site: Site, postgres: Server, postgres_url: str
) -> None:
    """Whoever waits for a session that the same process has waits in vain: as it opens the ledger, or as it begins."""
    file = write_csv(ana.folder / "payout.csv", ROWS[:5])
    with pgbouncer(postgres.port, pool_mode="session", default_pool_size=sessions) as port:
        ana.where = by(port, postgres_url)
        said = ana.run(file).exited(code)
        assert "no session left in its pool" in " ".join(said.said.split()), said.said
        assert site.times() == {}
    ana.where = postgres_url
    ana.run(file).exited(0)
    assert site.times() == each_once(ROWS[:5])
