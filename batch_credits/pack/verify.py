"""Whether a pack is as it was made: every byte, every file, the manifests' own, and what it says of itself."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batch_credits.errors import UsageError
from batch_credits.pack.bag import (
    BAGIT,
    DECLARATION,
    INFO,
    MANIFEST,
    PAYLOAD,
    TAGGED,
    TAGS,
    BagInfo,
    hashes_in,
)
from batch_credits.pack.opened import Opened, Zip, opened
from batch_credits.pack.ties import Said, tie_out


@dataclass(slots=True)
class Verified:
    """What was found. `problems` are sentences that name the file; none: nothing was changed, and all adds up. `digest`
    is the pack's, as it is now; `info` and `said` are None where they cannot be read."""

    path: Path
    digest: str = ""
    info: BagInfo | None = None
    said: Said | None = None
    problems: list[str] = field(default_factory=list)


def verify(path: Path, *, is_whole: bool = True) -> Verified:
    """Look at all of a pack; with `is_whole` False only whether it was changed, and not whether it adds up.

    Raises:
        UsageError: it is none, or cannot be read.
    """
    found = Verified(path)
    try:
        with opened(path) as pack:
            found.problems += pack.strangers
            hashes = _hashes(pack, found.problems)
            found.digest = hashes.get(TAGS, "")
            tagged = _named(pack, TAGS, found.problems)
            listed = _named(pack, MANIFEST, found.problems)
            if tagged is not None:
                found.problems += _against(hashes, tagged, TAGS, {*TAGGED})
            if listed is not None:
                payload = {name for name in hashes if name.startswith(PAYLOAD)}
                found.problems += _against(hashes, listed, MANIFEST, payload)
            found.info = _info(pack, found.problems)
            if not found.problems and is_whole and found.info is not None:
                found.said, untied = tie_out(pack, found.info)
                found.problems += untied
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    return found


def _hashes(pack: Opened, problems: list[str]) -> dict[str, str]:
    hashes = {}
    for name in sorted(pack.sizes):
        digest, crc = hashlib.sha256(), 0
        for block in pack.blocks(name):
            digest.update(block)
            crc = zlib.crc32(block, crc) if isinstance(pack, Zip) else 0
        if isinstance(pack, Zip) and crc != pack.crc(name):
            problems.append(f"{name} was changed: the zip has another checksum of it.")
        hashes[name] = digest.hexdigest()
    return hashes


def _named(pack: Opened, name: str, problems: list[str]) -> dict[str, str] | None:
    """What a manifest names; None where it cannot be read, which is said."""
    if name not in pack.sizes:
        problems.append(f"{name} is missing.")
        return None
    try:
        return hashes_in(pack.document(name))
    except ValueError as error:
        problems.append(f"{name} was changed: {error}.")
        return None


def _against(hashes: Mapping[str, str], named: Mapping[str, str], manifest: str, due: set[str]) -> list[str]:
    """What differs between the files and what a manifest says of them; `due` are those that it must name."""
    problems = []
    for name in sorted(due | named.keys()):
        if name not in named:
            problems.append(f"{name} does not stand in {manifest}: it was added, or {manifest} was changed.")
        elif name not in hashes:
            problems.append(f"{name} is missing: {manifest} names it.")
        elif name not in due:
            problems.append(f"{manifest} was changed: it names {name}, which is not its to name.")
        elif hashes[name] != named[name]:
            problems.append(f"{name} was changed, or what {manifest} says of it: its SHA-256 is another.")
    return problems


def _info(pack: Opened, problems: list[str]) -> BagInfo | None:
    if BAGIT in pack.sizes and pack.document(BAGIT) != DECLARATION:
        problems.append(f"{BAGIT} was changed: it is not the declaration of BagIt 1.0 in UTF-8.")
    if INFO not in pack.sizes:
        return None  # which is said
    try:
        info = BagInfo.read(pack.document(INFO))
    except ValueError as error:
        problems.append(f"{INFO} was changed: {error}.")
        return None
    sizes = [size for name, size in pack.sizes.items() if name.startswith(PAYLOAD)]
    there = f"{sum(sizes)}.{len(sizes)}"
    if info.payload != there:
        problems.append(f"{INFO} says that data/ has {info.payload} bytes and files, and it has {there}.")
    return info
