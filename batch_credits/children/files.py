"""Small documents on disk: private, and whole or not there."""

import json
from pathlib import Path
from typing import Any

from batch_credits.reporter.files import atomic_text

PRIVATE_FOLDER = 0o700


def make_folder(path: Path) -> Path:
    """The folder, for its owner alone; and so are those above it that are made: whoever may write there could put
    another in its place."""
    for each in reversed([path, *path.parents]):
        if not each.is_dir():
            each.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return path


def make_empty_folder(path: Path) -> Path:
    """The same, without the files of the last time."""
    for left in make_folder(path).iterdir():
        left.unlink(missing_ok=True)  # another server may be at it
    return path


def write_document(path: Path, content: dict[str, Any]) -> None:
    """Put a document in the place of what was there."""
    write_text(path, json.dumps(content, ensure_ascii=False))


def write_text(path: Path, text: str) -> None:
    """Put a text in the place of what was there."""
    with atomic_text(path) as stream:
        stream.write(text)


def read_document(path: Path) -> dict[str, Any] | None:
    """The document; None where there is none that can be read."""
    try:
        return load_document(path)
    except OSError:
        return None


def load_document(path: Path) -> dict[str, Any] | None:
    """The document; None where there is none.

    Raises:
        OSError: it cannot be read now.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
