"""Calls one sandbox over real connections: what the sandbox's own tests share."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from batch_credits.sandbox import FaultPlan, Sandbox, SandboxSettings

ADD = "/api/v2/promotional_credits/add"
DEDUCT = "/api/v2/promotional_credits/deduct"
CREDITS = "/api/v2/promotional_credits"
LOGIN = {"Authorization": "Basic " + b64encode(b"key:").decode()}
FORM = {"customer_id": "c-1", "amount": "1000", "currency_code": "USD", "description": "Loyalty", "reference": "q3"}


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.document["api_error_code"])


class Caller:
    """A session against one sandbox."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox) -> None:
        self.session = session
        self.sandbox = sandbox

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        options["headers"] = {**LOGIN, **options.get("headers", {})}
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, self.sandbox.base_url + path, **options) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def add(self, key: str | None = None, **fields: str) -> Reply:
        headers = {"chargebee-idempotency-key": key} if key else {}
        return await self.call("POST", ADD, data={**FORM, **fields}, headers=headers)


def with_sandbox(
    work: Callable[[Caller], Awaitable[None]], *, clock: Callable[[], float] | None = None, **settings: Any
) -> dict[str, Any]:
    """Run the work against a sandbox of its own; the truth once it has stopped."""
    if isinstance(settings.get("faults"), str):
        settings["faults"] = FaultPlan.parse(settings["faults"])

    async def run() -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=5)
        async with (
            Sandbox(SandboxSettings(port=0, **settings), clock=clock) as sandbox,
            aiohttp.ClientSession(timeout=timeout) as session,
        ):
            await work(Caller(session, sandbox))
        return sandbox.truth()

    return asyncio.run(run())
