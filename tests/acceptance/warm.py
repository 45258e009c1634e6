"""A process that has loaded the program and forks itself for each call: the same code in a process of its own,
without half a second of imports each time.

Reads a call as a line of JSON (arguments, folder, environment, and the files for its output), answers with the
line of its process id, and when that has ended with the line of its exit code.
"""

import json
import os
import random
import sys
from typing import Any


def main() -> None:
    """Serve calls until there is nobody left to call."""
    import pandas  # noqa: F401 - what a run imports when it needs it
    import uvloop  # noqa: F401

    from batch_credits.cli import batch_credits
    from batch_credits.reporter.page import page_template

    dict(batch_credits.commands)  # each is loaded when it is taken out

    page_template()
    for line in sys.stdin:
        call = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os._exit(run(call))
        answer(pid)
        _, status = os.waitpid(pid, 0)
        answer(os.waitstatus_to_exitcode(status))


def answer(number: int) -> None:
    """Say a number."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def run(call: dict[str, Any]) -> int:
    """Become the command."""
    from batch_credits.cli import run_command_line

    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    for number, path in enumerate((os.devnull, call["out"], call["err"])):
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    random.seed()
    try:
        code = run_command_line(call["arguments"])
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    main()
