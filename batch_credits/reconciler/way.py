"""Which way a batch is asked about, and how many questions that takes: the list of all credits since a moment, or that
of each of its customers. Neither tells its length beforehand; what the ledger knows of it is the least it can be.
"""

from dataclasses import dataclass

from batch_credits.call import call_for
from batch_credits.ledger import Listing
from batch_credits.model import BatchRecord

FEW_CUSTOMERS = 20  # they are asked for each in any case: their own lists show what is older, too
PAGE = 100  # credits that one answer lists
CLOCK_MARGIN_SECONDS = 86_400  # our wall clock may be wrong by this much, and the list is still read from early enough


@dataclass(frozen=True, slots=True)
class Way:
    """`reads_list`: the list is begun, and read while it has fewer pages than there are customers. `questions` are
    those to expect if nobody else has added credits."""

    reads_list: bool
    questions: int


def start_of(listing: Listing, batch: BatchRecord, *, whole: bool) -> int:
    """From which moment on the list is read (unix seconds): a day before the batch was first sent, or all of it."""
    sent = listing.first_attempt_ms(batch.batch_id)
    return 0 if whole or sent is None else max(0, sent // 1000 - CLOCK_MARGIN_SECONDS)


def calls_of(listing: Listing, batch: BatchRecord) -> list[str | None]:
    """The calls of each business entity that the batch was sent for; None: that of this run."""
    return [call_for(entity) for entity in listing.entities(batch.batch_id)] or [None]


def way_for(listing: Listing, batch: BatchRecord, start: int, customers: int) -> Way:
    """The way for so many customers, with a list that begins at a moment (unix seconds)."""
    if customers > FEW_CUSTOMERS:
        most = customers * PAGE
        known = listing.sent_since(batch.batch_id, start, most)
        if known < most:  # else the list is known to be too long
            return Way(reads_list=True, questions=max(1, -(-known // PAGE)))
    return Way(reads_list=False, questions=listing.pages_by_customer(batch.batch_id, PAGE))


def questions_ahead(listing: Listing, batch: BatchRecord, doubts: int, *, whole: bool) -> int:
    """About how many questions a reconciling asks, that has so many rows to settle first: one of each at least."""
    customers = listing.customers(batch.batch_id, only_unlisted=False)
    each = way_for(listing, batch, start_of(listing, batch, whole=whole), len(customers)).questions
    return doubts + each * len(calls_of(listing, batch))
