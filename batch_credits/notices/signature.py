"""The signature of a webhook, as the Standard Webhooks specification has it (its symmetric scheme, `v1`).

    webhook-id          the notice's id, the same however often it is tried
    webhook-timestamp   when this was tried, in seconds since 1970
    webhook-signature   v1,BASE64 of HMAC-SHA256 over "ID.TIMESTAMP.BODY"; one for each key, a blank between
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from pathlib import Path

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64  # of a key, by the specification
MOST_KEYS = 4  # while one is replaced by the next, both sign
MAX_FILE_BYTES = 64 * 1024


class BadKey(Exception):
    """A key file that cannot be used; the text says why, and holds no key."""


def keys_in(path: Path) -> list[bytes]:
    """The keys of a file, one a line: `whsec_` and then Base64.

    Raises:
        BadKey: it cannot be read, or holds something else.
    """
    lines = text_of_secret(path, "the key file").split()
    if not 1 <= len(lines) <= MOST_KEYS:
        raise BadKey(f"the key file {path} must hold 1 to {MOST_KEYS} keys, one a line")
    return [_key(line, path) for line in lines]


def text_of_secret(path: Path, what: str) -> str:
    """The text of a small file. `what` it is called when it cannot be read.

    Raises:
        BadKey: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("ascii")
    except UnicodeDecodeError:  # whose text would quote it
        raise BadKey(f"{what} {path} is no plain text") from None
    except OSError as error:
        raise BadKey(f"{what} {path} cannot be read: {error.strerror or 'no reason given'}") from None


def _key(text: str, path: Path) -> bytes:
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise BadKey(
            f"the key file {path} must hold {PREFIX} and then the Base64 of {LEAST_BYTES} to {MOST_BYTES} bytes"
        )
    return key


def signed_headers(notice_id: str, tried_at: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers; without a key two."""
    content = b".".join([notice_id.encode(), str(tried_at).encode(), body])
    signatures = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode() for key in keys]
    headers = {"webhook-id": notice_id, "webhook-timestamp": str(tried_at)}
    return headers | ({"webhook-signature": " ".join(f"v1,{each}" for each in signatures)} if signatures else {})
