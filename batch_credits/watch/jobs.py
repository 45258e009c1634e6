"""What is known of the files that were taken, each in a folder of its own on this machine.

STATE/<job>/job.json    what is known of it
STATE/<job>/source/     the copy that is paid, and the control file
STATE/<job>/<number>/   one run: what it said
STATE/<job>/reports/    what it reported
STATE/<job>/lock        held by the run for as long as it lives, whoever watches
"""

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from batch_credits.children.files import load_document, make_folder, write_document

DOCUMENT = "job.json"
To = Literal["done", "attention"]


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a file goes, and why. `code` is as of a run, `what` what happened, a sentence or more, `hint` what to do
    about it, `commands` lines to paste; `said` is what the run itself said to people, "" where none did. `of_watch` is
    what the watch itself has against it, of which no run told anybody (`notices.reasons.OF_WATCH`)."""

    to: To
    code: int
    what: str
    hint: str = ""
    commands: list[str] = field(default_factory=list)
    said: str = ""
    batch: str | None = None
    ended_at: str = ""  # UTC, ISO 8601
    of_watch: str = ""


@dataclass(slots=True)
class Job:
    """A file that was taken. `place` is its folder in `working`, later in `done` or `attention`; `sha256` of the copy
    that is paid ("": it could not be read), `shape` that of the file when it had stopped growing (None: nobody saw it).
    `may_run`: it was held against what was paid before, so that what the
    ledger knows of this content from now on is this job's own. `tries` are runs that stopped before their end, `pid`
    the process of the latest run, `put` the names that were put beside the file, `final` its folder's name
    where somebody had taken `place` ("": that)."""

    job_id: str
    place: str
    name: str
    control: str | None
    sha256: str
    reference: str | None
    taken_at: str  # UTC, ISO 8601
    shape: tuple[int, int] | None = None
    may_run: bool = False
    tries: int = 0
    pid: int = 0
    ending: Ending | None = None
    put: list[str] = field(default_factory=list)
    final: str = ""

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The job in a document; None where there is none.

        Raises:
            OSError: it cannot be read now.
        """
        content = load_document(path)
        if content is None:
            return None
        ending, shape = content.pop("ending"), content.pop("shape", None)
        return cls(
            **content,
            shape=None if shape is None else tuple(shape),
            ending=None if ending is None else Ending(**ending),
        )


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the files of one job lie."""

    folder: Path

    @property
    def lock(self) -> Path:
        """What its run holds."""
        return self.folder / "lock"

    @property
    def source(self) -> Path:
        """The folder of what is paid."""
        return self.folder / "source"

    @property
    def reports(self) -> Path:
        """Where its runs report."""
        return self.folder / "reports"

    def latest(self) -> Path | None:
        """The folder of the latest run."""
        numbers = self._numbers()
        return self.folder / numbers[-1] if numbers else None

    def earlier(self) -> list[Path]:
        """The folders of the runs before the latest."""
        return [self.folder / number for number in self._numbers()[:-1]]

    def next(self) -> Path:
        """The folder of a new run."""
        return make_folder(self.folder / f"{len(self._numbers()) + 1:06}")

    def _numbers(self) -> list[str]:
        return sorted(each.name for each in self.folder.iterdir() if each.name.isdigit())


class Jobs:
    """The folder of all that was taken and is not through."""

    def __init__(self, state: Path) -> None:
        self._folder = make_folder(state)

    def new_id(self, at: datetime) -> str:
        """The id of a new job; they sort by time."""
        return f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    def desk(self, job_id: str) -> Desk:
        """Where the files of a job lie."""
        return Desk(make_folder(self._folder / job_id))

    def save(self, job: Job) -> None:
        """Write down what is known; it is on the disk when this returns."""
        content: dict[str, Any] = asdict(job)
        write_document(self.desk(job.job_id).folder / DOCUMENT, content)

    def all(self) -> Iterator[Job]:
        """Those that are written down, oldest first. What was only begun goes: its file is still where it was.

        Raises:
            OSError: something cannot be read now.
        """
        for folder in sorted(self._folder.iterdir()):
            if not folder.is_dir():
                continue
            job = Job.read(folder / DOCUMENT)
            if job is None:
                shutil.rmtree(folder)
            else:
                yield job

    def are_any(self) -> bool:
        """Whether anything is written down."""
        return any(self._folder.glob(f"*/{DOCUMENT}"))

    def drop(self, job: Job) -> None:
        """Forget a job that is through."""
        folder = self._folder / job.job_id
        (folder / DOCUMENT).unlink(missing_ok=True)  # first, so that half of it is none
        shutil.rmtree(folder)
