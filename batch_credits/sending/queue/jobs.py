"""The jobs of one site: each is "send what a batch owes to a part of the customers".

    async with Jobs.opened(url, site_id, lease_seconds) as jobs:
        await jobs.enqueue(batch_id, part)       once, however often it is said, until somebody takes it
        await jobs.work(do, batch_id)            do what waits, one after the other, until nothing does
        await jobs.sweep()                       give the jobs of workers that fell silent to others

procrastinate gives liveness, not exclusivity: whoever has a job has no right to send. That is the ledger's claim alone,
and a job whose part cannot be claimed yet comes again. Two jobs of one batch and part never run at once, as far as
procrastinate knows. Those of two batches may: behind a lock for both, the jobs of a run would wait for those of a batch
that was detached, or whose run was interrupted, and which nobody does.

Nothing is scheduled for later: procrastinate computes that time by the clock of the machine that says so, and compares
it with the database's.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import procrastinate
import psycopg
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as Row
from procrastinate.jobs import Status
from procrastinate.worker import Worker
from psycopg.abc import RV, PQGen
from psycopg.waiting import wait_async
from psycopg_pool import AsyncConnectionPool

from batch_credits.errors import LedgerError
from batch_credits.ledger import Part
from batch_credits.ledger.engines.postgres.connection import ENCODING, IN_PLACE_OF_DEFAULTS
from batch_credits.ledger.engines.postgres.store import SCHEMA
from batch_credits.sending.queue.schema import bring_up_to_date

BEATS = 3  # of a worker's heart within one lease: two may be missed
_TASK = "send"
_WAIT_SECONDS = 3.0  # for a connection
_SILENCE_SECONDS = 3.0  # of a server that has been asked something
_KEPT: dict[str, Any] = {  # a connection that is cut is noticed, also where nobody says so
    "application_name": "batch-credits", "connect_timeout": 3, "tcp_user_timeout": 10_000,
    "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "client_encoding": ENCODING,
}  # fmt: skip
_NEVER = 86_400.0  # nobody asks a job to be aborted


@dataclass(frozen=True, slots=True)
class Job:
    """Send what a batch owes to a part of its site's customers."""

    batch_id: int
    part: Part


# Does a job. Returns whether it has to come again.
Do = Callable[[Job], Awaitable[bool]]


class Jobs:
    """The jobs of one site, in the database of its ledger. Every verb raises `LedgerError` where that fails."""

    def __init__(self, app: procrastinate.App, site_id: int, lease_seconds: float) -> None:
        self._app = app
        self._manager = app.job_manager
        self._prefix = f"site-{site_id}-batch-"
        self._lease_seconds = lease_seconds
        self._do: Do | None = None
        app.task(name=_TASK)(self._send)

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, site_id: int, lease_seconds: float) -> AsyncIterator[Self]:
        """The jobs of this site, until the end of the block. `url` has no password: libpq finds it."""
        for name in ("procrastinate", "psycopg"):  # which would say on the screen what is said here in one sentence
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
        app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        pool = AsyncConnectionPool(
            url,
            connection_class=_Connection,
            min_size=2,
            max_size=2,
            timeout=_WAIT_SECONDS,
            reconnect_timeout=_WAIT_SECONDS,
            kwargs=_KEPT,
            configure=_configure,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )
        try:
            await prepare(url)
            with _translated():
                await pool.open(wait=True, timeout=_WAIT_SECONDS)
            await app.open_async(pool)
            yield cls(app, site_id, lease_seconds)
        finally:
            await pool.close(timeout=_WAIT_SECONDS)

    async def enqueue(self, batch_id: int, part: Part) -> None:
        """Have a job done by whoever is free; nothing where it waits already."""
        each = f"batch-{batch_id} {part.number}/{part.of}"
        task = self._app.configure_task(
            _TASK,
            queue=f"{self._prefix}{batch_id}",
            lock=each,
            queueing_lock=each,
        )
        with _translated(), suppress(AlreadyEnqueued):
            await task.defer_async(batch=batch_id, number=part.number, of=part.of)

    async def left(self, batch_id: int) -> list[Job]:
        """The jobs of a batch that wait, or are in somebody's hands."""
        with _translated():
            rows = await self._manager.list_jobs_async(queue=f"{self._prefix}{batch_id}")
        return [_job(row) for row in rows]

    async def batches(self, *, waiting: bool = False) -> list[int]:
        """The batches that have jobs, or jobs that wait for somebody; those first whose jobs came first."""
        with _translated():
            rows = await self._manager.list_jobs_async(status=Status.TODO.value if waiting else None)
        return list(dict.fromkeys(_job(row).batch_id for row in rows if row.queue.startswith(self._prefix)))

    async def work(self, do: Do, batches: list[int], enough: asyncio.Event) -> None:
        """Do the jobs of these batches that wait, one after the other, until there are none. With `enough` it takes no
        more, and ends with the one in hand.

        It is never cancelled: what waits for a connection of the pool may not notice.
        """
        self._do = do
        worker = Worker(
            app=self._app,
            queues=[f"{self._prefix}{batch_id}" for batch_id in batches],
            wait=False,
            concurrency=1,
            listen_notify=False,
            delete_jobs="always",  # the ledger knows what came of it
            install_signal_handlers=False,
            update_heartbeat_interval=self._lease_seconds / BEATS,
            stalled_worker_timeout=self._lease_seconds,
            abort_job_polling_interval=_NEVER,
        )

        async def stop() -> None:
            await enough.wait()
            worker.stop()  # type: ignore[no-untyped-call]

        stopping = asyncio.create_task(stop())
        try:
            with _translated(), _quiet_about_lost_jobs():
                await worker.run()  # type: ignore[no-untyped-call]
        finally:
            stopping.cancel()

    async def sweep(self) -> None:
        """Enqueue the jobs anew of workers that have not been heard of for a lease, and end what they had in hand."""
        with _translated():
            stalled = await self._manager.get_stalled_jobs(seconds_since_heartbeat=self._lease_seconds)
            for row in stalled:
                if row.queue.startswith(self._prefix) and row.id is not None:
                    job = _job(row)
                    await self.enqueue(job.batch_id, job.part)
                    with suppress(ConnectorException):  # it has ended meanwhile, by its worker's hand or another's
                        await self._manager.finish_job_by_id_async(row.id, Status.FAILED, delete_job=True)

    async def _send(self, batch: int, number: int, of: int) -> None:
        assert self._do is not None
        job = Job(batch, Part(number, of))
        if await self._do(job):
            await self.enqueue(job.batch_id, job.part)


