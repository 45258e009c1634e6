"""Who may approve: enrolled by the administrator's command, which serves a page of its own for one passkey."""

import base64
import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.harness import Site
from tests.acceptance.office import Office, needs_namespaces
from tests.unit.approval.authenticator import Authenticator, b64

pytestmark = needs_namespaces


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Site("--api-key", "k") as site:
        yield Office(tmp_path, site, most={})


def test_a_passkey_is_enrolled_once_by_a_link_that_works_once(office: Office) -> None:
    key, approvers = Authenticator(), office.etc / "batch-credits" / "approvers.toml"
    with office.serving("approvers", "enrol", "bob", "--most", "USD=5000", "--most", "EUR=10.50") as served:
        visitor = served.visitor()
        with pytest.raises(AssertionError):
            served.visitor()  # the link was used
        page = visitor.get("/")
        assert page.page == "enrol" and "bob" in page.text
        options = json.loads(page.one('form[data-action="enrol"]')["data-options"])
        assert options["rp"]["id"] == "localhost"
        assert options["authenticatorSelection"]["userVerification"] == "required"
        for answer in ("", "[]", '{"id": 1}', json.dumps(key.register(b"x" * 32))):
            refused = visitor.send(page, "enrol", answer=answer)
            assert refused.status == 422 and "Nobody was enrolled" in refused.alert, refused.text
        assert not approvers.exists()
        challenge = options["challenge"]
        done = visitor.send(page, "enrol", answer=json.dumps(registered(key, challenge)))
        assert done.status == 200 and "You are enrolled" in done.text
        ended = served.ended()
    assert ended.code == 0 and "bob may approve up to 5000 USD, 10.50 EUR" in ended.out, ended
    assert b64(key.id) in approvers.read_text()
    assert approvers.stat().st_mode & 0o777 == 0o644 and approvers.parent.stat().st_mode & 0o777 == 0o755
    before = approvers.read_text()
    assert "enrolled already" in office("approvers", "enrol", "BOB", "--most", "USD=1").exited(2).said
    assert "bob  up to 5,000 USD, 10.50 EUR, at localhost" in office("approvers", "list").exited(0).out
    assert "No approver is called" in office("approvers", "remove", "carol").exited(2).said
    assert approvers.read_text() == before
    office("approvers", "remove", "bob").exited(0)
    assert "Nobody is enrolled" in office("approvers", "list").exited(0).out


def registered(key: Authenticator, challenge: str) -> dict[str, object]:
    """The answer of a passkey to a page's challenge."""
    return dict(key.register(base64.urlsafe_b64decode(challenge + "==")))


def test_who_gives_up_enrols_nobody(office: Office) -> None:
    with office.serving("approvers", "enrol", "bob", "--most", "USD=5000") as served:
        served.process.send_signal(signal.SIGINT)
        ended = served.ended()
    assert ended.code == 2 and "Nobody was enrolled" in ended.err and "Traceback" not in ended.err
    assert [path.name for path in (office.etc / "batch-credits").iterdir()] == ["settings.toml"]


def test_what_could_not_be_written_down_is_refused_first(office: Office) -> None:
    folder = office.etc / "batch-credits"
    (folder / "approvers.toml").write_text("[approvers.bob\n")
    refused = office("approvers", "enrol", "carol", "--most", "USD=1").exited(2)
    assert "cannot be relied on" in refused.said and "http" not in refused.out
    (folder / "approvers.toml").unlink()
    for arguments, said in (
        (("", "--most", "USD=1"), "is no name"),
        (("bob",), "--most"),
        (("bob", "--most", "USD=1", "--host", "pay.example.com"), "encrypted page"),
        (("bob", "--most", "USD=1", "--tls-cert", "x.pem"), "go together"),
    ):
        assert said in office("approvers", "enrol", *arguments).exited(2).said
