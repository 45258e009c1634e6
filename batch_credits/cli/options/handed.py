"""What the page hands over to a command that it starts: who acts, and what that person agreed to.

By an open file that the command inherits: an option or a variable would stand in the list of processes, and could be
set by accident. Whoever has a shell of the server's account can do all of it; see docs/web.md.
"""

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import click

from batch_credits.errors import NotConfirmed
from batch_credits.model import CallKind, Outcome
from batch_credits.model.amounts import is_amount_of
from batch_credits.process.user import act_for
from batch_credits.views.amounts import Total
from batch_credits.views.question import Question

MAX_BYTES = 1024**2
MAX_NAME_LETTERS = 200
_FIRST_INHERITED = 3


@dataclass(frozen=True, slots=True)
class Handed:
    """Who acts; `rows` and `totals` are what they agreed to be sent, as check --json says it of what is pending, and
    `typed` the totals that they typed, by currency."""

    actor: str
    rows: int
    totals: Mapping[str, Mapping[str, Any]]
    typed: Mapping[str, str] = field(default_factory=dict)

    def refuse_other(self, question: Question) -> None:
        """Refuse to send anything but what the person agreed to.

        Raises:
            NotConfirmed: what is to be sent is something else by now, or a total was not typed that must be.
        """
        owed = question.plan.by_outcome.get(Outcome.PENDING, ())
        rows = question.plan.counts[Outcome.PENDING]
        if rows != self.rows or {each.currency: _sum_of(each) for each in owed if each.rows} != self.agreed():
            what = "credits" if question.plan.kind is CallKind.ADD else "deductions"
            raise NotConfirmed(
                f"Nothing was sent: what is to be sent has changed since {self.actor} agreed to it. Then it was"
                f" {self.rows:,} {what}, now it is {rows:,}{_in_words(owed)}.",
                hint="Look at the numbers again.",
            )
        for total in question.to_type:
            typed = self.typed.get(total.currency, "").strip()
            if not typed or not all(is_amount_of(typed, words) for words in total.words):
                raise NotConfirmed(
                    f"Nothing was sent: the total in {total.currency} must be typed (--confirm-total).",
                    hint=f"Type {' and '.join(total.words)}.",
                )

    def agreed(self) -> dict[str, tuple[int, Decimal]]:
        """By currency the minor units, and what came in decimal."""
        return {
            currency: (total.get("amount", 0), Decimal(total.get("amount_in_decimal", 0)))
            for currency, total in self.totals.items()
            if total.get("rows", 1)
        }


def _sum_of(total: Total) -> tuple[int, Decimal]:
    return total.amount_minor, total.amount_in_decimal


def _in_words(totals: tuple[Total, ...]) -> str:
    words = [words for total in totals for words in total.words]
    return f" ({' + '.join(words)})" if words else ""


class _HandedOver(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """The number of an open file with one JSON document."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Handed:
        """Read it, and act for whom it names from now on."""
        try:
            handed = _read(int(value))
        except (OSError, ValueError, TypeError, KeyError, ArithmeticError):
            self.fail(f"{value!r} is no open file of a server's.", param, ctx)
        act_for(handed.actor)
        return handed


def _read(descriptor: int) -> Handed:
    if descriptor < _FIRST_INHERITED or not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise ValueError("a standard stream, or no file")
    with os.fdopen(descriptor, "rb") as file:
        content = json.loads(file.read(MAX_BYTES))
    actor = content["actor"].strip()
    if not actor or not actor.isprintable() or len(actor) > MAX_NAME_LETTERS:
        raise ValueError("no name")
    owed = content.get("owed") or {"rows": 0, "totals": {}}
    handed = Handed(actor, int(owed["rows"]), owed["totals"], content.get("typed") or {})
    handed.agreed()  # it can be compared
    return handed


handed_option = click.option(
    "--handed-over", "handed", type=_HandedOver(), metavar="N",
    help="Number of an open file in which batch-credits web says who acts, and what they agreed to.",
)  # fmt: skip
