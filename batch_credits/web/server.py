"""The server: the door around the routes, listening until it is told to end. What was begun goes on without it."""

import asyncio
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web

from batch_credits.errors import UsageError
from batch_credits.web.desk.desk import DESK, Desk
from batch_credits.web.door.building import make_app
from batch_credits.web.door.quiet import on_loop_error, quiet_logger, quiet_warnings
from batch_credits.web.door.sessions import SESSIONS
from batch_credits.web.door.wire import Runner
from batch_credits.web.routes import Route, routes
from batch_credits.web.settings import WebSettings

END_SECONDS = 0.5  # for answers that are being written
_LOCAL = ("127.0.0.1", "::1")  # what a browser may take localhost for

T = TypeVar("T")
Listening = Callable[[int, str], None]  # the port, and the token of the link
Opened = tuple[web.Application, int, Callable[[], Awaitable[None]]]  # with its port, and what makes it answer


async def serve(settings: WebSettings, on_listening: Listening, on_entered: Listening | None = None) -> None:
    """Serve until SIGINT or SIGTERM. `on_listening` is told once the server answers; `on_entered`, if anybody is told
    then, of another link each time that one was used.

    Raises:
        UsageError: the address or the certificate cannot be used.
    """
    over = _told_to_end()
    async with listening(settings, routes()) as (app, port, start):
        app[DESK] = Desk.open(settings)
        if on_entered is not None:
            app[SESSIONS].when_used = lambda: on_entered(port, app[SESSIONS].new_link())
        await start()
        on_listening(port, app[SESSIONS].token)
        await over.wait()


def _told_to_end() -> asyncio.Event:
    """What is set by SIGINT or SIGTERM."""
    over = asyncio.Event()
    _at_the_end(over.set)
    return over


def _at_the_end(act: Callable[[], object]) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, act)


async def serve_until(
    answer: asyncio.Future[T], settings: WebSettings, addresses: Iterable[Route], on_listening: Listening,
    seconds: float,
) -> T | None:  # fmt: skip
    """Serve these addresses until one of them has set the answer: returns it. None: none did in so many seconds, or
    SIGINT or SIGTERM ended it.

    Raises:
        UsageError: the address or the certificate cannot be used.
    """
    _at_the_end(answer.cancel)
    async with listening(settings, addresses) as (app, port, start):
        await start()
        on_listening(port, app[SESSIONS].token)
        done, _ = await asyncio.wait([answer], timeout=seconds)
        await asyncio.sleep(END_SECONDS if done else 0)  # for the page that says so
    return answer.result() if done and not answer.cancelled() else None


@asynccontextmanager
async def listening(settings: WebSettings, addresses: Iterable[Route]) -> AsyncIterator[Opened]:
    """An application behind the door, on its port until the end of the block; it answers once `start` was awaited.

    Raises:
        UsageError: the address or the certificate cannot be used.
    """
    quiet_warnings()
    asyncio.get_running_loop().set_exception_handler(on_loop_error)
    context, listeners = _ssl(settings), _listeners(settings)
    port = listeners[0].getsockname()[1]
    app = make_app(settings, port, addresses)
    runner = Runner(
        app, access_log=None, logger=quiet_logger(), shutdown_timeout=END_SECONDS, handler_cancellation=True
    )

    async def start() -> None:
        await runner.setup()
        for listener in listeners:
            await web.SockSite(runner, listener, ssl_context=context).start()

    try:
        yield app, port, start
    finally:
        await runner.cleanup()


def _listeners(settings: WebSettings) -> list[socket.socket]:
    """Open sockets on the address: for localhost on both of its addresses, where there are both.

    Raises:
        UsageError: it is in use, or none of this machine's.
    """
    names = _LOCAL if settings.listen == "localhost" else (settings.listen,)
    opened: list[socket.socket] = []
    port = settings.port
    for name in names:
        family = socket.AF_INET6 if ":" in name else socket.AF_INET
        try:
            listener = socket.create_server((name, port), family=family)
        except OSError as error:
            if opened:  # a machine without IPv6, or another server on that one
                break
            raise UsageError(
                f"The server cannot listen on {name}, port {port}: {error.strerror or error}.",
                hint="Is another one running? Give another port, or 0 for any that is free:",
                remedies=[(("--port", "0"),)],
            ) from None
        opened.append(listener)
        port = listener.getsockname()[1]
    return opened


def _ssl(settings: WebSettings) -> ssl.SSLContext | None:
    if settings.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls.certificate, settings.tls.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"The certificate cannot be used: {error}.",
            hint="--tls-cert and --tls-key are PEM files that fit together.",
        ) from None
    return context
