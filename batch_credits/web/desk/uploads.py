"""Files that came through the page: each in a folder of its own, under names that the server gives."""

import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from batch_credits.children.files import make_folder, read_document, write_document
from batch_credits.web.door.refusals import Refused

KEPT_DAYS = 30  # an upload of which nothing was sent
MAX_NAME_BYTES, MAX_SUFFIX_LETTERS = 180, 16
_ID = re.compile(r"[0-9a-f]{20}")
_NOT_PLAIN = re.compile(r"[^\w .,()+&@=-]+")
_OF_BROWSERS = re.compile("%(22|0D|0A)")  # what a form cannot say in a file's name: a quote, and ends of lines
_SOURCE = "source"
_DOCUMENT = "upload.json"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, who brought it and when (UTC, ISO 8601), and the options that say how it is read: by name, several values
    where an option may be given several times. `mends` is the id of the batch whose failed rows it is made of."""

    upload_id: str
    folder: Path
    file_name: str
    actor: str
    at: str
    options: Mapping[str, tuple[str, ...]]
    mends: str = ""

    @property
    def source(self) -> Path:
        """The file."""
        return self.folder / _SOURCE / self.file_name

    def words(self) -> list[str]:
        """The options as a command takes them: each with its value in one word, so that no value becomes an option."""
        return [f"--{name}={value}" for name, values in self.options.items() for value in values]

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The upload in a folder; None where it did not come to its end."""
        content = read_document(folder / _DOCUMENT)
        if content is None:
            return None
        options = {name: tuple(values) for name, values in content.pop("options").items()}
        return cls(**content, folder=folder, options=options)


class Uploads:
    """The folder of all uploads."""

    def __init__(self, folder: Path) -> None:
        self._folder = make_folder(folder)

    def begin(self) -> Path:
        """A new folder for a file that comes now; it is no upload until `keep`."""
        return make_folder(self._folder / secrets.token_hex(10))

    def keep(
        self, received: Path, file_name: str, actor: str, options: Mapping[str, tuple[str, ...]], mends: str = ""
    ) -> Upload:
        """Make what was received an upload of the folder where it lies."""
        folder, at = received.parent, datetime.now(UTC).isoformat(timespec="milliseconds")
        upload = Upload(folder.name, folder, plain_name(file_name), actor, at, dict(options), mends)
        make_folder(upload.source.parent)
        received.replace(upload.source)
        self.change(upload)
        return upload

    def change(self, upload: Upload) -> None:
        """Write down what is known of an upload."""
        content: dict[str, Any] = asdict(upload)
        del content["folder"]
        write_document(upload.folder / _DOCUMENT, content)

    def known(self, upload_id: str) -> Upload | None:
        """The upload; None: there is none."""
        return Upload.read(self._folder / upload_id) if _ID.fullmatch(upload_id) else None

    def find(self, upload_id: str) -> Upload:
        """The upload.

        Raises:
            Refused: there is none.
        """
        upload = self.known(upload_id)
        if upload is None:
            raise Refused(404, "There is no such upload.", "Upload the file again.")
        return upload

    def all(self) -> Iterator[Upload]:
        """Every upload, in no order."""
        for folder in self._folder.iterdir():
            if _ID.fullmatch(folder.name) and (upload := Upload.read(folder)) is not None:
                yield upload

    def size_bytes(self) -> int:
        """How much room they all take. What goes meanwhile takes none."""
        size = 0
        for folder, _, names in os.walk(self._folder):  # follows no link
            for name in names:
                with suppress(FileNotFoundError):
                    size += Path(folder, name).lstat().st_size
        return size

    def forget_old(self, needed: Collection[str]) -> None:
        """Remove what nothing was sent of for long, and what never came to its end; but not what is needed, by id."""
        before = time.time() - KEPT_DAYS * 86_400
        for folder in self._folder.iterdir():
            if _ID.fullmatch(folder.name) and folder.name not in needed and folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)

    def drop(self, folder: Path) -> None:
        """Remove what was begun and is refused."""
        shutil.rmtree(folder, ignore_errors=True)


def plain_name(given: str) -> str:
    """The name that an upload bears in reports and on disk, made of what a browser gave: letters, digits and a few
    signs of its last part alone. It lies in a folder of its own, so it can name no other file."""
    last = _OF_BROWSERS.sub("_", given).replace("\\", "/").rpartition("/")[2]
    plain = _NOT_PLAIN.sub("_", last).strip(" .")
    stem, dot, suffix = plain.rpartition(".")
    if not dot:
        stem, suffix = plain, ""
    suffix = suffix[:MAX_SUFFIX_LETTERS]
    short = stem.encode()[: MAX_NAME_BYTES - len(suffix.encode())].decode(errors="ignore").strip(" .") or "upload"
    return f"{short}{dot}{suffix}"
