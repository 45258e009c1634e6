"""Run by Dagster's own Python: the job of the file in the first argument, once for each line of standard input.

A line is JSON: the settings of the resource (`chargebee`) and of the op (`payout`). For each, a line of JSON is said:
whether it succeeded, and how often the op was tried.
"""

import importlib.util
import json
import sys

import dagster

spec = importlib.util.spec_from_file_location("recipe", sys.argv[1])
assert spec and spec.loader
recipe = importlib.util.module_from_spec(spec)
sys.modules["recipe"] = recipe
spec.loader.exec_module(recipe)
job = recipe.defs.resolve_job_def("batch_credits_nightly")
with dagster.DagsterInstance.ephemeral() as instance:
    tick = recipe.nightly.evaluate_tick(dagster.build_schedule_context(instance))
print("RAN", json.dumps([job.name, recipe.nightly.cron_schedule, len(tick.run_requests)]), flush=True)
for line in sys.stdin:
    told = json.loads(line)
    done = recipe.batch_credits_nightly.execute_in_process(
        resources={"chargebee": recipe.Chargebee(**told["chargebee"])},
        run_config={"ops": {"pay": {"config": {**told["payout"], "pause_seconds": 0}}}},
        raise_on_error=False,
    )
    tries = [e for e in done.all_events if e.event_type_value in ("STEP_START", "STEP_RESTARTED")]
    print("RAN", json.dumps([done.success, len(tries)]), flush=True)
