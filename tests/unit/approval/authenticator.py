"""A passkey that a test holds, as the standard (WebAuthn level 2) says that one answers; it shares nothing with the
product, and what it must not do it can be told to do.
"""

import base64
import hashlib
import json
import secrets
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class Authenticator:
    """One key pair for one RP id."""

    def __init__(self, rp_id: str = "localhost", origin: str = "http://localhost:8910") -> None:
        self.rp_id, self.origin = rp_id, origin
        self.id = secrets.token_bytes(32)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.flags = PRESENT | VERIFIED
        self.type = "webauthn.get"

    @property
    def public_key(self) -> bytes:
        """As COSE writes an ES256 key."""
        numbers = self.key.public_key().public_numbers()
        return bytes(
            cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        )

    def sign(self, challenge: bytes) -> dict[str, str]:
        """What `navigator.credentials.get` gives, of what matters."""
        client_data = self._client_data(self.type, challenge)
        about = hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags]) + struct.pack(">I", 0)
        signature = self.key.sign(about + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return {
            "credential": b64(self.id),
            "authenticator_data": b64(about),
            "client_data": b64(client_data),
            "signature": b64(signature),
        }

    def register(self, challenge: bytes) -> dict[str, Any]:
        """What `navigator.credentials.create` gives, as JSON."""
        client_data = self._client_data("webauthn.create", challenge)
        about = hashlib.sha256(self.rp_id.encode()).digest() + bytes([self.flags | ATTESTED]) + struct.pack(">I", 0)
        about += bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.public_key
        attestation = bytes(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": about}))
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": {"clientDataJSON": b64(client_data), "attestationObject": b64(attestation)},
        }

    def _client_data(self, kind: str, challenge: bytes) -> bytes:
        said = {"type": kind, "challenge": b64(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()
