"""What a person said of one file, for the next that has the same headers."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from batch_credits.children.files import make_folder, read_document, write_document

# Kept, the reference would be the next payout's too, which then seems paid; the sheet may be last month's, which stands
# in the next workbook as well and would be paid once more; and which rows are hidden differs from file to file.
_OF_ONE_FILE = ("reference", "sheet", "hidden-rows")

Options = Mapping[str, tuple[str, ...]]


class Remembered:
    """Answers, by the headers of the file that they were given for."""

    def __init__(self, folder: Path) -> None:
        self._folder = make_folder(folder)

    def keep(self, headers: Sequence[str], options: Options) -> None:
        """Remember how files with these headers are read."""
        kept = {name: list(values) for name, values in options.items() if name not in _OF_ONE_FILE}
        write_document(self._of(headers), {"options": kept})

    def find(self, headers: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
        """What was remembered; None: nothing was."""
        content = read_document(self._of(headers)) if headers else None
        if content is None:
            return None
        return {name: tuple(values) for name, values in content["options"].items() if name not in _OF_ONE_FILE}

    def _of(self, headers: Sequence[str]) -> Path:
        return self._folder / f"{hashlib.sha256(json.dumps([*headers]).encode()).hexdigest()}.json"
