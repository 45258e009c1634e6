"""The API key, as far as it can be seen without using it: never what it is."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from batch_credits.doctor.signs import Mark, Sign, bad, good, warning

_VARIABLE = "CHARGEBEE_API_KEY"
_NAME_A_FILE = ((("--api-key-file", "FILE"),),)


def key_signs(file: Path | None) -> Iterator[Sign]:
    """The key of a file, or of the environment."""
    if file is None:
        text = os.environ.get(_VARIABLE)
        if text is None or not text.strip():
            is_set = f"{_VARIABLE} is set, but empty" if text is not None else f"there is none: {_VARIABLE} is not set"
            yield Sign("key", Mark.BAD, is_set, f"Set {_VARIABLE}, or name a file that holds the key:", _NAME_A_FILE)
            return
        yield from _text_signs(text, f"from {_VARIABLE}")
        return
    try:
        text, mode = file.read_text(encoding="utf-8"), stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        yield Sign(
            "key", Mark.BAD, f"{file} cannot be read: {error.strerror}", "Name a file that holds it:", _NAME_A_FILE
        )
        return
    except UnicodeDecodeError:
        yield Sign("key", Mark.BAD, f"{file} is no text", "Name the file that holds the key:", _NAME_A_FILE)
        return
    if mode & 0o077:
        yield warning(
            "key",
            f"{file} can be read or written by others (mode {mode:04o})",
            "Let nobody but yourself read it:",
            programs=[shlex.join(["chmod", "600", str(file)])],
        )
    if _VARIABLE in os.environ:
        yield warning("key", f"{_VARIABLE} is set, too: it is not used, since {file} is named")
    yield from _text_signs(text, f"from {file}")


def _text_signs(text: str, source: str) -> Iterator[Sign]:
    key = text.strip()
    if not key:
        yield bad("key", f"{source}: it is empty", "Copy the key there, from Chargebee's settings under API keys.")
    elif len(key.split()) > 1:
        yield bad("key", f"{source}: it has blanks or several lines, which no key has", "Let nothing else stand there.")
    elif not key.isascii() or not key.isprintable():
        yield bad("key", f"{source}: it has characters that no Chargebee key has", "Copy it again.")
    else:
        yield good("key", source)
