"""The nightly payout as a DAG of Airflow 3. Put it into the folder of DAGs; install the wheel beside Airflow:

    pip install 'batch-credits[postgres] @ file:///wheels/batch_credits-0.2.0-py3-none-any.whl'

Checked by `make recipes`: imported and run by `dag.test()` of Airflow 3.3, in an environment of its own, against a
simulated Chargebee that pays, refuses, does not tie out and is away.

The key is the password of the connection `chargebee`, whose login is the site, and whose host, if there is one, is
the address of a proxy. It comes from Airflow's secrets backend, so it is no argument and in no log. The ledger is
given by its whole place: where tasks run on several hosts it is a team's, in PostgreSQL (docs/team.md), since another
file pays again.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseHook, Param, Variable, dag, task
from airflow.sdk.exceptions import AirflowFailException

from batch_credits import ControlLimits, run_file, site_settings
from batch_credits.errors import BatchCreditsError, LedgerBusy, PersonNeeded, ReportsNotWritten, RunStopped


@dag(
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    params={
        "file": Param("/srv/payouts/inbox/tonight.csv", type="string", description="The file to pay."),
        "control": Param(
            "/srv/payouts/inbox/tonight.control.json", type="string",
            description='What whoever ordered it says it comes to: {"totals": {"USD": "6511.00"}}.',
        ),
    },
)
def batch_credits_nightly() -> None:
    """Pay one file, if it comes to what was ordered."""

    @task(retries=5, retry_delay=timedelta(minutes=15))
    def pay(params: dict[str, Any]) -> dict[str, int]:
        """Returns how many rows ended how. What a second try can mend is tried again: 4, a run that was stopped, and
        5, a ledger that is in use. For all else somebody has to do something first."""
        chargebee = BaseHook.get_connection("chargebee")
        site = site_settings(chargebee.login, chargebee.host or None, chargebee.password)
        ordered = json.loads(Path(params["control"]).read_text(encoding="utf-8"))["totals"]
        try:
            result = run_file(
                Path(params["file"]),
                site=site,
                ledger=Variable.get("batch_credits_ledger"),
                reports=Variable.get("batch_credits_reports"),
                limits=ControlLimits(expect_total=tuple(ordered.items())),
                confirm=lambda checked: True,  # whoever ordered it said yes, to these totals and no others
            )
        except PersonNeeded as error:
            raise AirflowFailException(f"A person must look: {error}") from None
        except (LedgerBusy, ReportsNotWritten, RunStopped):
            raise
        except BatchCreditsError as error:
            raise AirflowFailException(f"Nothing was sent: {error} {error.hint}") from None
        if result.exit_code == 4:
            raise RuntimeError(f"Stopped before the end, running again carries on: {result.stopped}")
        if result.exit_code:
            raise AirflowFailException(f"Look at {result.reports}: {dict(result.counts)}")
        return dict(result.counts)

    pay()


nightly = batch_credits_nightly()
