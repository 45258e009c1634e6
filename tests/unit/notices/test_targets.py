"""Whom notices are told: what is an address, which form it takes, and that nobody is shown what may be a secret."""

import pytest

from batch_credits.errors import UsageError
from batch_credits.notices.bodies import Form
from batch_credits.notices.targets import (
    Command,
    MailServer,
    Webhook,
    command_of,
    link_of,
    mail_server_of,
    webhook_of,
)
from tests.each import each

SECRET = "T0B0hushhush"


@each(
    "text, webhook",
    [
        ("https://a.example", Webhook(Form.STANDARD, True, "a.example", None, "/")),
        (" HTTPS://A.Example:8443/x/y?z=1\n", Webhook(Form.STANDARD, True, "a.example", 8443, "/x/y?z=1")),
        ("https://hooks.slack.com/services/T", Webhook(Form.SLACK, True, "hooks.slack.com", None, "/services/T")),
        ("json+https://hooks.slack.com/x", Webhook(Form.STANDARD, True, "hooks.slack.com", None, "/x")),
        ("slack+https://chat.example/hooks/x", Webhook(Form.SLACK, True, "chat.example", None, "/hooks/x")),
        ("https://a.webhook.office.com/x", Webhook(Form.TEAMS, True, "a.webhook.office.com", None, "/x")),
        ("https://p-1.logic.azure.com:443/w?s=1", Webhook(Form.TEAMS, True, "p-1.logic.azure.com", 443, "/w?s=1")),
        ("https://d.e.api.powerplatform.com/x", Webhook(Form.TEAMS, True, "d.e.api.powerplatform.com", None, "/x")),
        ("https://logic.azure.com.eu/x", Webhook(Form.STANDARD, True, "logic.azure.com.eu", None, "/x")),
        ("TEAMS+http://127.0.0.1:9/x", Webhook(Form.TEAMS, False, "127.0.0.1", 9, "/x")),
        ("http://[::1]:9/x", Webhook(Form.STANDARD, False, "::1", 9, "/x")),
        ("https://u%40x:p%3Aq@a.example/", Webhook(Form.STANDARD, True, "a.example", None, "/", "u@x:p:q")),
    ],
)  # fmt: skip
def test_addresses(text: str, webhook: Webhook) -> None:
    assert webhook_of(text) == webhook


@each(
    "text",
    [
        SECRET, f"ftp://a.example/{SECRET}", f"http://a.example/{SECRET}", f"http://user:{SECRET}@a.example/",
        f"https:///{SECRET}", f"https://a.example:99999/{SECRET}", f"https://a.example:{SECRET}/",
        f"https://a.example/{SECRET}#x", f"https://a example/{SECRET}", f"https://a.example/{SECRET}\r\nHost: b",
        f"https://[::/{SECRET}", f"discord+https://a.example/{SECRET}", f"https://ä.example/{SECRET}",
        f"https://a.example/{SECRET}" + "x" * 5000, f"http://127.0.0.1.example/{SECRET}", f"https://a.example:0/{SECRET}",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        webhook_of(text)
    assert SECRET not in refused.value.message + refused.value.hint
    assert refused.value.hint


def test_nobody_is_shown_a_secret() -> None:
    webhook = webhook_of(f"https://user:{SECRET}@a.example:1/{SECRET}?{SECRET}")
    command = Command(command_of(f"curl -H 'X: {SECRET}' https://x/"), 1.0)
    for target in (webhook, command):
        assert SECRET not in f"{target!r} {target} {target.name}"
    assert webhook.name == "a.example:1"


@each(
    "text, server",
    [
        ("smtp://mail.example", MailServer("mail.example", 587, False, False)),
        ("smtps://mail.example", MailServer("mail.example", 465, True, False)),
        ("smtp://127.0.0.1", MailServer("127.0.0.1", 25, False, True)),
        ("smtps://localhost:1465", MailServer("localhost", 1465, True, False)),
        ("smtp://jobs%40x.example@mail.example:2525", MailServer("mail.example", 2525, False, False, "jobs@x.example")),
        ("smtp://jobs@x.example@mail.example", MailServer("mail.example", 587, False, False, "jobs@x.example")),
    ],
)
def test_mail_servers(text: str, server: MailServer) -> None:
    assert mail_server_of(text) == server


@pytest.mark.parametrize("text", [f"smtp://u:{SECRET}@m.example", f"imap://m/{SECRET}", f"smtp://m.example/{SECRET}"])
def test_what_is_no_mail_server(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        mail_server_of(text)
    assert SECRET not in refused.value.message + refused.value.hint


def test_commands() -> None:
    assert command_of("/bin/tell 'a b' $HOME | x") == ("/bin/tell", "a b", "$HOME", "|", "x")
    for text in ("", "  ", "a 'b", "''", "a\0b"):
        with pytest.raises(UsageError):
            command_of(text)


def test_links() -> None:
    assert link_of("https://r.example/b/{batch}") == "https://r.example/b/{batch}"
    with pytest.raises(UsageError):
        link_of("reports")
