"""The queue of a team over a real PostgreSQL: its tables are made once, its jobs done once, and nobody's are lost."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException

from batch_credits.errors import LedgerError, LedgerVersion
from batch_credits.ledger import Ledger, Part
from batch_credits.model.address import place
from batch_credits.sending.queue.jobs import Job, Jobs, _quiet_about_lost_jobs, prepare

LEASE = 0.6
HALVES = [Part(0, 2), Part(1, 2)]


@pytest.fixture
def queue_url(postgres_url: str) -> str:
    """A database with a ledger, beside which the queue lies."""
    Ledger.open(place(postgres_url)).close()
    return postgres_url


def told(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO batch_credits")
        connection.execute(statement.encode())


def with_jobs(url: str, act: Callable[[Jobs], Awaitable[None]], site_id: int = 1) -> None:
    async def main() -> None:
        async with Jobs.opened(url, site_id, LEASE) as jobs:
            await act(jobs)

    asyncio.run(main())


def test_the_tables_are_made_once_also_by_several_at_once(queue_url: str) -> None:
    async def main() -> None:
        await asyncio.gather(*(prepare(queue_url) for _ in range(4)))
        await prepare(queue_url)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("mark", "said"),
    [("'batch-credits: procrastinate as of 99.00.00_01_pre_x.sql'", "later"), ("NULL", "did not make")],
    ids=["later", "somebody else's"],
)
def test_tables_of_another_make_are_refused(queue_url: str, mark: str, said: str) -> None:
    asyncio.run(prepare(queue_url))
    told(queue_url, f"COMMENT ON TABLE procrastinate_jobs IS {mark}")
    with pytest.raises(LedgerVersion, match=said):
        asyncio.run(prepare(queue_url))


def test_a_database_that_is_not_there_is_named_without_a_traceback() -> None:
    with pytest.raises(LedgerError, match="queue failed"):
        asyncio.run(prepare("postgresql://postgres@127.0.0.1:1/nowhere"))


def test_what_others_have_set_as_a_default_changes_nothing(queue_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """procrastinate's own tables hold a dash that Latin-1 has not, and SQL_ASCII gives bytes for texts."""
    name = queue_url.rpartition("/")[2]
    for setting, value in (
        ("client_encoding", "SQL_ASCII"), ("default_transaction_isolation", "serializable"),
        ("idle_session_timeout", "100ms"), ("idle_in_transaction_session_timeout", "100ms"),
        ("lock_timeout", "1ms"), ("statement_timeout", "900ms"),
    ):  # fmt: skip
        told(queue_url, f"ALTER DATABASE {name} SET {setting} = '{value}'")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")

    async def act(jobs: Jobs) -> None:
        await jobs.enqueue(7, Part(0, 1))
        await asyncio.sleep(0.3)
        assert await jobs.left(7) == [Job(7, Part(0, 1))]
        async with jobs._app.connector.pool.connection() as connection:  # type: ignore[attr-defined]
            for setting, value in (("transaction_isolation", "read committed"), ("client_encoding", "UTF8"),
                                   ("statement_timeout", "0"), ("idle_session_timeout", "0")):  # fmt: skip
                shown = await (await connection.execute(f"SHOW {setting}")).fetchone()
                assert shown[0] == value

    with_jobs(queue_url, act)


def test_a_job_waits_once_and_comes_again_where_it_must(queue_url: str) -> None:
    done: list[Job] = []

    async def do(job: Job) -> bool:
        done.append(job)
        return len(done) == 1

    async def act(jobs: Jobs) -> None:
        for part in HALVES * 2:
            await jobs.enqueue(7, part)
        assert await jobs.left(7) == [Job(7, part) for part in HALVES]
        assert await jobs.batches() == [7]
        await jobs.work(do, [7], asyncio.Event())
        assert await jobs.left(7) == []

    with_jobs(queue_url, act)
    assert done == [Job(7, HALVES[0]), Job(7, HALVES[1]), Job(7, HALVES[0])]


def test_a_site_sees_its_own_jobs_alone(queue_url: str) -> None:
    async def enqueue(jobs: Jobs) -> None:
        await jobs.enqueue(7, Part())

    async def see(jobs: Jobs) -> None:
        assert await jobs.batches() == []

    with_jobs(queue_url, enqueue)
    with_jobs(queue_url, see, site_id=2)


def test_a_job_does_not_wait_behind_that_of_another_batch(queue_url: str) -> None:
    """Which may have been detached, or its run interrupted: then nobody does it."""
    done: list[Job] = []

    async def do(job: Job) -> bool:
        done.append(job)
        return False

    async def act(jobs: Jobs) -> None:
        await jobs.enqueue(7, Part())
        await jobs.enqueue(8, Part())
        await jobs.work(do, [8], asyncio.Event())
        assert done == [Job(8, Part())]
        assert await jobs.batches() == [7]

    with_jobs(queue_url, act)


def test_with_enough_the_job_in_hand_is_ended_and_no_other_begun(queue_url: str) -> None:
    async def act(jobs: Jobs) -> None:
        enough, done = asyncio.Event(), list[Job]()

        async def do(job: Job) -> bool:
            enough.set()
            await asyncio.sleep(0.1)
            done.append(job)
            return True

        for part in HALVES:
            await jobs.enqueue(7, part)
        await jobs.work(do, [7], enough)
        assert done == [Job(7, HALVES[0])]
        assert sorted(job.part.number for job in await jobs.left(7)) == [0, 1]

    with_jobs(queue_url, act)


def test_the_job_of_a_silent_worker_is_given_to_another(queue_url: str) -> None:
    async def act(jobs: Jobs) -> None:
        await jobs.enqueue(7, Part())
        told(queue_url, "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
        told(queue_url, "UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1")
        assert await jobs.batches(waiting=True) == []
        await asyncio.gather(jobs.sweep(), jobs.sweep())
        assert await jobs.batches(waiting=True) == [7]
        assert await jobs.left(7) == [Job(7, Part())]

    with_jobs(queue_url, act)


def test_what_goes_wrong_beside_the_jobs_is_told_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """But for a job that another has ended meanwhile, which is no news."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        with _quiet_about_lost_jobs():
            loop.call_exception_handler({"message": "of a bug", "exception": ZeroDivisionError("divided")})
            loop.call_exception_handler({"message": "of a job", "exception": ConnectorException()})

    asyncio.run(main())
    assert "of a bug" in caplog.text and "divided" in caplog.text
    assert "of a job" not in caplog.text and "NotImplementedError" not in caplog.text
