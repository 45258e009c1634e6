"""A Chargebee to try things on, inside the calling process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from batch_credits.settings import SiteSettings


@contextmanager
def local_sandbox() -> Iterator[SiteSettings]:
    """A Chargebee inside this process, for trying things out: every customer exists whose id does not begin with
    `missing`. It forgets when the block ends, so a ledger that was used with it is to be thrown away."""
    from batch_credits.sandbox import Sandbox, SandboxSettings

    listening: Future[tuple[str, Callable[[], object]]] = Future()

    async def serve() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            async with Sandbox(SandboxSettings(port=0)) as sandbox:
                listening.set_result((sandbox.base_url, lambda: loop.call_soon_threadsafe(over.set)))
                await over.wait()
        except OSError as error:
            listening.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="sandbox", daemon=True)
    thread.start()
    base_url, stop = listening.result()
    try:
        yield SiteSettings("sandbox", base_url, "sandbox", is_in_process=True)
    finally:
        stop()
        thread.join()
