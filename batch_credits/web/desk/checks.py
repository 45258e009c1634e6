"""What `check` says of an upload: asked of a child process, and kept beside the file."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.approval.policy import read_policy
from batch_credits.children.files import make_folder, read_document, write_document
from batch_credits.children.locks import try_lock
from batch_credits.errors import UsageError
from batch_credits.model.identity import same_text
from batch_credits.web.desk.children import ORDER, Children
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.refusals import Refused
from batch_credits.web.settings import CHECKS_AT_ONCE

# Options that a page asks for where a refusal names them.
_ANSWERED = frozenset(
    ["--sheet", "--hidden-rows", "--delimiter", "--header-row", "--encoding", "--locale", "--amount-unit"]
)
MOMENT_SECONDS = 1.0
_LOOK_SECONDS = 0.1  # between looks whether another server has looked at it
_NO_ROOM = "Nothing was sent. Load the page again once whoever runs the server has made room."
_SAID_LETTERS = 2_000  # of what a process that failed has said


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found, as check --json says it; `error` is what it says of a file that is refused, else None."""

    content: dict[str, Any]
    error: dict[str, Any] | None

    @property
    def asks(self) -> list[dict[str, Any]]:
        """What the file needs to be read, each an option with its value and why: what it seems to need, or else what
        the refusal says that would help. `is_open`: only a person knows, the value is a word in capitals to replace or
        one of several."""
        error = self.error or {}
        if suggestions := error.get("suggestions"):
            return list(suggestions)
        asked = [each for remedy in error.get("remedies", ()) for each in remedy if each["option"] in _ANSWERED]
        times = Counter(each["option"] for each in asked)
        reason = f"{error['message']} {error['hint']}" if asked else ""  # who is to say needs to know of how much
        return [
            {**each, "reason": reason, "is_open": times[each["option"]] > 1 or each["value"].isupper()}
            for each in asked
        ]

    @property
    def rejected_csv(self) -> Path | None:
        """The table of rows that are left out, if there are any."""
        path = self.content.get("rejected_csv")
        return Path(path) if path else None


class Checks:
    """The checks of all uploads: so many at once, and one of each upload."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._room = asyncio.Semaphore(CHECKS_AT_ONCE)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._in_the_way: dict[str, Checked] = {}  # of uploads for which nothing could be written down

    def known(self, upload: Upload) -> Checked | None:
        """What was found; None where nothing is known yet."""
        if upload.upload_id in self._tasks:
            return None
        content = read_document(_folder(upload) / "out.json")
        return self._in_the_way.get(upload.upload_id) if content is None else Checked(content, content.get("error"))

    def found(self, upload: Upload) -> Checked | None:
        """What was found; None while it is looked at, which begins now if nobody has begun it. What was in the way is
        told, and tried again by whoever asks next."""
        checked = self.known(upload)
        if checked is None:
            self.begin(upload)
        self._in_the_way.pop(upload.upload_id, None)
        return checked

    def begin(self, upload: Upload) -> None:
        """Look at an upload, anew if it was looked at before."""
        if upload.upload_id in self._tasks:
            return
        (_folder(upload) / "out.json").unlink(missing_ok=True)
        task = asyncio.create_task(self._try(upload))
        self._tasks[upload.upload_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(upload.upload_id, None))

    async def look(self, upload: Upload) -> None:
        """Begin to look, and wait a moment: a small file is checked then when its page is shown."""
        self.begin(upload)
        await self.wait(upload, MOMENT_SECONDS)

    async def wait(self, upload: Upload, seconds: float) -> None:
        """Until it is found, or so long."""
        if (task := self._tasks.get(upload.upload_id)) is not None:
            await asyncio.wait([task], timeout=seconds)

    async def _try(self, upload: Upload) -> None:
        try:
            await self._look(upload)
        except OSError as error:  # a full disk, no more processes
            content = _not_checked(f"The file could not be checked: {error.strerror or error}.", _NO_ROOM)
            self._in_the_way[upload.upload_id] = Checked(content, content["error"])

    async def _look(self, upload: Upload) -> None:
        folder = make_folder(_folder(upload))
        async with self._room, _alone(folder / "lock") as lock:
            for name in ("out.json.part", "err.txt", ORDER):
                (folder / name).unlink(missing_ok=True)
            maker = upload.actor if must_be_approved() else None
            child = self._children.check(upload.source, upload.words(), folder, maker, lock)
            code = await child.ended()
            part = folder / "out.json.part"
            if read_document(part) is None:  # it ended without a word: a hostile file took all there was
                write_document(part, _nothing_said(code, folder / "err.txt"))
            part.replace(folder / "out.json")


@asynccontextmanager
async def _alone(path: Path) -> AsyncIterator[int]:
    """The lock of an upload's check, to be inherited by whoever checks: of several servers over one ledger, and of a
    child that outlives its server, one looks at a time."""
    while True:
        if (lock := try_lock(path)) is not None:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    try:
        yield lock
    finally:
        os.close(lock)


def order_of(upload: Upload) -> Path | None:
    """The order that the check of an upload made of it; None: it made none."""
    path = _folder(upload) / ORDER
    return path if path.exists() else None


def must_be_approved() -> bool:
    """Whether others must approve what is sent. Where nobody can tell, they must: a run would not send it either."""
    try:
        return read_policy().requires_approval
    except UsageError:
        return True


def why_left_to_maker(upload: Upload, actor: str) -> str:
    """Why whoever looks must leave a file to who uploaded it; "" where they need not. Its order bears that name alone:
    who had a hand in what it says besides could approve it."""
    if same_text(actor, upload.actor) or not must_be_approved():
        return ""
    return f"{upload.actor} uploaded this file, and nobody else says how it is read, or submits it for approval."


def refuse_others(upload: Upload, actor: str) -> None:
    """Refuse whoever must leave a file to who uploaded it.

    Raises:
        Refused: with the reason.
    """
    if why := why_left_to_maker(upload, actor):
        raise Refused(403, why, "Ask them to do it, or upload the file yourself.")


def _folder(upload: Upload) -> Path:
    return upload.folder / "check"


def _nothing_said(code: int, said: Path) -> dict[str, Any]:
    text = said.read_text(encoding="utf-8", errors="replace").strip()[:_SAID_LETTERS]
    message = "The file could not be checked: the process that read it ended"
    return _not_checked(text or f"{message} ({code}).", "Nothing was sent. Is the file whole?")


def _not_checked(message: str, hint: str) -> dict[str, Any]:
    """What is said of a file of which a check says nothing, as it would say it."""
    error = {"message": message, "hint": hint, "kind": "input", "suggestions": [], "remedies": [], "still": ""}
    return {"error": error, "columns": []}
