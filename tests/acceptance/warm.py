"""A process that has loaded the program and forks itself for each call: the same code in a process of its own,
without half a second of imports each time.

Reads a line of JSON, and answers with a number on a line. A call (arguments, folder, environment, and the files for
its output) is begun, and answered with its process id; `wait` for such an id with the exit code, once there is one.
"""

import gc
import json
import os
import random
import sys
from typing import Any


def main() -> None:
    """Serve calls until there is nobody left to call."""
    load()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            number = os.waitstatus_to_exitcode(status)
        else:
            number = os.fork()
            if number == 0:
                os._exit(run(asked))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def load() -> None:
    """Import and keep what else each call would, at the moment when it needs it."""
    import encodings.idna  # noqa: F401
    import importlib.readers  # noqa: F401

    import pandas  # noqa: F401
    import uvloop  # noqa: F401

    import batch_credits.cli.config
    import batch_credits.sandbox  # noqa: F401
    from batch_credits.cli import batch_credits as program
    from batch_credits.loader.money import currency_code
    from batch_credits.reporter.page import page_template

    dict(program.commands)
    currency_code("USD")
    page_template()
    gc.freeze()  # or each call would look through all of it for what it can give free


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
