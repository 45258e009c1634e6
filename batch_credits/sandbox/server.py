"""The sandbox on a socket: reads requests, asks the API, delivers the answers, or spoils them as the fault plan says.

It is a bare aiohttp server without an application: routing two prefixes takes three lines, and the sandbox should
never be what a benchmark measures.
"""

import asyncio
import base64
import binascii
import signal
from collections.abc import Callable, Coroutine, Mapping
from email.utils import formatdate
from types import TracebackType
from typing import Any

from aiohttp import web

from batch_credits.sandbox.api import WRITE_PATHS, Api, Write
from batch_credits.sandbox.clock import steady_clock
from batch_credits.sandbox.control import CONTROL_PATH, control, seed_credits
from batch_credits.sandbox.delivery import BAD_GATEWAY, Repeated, close_without_answer, deliver, whole
from batch_credits.sandbox.errors import Answer, ApiError, key_refused, wrong_value
from batch_credits.sandbox.faults import Delivery, Fault
from batch_credits.sandbox.fields import read_form
from batch_credits.sandbox.keys import KEY_HEADER, Headers
from batch_credits.sandbox.plan import FaultPlan
from batch_credits.sandbox.queries import Record
from batch_credits.sandbox.settings import SandboxSettings
from batch_credits.sandbox.tally import NO_ANSWER

EFFECT_HEADERS = (b"chargebee-event-", b"chargebee-business-entity-id", b"chargebee-request-origin-")
FORM_TYPE = "application/x-www-form-urlencoded"
BUSINESS_ENTITY_HEADER = "chargebee-business-entity-id"
SILENCE_HEADERS = {f"chargebee-event-{what}": what for what in ("email", "webhook", "actions")}
WAIT_SECONDS = 0.005  # between looks whether the first request under a key has its answer
STOP_SECONDS = 0.5  # how long a request in progress may still take when the sandbox stops


