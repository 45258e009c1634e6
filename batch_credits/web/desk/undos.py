"""Credits to take back, before anybody says so: which were chosen, and what `reverse` says that it would deduct."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_credits.children.events import Told, read_told
from batch_credits.children.files import make_folder, read_document, write_document
from batch_credits.web.desk.children import Children, Handed
from batch_credits.web.desk.tables import write_chosen
from batch_credits.web.door.refusals import Refused

_ID = re.compile(r"[0-9a-f]{20}")


@dataclass(frozen=True, slots=True)
class Undo:
    """What was chosen of a batch. `rows` is the table that names them, None: all that the batch credited."""

    undo_id: str
    folder: Path
    batch: str
    actor: str

    @property
    def rows(self) -> Path | None:
        """The table of the rows that were chosen."""
        path = self.folder / "rows.csv"
        return path if path.exists() else None

    def words(self) -> list[str]:
        """The options of `reverse`."""
        return [] if self.rows is None else [f"--rows={self.rows}"]

    def told(self) -> Told:
        """What `reverse` said that it would do."""
        return read_told(self.folder / "events.jsonl")


class Undos:
    """The folder of all that was chosen."""

    def __init__(self, folder: Path, children: Children) -> None:
        self._folder = make_folder(folder)
        self._children = children
        self._tasks: dict[str, asyncio.Task[int]] = {}

    def begin(self, batch: str, rows: Sequence[int] | None, actor: str) -> Undo:
        """Ask what would be deducted; `rows` None: of all."""
        folder = make_folder(self._folder / secrets.token_hex(10))
        undo = Undo(folder.name, folder, batch, actor)
        if rows is not None:
            write_chosen(folder / "rows.csv", rows)
        write_document(folder / "undo.json", {"batch": batch, "actor": actor})
        child = self._children.ask_reversal(batch, undo.words(), Handed(actor), folder)
        task = asyncio.create_task(child.ended())
        self._tasks[undo.undo_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(undo.undo_id, None))
        return undo

    async def wait(self, undo: Undo, seconds: float) -> bool:
        """Whether it is known by now, or within so long."""
        if (task := self._tasks.get(undo.undo_id)) is not None:
            await asyncio.wait([task], timeout=seconds)
        return undo.undo_id not in self._tasks

    def known(self, batch: str, undo_id: str) -> Undo | None:
        """What was chosen; None: there is no such choice."""
        content = read_document(self._folder / undo_id / "undo.json") if _ID.fullmatch(undo_id) else None
        if content is None or content["batch"] != batch:
            return None
        return Undo(undo_id, self._folder / undo_id, **content)

    def find(self, batch: str, undo_id: str) -> Undo:
        """What was chosen.

        Raises:
            Refused: there is no such choice.
        """
        undo = self.known(batch, undo_id)
        if undo is None:
            raise Refused(404, "There is no such choice of credits to take back.", "Choose them again.")
        return undo
