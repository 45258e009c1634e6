"""What a library would print of a request stays out of the log: it may hold a token, and any stranger could fill it."""

import logging
import os
import sys
import tempfile
import traceback
import warnings
from typing import Any

MOST_KEPT = 20  # files of details by one server: whoever finds a fault must not fill the disk with it

_kept: list[str] = []


def quiet_logger() -> logging.Logger:
    """A logger that says nothing: aiohttp tells it of every request that is no HTTP."""
    logger = logging.getLogger("batch_credits.web.quiet")
    logger.propagate = False
    logger.disabled = True
    return logger


def quiet_warnings() -> None:
    """Let aiohttp warn of nothing: it repeats a damaged header of a form, whoever sent it."""
    warnings.filterwarnings("ignore", module=r"aiohttp\b")


def keep_details(error: BaseException) -> None:
    """Write down what went wrong where the operator alone finds it, and say where; of the first faults alone."""
    if len(_kept) >= MOST_KEPT:
        return
    try:
        descriptor, path = tempfile.mkstemp(prefix="batch-credits-web-", suffix=".txt")  # private
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            traceback.print_exception(error, file=stream)
    except OSError as no_place:
        path = f"nowhere ({no_place.strerror})"
    _kept.append(path)
    if sys.stderr is not None:
        sys.stderr.write(f"web: something failed ({type(error).__name__}); the details, for a bug report: {path}\n")


def on_loop_error(_loop: Any, context: dict[str, Any]) -> None:
    """What happens between requests: a client that goes away is nothing to tell, nor what is no request (an older
    aiohttp stumbles over an address like http://[::1)."""
    error = context.get("exception")
    is_no_request = isinstance(error, ValueError) and "protocol" in context
    if error is not None and not isinstance(error, ConnectionError | TimeoutError) and not is_no_request:
        keep_details(error)
