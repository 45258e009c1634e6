"""Batches and their runs, as the ledger remembers them."""

from collections.abc import Sequence
from dataclasses import dataclass

from batch_credits.model.money import ControlTotal
from batch_credits.model.requests import CallKind


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that is to be staged: one source's content, read one way, for one site.

    `columns` maps a field to the index of its column in `headers`. `options_json` is `InputOptions.as_json()`.
    `reverses` is the key of the batch whose credits it deducts.
    """

    key: str
    site: str
    file_name: str
    file_sha256: str
    headers: Sequence[str]
    columns: dict[str, int]
    options_json: str
    kind: CallKind = CallKind.ADD
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A batch as the ledger remembers it.

    `columns` maps a field to the index of its column in `headers`. `rows_read` and `totals` were counted by
    the loader as it read, independently of the outcomes, so that a report can be tied out against them.
    `options_json` is `InputOptions.as_json()`. `reverses` is the key of the batch whose credits a reversal deducts.
    """

    batch_id: int
    key: str
    site: str
    file_name: str
    file_sha256: str
    headers: tuple[str, ...]
    columns: dict[str, int]
    options_json: str
    created_at: str
    rows_read: int
    totals: dict[str, ControlTotal]
    kind: CallKind = CallKind.ADD
    reverses: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution over a batch. `stopped` is the sentence saying why it ended early, if it did.

    `settings_json` is what `settings.for_the_record` made; "{}" of a run by a version that did not record it.
    `needs_person`: it stopped since a person must look before anything else is sent. `hosts` are the machines from
    which it sent, in the order of their names.
    """

    run_id: int
    started_at: str
    ended_at: str | None
    version: str
    user: str
    requests: int
    throttled: int
    retries: int
    stopped: str | None
    settings_json: str = "{}"
    needs_person: bool = False
    hosts: tuple[str, ...] = ()
