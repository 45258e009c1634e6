"""The command, and what it cost: runs `batch-credits` with these arguments, then writes a JSON object to COST.

    python benchmarks/measured.py COST SYNC_MS [--documented] run FILE ...

COST gets: cpu and peak_mib of this process, shards_cpu and shard_peak_mib of its children (all of their CPU, and the
peak of the largest), and commits, the groups that this process made durable. With SYNC_MS each of these takes so many
milliseconds more, as on a slower disk. With --documented it sends as with a version of aiohttp that was not tested;
this is of one process only.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from batch_credits.__main__ import main
from batch_credits.chargebee.transport import choice
from batch_credits.ledger import Claims


def seconds_and_mib(who: int) -> tuple[float, float]:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def run(cost: Path, sync_seconds: float, arguments: list[str]) -> None:
    commit, commits = Claims.commit, 0

    def counted(self: Claims, *about: Any) -> None:
        nonlocal commits
        commit(self, *about)
        commits += 1
        if sync_seconds:
            time.sleep(sync_seconds)

    Claims.commit = counted  # type: ignore[method-assign]
    if arguments[0] == "--documented":
        choice.TESTED_VERSIONS = frozenset()
        del arguments[0]
    sys.argv = ["batch-credits", *arguments]
    try:
        main()
    finally:
        cpu, peak_mib = seconds_and_mib(resource.RUSAGE_SELF)
        shards_cpu, shard_peak_mib = seconds_and_mib(resource.RUSAGE_CHILDREN)
        spent = {"cpu": cpu, "peak_mib": peak_mib, "shards_cpu": shards_cpu, "shard_peak_mib": shard_peak_mib}
        cost.write_text(json.dumps({**spent, "commits": commits}))


if __name__ == "__main__":
    run(Path(sys.argv[1]), float(sys.argv[2]) / 1000, sys.argv[3:])
