"""What a person is told of a file that is through: what became of it, what to do, and whole lines to paste."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.text.visible import visible, visible_lines
from batch_credits.watch.jobs import Ending, Job
from batch_credits.watch.settings import WatchSettings

NOTE = "NOTE.txt"
_PROGRAM = "batch-credits "


@dataclass(frozen=True, slots=True)
class Moved:
    """Where files were while they were paid, and where they are now."""

    places: Mapping[str, str]

    def text(self, text: str) -> str:
        """A text with the places of now. A line to paste stays one."""
        return "\n".join(map(self._line, text.split("\n")))

    def _line(self, line: str) -> str:
        if not any(before in line for before in self.places):
            return line
        indent = line[: len(line) - len(line.lstrip())]
        if line.lstrip().startswith(_PROGRAM):
            try:
                words = shlex.split(line)
            except ValueError:  # no command after all
                return self._replaced(line)
            return indent + shlex.join(map(self._replaced, words))
        return self._replaced(line)

    def _replaced(self, text: str) -> str:
        for before, now in self.places.items():
            text = text.replace(before, now)
        return text


def note_of(job: Job, ending: Ending, settings: WatchSettings, moved: Moved) -> str:
    """The text of the note beside a file."""
    lines = [
        f"{visible(job.name)}: {'done' if ending.to == 'done' else 'needs your attention'}.",
        "",
        visible_lines(moved.text(ending.what)).rstrip("."),
    ]
    lines[-1] += "."
    if ending.hint:
        lines += ["", visible_lines(moved.text(ending.hint))]
    lines += [f"  {visible(moved.text(command))}" for command in ending.commands]
    if ending.said:
        lines += ["", "What the run said:", ""]
        lines += [f"  {line}".rstrip() for line in visible_lines(moved.text(ending.said)).split("\n")]
    lines += [
        "",
        f"Site {settings.site}. {f'Batch {ending.batch}. ' if ending.batch else ''}Exit code {ending.code}.",
        f"Taken {_time(job.taken_at)}, through {_time(ending.ended_at)}.",
        *([f"SHA-256 of the file: {job.sha256}."] if job.sha256 else []),
    ]
    return "\n".join(lines) + "\n"


def record_of(job: Job, ending: Ending, settings: WatchSettings) -> str:
    """The same for programs, and for the watch itself: what was paid here before."""
    content: dict[str, Any] = {
        "file": job.name,
        "sha256": job.sha256,
        "control": job.control,
        "reference": job.reference,
        "site": settings.site,
        "ledger": settings.ledger_text,
        "batch": ending.batch,
        "to": ending.to,
        "exit_code": ending.code,
        "what": ending.what,
        "taken_at": job.taken_at,
        "ended_at": ending.ended_at,
        "job": job.job_id,
    }
    return json.dumps(content, indent=2) + "\n"


def moved_to(source: Path, reports: Path, place: Path) -> Moved:
    """From the private folders of a job to its place."""
    return Moved({str(source): str(place), str(reports): str(place)})


def _time(iso: str) -> str:
    return f"{iso[:19].replace('T', ' ')} UTC"
