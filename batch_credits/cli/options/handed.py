"""What the page hands over to a command that it starts: who acts, and what that person agreed to.

    {"actor": "alice", "owed": {"batch": "3f9a...", "rows": 2, "totals": {"USD": {"rows": 2, "amount": 300}}},
     "typed": {"USD": "3.00"}}

By an open file that the command inherits, so it is no option for people, and help does not show it: another option or a
variable would stand in the list of processes, and could name somebody by accident. Whoever has a shell of the server's
account can do all of it; see docs/web.md.
"""

import json
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import click

from batch_credits.errors import NotConfirmed
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.model.amounts import is_amount_of
from batch_credits.model.requests import STILL_OWED
from batch_credits.process.user import act_for, user_name
from batch_credits.views.amounts import Total, totals_of
from batch_credits.views.plan import PlanView
from batch_credits.views.question import Question

MAX_BYTES = 64 * 1024
MAX_LETTERS = 200  # of a name, of what was typed, and of an amount in decimal
YES = "yes"
_FIRST_INHERITED = 3
_LOOK_SECONDS = 0.2  # between looks whether it was answered


class _Sum(NamedTuple):
    """Minor units, and beside them what came in decimal."""

    minor: int
    in_decimal: Decimal


@dataclass(frozen=True, slots=True)
class Handed:
    """Who acts; `rows` and `totals` are what they agreed to be sent, as check --json says it of what is pending
    (nothing, where nothing is said of it), and `typed` the totals that they typed, by currency. `answer` is the file
    that says, once it is there, whether the rest is sent after a pilot. `batch` is the id of what they agreed to; "":
    nobody says it."""

    actor: str
    rows: int = 0
    totals: Mapping[str, _Sum] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    answer: Path | None = None
    batch: str = ""

    def goes_on(self, answer: Path) -> bool:
        """Wait for the answer of whoever sees the pilot on the page, however long that takes: a run that is told to
        stop stops here, too. No: the rest is not sent."""
        while not answer.exists():
            time.sleep(_LOOK_SECONDS)
        return answer.read_text(encoding="utf-8") == YES

    def refuse_other(self, question: Question) -> None:
        """Refuse to send anything but what the person agreed to.

        Raises:
            NotConfirmed: what is to be sent is something else by now, or a total was not typed that must be.
        """
        plan = question.plan
        if self.batch and plan.key != self.batch:  # as many rows, of as much, may be others: of another reference
            raise NotConfirmed(
                f"Nothing was sent: {self.actor} agreed to batch {self.batch[:8]}, and this is batch {plan.key[:8]}:"
                " the file is read in another way since.",
                hint="Upload the file again, and check it.",
            )
        owed = plan.by_outcome.get(Outcome.PENDING, ())
        rows, sums = _asked(plan, Outcome.PENDING)
        # An order says what is in doubt, too: it may have to be sent.
        if (self.rows, dict(self.totals)) not in ((rows, sums), _asked(plan, *STILL_OWED)):
            what = f"{'credit' if plan.kind is CallKind.ADD else 'deduction'}{'' if self.rows == 1 else 's'}"
            raise NotConfirmed(
                f"Nothing was sent: what is to be sent changed since {self.actor} agreed to it:"
                f" {self.rows:,} {what}{_in_words(self._agreed())} then, {rows:,}{_in_words(owed)} now.",
                hint="Check it again.",
            )
        for total in question.to_type:
            typed = self.typed.get(total.currency, "").strip()
            if not typed or not all(is_amount_of(typed, words) for words in total.words):
                raise NotConfirmed(
                    f"Nothing was sent: the total in {total.currency} must be typed (--confirm-total).",
                    hint=f"Type {' and '.join(total.words)}.",
                )

    def _agreed(self) -> tuple[Total, ...]:
        totals = {name: ControlTotal(1, each.minor, each.in_decimal) for name, each in self.totals.items()}
        return totals_of(totals, {})


