"""The loop to race: bare, tuned aiohttp with nothing but the calls. No journal, no limits, no retries.

    python benchmarks/bare_loop.py BASE_URL FILE CONCURRENCY [--close]      --close: a connection for each request

Prints a JSON object: rows; seconds and cpu (seconds of it) of the calls alone.
"""

import asyncio
import csv
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import orjson
import uvloop


def read_bodies(path: Path) -> list[bytes]:
    """The form of every row, built before the clock starts."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [urlencode(row).encode() for row in csv.DictReader(stream)]


async def main(base_url: str, bodies: list[bytes], concurrency: int, *, close: bool) -> None:
    """Send every row, and check that it came back."""
    todo = iter(enumerate(bodies))
    url = f"{base_url}/api/v2/promotional_credits/add"
    skipped = ("Accept", "Accept-Encoding", "User-Agent")
    done = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal done
        for number, body in todo:
            headers = {"chargebee-idempotency-key": f"k{number}"}
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                document = orjson.loads(await response.read())
                assert document["promotional_credit"]["id"]
                done += 1

    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=close),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={"Authorization": "Basic azo=", "Content-Type": "application/x-www-form-urlencoded"},
        skip_auto_headers=skipped,
    )
    async with session:
        began, cpu = time.monotonic(), time.process_time()
        await asyncio.gather(*(work(session) for _ in range(concurrency)))
        took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    print(json.dumps({"rows": done, **took}))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], read_bodies(Path(sys.argv[2])), int(sys.argv[3]), close="--close" in sys.argv))
