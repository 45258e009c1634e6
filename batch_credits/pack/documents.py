"""The documents of a pack: what the batch is and where it comes from, how each run was set, and what the files are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from batch_credits import __version__
from batch_credits.ledger import Kin
from batch_credits.model import BatchRecord, CallKind, RunRecord
from batch_credits.pack.masks import Mask

LEFT_OUT = "left out: it may name a customer"

README = """\
This is all that batch-credits knows of one batch of promotional credits, and a seal on it. Open summary.html first.

  input.*          the file that was paid, byte for byte; batch.json has its SHA-256, of which the batch's id is made
  batch.json       which file, for which site, read how; whether the input is here; what reverses or mends it
  runs.json        each run: who, when, from which hosts, with which settings and whence, how it was agreed to
  order.json       where one was asked for: what one person ordered and others approved, with their passkeys' signatures
  approvers.toml   those who approved it, with the public keys of their passkeys, as they were when it was carried out
  results.csv      every row of the file, and what became of it; failed.csv has those that a person can mend
  credits.csv      the same rows with their money in one unit: amount_minor counts cents
  attempts.csv     every call for a row, written down before it left: when, its key, the SHA-256 of its body, what was
                   learned first ("the run stopped before it was sent": it never left)
  findings.csv     all that was learned, in order: answers, looks at Chargebee's list, what persons said
  resolutions.csv  what persons said of rows that no answer and no list could settle
  journal.csv      the entry for the general ledger: two lines an entry, which are equal
  summary.json     counts and totals by outcome; summary.html says the same to people

Times are UTC. Nothing was changed if this says so:   batch-credits verify FOLDER
Without the program, in the folder above this one:    sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt
and then the SHA-256 of tagmanifest-sha256.txt must be the digest that you were given by another way than with the pack.
"""


@dataclass(frozen=True, slots=True)
class Input:
    """The source file in a pack: under which name, or why there is none. `is_due`: without it the pack is not whole."""

    path: str | None
    why_not: str = ""
    is_due: bool = True


def batch_document(batch: BatchRecord, source: Input, kin: Sequence[Kin], mask: Mask) -> str:
    """batch.json."""
    return _written(
        {
            "batch": batch.key,
            "kind": batch.kind.value,
            "site": batch.site,
            "file": batch.file_name,
            "file_sha256": batch.file_sha256,
            "input": source.path,
            "why_no_input": source.why_not or None,
            "admitted_at": batch.created_at,
            "rows": batch.rows_read,
            "totals_read": {
                currency: {"rows": each.count, "minor": each.amount_minor, "in_decimal": f"{each.amount_in_decimal:f}"}
                for currency, each in sorted(batch.totals.items())
            },
            "headers": list(batch.headers),
            "columns": dict(sorted(batch.columns.items())),
            "options": batch.options_json,
            "reverses": batch.reverses,
            "related": [
                {"what": each.what, "batch": each.key, "file": each.file_name, "file_sha256": each.file_sha256}
                for each in kin
            ],
            "pseudonyms": mask.is_on,
            "software": f"batch-credits {__version__}",
        }
    )


def runs_document(runs: Sequence[RunRecord], mask: Mask) -> str:
    """runs.json, the oldest first. Settings hold no key: the ledger has none."""
    return _written(
        [
            {
                "run": run.run_id,
                "started_at": run.started_at,
                "ended_at": run.ended_at,
                "user": run.user,
                "hosts": list(run.hosts),
                "version": run.version,
                "requests": run.requests,
                "throttled": run.throttled,
                "retries": run.retries,
                "stopped": stopped_as_said(run, mask),
                "needs_person": run.needs_person,
                "record": _record(run),
            }
            for run in runs
        ]
    )


def _record(run: RunRecord) -> dict[str, Any]:
    """How a run was set; the order that it carried out is a file of its own."""
    record: dict[str, Any] = json.loads(run.settings_json)
    if record.get("order"):
        apart = ("content", "approvers")
        record["order"] = {name: value for name, value in record["order"].items() if name not in apart}
    return record


def stopped_as_said(run: RunRecord, mask: Mask) -> str | None:
    """Why a run ended early; with pseudonyms only that it did."""
    return LEFT_OUT if run.stopped is not None and mask.is_on else run.stopped


def is_without_file(batch: BatchRecord) -> bool:
    """Whether a batch has no source file of its own: a reversal, or what was learned from Chargebee's list."""
    return batch.kind is CallKind.DEDUCT or not batch.file_sha256


def _written(content: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
