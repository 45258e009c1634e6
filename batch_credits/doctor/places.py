"""Folders: whether they are there or can be made, can be written, how much is free, and on what they lie."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from batch_credits.doctor.signs import Sign, bad, good, warning
from batch_credits.process.writable import write_trouble

MIN_FREE_BYTES = 5_000_000
FEW_FREE_BYTES = 200_000_000
# File systems on which locks and durable writes are another machine's, and so not to be relied on.
NETWORK_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.glusterfs",
        "fuse.gcsfuse",
        "davfs",
        "fuse.davfs2",
        "virtiofs",
        "vboxsf",
        "drvfs",
    ]
)
_MOUNTS = Path("/proc/self/mountinfo")


def folder_signs(about: str, folder: Path, option: str) -> Iterator[Sign]:
    """A folder into which a run writes, by the option that names it."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        yield bad(about, f"{there} is no folder, so {folder} is none", f"Name another one with {option}.")
        return
    if (trouble := write_trouble(there)) is not None:
        yield bad(about, f"{there} cannot be written: {trouble}", f"Name another folder with {option}, or mend that.")
        return
    is_there = "" if there == folder else ", which is made when it is needed"
    yield from space_signs(about, there, f"{folder.absolute()}{is_there}", option)


def temporary_signs() -> Iterator[Sign]:
    """The temporary directory, in which files are looked into before they are paid."""
    try:
        folder = Path(tempfile.gettempdir())
    except OSError as error:  # Python tries to write into each that could be one
        yield bad(
            "temporary",
            f"there is no temporary directory: {error.strerror or error}",
            "Make room there, or name another one:",
            programs=["export TMPDIR=DIRECTORY"],
        )
        return
    if (trouble := write_trouble(folder)) is not None:
        yield bad(
            "temporary",
            f"{folder} cannot be written: {trouble}",
            "Make room there, or name another one:",
            programs=["export TMPDIR=DIRECTORY"],
        )
        return
    named = os.environ.get("TMPDIR")
    if named and Path(named).absolute() != folder:
        yield warning("temporary", f"TMPDIR={named} cannot be used: {folder} is", "Mend it, or leave it out.")
    yield from space_signs("temporary", folder, str(folder), "TMPDIR")


def space_signs(about: str, folder: Path, said: str, option: str) -> Iterator[Sign]:
    """What is free where a folder lies."""
    free = shutil.disk_usage(folder).free
    text = f"{said}; {free / 1e6:,.0f} MB free"
    do = f"Make room, or name another place ({option})."
    if free < MIN_FREE_BYTES:
        yield bad(about, f"{text}: too little", do)
    elif free < FEW_FREE_BYTES:
        yield warning(about, f"{text}: little", do)
    else:
        yield good(about, text)


def network_system(path: Path, mounts: str | None = None) -> str | None:
    """The kind of network file system on which a path lies; None: none that is known. `mounts` is what the system says
    of its mounts (Linux alone does)."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    real, best, kind = os.path.realpath(path), "", ""
    for line in mounts.splitlines():
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if not dash or len(fields) < 5:
            continue
        point = fields[4].replace("\\040", " ")
        is_below = point == "/" or real == point or real.startswith(f"{point}/")
        if is_below and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind if kind in NETWORK_SYSTEMS else None
