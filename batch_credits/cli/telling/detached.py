"""What a run says that leaves the sending to others."""

import shlex

from batch_credits.cli.telling.given import PROGRAM, given
from batch_credits.model import BatchRecord
from batch_credits.text.counted import rows
from batch_credits.text.visible import visible


def detached_in_words(batch: BatchRecord) -> str:
    """That the batch is admitted, and the commands that follow it, send it and report it."""
    key = batch.key[:8]
    commands = [["status", key], ["work"], ["report", key]]
    what = f"{rows(batch.rows_read)} of {visible(batch.file_name)}"
    lines = [f"Batch {key} is admitted, {what}. Workers send what it owes."]
    for command, what in zip(commands, ("how it goes", "one more worker", "its reports, at any time"), strict=True):
        lines.append(f"  {shlex.join([PROGRAM, *command, *given(command[0])])}    {what}")
    return "\n".join(lines)
