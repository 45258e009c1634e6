"""Fields and a file: what is not expected, comes twice, is too large or has no token is refused."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import is_form_token_of

MAX_FORM_BYTES = 4 * 1024**2
MAX_FIELDS = 5_000
MAX_FIELD_BYTES = 64 * 1024
TOKEN = "form_token"  # noqa: S105  # a name
FILE = "file"
_CHUNK_BYTES = 256 * 1024
_AROUND_A_FILE = 1024**2  # what fields and boundaries may add to its length
FULL = ("The server's disk is full.", "Nothing was sent by this. Whoever runs the server can make room on it.")
_AS_IT_IS = ("", "binary", "7bit", "8bit")
_AGAIN = "Load the page again, and send it there."

Allowed = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Received:
    """The fields of a form, and the name that its file bears where it came from."""

    fields: dict[str, str]
    file_name: str


async def read_fields(request: web.Request, allowed: Allowed) -> dict[str, str]:
    """The fields of a form without a file. `allowed` says which names it may have.

    Raises:
        Refused: it has others, or the same twice, or not the token of this session; or it is no such form.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise Refused(415, "This is not a form of this server.", _AGAIN)
    body = await request.read()  # bounded by the application
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        raise Refused(400, "The form cannot be read.", _AGAIN) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        _take(fields, name, value, allowed)
    _refuse_token(request, fields)
    return fields


async def receive_file(
    request: web.Request, allowed: Allowed, into: Path, max_bytes: int, room_bytes: int | None = None
) -> Received:
    """Write the file of a form to `into` as it comes. The token and all fields come before it. `room_bytes` is how much
    may be written before the uploads take more room than they may; None: as much as the disk has.

    Raises:
        Refused: as `read_fields`; or the file is too large, there is no room for it, or no file.
    """
    if (request.content_length or 0) > max_bytes + _AROUND_A_FILE:
        raise _too_large(max_bytes)
    if request.content_type != "multipart/form-data":
        raise Refused(415, "This is not a form of this server.", _AGAIN)
    fields: dict[str, str] = {}
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                raise Refused(400, "The form cannot be read.", _AGAIN)
            if part.headers.get("Content-Transfer-Encoding", "").lower() not in _AS_IT_IS:
                raise Refused(400, "The form comes in an encoding that no browser uses.", _AGAIN)
            if part.name != FILE:
                _take(fields, part.name, await _text_of(part), allowed)
                continue
            _refuse_token(request, fields)
            if not part.filename:
                raise Refused(422, "No file was chosen.", "Choose a CSV or Excel file.")
            await _write(part, into, max_bytes, room_bytes)
            if await reader.next() is not None:
                raise Refused(400, "The form has something behind its file.", _AGAIN)
            return Received(fields, part.filename)
    except (ValueError, LookupError, AssertionError, RuntimeError):  # what aiohttp says of a body that is no form
        raise Refused(400, "The form cannot be read.", _AGAIN) from None
    _refuse_token(request, fields)
    raise Refused(422, "No file was chosen.", "Choose a CSV or Excel file.")


def _take(fields: dict[str, str], name: str, value: str, allowed: Allowed) -> None:
    if name != TOKEN and not allowed(name):
        raise Refused(400, "The form has a field that it should not have.", _AGAIN)
    if "\0" in value:
        raise Refused(400, "The form holds a character that no keyboard has.", _AGAIN)
    if name in fields:
        raise Refused(400, "The form has a field twice.", _AGAIN)
    is_long = len(value) > MAX_FIELD_BYTES or sum(map(len, fields.values())) + len(value) > MAX_FORM_BYTES
    if len(fields) >= MAX_FIELDS or is_long:
        raise Refused(413, "The form is too large.", "Send less at once.")
    fields[name] = value


def _refuse_token(request: web.Request, fields: dict[str, str]) -> None:
    """Take the token out of the fields.

    Raises:
        Refused: it is not the one that this session's pages have.
    """
    if not is_form_token_of(request, fields.pop(TOKEN, "")):
        raise Refused(403, "This form is out of date: the server has begun anew, or you have logged in again.", _AGAIN)


async def _text_of(part: BodyPartReader) -> str:
    content = bytearray()
    while chunk := await part.read_chunk(MAX_FIELD_BYTES):
        content += chunk
        if len(content) > MAX_FIELD_BYTES:
            raise Refused(413, "The form is too large.", "Send less at once.")
    return content.decode("utf-8")


async def _write(part: BodyPartReader, into: Path, max_bytes: int, room_bytes: int | None) -> None:
    written = 0
    try:
        with os.fdopen(os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
            while chunk := await part.read_chunk(_CHUNK_BYTES):
                written += len(chunk)
                if written > max_bytes:
                    raise _too_large(max_bytes)
                if room_bytes is not None and written > room_bytes:
                    raise no_room()
                file.write(chunk)
    except OSError as error:
        if not is_full(error):
            raise
        raise Refused(507, *FULL) from None


def is_full(error: BaseException) -> bool:
    """Whether it is for want of room on the disk."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def no_room() -> Refused:
    """What is said where all uploads together would take more room than they may."""
    return Refused(507, "There is no room for another file.", "Have the server started with a larger --max-disk.")


def _too_large(max_bytes: int) -> Refused:
    return Refused(
        413,
        f"The file is larger than {max_bytes:,} bytes, which is the most that this server takes.",
        "Split it, or have the server started with a larger --max-upload.",
    )
