"""The nightly payout as a job of Dagster: `dagster dev -f batch_credits_job.py`, with the wheel installed beside it.

Checked by `make recipes`: imported and run by `execute_in_process()` of Dagster 1.13, in an environment of its own,
against a simulated Chargebee that pays, refuses, does not tie out and is away.

The key is in a file that the daemon's account alone can read, such as a mounted secret; no configuration holds it.
The ledger is given by its whole place: where runs are on several hosts it is a team's, in PostgreSQL (docs/team.md),
since another file pays again.
"""

import json
from pathlib import Path

import dagster

from batch_credits import ControlLimits, run_file, site_settings
from batch_credits.errors import BatchCreditsError, LedgerBusy, PersonNeeded, ReportsNotWritten, RunStopped


class Chargebee(dagster.ConfigurableResource):  # type: ignore[type-arg]
    """The site, the file with its key, and what remembers who was paid. `base_url` is the address of a proxy."""

    site: str
    key_file: str
    ledger: str
    reports: str
    base_url: str | None = None


class Payout(dagster.Config):
    """A file, and what whoever ordered it says it comes to: {"totals": {"USD": "6511.00"}}."""

    file: str = "/srv/payouts/inbox/tonight.csv"
    control: str = "/srv/payouts/inbox/tonight.control.json"
    pause_seconds: float = 900


@dagster.op
def pay(context: dagster.OpExecutionContext, config: Payout, chargebee: Chargebee) -> dict[str, int]:
    """Returns how many rows ended how. What a second try can mend is tried again: 4, a run that was stopped, and 5, a
    ledger that is in use. For all else somebody has to do something first."""
    key = Path(chargebee.key_file).read_text(encoding="utf-8").strip()
    ordered = json.loads(Path(config.control).read_text(encoding="utf-8"))["totals"]
    site = site_settings(chargebee.site, chargebee.base_url, key)
    try:
        result = run_file(
            config.file,
            site=site,
            ledger=chargebee.ledger,
            reports=chargebee.reports,
            limits=ControlLimits(expect_total=tuple(ordered.items())),
            confirm=lambda checked: True,  # whoever ordered it said yes, to these totals and no others
        )
    except PersonNeeded as error:
        raise dagster.Failure(f"A person must look: {error}", allow_retries=False) from None
    except (LedgerBusy, ReportsNotWritten, RunStopped) as error:
        context.log.warning(f"To be tried again: {error}")
        raise dagster.RetryRequested(max_retries=5, seconds_to_wait=config.pause_seconds) from error
    except BatchCreditsError as error:
        raise dagster.Failure(f"Nothing was sent: {error} {error.hint}", allow_retries=False) from None
    context.add_output_metadata({"reports": dagster.MetadataValue.path(str(result.reports)), **result.counts})
    if result.exit_code == 4:
        context.log.warning(f"Stopped before the end, running again carries on: {result.stopped}")
        raise dagster.RetryRequested(max_retries=5, seconds_to_wait=config.pause_seconds)
    if result.exit_code:
        raise dagster.Failure(f"Look at {result.reports}: {dict(result.counts)}", allow_retries=False)
    return dict(result.counts)


@dagster.job
def batch_credits_nightly() -> None:
    """Pay one file, if it comes to what was ordered."""
    pay()


nightly = dagster.ScheduleDefinition(job=batch_credits_nightly, cron_schedule="30 2 * * *", execution_timezone="UTC")

defs = dagster.Definitions(
    jobs=[batch_credits_nightly],
    schedules=[nightly],
    resources={
        "chargebee": Chargebee(
            site="acme",
            key_file="/run/secrets/chargebee-key",
            ledger="/srv/payouts/ledger.sqlite3",
            reports="/srv/payouts/reports",
        )
    },
)
