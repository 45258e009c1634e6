"""A copy of a file that nobody else writes.

A workbook is opened several times over, by three readers: for its hash, its XML and its values. In the copy they all
see the same bytes, whatever becomes of the file meanwhile.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_credits.process.temporary import no_place, temporary_folder


@contextmanager
def private_copy(path: Path) -> Iterator[Path]:
    """A copy under the same name, in a folder of its owner alone, which is gone after the block.

    Raises:
        UsageError: there is no place for it.
        OSError: the file cannot be read.
    """
    with path.open("rb") as original, temporary_folder() as folder:
        copy = folder / path.name
        try:
            with copy.open("xb") as stream:
                shutil.copyfileobj(original, stream, 1_048_576)
        except OSError as error:
            raise no_place(error) from None
        yield copy
