"""What a worker says in all its jobs, and what all the workers of a run have sent."""

from batch_credits.model import Outcome
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.following import Following
from batch_credits.sending.told import AllTold, Teller, Told, sent_by


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
