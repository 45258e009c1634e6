"""What a command says is read from the end of what may be hours of it."""

import json
from pathlib import Path

from batch_credits.children.events import NOTES_SHOWN, read_told


def test_nothing_was_said_yet(tmp_path: Path) -> None:
    told = read_told(tmp_path / "events.jsonl")
    assert (told.plan, told.progress, told.error, told.notes) == (None, None, None, [])


def test_the_newest_of_each_kind_is_known_and_a_line_that_is_being_written_is_none(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [{"event": "plan", "rows": 3}, {"event": "progress", "done": 1}, {"event": "note", "text": "waits"}]
    lines += [{"event": "progress", "done": 2}, {"event": "of a later version"}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"event": "progress", "do')
    told = read_told(path)
    assert told.plan == {"event": "plan", "rows": 3}
    assert told.progress == {"event": "progress", "done": 2}
    assert told.notes == ["waits"]


def test_of_hours_the_first_lines_and_the_last_are_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with path.open("w") as stream:
        stream.write(json.dumps({"event": "plan", "rows": 9}) + "\n")
        for number in range(20_000):
            stream.write(json.dumps({"event": "progress", "done": number, "more": "x" * 60}) + "\n")
        for number in range(50):
            stream.write(json.dumps({"event": "note", "text": f"note {number}"}) + "\n")
    told = read_told(path)
    assert told.plan is not None
    assert told.progress is not None
    assert told.progress["done"] == 19_999
    assert told.notes == [f"note {number}" for number in range(50 - NOTES_SHOWN, 50)]
