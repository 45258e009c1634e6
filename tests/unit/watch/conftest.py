"""A watched folder, a clock that only a test moves, and runs that are none."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from batch_credits.children.start import Words
from batch_credits.notices.reasons import OF_WATCH
from batch_credits.watch.folder import Folder
from batch_credits.watch.jobs import Desk, Job
from batch_credits.watch.seams import Seams
from batch_credits.watch.settings import WatchSettings
from batch_credits.watch.trying import EVENTS, OUT
from batch_credits.watch.watcher import Watcher

BEGAN = datetime(2026, 11, 28, 1, tzinfo=UTC)
KEY = "ab" * 32


class Ended:
    """A run that has ended."""

    pid = 0

    def __init__(self, code: int) -> None:
        self._code = code

    def code(self) -> int:
        return self._code


@dataclass
class World:
    """What a test moves, and what it saw. `runs` says of each run, by its order, what it says and its exit code; the
    last goes for all that follow. `at` holds what happens at a time."""

    folder: Path
    state: Path
    seconds: float = 0.0
    signals: int = 0
    said: list[str] = field(default_factory=list)
    told: list[tuple[str, str | None, int | None]] = field(default_factory=list)
    paid: list[Job] = field(default_factory=list)
    runs: list[tuple[list[dict[str, Any]], int]] = field(default_factory=list)
    at: dict[float, Callable[[], object]] = field(default_factory=dict)
    waits: int = 0

    def wait(self, seconds: float) -> None:
        """Time goes on."""
        self.waits += 1
        assert self.waits < 5000, self.said[-5:]
        until = self.seconds + seconds
        for due in sorted(due for due in self.at if due <= until):
            self.seconds = max(self.seconds, due)
            self.at.pop(due)()
        self.seconds = until

    def tell(self, text: str, *, is_urgent: bool = False) -> None:
        """Somebody listens."""
        self.said.append(f"{'! ' if is_urgent else ''}{text}")

    def notify(
        self, code: str, *, file: str | None = None, exit_code: int | None = None, where: Path | None = None
    ) -> None:
        """Somebody far away is told."""
        assert code in OF_WATCH
        self.told.append((code, file, exit_code))

    def heard(self, text: str) -> int:
        """How often something was said."""
        return sum(text in line for line in self.said)

    def settings(self, **more: Any) -> WatchSettings:
        """Those of a watch that looks once."""
        place = self.folder / "ledger-that-is-not-there"
        usual: dict[str, Any] = {"once": True, "words": Words(ledger=(f"--ledger={place}",))}
        return WatchSettings(
            self.folder, self.folder / "done", self.folder / "attention", self.state, "acme", place, **usual | more
        )

    def seams(self, patience: float | None = 600.0) -> Seams:
        """The world, as a watch has it."""
        return Seams(
            lambda: self.seconds, lambda: BEGAN + timedelta(seconds=self.seconds), self.wait, lambda: self.signals,
            self.tell, self.notify, patience,
        )  # fmt: skip

    def watch(self, **more: Any) -> int:
        """Watch until it ends."""
        settings = self.settings(**more)
        folder = Folder(settings.folder, settings.state, self.tell)
        folder.open()
        try:
            return Watcher(folder, settings, self.seams(600.0 if settings.once else None)).watch()
        finally:
            folder.close()

    def begin(self, job: Job, desk: Desk, settings: WatchSettings, lock: int) -> Ended:
        """In the place of a run."""
        self.paid.append(job)
        said, code = self.runs[min(len(self.paid), len(self.runs)) - 1]
        into = desk.next()
        (into / EVENTS).write_text("".join(f"{json.dumps(event)}\n" for event in said))
        (into / OUT).write_text(f"said of {desk.source}/{job.name}\n")
        reports = desk.reports / f"payout-{KEY[:8]}"
        reports.mkdir(parents=True, exist_ok=True)
        (reports / "results.csv").write_text("results\n")
        return Ended(code)

    def drop(self, name: str, text: str = "customer_id,amount\nc,1\n") -> Path:
        """Somebody puts a file into the folder."""
        path = self.folder / name
        path.write_text(text)
        return path

    def lies(self, to: str) -> dict[str, str]:
        """The files of `done` or `attention` with the notes beside them, by their own names."""
        found = {}
        for record in sorted((self.folder / to).glob("*/.batch-credits.json")):
            said = json.loads(record.read_text())
            found[said["file"]] = next(record.parent.glob("NOTE*.txt")).read_text()
        return found


def summary(code: int = 0, **more: Any) -> dict[str, Any]:
    """What a run says at its end."""
    return {"event": "summary", "exit_code": code, "batch": KEY, "headline": "All 2 rows credited", **more}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A folder with nothing in it; each run credits all."""
    folder = tmp_path / "in"
    folder.mkdir()
    found = World(folder, tmp_path / "state", runs=[([summary()], 0)])
    monkeypatch.setattr("batch_credits.watch.carrying.begin", found.begin)
    return found
