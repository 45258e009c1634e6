"""Reports that lie where a run's own would, and say of its batch that more was paid than the ledger knows.

Then the batch was paid with another ledger: of another user, of before a restore, or of one that a setting names. To
go on would be to pay it again.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.errors import UsageError
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.planning.plan import Plan
from batch_credits.text.counted import rows

_SETTLED = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)
_OPEN = (Outcome.IN_DOUBT, Outcome.REVIEW)  # a known batch may have settled these since


@dataclass(frozen=True, slots=True)
class _Told:
    """What a summary says of a batch: how many rows have been paid, or may have been, and by which ledger."""

    paid: int
    ledger: str | None


def refuse_what_another_ledger_paid(plan: Plan, reports: Path, ledger: Place) -> None:
    """Hold the plan against the reports of its batch, under whatever name the file had.

    Raises:
        UsageError: they know more than the ledger.
    """
    outcomes = (*_SETTLED, *_OPEN) if plan.is_new else _SETTLED
    known = plan.count(*outcomes)
    for path in _summaries(reports, plan.key):
        told = _told(path, plan, outcomes)
        if told is None or told.paid <= known:
            continue
        are = "is" if told.paid == 1 else "are"
        by = f" They are of the ledger {told.ledger}." if told.ledger not in (None, str(ledger)) else ""
        raise UsageError(
            f"The reports in {path.parent} say of this very batch that {rows(told.paid)} {are} paid, or may be, and "
            f"the ledger {ledger} knows it of {known}.{by}",
            hint="Name the ledger that it was paid with: --ledger. If that is lost, let this one learn first what "
            "Chargebee has: batch-credits reconcile --since DATE, or run with --verify-first. If they are of a "
            f"Chargebee that is gone, such as a sandbox, remove {path.parent}.",
            remedies=[(("--ledger", told.ledger if by and told.ledger else "FILE"),), (("--verify-first", ""),)],
        )


def _summaries(reports: Path, key: str) -> list[Path]:
    try:
        return sorted(reports.glob(f"*-{key[:8]}/summary.json"))
    except OSError:  # where no folder can be there are no reports either; the run says so when it writes its own
        return []


def _told(path: Path, plan: Plan, outcomes: tuple[Outcome, ...]) -> _Told | None:
    """None if it is about another batch; what cannot be read may say anything."""
    try:
        document: dict[str, Any] = json.loads(path.read_bytes())
        if document["batch"] != plan.key:
            return None
        paid = sum(int(document["counts"][plan.kind.name_of(outcome)]) for outcome in outcomes)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{path} may be the report of this very batch, and cannot be read: {error!r}.",
            hint="If the batch was paid with another ledger, name it with --ledger. Else remove the file.",
            remedies=[(("--ledger", "FILE"),)],
        ) from None
    return _Told(paid, (document.get("settings") or {}).get("ledger"))
