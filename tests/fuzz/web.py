"""Spoils requests to the page for finance, byte by byte, and sees that each is answered as it must be:

with what every answer carries, in words where it is refused, and never by 500; nobody comes in who has no cookie, and
the server says nothing of it in its log.

    python -m tests.fuzz.web --cases 10000
    python -m tests.fuzz.web --seed 1234 --cases 1       replays one case
"""

import argparse
import re
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.harness import WARM, Command, Site, payout, write_csv
from tests.acceptance.visitor import Visitor, Web
from tests.fuzz.requests import Target, case

SILENT_SECONDS = 0.15  # after that a request is taken for one that is not whole, and the wire is closed from here
ANSWER_SECONDS = 30
HEADERS = {
    b"content-security-policy": b"default-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"cache-control": b"no-store",
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
}
OPEN_TO_ALL = (b"/healthz", b"/static/style.css", b"/static/live.js")

def ask(port: int, raw: bytes) -> bytes:
    """Everything that is answered until the server closes. What is not whole ends after a while."""
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as wire:
        try:
            wire.sendall(raw)
            wire.settimeout(SILENT_SECONDS)
            while True:
                try:
                    part = wire.recv(65_536)
                except TimeoutError:
                    wire.settimeout(ANSWER_SECONDS)
                    wire.shutdown(socket.SHUT_WR)
                    continue
                if not part:
                    return bytes(answer)
                answer += part
        except ConnectionError:  # it stopped to listen, and has answered or not
            return bytes(answer)


def judged(raw: bytes, is_in: bool, answer: bytes) -> str:
    """What came of a case: the class of its status, `silence`, or a sentence of what is wrong."""
    if not answer:
        return "silence"
    for head, body in answers_of(answer, raw):
        found = re.match(rb"HTTP/\d\.\d (\d{3})[ \r]", head)
        if found is None:
            return f"no answer of HTTP: {head[:200]!r}"
        status = int(found[1])
        lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
        said = {name.strip().lower(): value.strip() for name, _, value in lines}
        if status == 100:
            continue
        missing = [name for name, value in HEADERS.items() if not said.get(name, b"").startswith(value)]
        if missing or b"aiohttp" in said.get(b"server", b"") or b"Python" in said.get(b"server", b""):
            return f"{status} without {missing}, by {said.get(b'server')!r}"
        if status >= 500:
            return f"{status}: {body[-600:]!r}"
        if b"Traceback" in body or b"aiohttp" in body or b"Exception" in body:
            return f"{status} tells of the program: {body[:600]!r}"
        is_word = len(body.strip()) > 10 or b"HEAD" in raw[:4]
        if status >= 400 and not is_word:
            return f"{status} without a word: {body!r}"
        if status < 400 and not is_in and not any(path in raw for path in OPEN_TO_ALL):
            return f"{status} for a stranger"
    last = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return f"{last[9:10].decode()}xx" if last else "silence"


def answers_of(answer: bytes, raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each answer's head and body; what a stream or a chunked answer holds counts as the last one's body."""
    while answer:
        head, _, rest = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0 if b" 100 " in head[:14] else len(rest)
        if raw.startswith(b"HEAD ") and rest.startswith(
            b"HTTP/"
        ):  # without its body, unless it was taken for no request
            size = 0
        yield head, rest[:size]
        answer = rest[size:]


@contextmanager
def served(folder: Path) -> Iterator[tuple[Web, Site, Target]]:
    """A server with one upload that is checked, and somebody who is in."""
    with Site() as site, Web(Command(folder, site.url), "--max-upload", 100_000) as web:
        visitor: Visitor = web.visitor()
        page = visitor.upload(write_csv(folder / "some.csv", payout("c", 3)))
        [cookie] = visitor.cookies.values()
        _, fields = visitor.get("/new").form("upload")
        upload, send = page.path.rpartition("/")[2], page.form("send")[0]
        yield web, site, Target(web.port, cookie, fields["form_token"], upload, send)


def run_cases(first: int, cases: int, at: Target) -> Iterator[tuple[int, str]]:
    """What came of each case, several at once."""

    def run(seed: int) -> tuple[int, str]:
        raw, is_in = case(seed, at)
        return seed, judged(raw, is_in, ask(at.port, raw))

    with ThreadPoolExecutor(4) as pool:
        yield from pool.map(run, range(first, first + cases))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    start, counts = time.monotonic(), Counter[str]()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (web, site, at):
        for seed, outcome in run_cases(chosen.seed, chosen.cases, at):
            is_fine = outcome in ("2xx", "3xx", "4xx", "silence")
            counts[outcome if is_fine else "failed"] += 1
            if not is_fine:
                print(f"python -m tests.fuzz.web --cases 1 --seed {seed}\n{outcome}", file=sys.stderr)
        said, posts = web.said[1], site.posts
    WARM.close()
    print(f"{sum(counts.values()):,} cases in {time.monotonic() - start:.0f} s: {dict(sorted(counts.items()))}")
    if said or posts:
        print(f"The server said: {said}\nThe site was told {posts} times.", file=sys.stderr)
    return 1 if counts["failed"] or said or posts else 0


if __name__ == "__main__":
    sys.exit(main())
