"""The folder around the contents, by RFC 8493 (BagIt 1.0): what each file is called and how the manifests are
written.

Every byte that is not contents follows from the contents, the chain and a few facts, so that who verifies can write
it anew and compare. The digest of a pack is the SHA-256 of its tagmanifest-sha256.txt: that names the manifest, which
names all else.
"""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BAGIT, INFO, MANIFEST, TAGS = "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"
TAGGED = (INFO, BAGIT, MANIFEST)  # what the last manifest names, in its order
PAYLOAD = "data/"
DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
# Of a file in data/: nothing that one disk reads otherwise than another.
NAME = re.compile(r"data/[a-z0-9][a-z0-9_-]{0,60}(\.[a-z0-9]{1,10}){0,2}")
DIGEST = re.compile(r"[0-9a-f]{64}")
NONE = "none"
_LABELS = {
    "site": "Bag-Group-Identifier",
    "batch": "External-Identifier",
    "payload": "Payload-Oxum",
    "number": "Batch-Credits-Pack",
    "previous": "Batch-Credits-Previous",
    "whole": "Batch-Credits-Whole",
    "head": "Batch-Credits-Head",
}
_MAY_LACK = "head"  # which packs from before the history was chained have not
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class BagInfo:
    """What bag-info.txt says. `number` is the pack's among those of its site, `previous` the digest of the one
    before, or `none`; `whole` is `yes`, or why not. `payload` is bytes and files of data/, as BagIt counts them.
    `head` is that of the ledger's history at the time; "": it had none."""

    site: str
    batch: str
    payload: str
    number: int
    previous: str
    whole: str
    head: str = ""

    def written(self) -> bytes:
        """The text of the file."""
        lines = ["Bag-Software-Agent: batch-credits"]
        lines += [f"{label}: {text}" for name, label in _LABELS.items()
                  if (text := getattr(self, name)) or name != _MAY_LACK]  # fmt: skip
        return ("\n".join(lines) + "\n").encode()

    @classmethod
    def read(cls, content: bytes) -> "BagInfo":
        """What such a text says.

        Raises:
            ValueError: it is not as it is written.
        """
        said = dict(line.split(": ", 1) for line in content.decode("utf-8").splitlines())
        values = {name: said[label] for name, label in _LABELS.items() if label in said}
        if len(values.keys() | {_MAY_LACK}) != len(_LABELS) or not re.fullmatch(r"[1-9][0-9]{0,8}", values["number"]):
            raise ValueError("something is missing")
        number = int(values.pop("number"))
        info = cls(**values, number=number)  # the only one that is no text
        is_chained = info.previous == NONE or DIGEST.fullmatch(info.previous)
        if info.written() != content or not is_chained or (info.head and not DIGEST.fullmatch(info.head)):
            raise ValueError("it is written otherwise")
        return info


def manifest(hashes: Mapping[str, str]) -> bytes:
    """A manifest of these files, by their SHA-256, as `sha256sum` writes and checks it."""
    return "".join(f"{hashes[name]}  {name}\n" for name in sorted(hashes)).encode()


def hashes_in(content: bytes) -> dict[str, str]:
    """The files that a manifest names, by their SHA-256.

    Raises:
        ValueError: it is not as `manifest` writes it.
    """
    hashes = {}
    for line in content.decode("ascii").splitlines():
        digest, _, name = line.partition("  ")
        hashes[name] = digest
        if not DIGEST.fullmatch(digest) or not (NAME.fullmatch(name) or name in TAGGED):
            raise ValueError("a line is no SHA-256 and name of a pack")
    if manifest(hashes) != content:
        raise ValueError("it is written otherwise: order, blanks or ends of lines")
    return hashes


def sha256(content: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(path: Path) -> str:
    """Of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Payload:
    """What a finished data/ holds: the hashes of its files, and their size."""

    def __init__(self, folder: Path) -> None:
        """`folder` is that of the bag."""
        paths = sorted((folder / PAYLOAD).iterdir())
        self._folder = folder
        self._oxum = f"{sum(path.stat().st_size for path in paths)}.{len(paths)}"
        self._manifest = manifest({f"{PAYLOAD}{path.name}": sha256_of(path) for path in paths})
        self.contents = sha256(self._manifest)

    def finish(self, site: str, batch: str, number: int, previous: str | None, whole: str, head: str | None) -> str:
        """Write all that stands beside data/, and return the digest of the pack."""
        info = BagInfo(site, batch, self._oxum, number, previous or NONE, whole, head or "")
        files = {BAGIT: DECLARATION, INFO: info.written(), MANIFEST: self._manifest}
        files[TAGS] = manifest({name: sha256(content) for name, content in files.items()})
        for name, content in files.items():
            write_private(self._folder / name, content)
        return sha256(files[TAGS])


def write_private(path: Path, content: bytes) -> None:
    """A file for its owner alone, which takes the place of another one."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
        stream.write(content)


def make_durable(folder: Path) -> None:
    """All files of a finished bag are on the disk when this returns."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
