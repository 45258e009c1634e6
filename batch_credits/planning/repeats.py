"""Whether a content came before, or the reference of its rows is that of another content.

The first would pay twice, where the rows take a reference that is given for the file: under another one each of them is
another credit. Of the second every customer who is in both would seem to be paid already, and be left out. A person
who decides about each file is told of the first, and sees the second in the plan; whoever pays files unseen asks for
this.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from batch_credits.call import for_entity
from batch_credits.errors import ControlError
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind, Outcome
from batch_credits.model.identity import same_text
from batch_credits.model.requests import STILL_OWED

KEY_LETTERS = 64  # of an id; one that was borrowed for a look has more in front
_SETTLED = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Why a file is not to be paid: what it is about, and what to do. `batch` is the one that its content came as;
    `reference` the one with which to go on with it, None: there is nothing to go on with."""

    what: str
    hint: str
    batch: str | None = None
    reference: str | None = None


def repeat_of(ledger: Ledger, batches: Sequence[BatchRecord], sha256: str, reference: str | None) -> Repeat | None:
    """Why a content is not to be paid with this reference for its rows that have none; None: it may be. `batches` are
    those of its site that it is held against.

    A content that was begun and not finished may be gone on with, under the same reference: the ledger knows which of
    its rows are owed. One of which all was rejected was not begun: as little as another one may it take a reference
    under which others are paid.
    """
    batches = [batch for batch in batches if batch.kind is CallKind.ADD]
    is_begun = False
    for batch in batches:
        if batch.file_sha256 != sha256 or not (counts := _counts(ledger, batch)):
            continue
        if (found := _same_content(ledger, batch, counts, reference)) is not None:
            return found
        is_begun = is_begun or reference_of(batch) == reference
    if is_begun or reference is None:
        return None
    return _other_content([batch for batch in batches if batch.file_sha256 != sha256], reference)


def refuse_repeat(ledger: Ledger, batch_id: int) -> None:
    """Hold a batch that is staged against all that were admitted.

    Raises:
        ControlError: its content came before, or its reference is another's.
    """
    staged = ledger.batches.staged(batch_id)
    others = [each for each in ledger.batches.all() if each.site == staged.site and each.key != staged.key]
    repeat = repeat_of(ledger, others, staged.file_sha256, reference_of(staged))
    if repeat is not None:
        raise ControlError(f"{repeat.what} Nothing was sent (--refuse-repeat).", hint=repeat.hint)


def came_before(ledger: Ledger, batch_id: int) -> list[str]:
    """What a person is told of the content of a batch that is staged, if other batches of its site have it as well: a
    sentence, or none."""
    staged = ledger.batches.staged(batch_id)
    same = [
        batch
        for batch in ledger.batches.all()
        if batch.kind is CallKind.ADD
        and (batch.site, batch.file_sha256) == (staged.site, staged.file_sha256)
        and batch.key != staged.key
    ]
    if not same:
        return []
    itself = next((batch for batch in same if batch.key[-KEY_LETTERS:] == staged.key), None)
    last = itself or same[-1]
    came = f"batch {last.key[-KEY_LETTERS:][:8]} of {_moment(last)}."
    if itself is not None:  # as a look borrows it: a run has that one, and no other
        return [f"This file is {came} What was refused then, a run sends again only with --retry-failed."]
    return [
        f"The same content came before, as {last.file_name}: {came}"
        " Under another reference each of its rows is another credit."
    ]


def parted(ledger: Ledger, batch_id: int, business_entity_id: str | None) -> list[str]:
    """What a person is told of a batch that was begun for another business entity than it is to go on for: a sentence,
    or none."""
    entities = ledger.held_credits.entities(batch_id)
    if not entities or business_entity_id in entities:
        return []
    begun = " and ".join(map(for_entity, entities))
    goes_on = for_entity(business_entity_id)
    return [f"This batch was begun {begun}, and goes on {goes_on}: the rest goes to another balance."]


def reference_of(batch: BatchRecord) -> str | None:
    """The reference of its rows that had none."""
    reference: str | None = json.loads(batch.options_json).get("reference")
    return reference


def _counts(ledger: Ledger, batch: BatchRecord) -> dict[Outcome, int]:
    """The rows of a batch by outcome; none, where all were rejected: nothing of it was ever sent."""
    totals = ledger.totals.known(batch.batch_id)
    counts = {outcome: sum(total.count for total in of.values()) for outcome, of in totals.items()}
    return {} if counts.get(Outcome.REJECTED, 0) == batch.rows_read else counts


def _same_content(
    ledger: Ledger, batch: BatchRecord, counts: dict[Outcome, int], reference: str | None
) -> Repeat | None:
    taken = reference_of(batch)
    owed = sum(counts.get(outcome, 0) for outcome in STILL_OWED)
    if owed and taken in (None, reference):
        return None  # there is something to go on with
    undone = ", reversed since" if ledger.totals.undone(batch.batch_id).rows else ""
    what = (
        f"The same content came before, as {batch.file_name}: batch {batch.key[:8]} of {_moment(batch)},"
        f" {_in_words(counts, batch.rows_read)}{undone}."
    )
    if owed:
        return Repeat(what, f"Its rows took the reference {taken!r} then. To go on, give that:", batch.key, taken)
    hint = "Nothing is to be done; if it is meant to be paid once more, give its rows references of their own."
    if sum(counts.get(outcome, 0) for outcome in _SETTLED) < batch.rows_read:
        hint = f"What was not credited is in its failed.csv: batch-credits report {batch.key[:8]} writes it again."
    return Repeat(what, hint, batch.key)


def _other_content(batches: Sequence[BatchRecord], reference: str) -> Repeat | None:
    for batch in batches:
        taken = reference_of(batch)
        if taken is not None and same_text(taken, reference):
            return Repeat(
                f"The reference {reference!r} of its rows is that of the rows of another file, {batch.file_name}: batch"
                f" {batch.key[:8]} of {batch.created_at[:10]}. Who is in both would seem to be paid.",
                "Is it another payout? Then it needs another reference. Is it the same one, corrected? Then mend the"
                " failed.csv of that batch instead.",
            )
    return None


def _moment(batch: BatchRecord) -> str:
    return f"{batch.created_at[:16].replace('T', ' ')} UTC"


def _in_words(counts: dict[Outcome, int], rows: int) -> str:
    said = [f"{count:,} {outcome.value.replace('_', ' ')}" for outcome, count in counts.items() if count]
    return f"{rows:,} row{'' if rows == 1 else 's'} ({', '.join(said)})"