class Sandbox:
    """A local Chargebee: `async with Sandbox(settings) as sandbox`, then call `sandbox.base_url`.

    Entering listens; leaving stops at once, whatever still hangs. What it remembers can be asked for afterwards too.

    Raises:
        OSError: on entering, the port is taken or the host is not this machine's.
    """

    def __init__(self, settings: SandboxSettings | None = None, *, clock: Callable[[], float] | None = None) -> None:
        self.settings = settings or SandboxSettings()
        self._api = Api(self.settings, clock or steady_clock())
        self._has_own_time = clock is not None
        self._accepted_logins: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = asyncio.Event()
        self._runner: web.ServerRunner | None = None
        self._port = self.settings.port

    @property
    def base_url(self) -> str:
        """Scheme, host and port, as in `http://127.0.0.1:8900`; the port is the real one once it listens."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        return f"http://{host}:{self._port}"

    def truth(self) -> Record:
        """What really happened so far; the same as `GET /_sandbox/truth`."""
        return self._api.truth()

    def set_faults(self, faults: FaultPlan) -> None:
        """Replace the fault plan."""
        self._api.faults = faults

    def set_read_only(self, read_only: bool) -> None:
        """Refuse all writes with 503 `site_read_only_mode`, or no longer."""
        self._api.read_only = read_only

    def seed_credits(self, *credits: Mapping[str, Any]) -> list[str]:
        """Put credits there as if they had been there before; their ids. `control.seed_credits` says what each holds.

        Raises:
            ValueError: one of them cannot be.
        """
        return seed_credits(self._api, [dict(credit) for credit in credits])

    def forget_keys(self) -> None:
        """Forget all idempotency keys."""
        self._api.keys.forget_all()

    def advance(self, seconds: float) -> None:
        """Move the site's clock on, and all that it measures with it."""
        self._api.clock.advance(seconds)

    def delete_customers(self, *customer_ids: str) -> None:
        """Mark customers as deleted."""
        self._api.site.delete_customers(customer_ids)

    def prefer_currency(self, customer_id: str, currency_code: str) -> None:
        """Set the currency of the customer's credits that name none."""
        self._api.site.prefer_currency(customer_id, currency_code)

    async def __aenter__(self) -> "Sandbox":
        # A handler is cancelled when its caller goes away: so a hanging call ends with its connection. Work that a
        # real site would finish all the same runs in tasks of its own.
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=STOP_SECONDS)
        try:
            await self._runner.setup()
            site = web.TCPSite(self._runner, self.settings.host, self.settings.port, backlog=1024)
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query_text = request.raw_path.partition("?")
        if path.startswith(CONTROL_PATH):
            return whole(control(self._api, request.method, path, await request.read()))
        tally = self._api.tally
        tally.arrived(request.method, path)
        try:
            response = await self._answer(request, path, query_text.encode("utf-8", "surrogateescape"))
        except asyncio.CancelledError:
            tally.statuses[NO_ANSWER] += 1
            raise
        tally.statuses[NO_ANSWER if response is None else str(response.status)] += 1
        if response is None:
            return close_without_answer(request)
        if self._has_own_time or self._api.shows_other_time:
            response.headers["Date"] = formatdate(self._api.shown_time, usegmt=True)
        if self._api.faults.repeats and isinstance(response, web.Response):
            return await self._repeated(request, response)
        return response

    async def _repeated(self, request: web.BaseRequest, response: web.Response) -> web.Response:
        asked = f"{request.method} {request.raw_path}\0" + (await request.read()).decode("utf-8", "replace")
        name = self._api.repeat_of(asked, response.status)
        if name is None:
            return response
        late_ms = self._api.faults.repeat_late_ms if name == "repeat_late" else 0
        return Repeated(request, response, late_ms / 1000)

    async def _answer(self, request: web.BaseRequest, path: str, query: bytes) -> web.StreamResponse | None:
        """The response, or None where the connection is to be closed without one."""
        is_write = request.method == "POST" and path in WRITE_PATHS
        self._api.tally.posts += is_write
        try:
            self._api.limits.enter()
            self._check_login(request.headers.get("Authorization", ""))
            if is_write:
                return await self._write(request, WRITE_PATHS[path])
            if request.method == "GET":
                return await self._read(request, path, query)
            raise self._api.wrong_method(request.method, path)
        except ApiError as error:
            return whole(error.answer())
        finally:
            self._api.limits.leave()

    async def _write(self, request: web.BaseRequest, operation: str) -> web.StreamResponse | None:
        headers = request.headers
        if request.content_type != FORM_TYPE:
            raise ApiError(400, "invalid_request", f"The Content-Type must be {FORM_TYPE}")
        body = await request.read()
        entity = headers.get(BUSINESS_ENTITY_HEADER)
        if entity is not None and not (entity.isascii() and 1 <= len(entity) <= 50):
            raise wrong_value(BUSINESS_ENTITY_HEADER, "must have 1 to 50 characters")
        self._note_silence(request)
        write = Write(operation, read_form(body), body, headers.get(KEY_HEADER), entity, headers_of(request))
        tally = self._api.tally
        tally.body_seen(write.customer_id, write.reference, body)
        if write.key is not None:
            tally.call_seen(write.key, (operation, body, write.headers))
        fault = self._api.fault_of_write(write)
        with tally.call_on(write.customer_id):
            if fault is None:
                return whole(await self._apply(write, None))
            tally.faults[fault.name] += 1
            return await self._go_wrong(request, write, fault)

    async def _go_wrong(self, request: web.BaseRequest, write: Write, fault: Fault) -> web.StreamResponse | None:
        if fault.delivery is Delivery.LATE:
            self._start(self._apply_late(write))
            return None
        error = fault.error() if fault.error else None
        instead = None if fault.proxy_status is None else self._api.proxy_answer(write, fault.proxy_status)
        if fault.applied:
            answer = await self._apply(write, error)
        else:
            answer = BAD_GATEWAY if error is None else self._api.fail(write, error)
        return await deliver(request, instead or answer, fault.delivery, self._hang)

    async def _read(self, request: web.BaseRequest, path: str, query: bytes) -> web.StreamResponse | None:
        fault = self._api.fault_of_read(request.raw_path)
        if self._api.faults.latency_ms:
            await asyncio.sleep(self._api.faults.latency_ms / 1000)
        entity = request.headers.get(BUSINESS_ENTITY_HEADER)
        if fault is None:
            return whole(self._api.get(path, query, entity))
        self._api.tally.faults[fault.name] += 1
        answer = fault.error().answer() if fault.error else self._api.get(path, query, entity)
        return await deliver(request, answer, fault.delivery, self._hang)

    async def _apply(self, write: Write, failure: ApiError | None) -> Answer:
        while self._api.waits(write):  # noqa: ASYNC110 - the API knows no event loop
            await asyncio.sleep(WAIT_SECONDS)
        opened = self._api.open(write)
        seconds = self._api.faults.latency_ms / 1000
        if isinstance(opened, Answer):
            if seconds:
                await asyncio.sleep(seconds)
            return opened
        if not seconds:
            return self._api.settle(opened, failure)

        async def settle_later() -> Answer:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                self._api.abandon(opened)
                raise
            return self._api.settle(opened, failure)

        # Shielded: a caller that gives up does not keep the site from applying what it has begun.
        return await asyncio.shield(self._start(settle_later()))

    async def _apply_late(self, write: Write) -> None:
        await asyncio.sleep(self._api.faults.late_seconds)
        opened = self._api.open(write, lock=False)
        if not isinstance(opened, Answer):
            self._api.settle(opened)

    async def _hang(self) -> None:
        """Wait until the hanging time is over, or the sandbox stops."""
        try:
            await asyncio.wait_for(self._stopping.wait(), self._api.faults.hang_seconds)
        except TimeoutError:
            pass  # nobody stopped the sandbox meanwhile

    def _check_login(self, header: str) -> None:
        """HTTP Basic with the API key as user name and an empty password (Chargebee API docs)."""
        if header in self._accepted_logins:
            return
        scheme, _, code = header.partition(" ")
        try:
            user, colon, password = base64.b64decode(code, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            user, colon, password = "", "", ""
        expected = self.settings.api_key
        accepted = user != "" if expected is None else user == expected
        if scheme.lower() != "basic" or not colon or password or not accepted:
            raise key_refused()
        if len(self._accepted_logins) < 100:
            self._accepted_logins.add(header)

    def _note_silence(self, request: web.BaseRequest) -> None:
        for header, what in SILENCE_HEADERS.items():
            value = request.headers.get(header)
            if value is not None:
                if value != "all-disabled":
                    raise wrong_value(header, "must be all-disabled")
                self._api.tally.silenced[what] += 1

    def _start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def headers_of(request: web.BaseRequest) -> Headers:
    """The headers that change what a request does: whom it tells, for which business entity, in whose name."""
    found = [(name.lower(), text) for name, text in request.raw_headers if name[:10].lower() == b"chargebee-"]
    return tuple(
        sorted(
            (name.decode("latin-1"), text.decode("latin-1")) for name, text in found if name.startswith(EFFECT_HEADERS)
        )
    )


async def serve(settings: SandboxSettings, on_listening: Callable[[str], None]) -> None:
    """Serve until cancelled, or until SIGTERM or SIGINT comes; `on_listening` gets the base URL once it answers.

    Raises:
        OSError: the port is taken or the host is not this machine's.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    handled: list[signal.Signals] = []
    try:
        async with Sandbox(settings) as sandbox:
            for number in (signal.SIGTERM, signal.SIGINT):
                try:
                    loop.add_signal_handler(number, stop.set)
                except (NotImplementedError, RuntimeError, ValueError):
                    break  # not the main thread, or no such signals: then cancelling stops it
                handled.append(number)
            on_listening(sandbox.base_url)
            await stop.wait()
    finally:
        for number in handled:
            loop.remove_signal_handler(number)
