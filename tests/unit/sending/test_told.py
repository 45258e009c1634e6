"""What a worker says in all its jobs, and what all the workers of a run have sent."""

import pytest

from batch_credits.errors import JournalFailed, LedgerBusy, LedgerError, Outage, RunStopped
from batch_credits.ledger.engines.postgres.database import ConnectionLost, LockKept
from batch_credits.model import Outcome
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.following import Following
from batch_credits.sending.issued import Issued
from batch_credits.sending.told import AllTold, Ended, Teller, Told, sent_by
from batch_credits.worker_pool.counts import Counts


class Sent(SilentProgress):
    """Remembers how many requests left."""

    def __init__(self) -> None:
        self.last: tuple[int, int] | None = None

    def sent(self, requests: int, retries: int) -> None:
        self.last = (requests, retries)


class Life:
    """A worker as the ledger has it."""

    has_ended = False

    def __init__(self, worker_id: int, told: str) -> None:
        self.worker_id = worker_id
        self.told = told


def said(requests: int, retries: int) -> str:
    teller = Teller()
    teller.sent(requests, retries)
    return teller.said()


def test_all_jobs_of_a_worker_count() -> None:
    told = AllTold()
    assert told.so_far() == ({}, 0, (0, 0))
    for number in (1, 2):
        teller = told.begin(Teller())
        teller.settled(Outcome.CREDITED)
        teller.settled(Outcome.IN_DOUBT)
        teller.settled(Outcome.FAILED, was_in_doubt=True)
        teller.throttled()
        teller.sent(4 * number, number)
    assert told.so_far() == ({Outcome.CREDITED: 2, Outcome.IN_DOUBT: 2, Outcome.FAILED: 2}, 2, (12, 3))
    assert told.so_far() == told.so_far(), "to ask changes nothing"


def test_requests_of_all_workers_are_shown_since_it_began() -> None:
    assert sent_by([]) == (0, 0)
    assert Told.read(said(3, 1)).sent == (3, 1)
    shown = Sent()
    following = Following([Life(1, said(10, 2))], shown)  # type: ignore[list-item]
    following.show([Life(1, said(12, 2)), Life(2, said(5, 1))])  # type: ignore[list-item]
    assert shown.last == (7, 1)
    following.show([Life(1, said(13, 3)), Life(2, said(5, 1))])  # type: ignore[list-item]
    assert shown.last == (8, 2)


@pytest.mark.parametrize(
    ("failure", "read"),
    [(ConnectionLost, LedgerError), (LockKept, LedgerBusy), (LedgerError, LedgerError)],
)
def test_an_engines_own_error_is_read_as_what_all_know(failure: type[LedgerError], read: type[LedgerError]) -> None:
    """What a worker that lost its connection told once ended every later run of its batch as a bug."""
    ended = Ended(Issued(Counts(), 3, Outage("away")), failure("lost", hint="run again"))
    found = Ended.read(ended.as_json())
    assert (type(found.issued.stopped), type(found.failure)) == (Outage, read)
    assert found.failure is not None and (found.failure.message, found.failure.hint) == ("lost", "run again")


def test_an_error_of_another_version_is_one_of_its_kind() -> None:
    said = {"requests": 1, "counts": {}, "stopped": ["OfTomorrow", "a", "b"], "failure": ["OfTomorrowToo", "c", "d"]}
    ended = Ended.read(said)
    assert (type(ended.issued.stopped), type(ended.failure)) == (RunStopped, LedgerError)
    assert type(Ended.read(said | {"stopped": ["JournalFailed", "a", "b"]}).issued.stopped) is JournalFailed
