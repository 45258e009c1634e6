"""A process that has loaded the program and forks itself for each call: the same code in a process of its own,
without half a second of imports each time.

Reads a line of JSON, and answers with one. A call is begun, and answered with its process id; `wait` for such an id
with the exit code once there is one, and `ask` with the exit code or, as long as there is none, null.

    arguments, folder, environment   as of any process
    streams                          the files of its three; NOBODY is a pipe that nobody reads
    is_terminal                      they are a terminal, and it is the command's own
    script                           Python to run instead of the program, or null
    goes_down                        it ends as Python ends, and not at once
    files                            more that it has open, by their numbers
    etc                              the folder that it sees as /etc, in a mount namespace of its own, or null

Commands that start others of the program, each for a page or a file, start those so, too: see `Children`.
"""

import contextlib
import ctypes
import dataclasses
import fcntl
import gc
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

NOBODY = "nobody reads"
STARTS_OTHERS = ("web", "watch")
_IS_REAPER = 36  # PR_SET_CHILD_SUBREAPER
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

    import click._textwrap  # noqa: F401
    import pandas  # noqa: F401
    import uvloop  # noqa: F401

    import batch_credits.__main__
    import batch_credits.cli.config
    import batch_credits.cli.profile_of_site
    import batch_credits.cli.running
    import batch_credits.cli.telling.meant
    import batch_credits.sandbox
    import batch_credits.web.server  # noqa: F401
    from batch_credits.addresses import parts_of
    from batch_credits.cli import batch_credits as program
    from batch_credits.loader.money import currency_code
    from batch_credits.reporter.page import page_template
    from batch_credits.web.rendering import TEMPLATES, _environment

    dict(program.commands)
    currency_code("USD")
    parts_of("http://127.0.0.1:1")
    page_template()
    for name in TEMPLATES.values():
        _environment().get_template(name)
    hurry()
    rehearse()
    gc.freeze()  # or each call would look through all of it for what it can give free
    with contextlib.suppress(AttributeError):  # another libc than GNU's
        fill_holes()


def hurry() -> None:
    """Wait a tenth as long before what failed is tried again: how long a program waits, unit tests hold. With the
    seconds that people and sites are given, a third of the tests' time would go by with nothing done.
    """
    from batch_credits.notices import post
    from batch_credits.settings import RunSettings

    post.PAUSES_SECONDS = (0.05, 0.15)
    begins: Any = RunSettings.__init__
    usual = {field.name: field.default for field in dataclasses.fields(RunSettings)}
    begins.__defaults__ = tuple({**usual, "backoff_seconds": 0.1, "early_look_seconds": (0.0, 0.3, 1.5)}.values())


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


class Memory(ctypes.Structure):
    """What malloc says of itself: `mallinfo2`."""

    _fields_ = [(name, ctypes.c_size_t) for name in (*(f"other{at}" for at in range(8)), "free", "at_the_end")]


def fill_holes() -> None:
    """Take what lies free between what is kept. Each call would look for room there, and each page of it that it only
    looks at is copied: a tenth of all that it copies.
    """
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Memory
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    size = 1 << 16
    while size > 24:
        before = libc.mallinfo2()
        in_holes = before.free - before.at_the_end
        if in_holes >= size:
            libc.malloc(size - 8)
        if in_holes < size or libc.mallinfo2().at_the_end != before.at_the_end:  # no hole is as large any more
            size = size * 7 // 8


def run(call: dict[str, Any]) -> int:
    """Become the command."""
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    if etc := call.get("etc"):
        see_as_etc(etc)
    if call["is_terminal"]:
        os.setsid()
    for number, path in enumerate(call["streams"]):
        opened = _a_pipe_that_nobody_reads() if path == NOBODY else os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    for number, path in call.get("files", {}).items():
        opened = os.open(path, os.O_RDWR)
        os.dup2(opened, int(number), inheritable=True)
        os.close(opened)
    if call["is_terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C on it is a signal
    sys.argv[1:] = call["arguments"]
    if call["script"] is None and call["arguments"][:1] and call["arguments"][0] in STARTS_OTHERS:
        Children.begin()
    return end_of(call["script"])


def end_of(script: str | None) -> int:
    """The exit code of the program, or of this script, once it has ended."""
    from batch_credits.__main__ import main as program

    random.seed()
    try:
        if script is None:
            program()
        else:
            exec(script, {"__name__": "__main__"})
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


class Children:
    """Starts the processes of a command in its place, as `subprocess` does with Python's own words.

    A command that serves has threads and a loop, so it must not fork itself. It leaves that to a process that came from
    it before it began, and is the parent (as "reaper") of what that one leaves behind.
    """

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._asking = threading.Lock()
        self._fork_exec: Any = subprocess._fork_exec  # type: ignore[attr-defined]

    @classmethod
    def begin(cls) -> None:
        """Let this process start its children so from now on."""
        if ctypes.CDLL(None).prctl(_IS_REAPER, 1, 0, 0, 0):
            return  # they start from nothing, which takes longer and is no other
        here, there = socket.socketpair()
        if os.fork() == 0:
            here.close()
            _serve_children(there)
        there.close()
        subprocess._fork_exec = cls(here).start  # type: ignore[attr-defined]

    def start(self, arguments: list[str], *how: Any) -> int:
        """In place of `subprocess._fork_exec`, whose arguments these are. Returns the id of the process."""
        if arguments[:3] != [sys.executable, "-P", "-c"]:
            return int(self._fork_exec(arguments, *how))
        _, _, kept, _, _, stdin, _, _, stdout, _, stderr, _, not_kept, _, has_session, *_ = how
        files = {at: at if file == -1 else file for at, file in enumerate((stdin, stdout, stderr))}
        files |= {file: file for file in kept if file != not_kept}
        asked: dict[str, Any] = {"arguments": arguments[3:], "folder": str(Path.cwd()), "environment": {**os.environ}}
        asked |= {"files": [*files], "has_session": has_session}
        with self._asking:
            socket.send_fds(self._asked, [json.dumps(asked).encode() + b"\n"], [*files.values()])
            return int(self._asked.recv(100))


def _serve_children(asked: socket.socket) -> NoReturn:
    """Start a process whenever one is asked for, until nobody is there to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        text, files, _, _ = socket.recv_fds(asked, 1 << 16, 16)
        while text and not text.endswith(b"\n"):
            text += asked.recv(1 << 16)
        if not text:
            os._exit(0)
        read, write = os.pipe()
        between = os.fork()
        if between == 0:
            parent, child = os.getpid(), os.fork()
            if child == 0:
                asked.close()
                _be_child(json.loads(text), files, parent)
            os.write(write, str(child).encode())
            os._exit(0)
        os.waitpid(between, 0)  # and the child has the command for its parent
        asked.sendall(os.read(read, 100))
        for file in (read, write, *files):
            os.close(file)


def _be_child(call: dict[str, Any], files: list[int], between: int) -> NoReturn:
    while os.getppid() == between:
        time.sleep(0.001)
    if call["has_session"]:
        os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    beyond = max([*files, *call["files"]]) + 1
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD, beyond) for file in files]
    for file, at in zip(moved, call["files"], strict=True):
        os.dup2(file, at, inheritable=True)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) not in call["files"]:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(int(name))
    os.chdir(call["folder"])
    os.environ.clear()
    os.environ.update(call["environment"])
    script, *arguments = call["arguments"]
    sys.argv[:] = ["-c", *arguments]
    os._exit(end_of(script))


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
