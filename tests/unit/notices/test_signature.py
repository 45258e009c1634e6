"""Signatures are those of Standard Webhooks, as its own library checks them; a key is shown nowhere."""

import base64
import time
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from batch_credits.notices.notice import as_json
from batch_credits.notices.signature import BadKey, keys_in, signed_headers
from tests.unit.notices.samples import ENDED

KEY = b"\x01" * 32
TEXT = "whsec_" + base64.b64encode(KEY).decode()


def test_their_library_accepts_it_and_nothing_that_was_changed() -> None:
    body, now = as_json(ENDED), int(time.time())
    headers = signed_headers(ENDED.id, now, body, [KEY])
    Webhook(TEXT).verify(body, headers)
    for wrong in (
        headers | {"webhook-id": "msg_other"},
        headers | {"webhook-timestamp": str(now - 1)},
        signed_headers(ENDED.id, now, body, [KEY[:-1] + b"\x02"]),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(TEXT).verify(body, wrong)
    with pytest.raises(WebhookVerificationError):
        Webhook(TEXT).verify(body + b" ", headers)


def test_the_example_of_the_specification() -> None:
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}',
        [base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )  # fmt: skip
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_several_keys_sign_and_none_signs_nothing() -> None:
    body, now = b"{}", int(time.time())
    headers = signed_headers("msg_1", now, body, [b"\x02" * 32, KEY])
    assert headers["webhook-signature"].count("v1,") == 2
    Webhook(TEXT).verify(body, headers)
    assert set(signed_headers("msg_1", now, body, [])) == {"webhook-id", "webhook-timestamp"}


@pytest.mark.parametrize(
    "text",
    [
        "", "secretsecretsecret", TEXT.removeprefix("whsec_"), "whsec_", "whsec_AAAA", "whsec_" + "A" * 100,
        TEXT + "!", "whsec_é" + "A" * 40, f"{TEXT}\n" * 5, "\0" * 10,
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadKey) as refused:
        keys_in(path)
    assert str(path) in str(refused.value)
    assert "secretsecret" not in str(refused.value) and "AAAA" not in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(BadKey, match="cannot be read"):
            keys_in(path)


def test_a_key_file_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{TEXT}\n")
    assert keys_in(tmp_path / "key") == [KEY]
