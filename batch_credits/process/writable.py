"""Whether something can be written into a folder: found out by writing, since rights, quotas and disks say it no other
way."""

import os
import tempfile
from pathlib import Path

_PROBE = b"\0" * 4096


def write_trouble(folder: Path) -> str | None:
    """Why nothing can be written into a folder that is there; None: it can."""
    try:
        with tempfile.NamedTemporaryFile(prefix=".batch-credits-", dir=folder) as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror or str(error)
    return None


def folder_trouble(folder: Path) -> str | None:
    """The same of a folder that may be there, or is to be made with those above it."""
    there = folder
    while True:
        try:
            there.lstat()
            break
        except (FileNotFoundError, NotADirectoryError) as error:
            if there == there.parent:
                return error.strerror
            there = there.parent
        except OSError as error:
            return error.strerror or str(error)
        except ValueError as error:  # such as a NUL in it
            return str(error)
    return write_trouble(there) if there.is_dir() else f"{there} is no folder"
