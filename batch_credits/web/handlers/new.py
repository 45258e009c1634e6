"""A file to upload: the form, and the file itself."""

import asyncio
import tempfile
from pathlib import Path

from aiohttp import web

from batch_credits.loader.template import write_template
from batch_credits.web.desk.desk import desk_of
from batch_credits.web.door.downloads import attachment
from batch_credits.web.door.forms import no_room, receive_file
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import go_to, show
from batch_credits.web.pages import Download, NewPage

MEGABYTE = 1024**2
TEMPLATES = {"credits.csv": "to fill in anywhere", "credits.xlsx": "to fill in with a spreadsheet, with a guide"}
_UNITS = ("", "minor", "major")
_FIELDS = frozenset(["reference", "amount_unit", "profile"])


async def new(request: web.Request) -> web.Response:
    """The form."""
    settings = desk_of(request).settings
    templates = tuple(Download(name, f"/templates/{name}", what) for name, what in TEMPLATES.items())
    return show(request, NewPage(settings.profiles, settings.max_upload_bytes // MEGABYTE, templates))


async def upload(request: web.Request) -> web.Response:
    """Take in a file, and begin to check it. Nothing is sent."""
    desk, actor = desk_of(request), actor_of(request)
    folder = desk.uploads.begin()
    try:
        room = desk.settings.max_disk_bytes - desk.uploads.size_bytes()
        if room <= 0:
            raise no_room()
        most = desk.settings.max_upload_bytes
        received = await receive_file(request, _FIELDS.__contains__, folder / "received", most, room)
        fields = received.fields
        unit, profile = fields.get("amount_unit", ""), fields.get("profile", "")
        if unit not in _UNITS or profile not in ("", *desk.settings.profiles):
            raise Refused(400, "The form has an answer that was not among its choices.", "Load the page again.")
        given = {"reference": fields.get("reference", "").strip(), "amount-unit": unit, "profile": profile}
        options = {name: (value,) for name, value in given.items() if value}
        taken = desk.uploads.keep(folder / "received", received.file_name, actor, options)
    except BaseException:
        desk.uploads.drop(folder)
        raise
    await desk.checks.look(taken)
    return go_to(f"/uploads/{taken.upload_id}")


async def template(request: web.Request) -> web.StreamResponse:
    """A file to fill in."""
    name = request.match_info["name"]
    if name not in TEMPLATES:
        raise Refused(404, "There is no such template.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        await asyncio.to_thread(write_template, path)
        return await attachment(request, path, name)
