"""The link for a browser on this machine, in a private file: an argument of the browser would stand in the list of
processes, for everybody who is logged in here."""

import os
import tempfile
from html import escape
from pathlib import Path


def write_way_in(folder: Path, link: str) -> Path:
    """A file that leads whoever opens it to the link. It can be removed once that was used."""
    descriptor, path = tempfile.mkstemp(prefix="open-", suffix=".html", dir=folder)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(
            f'<!doctype html><meta http-equiv="refresh" content="0; url={escape(link)}"><title>batch-credits</title>'
        )
    return Path(path)
