"""Writing down who may approve: tables of approvers.toml, each as a whole; all others stay letter for letter."""

import json
import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from batch_credits.approval.order import iso
from batch_credits.approval.policy import APPROVERS, FOLDER, read_approvers
from batch_credits.approval.signing import Passkey
from batch_credits.errors import UsageError

MAX_NAME = 200
_FOLDER_MODE, _FILE_MODE = 0o755, 0o644
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def refuse_name(name: str, accounts: Sequence[str] = (), folder: Path = FOLDER) -> None:
    """Refuse to enrol under a name that is none, or under one that is somebody's already; and where nothing could be
    written.

    Raises:
        UsageError: with what to do.
    """
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise UsageError(f"{name!r} is no name.", hint="Give the one under which the person logs in to the page.")
    for approver in read_approvers(folder).values():
        for each in (name, *accounts):
            if approver.is_called(each):
                instead = f"batch-credits approvers remove {approver.name!r}"
                raise UsageError(
                    f"{each} is enrolled already, as {approver.name}.",
                    hint=f"Another passkey takes the place of the first: {instead}.",
                )
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        tried = folder / f".{APPROVERS}.new"
        os.close(os.open(tried, os.O_WRONLY | os.O_CREAT, _FILE_MODE))
        tried.unlink()
    except OSError as error:
        raise _cannot(folder, error) from None


def add_approver(
    name: str, passkey: Passkey, most: Sequence[str], accounts: Sequence[str] = (), folder: Path = FOLDER
) -> None:
    """Write down somebody new. `most` as policy.py reads it; a name is quoted where TOML asks for that.

    Raises:
        UsageError: it is somebody's already, or nothing could be written.
    """
    refuse_name(name, accounts, folder)
    path = folder / APPROVERS
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    lines = [
        f"[approvers.{name_in_toml(name)}]",
        f"most = {json.dumps([*most])}",
        *([f"accounts = {json.dumps([*accounts])}"] if accounts else []),
        f'enrolled = "{iso(datetime.now(UTC))}"',
        f'rp_id = "{passkey.rp_id}"',
        f'credential = "{passkey.credential}"',
        f'public_key = "{passkey.public_key}"',
    ]
    apart = "\n" if before and not before.endswith("\n\n") else ""
    _write(path, before + ("\n" if before and not before.endswith("\n") else "") + apart + "\n".join(lines) + "\n")
    read_approvers(folder)


def remove_approver(name: str, folder: Path = FOLDER) -> None:
    """Take somebody out: what they approved and was not begun is not good any more.

    Raises:
        UsageError: nobody is called so, or the file is laid out in another way than this program writes it.
    """
    path, known = folder / APPROVERS, read_approvers(folder)
    if name not in known:
        there = f"There are {', '.join(sorted(known))}." if known else "Nobody is enrolled."
        raise UsageError(f"No approver is called {name!r}.", hint=there)
    headers = {f"[approvers.{name}]", f"[approvers.{json.dumps(name)}]"}
    kept, is_theirs = [], False
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.lstrip().startswith("["):
            is_theirs = line.strip() in headers
        if not is_theirs:
            kept.append(line)
    text = "".join(kept)
    _write(path, text)
    if name in read_approvers(folder):
        raise UsageError(f"{path} was written by hand.", hint=f"Take out the table of {name} by hand.")


def name_in_toml(name: str) -> str:
    """A name as the key of a table."""
    return name if _BARE.fullmatch(name) else json.dumps(name)


def _write(path: Path, text: str) -> None:
    new = path.parent / f".{APPROVERS}.new"
    try:
        with new.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.chmod(_FILE_MODE)
        new.replace(path)
    except OSError as error:
        raise _cannot(path.parent, error) from None


def _cannot(folder: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{folder} cannot be written: {error.strerror or error}.",
        hint="Approvers are enrolled by the system's administrator: run it with sudo.",
    )
