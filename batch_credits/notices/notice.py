"""What a notice says, as values and as the JSON document that programs get.

It has counts, totals, codes and the sentences of this program. What stands in a row (ids, names, descriptions,
references) is not here to be told: no error's message is, since it may quote a row or an answer of the site.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.model.amounts import Exponents
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.amounts import in_decimal, in_minor_units
from batch_credits.text.visible import visible

MAX_NAME_LETTERS = 255  # of a file, which no file system takes more of


class Event(StrEnum):
    """What a notice is about."""

    STARTED = "started"
    ATTENTION = "attention"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person has to look: a code for programs, what is the matter, and what to do, where BATCH may stand."""

    code: str
    sentence: str
    to_do: str

    def about(self, key: str) -> "Reason":
        """The same, with the id of the batch in such a command."""
        return replace(self, to_do=self.to_do.replace("BATCH", key[:8]))


@dataclass(frozen=True, slots=True)
class Subject:
    """Which command tells: `execution` is the same in all of its notices. None: not known yet, or there is none."""

    execution: str
    command: str
    host: str
    version: str
    site: str | None = None
    is_live: bool | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the rows stand that a command is about. `key` is their batch's, None for those of several batches, and for
    what one worker did.

    `counts` is None where nobody counted, `totals` where nobody summed; `unread` rows have an amount that nobody could
    read, so they are in no total; `stated` are the exponents that the operator gave.
    """

    key: str | None
    kind: CallKind
    rows: int | None = None
    counts: Mapping[Outcome, int] | None = None
    totals: Mapping[Outcome, Mapping[str, ControlTotal]] | None = None
    unread: int = 0
    stated: Exponents = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that is told, once, to everybody who is to hear it. `id` is the same however often it is tried.

    `headline` is one sentence without a stop; `exit_code` is None as long as the command goes on. `link` leads to the
    report: an address, or the path of summary.html.
    """

    event: Event
    at: datetime
    subject: Subject
    headline: str
    exit_code: int | None = None
    reasons: Sequence[Reason] = ()
    standing: Standing | None = None
    link: str | None = None

    @property
    def id(self) -> str:
        """What tells it from every other notice; no full stop is in it, which would end it where it is signed."""
        return f"msg_{self.subject.execution}_{self.event}"

    @property
    def type(self) -> str:
        """Its name for programs."""
        return f"batch_credits.{self.event}"


def document(notice: Notice) -> dict[str, Any]:
    """The notice as docs/schemas/notice.json describes it. Where summary.json says the same, the name is the same."""
    subject = notice.subject
    data: dict[str, Any] = {
        "execution": subject.execution,
        "command": subject.command,
        "version": subject.version,
        "host": subject.host,
        "site": subject.site,
        "live": subject.is_live,
        "file": None if subject.file is None else shown_name(subject.file),
        "headline": notice.headline,
        "exit_code": notice.exit_code,
        "reasons": [{"code": r.code, "sentence": r.sentence, "to_do": r.to_do} for r in notice.reasons],
        "link": notice.link,
    }
    data |= _standing(notice.standing)
    return {"type": notice.type, "timestamp": notice.at.isoformat(timespec="milliseconds"), "data": data}


def as_json(notice: Notice) -> bytes:
    """The same as bytes: the text that is signed, and the text that is sent."""
    return json.dumps(document(notice), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def shown_name(name: str) -> str:
    """A file's name as one line of printable text: a name may hold anything, also bytes that are no text."""
    return visible(name)[:MAX_NAME_LETTERS]


def by_currency(totals: Mapping[str, ControlTotal]) -> dict[str, ControlTotal]:
    """The same, where what names no currency is called what reports call it."""
    return {currency or SITE_CURRENCY: total for currency, total in totals.items()}


def _standing(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"batch": None, "kind": None, "rows": None, "counts": None, "totals": None}
    name = standing.kind.name_of
    counts, totals = standing.counts, standing.totals
    said: dict[str, Any] = {
        "batch": standing.key,
        "kind": standing.kind.value,
        "rows": standing.rows,
        "counts": None if counts is None else {name(outcome): counts.get(outcome, 0) for outcome in Outcome},
    }
    if totals is None:
        return said | {"totals": None}
    by_outcome = {outcome: by_currency(totals.get(outcome, {})) for outcome in Outcome}
    said["totals"] = {name(outcome): in_minor_units(of) for outcome, of in by_outcome.items()}
    decimals = {name(outcome): in_decimal(of) for outcome, of in by_outcome.items()}
    if any(decimals.values()):
        said["totals_in_decimal"] = decimals
    return said | {"unreadable_amounts": standing.unread}
