"""The commands that the page starts: each a process of its own, which ends neither with a tab nor with the server.

A hostile file ends only the process that reads it, and a run goes on whoever goes away. What is typed into a page comes
to a command as the value of an option, never as a word of its own; who typed it, by an open file that the child
inherits, since an environment could name anyone.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.web.settings import Words

_LOOK_SECONDS = 0.05  # between two looks whether a child has ended
# A child looks for modules where this process does: `-m` would look in the working directory first.
_BEGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv.pop(1))
from batch_credits.__main__ import main
main()
"""
ANSWER = "answer"  # the name of a file
ORDER = "order.json"
_PATIENCE_SECONDS = 86_400  # how long a run waits its turn


@dataclass(frozen=True, slots=True)
class Handed:
    """What a child is told by its server: who acts; and what that person agreed to be sent, the rows and by currency
    what check --json says of their total, with the totals that they typed."""

    actor: str
    owed: dict[str, Any] | None = None
    typed: dict[str, str] | None = None

    def as_json(self, into: Path) -> str:
        """The document that a child reads which says in this folder how it goes; there it looks for the answer after a
        pilot."""
        answer = str(into / ANSWER)
        return json.dumps({"actor": self.actor, "owed": self.owed, "typed": self.typed, "answer": answer})


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was started."""

    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    async def ended(self) -> int:
        """Its exit code, once it has one. Nothing ends it if this is given up."""
        while (code := self.process.poll()) is None:  # noqa: ASYNC110  # the system says it to nobody but who asks
            await asyncio.sleep(_LOOK_SECONDS)
        return code


class Children:
    """Starts commands with the options that the server's own command line had."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def check(
        self, source: Path, options: Sequence[str], reports: Path, into: Path, maker: str | None = None
    ) -> Child:
        """Look at a file; the document comes to out.json.part, and the order of a `maker` to order.json."""
        words = self._words
        given = [*words.profile, *words.site, *words.ledger, *options, f"--reports={reports}", "--json"]
        handed = None if maker is None else Handed(maker)
        given += [] if maker is None else [f"--order={into / ORDER}"]
        return _start("check", given, [str(source)], handed, into / "out.json.part", into / "err.txt", None)

    def run(
        self, source: Path, options: Sequence[str], handed: Handed, into: Path, lock: int, order: Path | None = None
    ) -> Child:
        """Credit what is owed of a file."""
        options = options if order is None else [*options, f"--order={order}"]
        return self._send("run", options, str(source), handed, into, lock)

    def reverse(self, key: str, options: Sequence[str], handed: Handed, into: Path, lock: int) -> Child:
        """Deduct what a batch credited, or what `options` name of it."""
        return self._send("reverse", options, key, handed, into, lock)

    def ask_reversal(self, key: str, options: Sequence[str], handed: Handed, into: Path) -> Child:
        """Say what `reverse` would deduct, and deduct nothing: nobody says yes to it."""
        words = self._words
        given = [*words.profile, *words.site, *words.ledger, *words.reports, *options, "--log-format=json"]
        return _start("reverse", given, [key], handed, into / "out.txt", into / "events.jsonl", None)

    def report(self, key: str, into: Path) -> Child:
        """Write a batch's reports again."""
        words = self._words
        given = [*words.profile, *words.ledger, *words.reports]
        return _start("report", given, [key], None, into / "out.txt", into / "err.txt", None)

    def resolve(self, key: str, options: Sequence[str], handed: Handed, into: Path) -> Child:
        """Settle a row in review."""
        words = self._words
        given = [*words.profile, *words.site, *words.ledger, *options]
        return _start("resolve", given, [key], handed, into / "out.txt", into / "err.txt", None)

    def _send(self, command: str, options: Sequence[str], what: str, handed: Handed, into: Path, lock: int) -> Child:
        words = self._words
        given = [*words.profile, *words.site, *words.ledger, *words.reports, *options, "--yes", "--log-format=json"]
        given += ["--progress-every=1", f"--wait-for-ledger={_PATIENCE_SECONDS}"]
        return _start(command, given, [what], handed, into / "out.txt", into / "events.jsonl", lock)


def _start(
    command: str,
    options: Sequence[str],
    what: Sequence[str],
    handed: Handed | None,
    out: Path,
    err: Path,
    lock: int | None,
) -> Child:
    inherited = [] if lock is None else [lock]
    told = None if handed is None else _private_file(handed.as_json(out.parent.absolute()))
    if told is not None:
        inherited.append(told)
        options = [*options, f"--handed-over={told}"]
    arguments = [sys.executable, "-P", "-c", _BEGIN, json.dumps(sys.path)]
    arguments += [command, *options, "--", *what]
    try:
        with _to_write(out) as stdout, _to_write(err) as stderr:
            process = subprocess.Popen(  # noqa: S603  # our own program
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=inherited,
                start_new_session=True,
            )
    finally:
        if told is not None:
            os.close(told)
    return Child(process)


def _private_file(text: str) -> int:
    """An open file that has no name, and holds this."""
    with tempfile.TemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        descriptor = os.dup(file.fileno())
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _to_write(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")
