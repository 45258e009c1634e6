"""What a command says while it runs, one JSON object a line: read from the end of what may be hours of them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_END_BYTES = 256 * 1024  # of which the newest state and the newest notes are read
NOTES_SHOWN = 20

Event = dict[str, Any]


@dataclass(slots=True)
class Told:
    """What is known: each the newest of its kind, None where nothing was said. `notes` are the newest, oldest first."""

    plan: Event | None = None
    progress: Event | None = None
    pilot: Event | None = None
    summary: Event | None = None
    error: Event | None = None
    notes: list[str] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        """Take in one event."""
        match event.get("event"):
            case "progress_started" | "progress" | "progress_ended":
                self.progress = event
            case "note":
                self.notes = [*self.notes[1 - NOTES_SHOWN :], str(event.get("text", ""))]
            case "plan" | "pilot" | "summary" | "error" as name:
                setattr(self, name, event)
            case _:  # of a version that says more
                pass


def read_told(path: Path) -> Told:
    """What a command has said so far. Its first lines and its last are read, however many are between."""
    told = Told()
    try:
        with path.open("rb") as file:
            first = file.read(_END_BYTES)
            size = file.seek(0, 2)
            if size > 2 * _END_BYTES:
                file.seek(size - _END_BYTES)
                file.readline()  # a part of one
            else:
                file.seek(len(first) - len(first.rpartition(b"\n")[2]))
            last = file.read()
    except FileNotFoundError:
        return told
    for line in (*first.split(b"\n")[:-1], *last.split(b"\n")):
        try:
            event = json.loads(line)
        except ValueError:  # a line that is being written, or no event
            continue
        if isinstance(event, dict):
            told.hear(event)
    return told
