"""Passkeys (WebAuthn): a key that never leaves a person's device, which asks for their finger or PIN before it signs.

The challenge is the hash of the order with who approves it and when, so the signature is good for that alone. The page
it was signed on is a part of what is signed: its name must be the RP id of the key, or lie below it.

The library `webauthn` does it (the extra `approval`); it is imported when it is asked for.
"""

import base64
import binascii
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from batch_credits.approval.order import Approval, Sealed
from batch_credits.errors import UsageError

LOCALHOST = "localhost"  # the one name that browsers let have passkeys without TLS
MAX_TEXT = 8_192


class NotSigned(Exception):
    """A passkey's word is not good for this; its text says why, in the middle of a sentence."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """The public half of a person's key: its id and its COSE key, in base64url without padding."""

    credential: str
    public_key: str
    rp_id: str


def refuse_missing_library() -> None:
    """Refuse where the extra is not installed.

    Raises:
        UsageError: with the command that installs it.
    """
    try:
        import webauthn  # noqa: F401
    except ImportError:
        raise UsageError(
            "Approvals need the extra `approval`, which is not installed.",
            hint="pip install 'batch-credits[approval]'",
        ) from None


def check_approval(sealed: Sealed, approval: Approval, passkey: Passkey) -> None:
    """See that this approval is this passkey's, for this very order, person and time.

    Raises:
        NotSigned: it is not.
        UsageError: the extra is not installed.
    """
    refuse_missing_library()
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    if approval.credential != passkey.credential:
        raise NotSigned("it is by a passkey that is not enrolled for that person")
    client_data = bytes_of(approval.client_data)
    credential = {
        "id": approval.credential,
        "rawId": approval.credential,
        "type": "public-key",
        "response": {
            "authenticatorData": text_of(bytes_of(approval.authenticator_data)),
            "clientDataJSON": text_of(client_data),
            "signature": text_of(bytes_of(approval.signature)),
        },
    }
    try:
        verify_authentication_response(
            credential=credential,
            expected_challenge=sealed.challenge(approval.approver, approval.at),
            expected_rp_id=passkey.rp_id,
            expected_origin=_origin_of(client_data, passkey.rp_id),
            credential_public_key=bytes_of(passkey.public_key),
            credential_current_sign_count=0,  # nobody keeps it: the challenge is good for one order
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise NotSigned(f"the signature does not hold ({error})") from None


def signing_options(challenge: bytes, passkey: Passkey) -> dict[str, Any]:
    """What a browser needs to have a challenge signed by this passkey, which it is told in JSON."""
    return {
        "challenge": text_of(challenge),
        "rpId": passkey.rp_id,
        "allowCredentials": [{"type": "public-key", "id": passkey.credential}],
        "userVerification": "required",
        "timeout": 120_000,
    }


def registration_options(name: str, rp_id: str, known: Sequence[Passkey]) -> tuple[bytes, str]:
    """What a browser needs to make a passkey for a person: the challenge, and the options as JSON."""
    refuse_missing_library()
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        UserVerificationRequirement,
    )

    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=rp_id,
        rp_name="batch-credits",
        user_name=name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(user_verification=UserVerificationRequirement.REQUIRED),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes_of(each.credential)) for each in known],
    )
    return challenge, options_to_json(options)


def passkey_of(answer: Any, challenge: bytes, rp_id: str) -> Passkey:
    """The passkey that a browser says was made for this challenge.

    Raises:
        NotSigned: it was not.
    """
    refuse_missing_library()
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        client_data = bytes_of(answer["response"]["clientDataJSON"])
        made = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=_origin_of(client_data, rp_id),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, TypeError, KeyError) as error:
        raise NotSigned(f"the passkey's answer does not hold ({error})") from None
    return Passkey(text_of(made.credential_id), text_of(made.credential_public_key), rp_id)


def _origin_of(client_data: bytes, rp_id: str) -> str:
    """The page on which it was signed, if a browser may sign there for this RP id: encrypted, or this very machine."""
    try:
        origin = json.loads(client_data)["origin"]
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except (ValueError, TypeError, KeyError, AttributeError):
        raise NotSigned("it names no page") from None
    if parts.path or parts.query or parts.fragment or parts.username:
        raise NotSigned("it names no page")
    is_of_it = host == rp_id or host.endswith(f".{rp_id}")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host == LOCALHOST)
    if not (is_of_it and is_safe):
        raise NotSigned(f"it was signed on another page than one of {rp_id}")
    return str(origin)


def text_of(content: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def bytes_of(text: object) -> bytes:
    """The bytes of which `text_of` made this text. Another text that decodes to the same is refused: one signature
    would have two forms.

    Raises:
        NotSigned: it is none.
    """
    try:
        if not isinstance(text, str) or len(text) > MAX_TEXT:
            raise ValueError
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotSigned("it is not written as a signature is") from None
    if text_of(content) != text:
        raise NotSigned("it is not written as a signature is")
    return content