class _Connection(psycopg.AsyncConnection[Any]):
    """A connection that waits for no server that is silent: all that is asked of it is short."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for an answer, for so long. Who is cancelled meanwhile leaves no connection that anybody could use.

        Raises:
            OperationalError: there is none.
        """
        answer = wait_async(gen, self.pgconn.socket, interval=interval)
        try:
            return await asyncio.wait_for(answer, min(_SILENCE_SECONDS, timeout or _SILENCE_SECONDS))
        except BaseException as error:
            if isinstance(error, psycopg.Error):
                raise
            self.pgconn.finish()
            if isinstance(error, TimeoutError):
                raise psycopg.OperationalError("the server has not answered") from None
            raise


async def _configure(connection: "psycopg.AsyncConnection[Any]") -> None:
    """Find the queue's tables, which lie beside the ledger's; in a session like the ledger's own."""
    await connection.execute("; ".join((*IN_PLACE_OF_DEFAULTS, f"SET search_path TO {SCHEMA}")).encode())
    await connection.commit()


async def prepare(url: str) -> None:
    """Make the queue's tables in the ledger's database, or bring them up to date; nothing where they are.

    Raises:
        LedgerError: the database cannot be reached, or does not let us.
        LedgerVersion: the tables are of a later version, or somebody else's.
    """
    with _translated():
        async with await _Connection.connect(url, **_KEPT) as connection:
            await _configure(connection)
            await bring_up_to_date(connection)


def _job(row: Row) -> Job:
    said: dict[str, Any] = row.task_kwargs
    return Job(said["batch"], Part(said["number"], said["of"]))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ConnectorException, psycopg.Error) as error:
        cause = error.__cause__ or error
        reason = str(cause).strip().partition("\n")[0]
        if isinstance(cause, psycopg.errors.InsufficientPrivilege):
            raise LedgerError(
                f"The ledger's queue cannot be used or set up: {reason}.",
                hint="Let the owner run `batch-credits ledger upgrade`; then grant this user what is needed.",
            ) from None
        raise LedgerError(
            f"The ledger's queue failed: {reason}.",
            hint="What was sent and answered is in the ledger. Run again when the database can be reached.",
        ) from None


@contextmanager
def _quiet_about_lost_jobs() -> Iterator[None]:
    """A worker that was silent for too long finds its job ended by another: that is no news to anybody's screen."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), ConnectorException):
            return
        if before is None:
            loop.default_exception_handler(context)
        else:
            before(loop, context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        loop.set_exception_handler(before)
