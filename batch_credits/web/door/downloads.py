"""A file to take away: as it lies on disk, byte by byte, and no other that a link would lead to."""

import asyncio
import os
import stat
from pathlib import Path

from aiohttp import web

from batch_credits.web.door.refusals import Refused

_CHUNK_BYTES = 256 * 1024
_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".html": "text/html; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def attachment(request: web.Request, path: Path, name: str) -> web.StreamResponse:
    """The file, to be kept under a name of the server's.

    Raises:
        Refused: it is not there.
    """
    try:
        # Without waiting: a pipe would hold up the whole server until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise _gone() from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _gone()
    with os.fdopen(descriptor, "rb") as file:
        response = web.StreamResponse()
        response.headers["Content-Type"] = _TYPES[Path(name).suffix]
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        response.content_length = os.fstat(descriptor).st_size
        await response.prepare(request)
        if request.method != "HEAD":
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                await response.write(chunk)
        return response


def attached(content: bytes, name: str) -> web.Response:
    """The same of what lies on no disk."""
    headers = {"Content-Type": _TYPES[Path(name).suffix], "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, headers=headers)


def _gone() -> Refused:
    return Refused(404, "There is no such file any more.", "Load the page again.")
