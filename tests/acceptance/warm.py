"""A process that has loaded the program and forks itself for each call: the same code in a process of its own,
without half a second of imports each time.

Reads a line of JSON, and answers with one. A call is begun, and answered with its process id; `wait` for such an id
with the exit code once there is one, and `ask` with the exit code or, as long as there is none, null.

    arguments, folder, environment   as of any process
    streams                          the files of its three; NOBODY is a pipe that nobody reads
    is_terminal                      they are a terminal, and it is the command's own
    script                           Python to run instead of the program, or null
    goes_down                        it ends as Python ends, and not at once
    etc                              the folder that it sees as /etc, in a mount namespace of its own, or null
"""

import contextlib
import ctypes
import fcntl
import gc
import io
import json
import os
import random
import sys
import tempfile
import termios
from pathlib import Path
from typing import Any
from unittest.mock import patch

NOBODY = "nobody reads"
_NEW_NAMESPACE, _BIND, _RECURSIVELY, _PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000  # as sched.h and mount.h have them


def main() -> None:
    """Serve calls until there is nobody left to call."""
    load()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def answer(asked: dict[str, Any]) -> int | None:
    """Do what is asked."""
    if "arguments" in asked:
        process_id = os.fork()
        if process_id == 0:
            code = run(asked)
            if asked["goes_down"]:
                sys.exit(code)
            os._exit(code)
        return process_id
    ended, status = os.waitpid(asked["wait"], 0) if "wait" in asked else os.waitpid(asked["ask"], os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


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
    rehearse()
    gc.freeze()  # or each call would look through all of it for what it can give free


def rehearse() -> None:
    """Pay a row of a sandbox: what is found out and kept at its first use, each call would find out again.

    In Python's own loop: uvloop's has threads, and a fork that goes down as Python does would look for them.
    """
    from batch_credits.cli import run_command_line

    with tempfile.TemporaryDirectory() as name:
        folder, said = Path(name), io.StringIO()
        file = folder / "payout.csv"
        file.write_text("customer_id,amount,currency_code,description,reference\nc,1,USD,d,r\n")
        kept = ["--ledger", str(folder / "ledger.sqlite3"), "--reports", str(folder / "reports")]
        without_uvloop = patch.dict(sys.modules, {"uvloop": None})
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), without_uvloop:
            code = run_command_line(["run", str(file), "--sandbox", "--yes", "--rate", "0", *kept])
        assert code == 0, said.getvalue()
    tempfile.tempdir = None  # which is another one where a call says so


def run(call: dict[str, Any]) -> int:
    """Become the command."""
    from batch_credits.__main__ import main as program

    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    if etc := call.get("etc"):
        see_as_etc(etc)
    if call["is_terminal"]:
        os.setsid()
    for number, path in enumerate(call["streams"]):
        opened = _a_pipe_that_nobody_reads() if path == NOBODY else os.open(path, os.O_RDWR)
        os.dup2(opened, number)
        os.close(opened)
    if call["is_terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C on it is a signal
    sys.argv[1:] = call["arguments"]
    random.seed()
    try:
        if call["script"] is None:
            program()
        else:
            exec(call["script"], {"__name__": "__main__"})
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def see_as_etc(folder: str) -> None:
    """Have this folder in the place of /etc, for this process alone. Raises `OSError` where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    failed = (
        libc.unshare(_NEW_NAMESPACE)
        or libc.mount(b"none", b"/", None, _RECURSIVELY | _PRIVATE, None)
        or libc.mount(os.fsencode(folder), b"/etc", None, _BIND, None)
    )
    if failed:
        raise OSError(ctypes.get_errno(), "no mount namespace")


def _a_pipe_that_nobody_reads() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


if __name__ == "__main__":
    main()
