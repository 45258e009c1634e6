"""Starting the command of `--on-finish`: no shell, the notice on its standard input, and nothing of it on our streams.

It is in a session of its own, so that Ctrl-C is not for it, and ends with all that it started once its time is over.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from batch_credits.notices.notice import Notice, as_json, shown_name
from batch_credits.notices.targets import Command
from batch_credits.notices.undelivered import Undelivered
from batch_credits.text.visible import visible

WITHIN = "NOTICE_ID"  # set for such a command
_TICK_SECONDS = 0.05
_KEPT_BYTES = 4096  # the end of what it said
_SAID_LETTERS = 200
# The key, which opens the site; and what would make a batch-credits that it starts tell in turn, of telling.
_NOT_ITS_OWN = ("CHARGEBEE_API_KEY", "BATCH_CREDITS_NOTIFY", "BATCH_CREDITS_MAIL_TO", "BATCH_CREDITS_ON_FINISH")


def start(command: Command, notice: Notice, is_given_up: Callable[[], bool]) -> None:
    """Start it and wait for its end.

    Raises:
        Undelivered: it cannot be started, ended with another code than 0, or took too long.
    """
    until = time.monotonic() + command.seconds
    try:
        process = subprocess.Popen(  # noqa: S603  # which the user named, in settings of their own
            command.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env=environment_of(notice, os.environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "no such command"
        raise Undelivered(f"it cannot be started: {said}", is_final=True) from None
    with process:
        try:
            said = _talked(process, as_json(notice), lambda: time.monotonic() > until or is_given_up())
        finally:
            is_over = process.poll() is not None
            if not is_over:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
    if not is_over:
        raise Undelivered(f"it was ended after {command.seconds:g} s", is_final=True)
    if process.returncode != 0:
        words = f": {said}" if said else ""
        raise Undelivered(f"it ended with {process.returncode}{words}", is_final=True)


def environment_of(notice: Notice, ours: Mapping[str, str]) -> dict[str, str]:
    """Our environment without what is not for it, and what most such commands want to know."""
    subject, standing = notice.subject, notice.standing
    said = {
        WITHIN: notice.id,
        "NOTICE_TYPE": notice.type,
        "NOTICE_COMMAND": subject.command,
        "NOTICE_EXIT_CODE": str(notice.exit_code),
        "NOTICE_SITE": subject.site or "",
        "NOTICE_FILE": "" if subject.file is None else shown_name(subject.file),
        "NOTICE_BATCH": (standing.key if standing else None) or "",
        "NOTICE_HEADLINE": notice.headline,
        "NOTICE_LINK": notice.link or "",
    }
    return {name: text for name, text in ours.items() if name not in _NOT_ITS_OWN} | said


def _talked(process: "subprocess.Popen[bytes]", given: bytes, is_over: Callable[[], bool]) -> str:
    """Give it the notice and hear it, until it ends or its time is over. Returns the last line that it said."""
    assert process.stdin is not None and process.stdout is not None
    writes, reads = process.stdin.fileno(), process.stdout.fileno()
    for number in (writes, reads):
        os.set_blocking(number, False)
    rest, heard, is_open = memoryview(given), b"", True
    while not is_over():
        has_ended = process.poll() is not None
        readable, writable, _ = select.select([reads] if is_open else [], [writes] if rest else [], [], _TICK_SECONDS)
        if readable:
            chunk = os.read(reads, 65536)
            heard, is_open = (heard + chunk)[-_KEPT_BYTES:], bool(chunk)
        if writable:
            rest = _written(writes, rest)
            if not rest:
                process.stdin.close()
        if has_ended and not readable:
            break
    lines = [line.strip() for line in heard.decode("utf-8", "replace").splitlines() if line.strip()]
    return visible(lines[-1])[:_SAID_LETTERS] if lines else ""


def _written(number: int, rest: memoryview) -> memoryview:
    """What is left to write; nothing, where nobody reads it."""
    try:
        return rest[os.write(number, rest) :]
    except BlockingIOError:
        return rest
    except OSError:
        return rest[:0]
