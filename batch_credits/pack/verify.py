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
    NAME,
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
            _hold(hashes, {name: digest for name, digest in tagged.items() if name in TAGGED}, TAGS, found.problems)
            _hold(hashes, {name: digest for name, digest in listed.items() if NAME.fullmatch(name)}, MANIFEST,
                  found.problems)  # fmt: skip
            _missing_or_added(hashes, tagged, listed, found.problems)
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


def _named(pack: Opened, name: str, problems: list[str]) -> dict[str, str]:
    if name not in pack.sizes:
        problems.append(f"{name} is missing.")
        return {}
    try:
        return hashes_in(pack.document(name))
    except ValueError as error:
        problems.append(f"{name} was changed: {error}.")
        return {}


def _hold(hashes: Mapping[str, str], named: Mapping[str, str], manifest: str, problems: list[str]) -> None:
    for name, digest in named.items():
        if name in hashes and hashes[name] != digest:
            problems.append(f"{name} was changed, or what {manifest} says of it: its SHA-256 is another.")


def _missing_or_added(
    hashes: Mapping[str, str], tagged: Mapping[str, str], listed: Mapping[str, str], problems: list[str]
) -> None:
    for manifest, named, due in (
        (TAGS, tagged, set(TAGGED)),
        (MANIFEST, listed, {name for name in hashes if name.startswith(PAYLOAD)}),
    ):
        if not named:
            continue  # it cannot be read, which is said
        problems += [f"{name} does not stand in {manifest}: it was added." for name in sorted(due - named.keys())]
        problems += [f"{name} is missing: {manifest} names it." for name in sorted(named.keys() - hashes.keys())]
        problems += [
            f"{manifest} was changed: it names {name}, which is not its to name."
            for name in sorted(named.keys() - due)
            if name in hashes
        ]


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
    if info.payload != f"{sum(sizes)}.{len(sizes)}":
        problems.append(f"{INFO} says that data/ has {info.payload} bytes and files, and it has {sum(sizes)}.{len(sizes)}.")
    return info
