"""What the workers of a run have come to together, as each said in the ledger; and the end of its runs."""

from batch_credits.errors import AnsweredForAnother, RunStopped
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.sending.issued import Issued
from batch_credits.sending.told import Told


def failures_of(ledger: Ledger, run_id: int) -> int:
    """How many rows Chargebee has refused to the workers of a run."""
    told = (Told.read(worker.told) for worker in ledger.workers.of_run(run_id))
    return sum(rows for each in told for (outcome, _), rows in each.settled.items() if outcome is Outcome.FAILED)


def end_runs(ledger: Ledger, batch_id: int, why: RunStopped | None = None) -> None:
    """Note that the runs over a batch have ended that go on, with what their workers say; `why` they were stopped."""
    for run_id in ledger.teams.open_runs(batch_id):
        said = (Told.read(each.told).ended for each in ledger.workers.of_run(run_id))
        in_all = Issued.together((ended.issued for ended in said if ended is not None), why)
        ledger.runs.end(
            run_id,
            requests=in_all.requests,
            throttled=in_all.counts.throttled,
            retries=in_all.counts.retries,
            stopped=why.message if why else None,
            needs_person=isinstance(why, AnsweredForAnother),
        )
