"""The border to calamine, which reads workbooks: what it has against a file becomes one error of ours.

It is written in Rust. On a file that it does not expect it may panic: that is no `Exception` in Python, and before it
is anything there, Rust has written its own report to the terminal, past everything that Python could catch.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from batch_credits.errors import BatchCreditsError, InputError

_STDERR = 2


@contextmanager
def open_workbook(path: Path) -> Iterator[Any]:
    """A workbook of any format, by what its bytes are and not by its suffix."""
    from python_calamine import CalamineWorkbook  # here, since `status` reads no workbook

    with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
        yield workbook


@contextmanager
def calamine_translated(path: Path) -> Iterator[None]:
    """Run calamine without its reports, and raise what it has against the file as an InputError."""
    try:
        with _terminal_spared():
            yield
    except (BatchCreditsError, MemoryError, AttributeError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise InputError(
            f"{path.name} cannot be read as an Excel workbook ({error}).",
            hint="Open it in Excel or LibreOffice and save it again as .xlsx, or as CSV.",
        ) from None


@contextmanager
def _terminal_spared() -> Iterator[None]:
    """Let what is written to the error stream below Python go nowhere."""
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(_STDERR)
    except OSError:  # the process was started without such a stream
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
