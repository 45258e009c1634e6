"""What a person settles after a run: a row in review, and cells of rows that were not credited."""

import asyncio
import re
import tempfile
from collections import defaultdict
from pathlib import Path

from aiohttp import web

from batch_credits.children.files import make_folder
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.tables import read_rows, table_of, write_mended
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import UNPROCESSABLE, go_to, whole_number
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.result import result_page, why_left_to_another
from batch_credits.web.handlers.run import is_sent, key_of
from batch_credits.web.pages import Alert

MAX_REASON_LETTERS = 500
_CELL = re.compile(r"cell:([0-9]{1,9}):([0-9]{1,4})")
_AGAIN = re.compile(r"again:([0-9]{1,9})")
_RESOLVE = frozenset(["row", "word", "credit_id", "reason"])
_WORDS = ("credited", "not_credited")


async def resolve(request: web.Request) -> web.Response:
    """Settle a row in review by a person's word, held against Chargebee."""
    desk, known = desk_of(request), await _ended(request)
    fields = await read_fields(request, _RESOLVE.__contains__)
    row, word, credit_id = fields.get("row", ""), fields.get("word", ""), fields.get("credit_id", "").strip()
    reason = fields.get("reason", "").strip()
    if whole_number(row) is None or word not in _WORDS:
        raise Refused(400, "The form has an answer that was not among its choices.", "Load the page again.")
    wrong = ""
    if not reason or len(reason) > MAX_REASON_LETTERS:
        wrong = f"Say in a few words how you know, in {MAX_REASON_LETTERS} letters at most."
    elif word == "credited" and not credit_id:
        wrong = "Give the credit's id, as Chargebee shows it."
    if wrong:
        return await result_page(request, known, Alert(f"Row {row} is not settled.", wrong), UNPROCESSABLE)
    options = [f"--row={row}", f"--reason={reason}"]
    options += [f"--credited={credit_id}"] if word == "credited" else ["--not-credited"]
    key, actor = known.record.key, actor_of(request)
    if why := why_left_to_another(known, actor, "resolve"):
        return await result_page(request, known, Alert(f"Row {row} is not settled.", why), 403)
    if (alert := await _refused(desk, key, options, actor)) is not None:
        return await result_page(request, known, alert, UNPROCESSABLE)
    return go_to(f"/batches/{key}")


async def _refused(desk: Desk, key: str, options: list[str], actor: str) -> Alert | None:
    """Have a row settled. What was in the way of that, as the command says it but for what to paste; None: nothing.
    Each has a folder of its own: two people may settle two rows at once."""
    with tempfile.TemporaryDirectory(dir=make_folder(desk.settings.folder / "words")) as into:
        if not await desk.children.resolve(key, options, Handed(actor), Path(into)).ended():
            return None
        said = await asyncio.to_thread(Path(into, "err.txt").read_text, encoding="utf-8", errors="replace")
    message, *more = said.rpartition("Error: ")[2].splitlines() or [""]
    hint = " ".join(line.strip() for line in more if line.startswith("  "))
    return Alert(plain_words(message) or "The row is not settled.", plain_words(hint))


async def _ended(request: web.Request) -> Known:
    desk, key = desk_of(request), key_of(request)
    known = await desk.books.batch(key)
    if known is None:
        raise Refused(404, "There is no such batch.", "Look for it in the list of batches.")
    if is_sent(desk, key, known):
        raise Refused(409, "This batch is being sent.", "Wait until it ends, or stop it.")
    return known


async def mend(request: web.Request) -> web.Response:
    """Make a new upload of the rows whose cells were changed, or that are to be tried as they are."""
    desk, known, actor = desk_of(request), await _ended(request), actor_of(request)
    fields = await read_fields(request, lambda name: bool(_CELL.fullmatch(name) or _AGAIN.fullmatch(name)))
    result = desk.results.written(known)
    source = None if result is None else result.folder / "failed.csv"
    if result is None or source is None or not source.exists():
        raise Refused(404, "There is nothing to mend in this batch.")
    cells: dict[int, dict[int, str]] = defaultdict(dict)
    again: set[int] = set()
    for name, value in fields.items():
        if found := _CELL.fullmatch(name):
            cells[int(found[1])][int(found[2])] = value
        elif found := _AGAIN.fullmatch(name):
            again.add(int(found[1]))
    changed = await asyncio.to_thread(_changed, source, cells, again)
    if not changed:
        alert = Alert("No cell was changed.", "Change what is wrong, or tick the rows to try as they are.")
        return await result_page(request, known, alert, UNPROCESSABLE)
    folder = desk.uploads.begin()
    try:
        await asyncio.to_thread(write_mended, source, folder / "received", changed)
        name = f"{result.folder.name.rpartition('-')[0]}-mended.csv"
        upload = desk.uploads.keep(folder / "received", name, actor, {}, known.record.key)
    except BaseException:
        desk.uploads.drop(folder)
        raise
    await desk.checks.look(upload)
    return go_to(f"/uploads/{upload.upload_id}")


def _changed(source: Path, cells: dict[int, dict[int, str]], again: set[int]) -> dict[int, dict[int, str]]:
    """The rows to send again, by their place, with the cells that differ from what they were. The form names rows by
    their numbers: while it was filled in, others may have gone from the table."""
    rows = read_rows(source)
    table = table_of(next(rows))
    found = {}
    for index, before in enumerate(rows):
        number = int(table.ours(before)["credit_row"])
        said = {place: text for place, text in cells.get(number, {}).items() if place < table.own}
        differs = {place: text for place, text in said.items() if text != before[place]}
        if differs or number in again:
            found[index] = differs
    return found
