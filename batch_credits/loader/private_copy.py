"""A copy of a file that nobody else writes.

A workbook is opened several times over, by three readers: for its hash, its XML and its values. In the copy they all
see the same bytes, whatever becomes of the file meanwhile.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_credits.errors import InputError


@contextmanager
def private_copy(path: Path) -> Iterator[Path]:
    """A copy under the same name, in a folder of its owner alone, which is gone after the block.

    Raises:
        InputError: there is no place for it.
        OSError: the file cannot be read.
    """
    with path.open("rb") as original:
        try:
            folder = tempfile.TemporaryDirectory(prefix="batch-credits-", ignore_cleanup_errors=True)
        except OSError as error:
            raise _no_place(path, error) from None
        with folder:
            copy = Path(folder.name) / path.name
            try:
                with copy.open("xb") as stream:
                    shutil.copyfileobj(original, stream, 1_048_576)
            except OSError as error:
                raise _no_place(path, error) from None
            yield copy


def _no_place(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path.name} cannot be copied to a temporary directory, to be read there: {error.strerror or error}.",
        hint="Make room there, or name a directory that can be written: export TMPDIR=DIRECTORY.",
    )
