"""Starting the command of `--on-finish`: no shell, the notice on its standard input, and nothing of it on our streams,
where a program may read ours, and where it could tell a secret of its own.

It is in a session of its own, so that Ctrl-C is not for it, and ends with all that it started once its time is over.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping

from batch_credits.notices.notice import Notice, as_json, shown_name
from batch_credits.notices.targets import Command
from batch_credits.notices.undelivered import Undelivered

WITHIN = "NOTICE_ID"  # set for such a command
_TICK_SECONDS = 0.05
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
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment_of(notice, os.environ),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else "there is no such command"
        raise Undelivered(f"it cannot be started: {said}", is_final=True) from None
    if not _has_ended(process, as_json(notice), lambda: time.monotonic() > until or is_given_up()):
        os.killpg(process.pid, signal.SIGKILL)  # nobody has asked how it ended, so its number is still its own
        process.wait()
        raise Undelivered(f"it was ended after {command.seconds:g} s", is_final=True)
    if process.returncode != 0:
        raise Undelivered(f"it ended with {process.returncode}", is_final=True)


def _has_ended(process: "subprocess.Popen[bytes]", given: bytes, is_over: Callable[[], bool]) -> bool:
    """Give it the notice, whether it reads that or not, and wait until it ends or its time is over."""
    left: bytes | None = given  # which is said once: what was not taken then is kept there
    while not is_over():
        try:
            process.communicate(left, timeout=_TICK_SECONDS)
        except subprocess.TimeoutExpired:
            left = None
        else:
            return True
    return False


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
