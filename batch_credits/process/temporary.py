"""A folder to work in for a moment, where the system has room for one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_credits.errors import NoPlace


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder of its owner alone, which is gone after the block with all that is in it.

    Raises:
        NoPlace: there is no place for it.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="batch-credits-", ignore_cleanup_errors=True)
    except OSError as error:
        raise no_place(error) from None
    with folder:
        yield Path(folder.name)


def no_place(error: OSError) -> NoPlace:
    """What to say of a temporary directory that is missing, full or not to be written."""
    return NoPlace(
        f"There is no temporary directory to work in: {error.strerror or error}.",
        hint="Make room there, or name another one: export TMPDIR=DIRECTORY.",
    )
