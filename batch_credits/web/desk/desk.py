"""The desk: everything that a handler needs, put together once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from batch_credits.children.files import make_folder
from batch_credits.web.desk.books import Books, Known
from batch_credits.web.desk.checks import Checks
from batch_credits.web.desk.children import Children
from batch_credits.web.desk.jobs import Jobs
from batch_credits.web.desk.memory import Remembered
from batch_credits.web.desk.orders import Orders, Submitted
from batch_credits.web.desk.results import Results
from batch_credits.web.desk.undos import Undos
from batch_credits.web.desk.uploads import Uploads
from batch_credits.web.settings import WebSettings


@dataclass(frozen=True, slots=True)
class Desk:
    """What is known and can be done. `background` are tasks that go on after an answer."""

    settings: WebSettings
    children: Children
    uploads: Uploads
    remembered: Remembered
    checks: Checks
    jobs: Jobs
    books: Books
    results: Results
    undos: Undos
    orders: Orders
    background: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    def open(cls, settings: WebSettings) -> Self:
        """The desk over the folder that the settings name. Uploads of long ago, of which nothing was sent, go."""
        folder, children = make_folder(settings.folder), Children(settings.words)
        jobs, uploads, orders = Jobs(folder / "batches"), Uploads(folder / "uploads"), Orders(folder / "orders")
        uploads.forget_old(jobs.uploads() | orders.uploads())
        return cls(
            settings=settings,
            children=children,
            uploads=uploads,
            remembered=Remembered(folder / "remembered"),
            checks=Checks(children),
            jobs=jobs,
            books=Books(settings.ledger),
            results=Results(settings.reports, children, jobs, folder / "reports"),
            undos=Undos(folder / "undos", children),
            orders=orders,
        )

    def order_of_rest(self, known: Known) -> Submitted | None:
        """The order that waits for others, of what is left of a batch; None: there is none that can be approved."""
        submitted = self.orders.open(known.record.key)
        return None if submitted is None or submitted.number in known.order_numbers else submitted

    async def has_begun(self, key: str) -> bool:
        """Whether a batch is sent now, or was."""
        return self.jobs.is_running(key) or await self.books.batch(key) is not None


DESK: web.AppKey[Any] = web.AppKey("desk", Desk)


def desk_of(request: web.Request) -> Desk:
    """The desk of the server that was asked."""
    desk: Desk = request.app[DESK]
    return desk
