"""Run by Airflow's own Python: the DAG of the file in the first argument, once for each line of standard input.

A line is JSON: the run's configuration (`conf`) and variables of the environment (`variables`). For each, a line of
JSON is said: the task's state, and how often it was tried.
"""

import importlib.util
import json
import os
import sys
from datetime import timedelta

spec = importlib.util.spec_from_file_location("recipe", sys.argv[1])
assert spec and spec.loader
recipe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recipe)
pay = recipe.nightly.get_task("pay")
print("RAN", json.dumps([recipe.nightly.dag_id, pay.retries, pay.retry_delay.total_seconds()]), flush=True)
pay.retries, pay.retry_delay = 1, timedelta(0)  # nobody waits here
for line in sys.stdin:
    told = json.loads(line)
    os.environ.update(told["variables"])
    [task] = recipe.nightly.test(run_conf=told["conf"]).get_task_instances()
    print("RAN", json.dumps([str(task.state), task.try_number]), flush=True)
