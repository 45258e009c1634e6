"""The file for a textfile collector: written beside its name and renamed, so a collector never sees half of it.

It holds no customer and no secret, and another user reads it: it is made with mode 0644. One that is there already
keeps its mode, so whoever wants it narrower makes it so once.
"""

import stat
from pathlib import Path

from batch_credits.errors import UsageError
from batch_credits.metrics.exposition import is_ours, openmetrics, what_lasts
from batch_credits.metrics.reading import Reading, Whose
from batch_credits.reporter.files import atomic_path

MODE = 0o644
MAX_BYTES = 1024 * 1024  # of a file that is ours
_REMEDY = [(("--metrics-file", "FILE"),)]


class TextFile:
    """One file of metrics."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def earlier(self, whose: Whose) -> tuple[float | None, float | None, str]:
        """When the same command last succeeded and finished, and at which site.

        Raises:
            UsageError: what is there is no file of metrics of this program's, and would be lost.
        """
        try:
            if not self._path.exists():
                return None, None, ""
            if self._path.is_file() and self._path.stat().st_size <= MAX_BYTES:
                text = self._path.read_text(encoding="utf-8")
                if not text:
                    return None, None, ""
                if is_ours(text):
                    return what_lasts(text, whose)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
            raise UsageError(
                f"The metrics file (--metrics-file) {self._path} cannot be read: {reason}.", remedies=_REMEDY
            ) from None
        raise UsageError(
            f"--metrics-file {self._path} is there, and holds no metrics of this program: it would be lost.",
            hint="Name another file, or remove it.",
            remedies=_REMEDY,
        )

    def write(self, reading: Reading) -> None:
        """Put the figures in the place of those before.

        Raises:
            OSError: the disk refused.
        """
        with atomic_path(self._path) as temporary:
            temporary.write_bytes(openmetrics(reading))
            temporary.chmod(self._mode())

    def _mode(self) -> int:
        try:
            return stat.S_IMODE(self._path.stat().st_mode)
        except FileNotFoundError:
            return MODE
