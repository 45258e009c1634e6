"""What the operator of a watch chose."""

from dataclasses import dataclass
from pathlib import Path

from batch_credits.children.start import Words
from batch_credits.model.address import Place, real

WORKING = "working"  # the folder, within the one that is watched, of files that were taken
MOST_BACKOFF_SECONDS = 1800.0  # between two tries of a file, however often it was tried
CHILD_LEDGER_SECONDS = 60.0  # that a run waits for a ledger in use before the watch looks around
LONG_FACTOR = 10  # how many times over a file settles, before it is said that it does not, or is empty, or unreadable
ONCE_PATIENCE_SECONDS = 600.0  # that a single pass waits for a share or a disk
TOLD_SECONDS = 600.0  # that something may be in the way of another watch before it is told


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """All that a watch is told; paths are absolute. `state` is a folder on this machine, `site` the name under which
    the ledger knows it.

    `template` makes a reference of a file's name ("{name}"), for rows that have none; None: such rows are rejected.
    `control_seconds`: nothing is paid without a control file beside it, which is waited for so long. `tries` are those
    of a run that stops before its end, the second `backoff_seconds` after the first. `once`: end when what lay there is
    through, and wait `ledger_seconds` at most for a ledger in use.
    """

    folder: Path
    done: Path
    attention: Path
    state: Path
    site: str
    ledger: Place
    words: Words
    template: str | None = None
    control_seconds: float | None = None
    settle_seconds: float = 10.0
    every_seconds: float = 5.0
    tries: int = 5
    backoff_seconds: float = 60.0
    once: bool = False
    ledger_seconds: float | None = None

    @property
    def ledger_text(self) -> str:
        """The ledger in one way, however it was named."""
        return str(real(self.ledger))

    @property
    def working(self) -> Path:
        """Where files lie that were taken and are not through."""
        return self.folder / WORKING

    def target(self, to: str) -> Path:
        """The folder `done` or `attention`."""
        return self.done if to == "done" else self.attention
