"""The commands that the page starts. What is typed into a page comes to a command as the value of an option, never as a
word of its own; who typed it, by an open file that the child inherits, since an environment could name anyone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.children.files import write_text
from batch_credits.children.start import Child, Words, start

ANSWER = "answer"  # the name of a file
ORDER = "order.json"
PROBLEM_ROWS = 200  # of each kind that are listed; all are in rejected.csv
_PATIENCE_SECONDS = 86_400  # how long a run waits its turn
_MOMENT_SECONDS = 10  # the same of a person's word, before a page that loads


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


class Children:
    """Starts commands with the options that the server's own command line had."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def check(
        self, source: Path, options: Sequence[str], into: Path, maker: str | None = None, lock: int | None = None
    ) -> Child:
        """Look at a file; into the folder come the document as out.json.part, the rows left out, and the order of a
        `maker` as order.json."""
        words = self._words
        given = [*words.profile, *words.site, *words.ledger, *options, f"--reports={into}", "--json"]
        given += [f"--problem-rows={PROBLEM_ROWS}"]
        handed = None if maker is None else Handed(maker)
        given += [] if maker is None else [f"--order={into / ORDER}"]
        return _start("check", given, [str(source)], handed, into / "out.json.part", into / "err.txt", lock)

    def run(
        self, source: Path, options: Sequence[str], handed: Handed, into: Path, lock: int, order: str = ""
    ) -> Child:
        """Credit what is owed of a file, by an order where the text of one is given."""
        if order:
            write_text(into / ORDER, order)
            options = [*options, f"--order={into / ORDER}"]
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
        given = [*words.profile, *words.site, *words.ledger, *options, f"--wait-for-ledger={_MOMENT_SECONDS}"]
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
    told = None if handed is None else handed.as_json(out.parent.absolute())
    return start(command, options, what, out, err, told=told, lock=lock)
