"""Who is told: what the options mean together, and that what may be a secret is shown nowhere."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.config import take_settings
from batch_credits.cli.options.notices import NoticeChoice
from batch_credits.cli.origins import origins
from batch_credits.errors import UsageError
from batch_credits.notices.command import WITHIN
from batch_credits.notices.notice import Event
from batch_credits.notices.targets import Command, Mail, Webhook, mail_server_of, webhook_of
from tests.unit.cli.test_config import folder, own, parsed

__all__ = ["folder"]

SECRET = "T0B0hushhush"
SECRETS = {
    "BATCH_CREDITS_NOTIFY": f"https://hooks.slack.com/services/{SECRET} https://u:{SECRET}@a.example/?{SECRET}",
    "BATCH_CREDITS_NOTIFY_LINK": f"https://r.example/{SECRET}",
    "BATCH_CREDITS_MAIL_SERVER": f"smtp://{SECRET}@m.example",
    "BATCH_CREDITS_ON_FINISH": f"curl https://a.example/{SECRET}",
}


def choice(**more: Any) -> NoticeChoice:
    return NoticeChoice(**more)


def test_nobody_is_told_by_default() -> None:
    settings = choice().settings()
    assert settings.targets == () and settings.events == frozenset(Event)


def test_all_of_them_together() -> None:
    hook, server, key = webhook_of("https://a.example/x"), mail_server_of("smtp://m.example"), Path("key")
    settings = choice(
        notify=(hook,), notify_on=(Event.ENDED,), notify_key_file=key, notify_link="https://r.example",
        mail_to=("a@x.example", "b@x.example"), mail_from="c@x.example", mail_server=server, on_finish=("true",),
    ).settings()  # fmt: skip
    posted, mail, command = settings.targets
    assert isinstance(posted, Webhook) and posted.key_file == key
    assert isinstance(mail, Mail) and (mail.to, mail.server) == (("a@x.example", "b@x.example"), server)
    assert command == Command(("true",), 10.0)
    assert (settings.events, settings.link) == ({Event.ENDED}, "https://r.example")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "--mail-server"),
        ({"mail_server": mail_server_of("smtp://m.example")}, "--mail-from"),
        ({"mail_server": mail_server_of("smtp://u@m.example"), "mail_from": "a@x"}, "--mail-password-file"),
    ],
)
def test_mail_needs_what_it_needs(more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        choice(mail_to=("a@x.example",), **more).settings()
    assert said in {option for remedy in refused.value.remedies for option, _ in remedy}


def test_the_settings_that_the_page_shows(folder: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "notices.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    own(folder).write_text(example)
    context = parsed("run")
    chosen = NoticeChoice(**{each.name: context.params[each.name] for each in fields(NoticeChoice)})
    assert [target.name for target in chosen.settings().targets] == [
        "alerts.example.com", "hooks.slack.com", "mail by mail.example.com",
    ]  # fmt: skip


def test_a_command_of_on_finish_starts_none_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WITHIN, "msg_1")
    assert choice(on_finish=("true",)).settings().targets == ()


# -- What may be a secret --------------------------------------------------------------------------------------


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in SECRETS.items():
        monkeypatch.setenv(name, text)


@pytest.mark.parametrize("command", ["run", "reverse", "reconcile", "work", "pack"])
def test_help_does_not_show_them(call: Any, secrets: None, command: str) -> None:
    _, out, err = call(command, "--help")
    assert SECRET not in out + err
    assert " ".join(out.split()).count("[now: (not shown), from BATCH_CREDITS_") == len(SECRETS)


def test_what_was_not_typed_is_listed_without_them(call: Any, secrets: None) -> None:
    root = click.Context(batch_credits, **batch_credits.context_settings)
    take_settings(root)
    context = batch_credits.commands["run"].make_context("run", ["x.csv"], parent=root)
    found = {each.option: each.value for each in origins(context, every=True)}
    assert all(found[f"--{name[14:].lower().replace('_', '-')}"] == "(not shown)" for name in SECRETS)
    assert SECRET not in f"{found} {context.params['notify']}"
    assert not {each.option for each in origins(context)} & {"--notify", "--on-finish"}


HOOK = f"https://hooks.slack.com/services/{SECRET}"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "none.csv", "--notify", HOOK),
        ("run", "none.csv", f"--notify={HOOK}", "--yes"),
        ("run", "none.csv", "--notify", f"ftp://{SECRET}"),
        ("run", "none.csv", "--notify", HOOK, HOOK),
        ("run", "none.csv", "--notfy", HOOK),
        ("run", "none.csv", f"--notfy={HOOK}"),
        ("run", "--notify", HOOK),
        ("run", "none.csv", "--notify", HOOK, "--rate", "fast"),
        ("run", "none.csv", "--notify", HOOK, "--nonsense"),
        ("run", "none.csv", "--on-finish", f"curl {SECRET}", "--rate", "fast"),
        ("run", "none.csv", "--on-finish", f"curl '{SECRET}"),
        ("run", "none.csv", "--mail-server", f"smtp://u:{SECRET}@m.example"),
        ("run", "none.csv", "--notify-link", f"https://r.example/{SECRET}", "--rate", "fast"),
        ("status", "--notify", HOOK),
        ("status", HOOK),
        ("nonsense", "--notify", HOOK),
        ("chek", "none.csv", "--notify", HOOK),
        ("reverse", "00000000", "--notify", HOOK),
        ("work", "--notify", HOOK),
    ],
)
def test_what_is_refused_does_not_show_them(call: Any, arguments: tuple[str, ...], monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr("batch_credits.notices.post.END_SECONDS", 0.0)
    monkeypatch.setattr("batch_credits.notices.http.http.client.HTTPSConnection", NoConnection)
    code, out, err = call(*arguments)
    assert code == 2
    assert SECRET not in out + err, err
    assert err


class NoConnection:
    """Nobody is called."""

    def __init__(self, *_: object, **__: object) -> None:
        raise OSError("no network")


def test_a_working_directory_decides_none_of_it(call: Any, tmp_path: Path) -> None:
    for line in (f'notify = ["{HOOK}"]', f'on_finish = "sh -c {SECRET}"', 'notify_on = "ended"', 'mail_to = ["a@x"]'):
        (tmp_path / "batch-credits.toml").write_text(f"{line}\n")
        code, _, err = call("run", "x.csv")
        assert code == 2 and "a working directory must not decide" in err and SECRET not in err
        (tmp_path / "batch-credits.toml").write_text(f"[profiles.a]\n{line}\n")
        code, _, err = call("run", "x.csv", "--profile", "a")
        assert code == 2 and "a working directory must not decide" in err and SECRET not in err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail-to", "a@x, b@y"),
        ("mail-to", "a@ä.example"),
        ("mail-from", "Ann <a@x>"),
        ("notify-on", "never"),
        ("notify-on", ","),
    ],
)
def test_what_cannot_be_meant(call: Any, name: str, text: str) -> None:
    code, _, err = call("run", "x.csv", f"--{name}", text)
    assert code == 2 and f"--{name}" in err
