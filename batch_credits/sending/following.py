"""Following the workers of a batch: what they say in the ledger, shown as if one process did it all."""

from collections.abc import Iterable
from time import time

from batch_credits.ledger import Worker
from batch_credits.progress.observers import Progress
from batch_credits.sending.told import Told, sent_by


class Following:
    """Shows what the workers say, since it began with what these had said."""

    def __init__(self, workers: Iterable[Worker], progress: Progress) -> None:
        self._progress = progress
        self._told = {worker.worker_id: Told.read(worker.told) for worker in workers}
        self._sent_before = sent_by(self._told.values())
        self._said: set[str] = set()

    def show(self, workers: Iterable[Worker]) -> None:
        """Show what is new in what they have said so far."""
        waits = None
        for worker in workers:
            told, before = Told.read(worker.told), self._told.get(worker.worker_id, Told())
            self._told[worker.worker_id] = told
            told.show_since(before, self._progress, self._said)
            if not worker.has_ended and waits is None:
                waits = told.waiting(time())
        self._progress.waits(waits)
        requests, retries = sent_by(self._told.values())
        self._progress.sent(requests - self._sent_before[0], retries - self._sent_before[1])