def _asked(plan: PlanView, *outcomes: Outcome) -> tuple[int, dict[str, _Sum]]:
    """The rows of these outcomes, and their sums by currency."""
    sums: dict[str, _Sum] = {}
    for total in (total for outcome in outcomes for total in plan.by_outcome.get(outcome, ()) if total.rows):
        minor, in_decimal = sums.get(total.currency, _Sum(0, Decimal(0)))
        sums[total.currency] = _Sum(minor + total.amount_minor, in_decimal + total.amount_in_decimal)
    return sum(plan.counts.get(outcome, 0) for outcome in outcomes), sums


def _in_words(totals: tuple[Total, ...]) -> str:
    words = [words for total in totals for words in total.words]
    return f" ({' + '.join(words)})" if words else ""


class _HandedOver(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The number of an open file with one JSON document."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Handed:
        """Read it, and act for whom it names from now on."""
        try:
            handed = handed_of(_read(int(value)))
        except (OSError, ValueError, RecursionError) as error:
            self.fail(f"{value!r} is no open file of a server's: {error}.", param, ctx)
        act_for(handed.actor)
        return handed


def _read(descriptor: int) -> bytes:
    """All that it holds, which closes it. Nothing is waited for: a pipe may stay open for ever."""
    if descriptor < _FIRST_INHERITED or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError("a standard stream, or no file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES:,} bytes")
    return content


def handed_of(content: bytes) -> Handed:
    """What such a document says; where it names nobody, the user who runs the process acts.

    Raises:
        ValueError: it is none.
        RecursionError: it is none, and deep.
    """
    every = _only(json.loads(content), "actor", "owed", "typed", "answer")
    said = {name: value for name, value in every.items() if value is not None}
    owed = _only(said.get("owed", {}), "batch", "rows", "totals")
    return Handed(
        _text(said["actor"]) if "actor" in said else user_name(),
        _count(owed.get("rows", 0)),
        {name: total for name, (rows, total) in _totals(owed.get("totals", {})).items() if rows},
        {_text(name): _text(text) for name, text in _table(said.get("typed", {})).items() if text != ""},
        _path(said["answer"]) if "answer" in said else None,
        _text(owed["batch"]) if "batch" in owed else "",
    )


def _totals(content: object) -> dict[str, tuple[int, _Sum]]:
    """By currency the rows, and their sums."""
    found = {}
    for name, content_of_one in _table(content).items():
        total = _only(content_of_one, "rows", "amount", "amount_in_decimal")
        found[_text(name)] = (
            _count(total.get("rows", 1)),
            _Sum(_count(total.get("amount", 0)), _decimal(total.get("amount_in_decimal", "0"))),
        )
    return found


def _table(content: object) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise ValueError("no table where one must be")
    return content


def _only(content: object, *names: str) -> dict[str, Any]:
    table = _table(content)
    if unknown := table.keys() - set(names):
        raise ValueError(f"{min(unknown)[:MAX_LETTERS]!r} is not known")
    return table


def _text(content: object) -> str:
    text = content.strip() if isinstance(content, str) else ""
    if not text or not text.isprintable() or len(text) > MAX_LETTERS:
        raise ValueError(f"no text of one line and at most {MAX_LETTERS} letters")
    return text


def _path(content: object) -> Path:
    if not isinstance(content, str) or "\0" in content or not Path(content).is_absolute():
        raise ValueError("no path where one must be")
    return Path(content)


def _count(content: object) -> int:
    if type(content) is not int or content < 0:
        raise ValueError("no number where one must be")
    return content


def _decimal(content: object) -> Decimal:
    text = _text(content)
    if not text.isascii() or not text.replace(".", "", 1).isdigit():
        raise ValueError("no amount where one must be")
    return Decimal(text)


handed_option = click.option(
    "--handed-over", "handed", type=_HandedOver(), metavar="N", hidden=True,
    help="Number of an open file in which batch-credits web says who acts, and what they agreed to.",
)  # fmt: skip
